"""Validators are found by what a configuration holds now, whatever it held before."""

from __future__ import annotations

import hmac
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from joserfc.jwk import OctKey

from py_identity_model import (
    DiscoveryPolicy,
    InvalidAudienceException,
    InvalidIssuerException,
    JsonWebKey,
    TokenCache,
    TokenExpiredException,
    TokenValidationConfig,
    TokenValidationException,
    jwks_from_dict,
)
from py_identity_model._jose.encoding import encode_base64url
from py_identity_model._jose.keys import KeySnapshot
from py_identity_model._jose.sign import sign_compact
from py_identity_model._jose.tokens import read_header, split_token, verify
from py_identity_model._validation.cache_entry import Entry
from py_identity_model._validation.config import rules_for
from py_identity_model._validation.prepared_validator import PreparedValidator
from py_identity_model._validation.prepared_validators import (
    PreparedValidators,
    config_key,
    snapshot_of,
)

ADDRESS = "https://op.example"
PLAIN = TokenValidationConfig(perform_disco=True, audience="api")
LISTED = TokenValidationConfig(perform_disco=True, audience=["api", "other"])


def entries() -> tuple[Entry[Any], Entry[KeySnapshot]]:
    """A document and keys."""
    document: Entry[Any] = Entry()
    keys: Entry[KeySnapshot] = Entry()
    document.accept(SimpleNamespace(issuer=ADDRESS), 0.0, 60.0)
    keys.accept(KeySnapshot([JsonWebKey(kty="oct", k="c2VjcmV0")]), 0.0, 60.0)
    return document, keys


def add(
    validators: PreparedValidators, config: TokenValidationConfig, address: str = ADDRESS
) -> PreparedValidator:
    """Add a validator for ``config``, and return it."""
    before = set(map(id, validators.by_key.values()))
    validators.forget(config, address)
    validators.add(snapshot_of(config), address, *entries())
    (validator,) = [
        validator for validator in validators.by_key.values() if id(validator) not in before
    ]
    return validator


@pytest.mark.parametrize(
    "change",
    [
        {"audience": ["api", "third"]},
        {"audience": ("api", "other"), "algorithms": ["RS256"]},
        {"algorithms": ["RS256"]},
        {"options": {"require": ["jti"]}},
        {"options": {"require": {"jti"}}},
        {"discovery_policy": DiscoveryPolicy(require_key_set=False)},
        {"leeway": 5.0},
    ],
)
def test_a_configuration_with_lists_is_found_again_until_it_changes(change: dict[str, Any]) -> None:
    validators, config = PreparedValidators(), replace(LISTED, **change)
    validator = add(validators, config)
    for _ in range(3):
        assert validators.find_with_lists(config, ADDRESS) is validator
    assert validators.find_with_lists(replace(config), ADDRESS) is validator  # an equal one
    assert validators.find_with_lists(config, "https://other.example") is None
    assert validators.find_with_lists(LISTED, ADDRESS) is None
    for name in change:
        setattr(config, name, getattr(LISTED, name))
    assert validators.find_with_lists(config, ADDRESS) is None


def test_a_list_that_was_changed_in_place_has_another_validator() -> None:
    policy = DiscoveryPolicy(additional_endpoint_base_addresses=["https://a.example"])
    audience, required = ["api"], ["sub"]
    config = replace(
        PLAIN, audience=audience, options={"require": required}, discovery_policy=policy
    )
    validators = PreparedValidators()
    validator = add(validators, config)
    for held in (audience, required, policy.additional_endpoint_base_addresses):
        assert validators.find_with_lists(config, ADDRESS) is validator
        held.append("https://more.example")
        assert validators.find_with_lists(config, ADDRESS) is None
        held.pop()
    policy.require_https = False
    assert validators.find_with_lists(config, ADDRESS) is None


def test_another_configuration_in_the_same_place_in_memory_has_its_own_validator() -> None:
    validators, config = PreparedValidators(), replace(LISTED)
    add(validators, config)
    assert validators.find_with_lists(config, ADDRESS) is not None
    config.__dict__.update(replace(config, subject="someone").__dict__)  # what a reused id means
    assert validators.find_with_lists(config, ADDRESS) is None


def test_a_validator_that_was_replaced_is_not_found_again() -> None:
    validators = PreparedValidators()
    add(validators, LISTED)
    assert validators.find_with_lists(LISTED, ADDRESS) is not None
    newer = add(validators, LISTED)
    assert validators.find_with_lists(LISTED, ADDRESS) is newer


def test_no_validator_is_stored_for_a_configuration_that_became_invalid() -> None:
    validators, config = (
        PreparedValidators(),
        replace(PLAIN, allowed_issuers=["https://other.example"]),
    )
    validators.add(config, ADDRESS, *entries())
    assert not validators.by_key


def test_no_validator_is_stored_for_a_removed_document() -> None:
    validators, (document, keys) = PreparedValidators(), entries()
    document.invalidate()
    validators.add(PLAIN, ADDRESS, document, keys)
    assert not validators.by_key


def test_a_configuration_that_cannot_be_compared_has_no_validator() -> None:
    class Odd:
        def __eq__(self, other: object) -> bool:  # and so without a hash
            return self is other

    validators, config = PreparedValidators(), replace(PLAIN, options={"x": Odd()})
    validators.add(config, ADDRESS, *entries())
    assert not validators.by_key
    assert validators.find_with_lists(config, ADDRESS) is None


@pytest.mark.parametrize("audience", [{"api"}, frozenset({"api"}), ("api",), ["api"], "api"])
def test_a_validator_keeps_to_what_the_configuration_was(audience: Any) -> None:
    validators, config = PreparedValidators(), replace(PLAIN, audience=audience)
    validator = add(validators, config)
    config.audience = "other"
    config.algorithms = ["ES256"]
    assert frozenset({"api"}) in validator._rules
    assert "RS256" in validator._allowed
    config.audience, config.algorithms = audience, None
    found = validators.by_key.get((ADDRESS, config_key(config))) if hashable(audience) else None
    assert (found or validators.find_with_lists(config, ADDRESS)) is validator


def hashable(value: object) -> bool:
    """Whether ``value`` can be hashed."""
    return not isinstance(value, (set, list))


def test_nothing_is_found_once_all_was_forgotten() -> None:
    validators = PreparedValidators()
    add(validators, LISTED)
    assert validators.find_with_lists(LISTED, ADDRESS) is not None
    validators.clear()
    assert validators.find_with_lists(LISTED, ADDRESS) is None
    assert not validators.by_key


def test_no_token_is_validated_by_what_was_forgotten() -> None:
    config = replace(SYMMETRIC)
    validators = prepared(config, last=True)
    validators.clear()
    assert validators.lookup(token(), config, ADDRESS, lambda: 1.0) is None


def test_an_address_that_cannot_be_hashed_has_no_validator() -> None:
    assert PreparedValidators().find_with_lists(PLAIN, ["https://op.example"]) is None


def test_an_equal_validator_is_stored_for_its_entries() -> None:
    validators, (document, keys) = PreparedValidators(), entries()
    for _ in range(2):
        validators.add(PLAIN, ADDRESS, document, keys)
        (first,) = validators.by_key.values()
        validators.add(PLAIN, ADDRESS, document, keys)
        assert list(validators.by_key.values()) == [first]
        document, keys = entries()


def test_tenants_of_one_configuration_share_its_shape_and_no_other() -> None:
    validators = PreparedValidators()
    add(validators, PLAIN, "https://a.example")
    add(validators, replace(PLAIN), "https://b.example")
    add(validators, replace(PLAIN, subject="someone"), "https://c.example")
    first, second, third = (key[1] for key in validators.by_key)  # type: ignore[index]
    assert first is second
    assert third != first


def test_a_shape_is_that_of_its_own_configuration_whatever_other_threads_keep() -> None:
    validators = PreparedValidators()

    class Token:
        """Changes what is shared while it is compared, as another thread might."""

        def __eq__(self, other: object) -> bool:
            validators._last_key = "of another configuration"
            return True

        def __hash__(self) -> int:
            return 0

    config = replace(PLAIN, token_cache=Token())  # type: ignore[arg-type]
    add(validators, config)
    add(validators, replace(PLAIN, token_cache=Token()), "https://b.example")  # type: ignore[arg-type]
    first, second = (key[1] for key in validators.by_key)  # type: ignore[index]
    assert first is second
    assert first == config_key(config)


def test_a_configuration_of_a_subclass_is_copied_without_its_constructor() -> None:
    class Own(TokenValidationConfig):
        def __init__(self, audience: str) -> None:
            super().__init__(perform_disco=True, audience=audience, client_secret="s3cret")

    copy = snapshot_of(Own("api"))
    assert config_key(copy) == config_key(PLAIN)
    assert copy.client_secret is None  # a validator is kept, and needs no secret


class MeanwhileRotated(dict[bytes, Any]):
    """A memo of headers that is looked at just before other keys are put in place."""

    def __init__(self, entry: Entry[KeySnapshot], verifier: object) -> None:
        self.entry, self.verifier = entry, verifier

    def get(self, key: bytes, default: object = None) -> Any:
        """Return the verifier, after a refresh that a cooldown follows."""
        self.entry.accept(KeySnapshot([]), 0.0, 60.0)
        self.entry.cooldown_until = 5.0
        return self.verifier


@pytest.mark.parametrize("verifier", [None, ("HS256", ((lambda *_: False, None),))])
def test_keys_that_came_meanwhile_are_not_overlooked(verifier: object) -> None:
    document, keys = entries()
    assert keys.value is not None
    keys.value.memo = MeanwhileRotated(keys, verifier)
    config = replace(PLAIN, algorithms=["HS256"])
    rules = rules_for(config, ADDRESS)
    validator = PreparedValidator(config, ADDRESS, rules, document, keys)
    header = encode_base64url(b'{"alg":"HS256","kid":"new"}').decode()
    assert validator.validate(f"{header}.e30.AAAA", 1.0, 1.0) is None


KEY = OctKey.generate_key(256)
SECRET = jwks_from_dict(KEY.as_dict(private=True))
HASHABLE: Any = ("HS256",)
SYMMETRIC = replace(PLAIN, algorithms=HASHABLE)
LISTED_SYMMETRIC = replace(PLAIN, algorithms=["HS256"])


def token(**claims: Any) -> str:
    members = {"iss": ADDRESS, "aud": "api", "exp": 4102444800, **claims}
    return sign_compact({"alg": "HS256"}, members, KEY, "HS256")


def prepared(config: TokenValidationConfig, *, last: bool) -> PreparedValidators:
    """Validators with one for ``config``; ``last``: it is also the last one used."""
    validators, (document, keys) = PreparedValidators(), entries()
    keys.accept(KeySnapshot([SECRET]), 0.0, 60.0)
    assert keys.value is not None
    segments = split_token(token())
    verify(segments, read_header(segments.header), keys.value)
    own = snapshot_of(config)
    validator = validators.add(own, ADDRESS, document, keys)
    if last:
        validators.remember_last(config, ADDRESS, own, validator)
    return validators


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("given", [SYMMETRIC, LISTED_SYMMETRIC])
def test_a_prepared_configuration_validates_its_tokens(
    given: TokenValidationConfig, last: bool
) -> None:
    config = replace(given)
    validators = prepared(config, last=last)
    claims = validators.lookup(token(), config, ADDRESS, lambda: 1.0)
    assert claims == {"iss": ADDRESS, "aud": "api", "exp": 4102444800}
    assert validators.lookup(token(), config, ADDRESS, lambda: 100.0) is None  # no longer fresh
    assert validators.lookup(token(), config, "https://other.example", lambda: 1.0) is None
    assert validators.lookup(token(), config, ["unhashable"], lambda: 1.0) is None
    assert validators.lookup(token(), replace(config, subject="x"), ADDRESS, lambda: 1.0) is None
    with pytest.raises(TokenExpiredException):
        validators.lookup(token(exp=1), config, ADDRESS, lambda: 1.0)
    with pytest.raises(InvalidAudienceException):
        validators.lookup(token(aud="x"), config, ADDRESS, lambda: 1.0)
    with pytest.raises(InvalidIssuerException):
        validators.lookup(token(iss="https://other.example"), config, ADDRESS, lambda: 1.0)
    for malformed in ("x", "x.y", ".", None, 5, "\u00e9.a.b", "a" * 70000):
        with pytest.raises(TokenValidationException) as caught:
            validators.lookup(malformed, config, ADDRESS, lambda: 1.0)  # type: ignore[arg-type]
        assert caught.value.code in {"malformed_token", "token_too_large"}


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize(
    "change",
    [
        {"perform_disco": False},
        {"decryption_keys": []},
        {"client_secret": "secret"},
        {"jwks_uri": "https://op.example/keys"},
        {"audience": "other"},
        {"leeway": 5.0},
    ],
)
def test_a_configuration_that_was_changed_needs_the_long_way(
    change: dict[str, Any], last: bool
) -> None:
    config = replace(SYMMETRIC)
    validators = prepared(config, last=last)
    for name, value in change.items():
        setattr(config, name, value)
    assert validators.lookup(token(), config, ADDRESS, lambda: 1.0) is None
    for name in change:
        setattr(config, name, getattr(SYMMETRIC, name))
    assert validators.lookup(token(), config, ADDRESS, lambda: 1.0) is not None
    config.max_token_size = 10
    assert validators.lookup(token(), config, ADDRESS, lambda: 1.0) is None


def test_a_validator_of_another_claims_validator_is_shared() -> None:
    config = replace(SYMMETRIC)
    validators = prepared(config, last=True)
    config.claims_validator = print
    assert validators.lookup(token(), config, ADDRESS, lambda: 1.0) is not None


def test_a_token_from_the_memory_counts_as_use_of_its_entries() -> None:
    config = replace(SYMMETRIC, token_cache=TokenCache())
    validators = prepared(config, last=True)
    (validator,) = validators.by_key.values()
    for moment in (1.0, 2.0):
        assert validators.lookup(token(), config, ADDRESS, partial(float, moment)) is not None
        assert validator._document.last_used == validator._keys.last_used == moment
    assert config.token_cache is not None
    assert len(config.token_cache) == 1


def test_a_header_of_one_character_is_refused_as_the_long_way_does() -> None:
    malformed = "x.e30.AAAA"
    with pytest.raises(TokenValidationException) as caught:
        prepared(SYMMETRIC, last=False).lookup(malformed, SYMMETRIC, ADDRESS, lambda: 1.0)
    with pytest.raises(TokenValidationException) as expected:
        read_header(split_token(malformed).header)
    assert str(caught.value) == str(expected.value)


@pytest.mark.parametrize("last", [False, True])
def test_a_padded_payload_is_left_to_the_long_way(last: bool) -> None:
    header, payload, _ = token(jti="a").split(".")
    padded = f"{header}.{payload}{'=' * (-len(payload) % 4)}"
    assert padded.endswith("=")
    signature = hmac.digest(KEY.raw_value, padded.encode(), "sha256")
    signed = f"{padded}.{encode_base64url(signature).decode()}"
    config = replace(SYMMETRIC)
    validators = prepared(config, last=last)
    assert validators.lookup(signed, config, ADDRESS, lambda: 1.0) is None


def test_a_configuration_whose_attributes_are_computed_is_looked_up_each_time() -> None:
    class Computed(TokenValidationConfig):
        pass

    config = Computed(perform_disco=True, audience="api", algorithms=HASHABLE)
    validators = prepared(config, last=True)
    assert validators.lookup(token(), config, ADDRESS, lambda: 1.0) is not None
    Computed.audience = property(lambda self: "other")  # type: ignore[assignment]
    assert validators.lookup(token(), config, ADDRESS, lambda: 1.0) is None

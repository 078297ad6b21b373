"""Configurations of validation: checked, and made into rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from py_identity_model import (
    ConfigurationException,
    DiscoveryPolicy,
    InvalidIssuerException,
    JsonWebKey,
    KeysUnavailableException,
    ProviderUnusableException,
    TokenValidationConfig,
    TokenValidationException,
)
from py_identity_model._jose.claims import ClaimsRules
from py_identity_model._validation.config import (
    allowed_algorithms,
    check_algorithm,
    check_config,
    decrypt_token,
    manual_key,
    policy_of,
    rules_for,
    secret_key,
    unavailable_error,
)
from py_identity_model._validation.fetch_result import FetchResult
from py_identity_model._wire.messages import ErrorKind
from py_identity_model._wire.retry import is_outage
from tests.support import refused

ADDRESS = "https://op.example"
DISCO = TokenValidationConfig(perform_disco=True)
KEY = {"kty": "oct", "k": "eA", "kid": None}
MANUAL = TokenValidationConfig(perform_disco=False, key=KEY, algorithms=["HS256"])


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": ADDRESS},
        {"issuer": [ADDRESS]},
        {"issuer": (ADDRESS,)},
        {"issuer": {ADDRESS}},
        {"audience": ""},
        {"audience": ["api"]},
        {"audience": frozenset({"api"})},
        {"algorithms": []},
        {"algorithms": ("RS256",)},
        {"leeway": 0},
        {"leeway": 5.5},
        {"max_token_size": 1},
        {"allowed_issuers": []},
        {"options": {}},
        {"options": {"verify_signature": True, "require": ["jti"], "verify_aud": False}},
        {"jwks_uri": f"{ADDRESS}/keys", "issuer": ADDRESS},
    ],
)
def test_sound_configurations_pass(change: dict[str, Any]) -> None:
    check_config(replace(DISCO, **change), ADDRESS)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"issuer": []}, "issuer"),
        ({"issuer": [""]}, "issuer"),
        ({"issuer": [ADDRESS, 5]}, "issuer"),
        ({"issuer": 5}, "issuer"),
        ({"audience": []}, "audience"),
        ({"audience": 5}, "audience"),
        ({"audience": ["api", ""]}, "audience"),
        ({"algorithms": "RS256"}, "algorithms"),
        ({"algorithms": 5}, "algorithms"),
        ({"algorithms": ["RS256", "NONE"]}, "algorithms"),
        ({"algorithms": [5]}, "algorithms"),
        ({"leeway": -1}, "leeway"),
        ({"leeway": True}, "leeway"),
        ({"leeway": "5"}, "leeway"),
        ({"leeway": float("nan")}, "leeway"),
        ({"leeway": float("inf")}, "leeway"),
        ({"max_token_size": 0}, "max_token_size"),
        ({"max_token_size": True}, "max_token_size"),
        ({"max_token_size": 5.0}, "max_token_size"),
        ({"allowed_issuers": ADDRESS}, "allowed_issuers"),
        ({"options": {"require": "exp"}}, "require"),
        ({"jwks_uri": f"{ADDRESS}/keys"}, "jwks_uri"),
        ({"jwks_uri": f"{ADDRESS}/keys", "issuer": ""}, "jwks_uri"),
        ({"jwks_uri": f"{ADDRESS}/keys", "issuer": [ADDRESS]}, "jwks_uri"),
    ],
)
def test_other_configurations_are_refused_by_name(change: dict[str, Any], says: str) -> None:
    with refused(ConfigurationException, "invalid_configuration") as caught:
        check_config(replace(DISCO, **change), ADDRESS)
    assert says in str(caught.value)


@pytest.mark.parametrize("name", ["verify_signature", "verify_exp", "verify_nbf", "verify_iat"])
def test_essential_checks_cannot_be_switched_off(name: str) -> None:
    for value in (False, None, 0):
        with refused(ConfigurationException, "forbidden_option") as caught:
            check_config(replace(DISCO, options={name: value}), ADDRESS)
        assert name in str(caught.value)


def test_a_configuration_needs_an_address_or_a_key_with_its_algorithms() -> None:
    for address in (None, "", 5):
        with refused(ConfigurationException, "missing_discovery_address"):
            check_config(DISCO, address)  # type: ignore[arg-type]
    check_config(MANUAL, None)
    for change, says in (
        ({"key": None}, "key must"),
        ({"algorithms": None}, "algorithms must"),
        ({"algorithms": []}, "algorithms must"),
        ({"key": None, "algorithms": None}, "key and algorithms must"),
    ):
        with refused(ConfigurationException, "missing_key") as caught:
            check_config(replace(MANUAL, **change), None)
        assert str(caught.value).startswith(says)


def test_published_keys_verify_no_symmetric_algorithm_unless_it_is_named() -> None:
    assert "RS256" in allowed_algorithms(DISCO)
    assert "HS256" not in allowed_algorithms(DISCO)
    assert "HS256" in allowed_algorithms(replace(MANUAL, algorithms=None))
    assert allowed_algorithms(replace(DISCO, algorithms=["HS256"])) == ("HS256",)
    check_algorithm("RS256", ["RS256"])
    with refused(TokenValidationException, "algorithm_not_allowed") as caught:
        check_algorithm("RS256", {"PS256", "ES256"})
    assert caught.value.details == {"alg": "RS256", "allowed": ["ES256", "PS256"]}
    assert caught.value.token_part == "header"


def test_the_policy_is_the_given_one_or_follows_the_scheme() -> None:
    policy = DiscoveryPolicy()
    assert policy_of(replace(DISCO, discovery_policy=policy, require_https=False)) is policy
    assert policy_of(DISCO).require_https
    assert not policy_of(replace(DISCO, require_https=False)).require_https


def test_a_given_key_and_the_clients_secret_are_keys() -> None:
    assert manual_key(MANUAL) == JsonWebKey(kty="oct", k="eA")
    assert secret_key(replace(DISCO, client_secret="secret")) == JsonWebKey(kty="oct", k="c2VjcmV0")


def test_rules_are_those_of_the_configuration() -> None:
    usual = ClaimsRules(iat_leeway=60.0)
    assert rules_for(DISCO) == usual
    full = replace(
        DISCO,
        audience=["a", "b"],
        issuer=["i", "j"],
        subject="s",
        leeway=5,
        options={"require": ["x"], "strict_aud": True},
    )
    assert rules_for(full) == ClaimsRules(
        frozenset({"i", "j"}), frozenset({"a", "b"}), "s", 5, ("x",), strict_aud=True, iat_leeway=5
    )
    single = rules_for(replace(full, audience="a", issuer="i"))
    assert (single.issuers, single.audiences) == (frozenset({"i"}), frozenset({"a"}))
    for name in ("verify_iss", "verify_aud", "verify_sub", "verify_jti"):
        off: dict[str, Any] = {name: False}
        assert rules_for(replace(DISCO, options=off)) == usual._replace(**off)
        assert rules_for(replace(DISCO, options={name: True})) == usual
    assert rules_for(replace(DISCO, options={"require": None})) == usual


def test_the_discovered_issuer_is_the_one_in_force() -> None:
    assert rules_for(DISCO, "i").issuers == ("i",)
    assert rules_for(replace(DISCO, issuer=["x", "i"]), "i").issuers == ("i",)
    with refused(InvalidIssuerException, "issuer_not_configured") as caught:
        rules_for(replace(DISCO, issuer=["x", "a"]), "i")
    assert caught.value.details == {"issuer": "i", "expected": ["a", "x"]}
    allowing = replace(DISCO, allowed_issuers=["i", "x"])
    assert rules_for(allowing, "i").issuers == {"i"}
    assert rules_for(replace(allowing, issuer=["x", "y"])).issuers == {"x"}
    for config, discovered in ((replace(allowing, issuer="y"), None), (allowing, None)):
        with refused(InvalidIssuerException, "issuer_not_allowed"):
            rules_for(config, discovered)
    with refused(InvalidIssuerException, "issuer_not_allowed") as caught:
        rules_for(allowing, "y")
    assert caught.value.details == {"issuer": ["y"], "expected": ["i", "x"]}


def test_a_token_stays_as_it_is_where_none_must_be_encrypted() -> None:
    assert decrypt_token("a.b.c", DISCO) == ("a.b.c", DISCO)
    with refused(TokenValidationException, "not_encrypted"):
        decrypt_token("a.b.c", replace(DISCO, decryption_keys=[]))


@pytest.mark.parametrize(
    ("kind", "status", "outage"),
    [
        (ErrorKind.NETWORK_ERROR, None, True),
        (ErrorKind.UNEXPECTED_STATUS, 429, True),
        (ErrorKind.UNEXPECTED_STATUS, 500, True),
        (ErrorKind.UNEXPECTED_STATUS, 503, True),
        (ErrorKind.UNEXPECTED_STATUS, 499, False),
        (ErrorKind.UNEXPECTED_STATUS, 404, False),
        (ErrorKind.INVALID_DOCUMENT, None, False),
        (None, None, False),
    ],
)
def test_an_outage_is_distinguished_from_a_wrong_response(
    kind: Any, status: Any, outage: bool
) -> None:
    result = FetchResult[Any](error="down", error_kind=kind, status_code=status)
    assert is_outage(kind, status) is outage
    error = unavailable_error(result, "jwks_failed")
    assert str(error) == "down"
    if outage:
        assert isinstance(error, KeysUnavailableException)
        assert error.status_code == status
    else:
        assert (type(error), error.code) == (ProviderUnusableException, "jwks_failed")

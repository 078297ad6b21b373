# Generated from aio/test_token_cache.py by scripts/make_sync.py; edit that file.
"""The optional memory of validated tokens, and everything that must end an entry."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from py_identity_model._jose import keys as keys_module
from py_identity_model._validation import prepared_validators
from py_identity_model.exceptions import (
    InvalidArgumentError,
    TokenExpiredException,
    TokenValidationException,
)
from py_identity_model.sync import (
    ClaimsValidationError,
    TokenCache,
    TokenValidationConfig,
    refresh,
    require_claims,
    token_validation,
    validate_token,
)
from py_identity_model.sync._cache import provider_cache
from py_identity_model.testing import EmbeddedProvider
from tests.support import CONFIG, refused


@pytest.fixture
def cache() -> TokenCache:
    return TokenCache(max_entries=3, max_ttl=60)


@pytest.fixture
def config(cache: TokenCache) -> TokenValidationConfig:
    return replace(CONFIG, token_cache=cache)


class Wall:
    """A wall clock that moves on command."""

    def __init__(self) -> None:
        self.now = 1_900_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    clock = Wall()
    for module in (prepared_validators, token_validation):
        monkeypatch.setattr(module, "time", clock)
    return clock


def accepted(
    provider: EmbeddedProvider, token: str, config: TokenValidationConfig
) -> dict[str, Any]:
    """Validate so often that the last time is from memory, if anything is."""
    for _ in range(3):
        claims = validate_token(token, config, provider.issuer)
    return claims


def at(wall: Wall, **claims: Any) -> dict[str, Any]:
    return {"iat": int(wall.now), "exp": int(wall.now) + 3600, **claims}


def test_a_token_is_verified_once(
    provider: EmbeddedProvider, config: TokenValidationConfig, cache: TokenCache
) -> None:
    token = provider.mint(nested={"a": [1]})
    claims = accepted(provider, token, config)
    assert len(cache) == 1
    (entry,) = provider_cache.default_cache.keys.entries
    snapshot = entry.value
    assert isinstance(snapshot, keys_module.KeySnapshot)
    snapshot.memo.clear()  # without the memory of headers only the memory of tokens can tell
    assert validate_token(token, config, provider.issuer) == claims
    assert snapshot.memo == {}


def test_changes_of_a_returned_value_do_not_reach_the_cache(
    provider: EmbeddedProvider, config: TokenValidationConfig
) -> None:
    token = provider.mint(nested={"a": [1]})
    claims = accepted(provider, token, config)
    claims["nested"]["a"].append("evil")
    again = validate_token(token, config, provider.issuer)
    assert again["nested"] == {"a": [1]}


def test_an_entry_ends_with_its_time(
    provider: EmbeddedProvider, config: TokenValidationConfig, cache: TokenCache, wall: Wall
) -> None:
    accepted(provider, provider.mint(**at(wall)), config)
    assert len(cache) == 1
    entry = next(iter(cache._entries.values()))
    assert entry.ends == wall.now + 60
    wall.now += 61
    token = provider.mint(**at(wall, exp=int(wall.now) + 5))
    accepted(provider, token, config)
    assert next(reversed(cache._entries.values())).ends == int(wall.now) + 5
    wall.now += 6
    with refused(TokenExpiredException, "token_expired"):
        validate_token(token, config, provider.issuer)


def test_a_clock_that_goes_back_is_noticed(
    provider: EmbeddedProvider, config: TokenValidationConfig, cache: TokenCache, wall: Wall
) -> None:
    token = provider.mint(**at(wall, nbf=int(wall.now)))
    accepted(provider, token, config)
    wall.now -= 100
    with refused(TokenValidationException, "issued_in_future"):
        validate_token(token, config, provider.issuer)
    assert len(cache) == 0


def test_tokens_valid_only_by_leeway_or_forever_are_not_stored(
    provider: EmbeddedProvider, config: TokenValidationConfig, cache: TokenCache, wall: Wall
) -> None:
    lenient = replace(config, leeway=60)
    for claims in (
        at(wall, exp=int(wall.now) - 5),
        at(wall, nbf=int(wall.now) + 5),
        at(wall, exp=None),
        at(wall, padding="x" * 20_000),
    ):
        accepted(provider, provider.mint(**claims), lenient)
    assert len(cache) == 0


def test_any_change_of_keys_ends_every_entry(
    provider: EmbeddedProvider, config: TokenValidationConfig, cache: TokenCache
) -> None:
    old = provider.mint()
    accepted(provider, old, config)
    provider.rotate_keys()
    refresh(provider.issuer)
    with refused(TokenValidationException, "no_matching_key"):
        validate_token(old, config, provider.issuer)
    assert len(cache) == 0


def test_an_entry_serves_only_the_configuration_that_accepted_it(
    provider: EmbeddedProvider, config: TokenValidationConfig
) -> None:
    token = provider.mint()
    accepted(provider, token, config)
    other = replace(config, audience="other")
    accepted(provider, provider.mint(aud="other"), other)
    with pytest.raises(TokenValidationException):
        validate_token(token, other, provider.issuer)
    assert validate_token(token, config, provider.issuer)


def test_claims_validators_run_at_every_hit(
    provider: EmbeddedProvider, config: TokenValidationConfig
) -> None:
    token = provider.mint()
    accepted(provider, token, config)
    strict = replace(config, claims_validator=require_claims("tid"))
    with refused(ClaimsValidationError, "claims_rejected"):
        validate_token(token, strict, provider.issuer)


def test_a_refused_token_is_not_remembered(
    provider: EmbeddedProvider, config: TokenValidationConfig, cache: TokenCache
) -> None:
    accepted(provider, provider.mint(), config)
    for _ in range(3):
        with pytest.raises(TokenExpiredException):
            validate_token(provider.mint(exp=1), config, provider.issuer)
    assert len(cache) == 1


def test_the_least_recently_used_make_room(
    provider: EmbeddedProvider, config: TokenValidationConfig, cache: TokenCache
) -> None:
    tokens = [provider.mint(sub=str(number)) for number in range(5)]
    for token in tokens:
        accepted(provider, token, config)
        accepted(provider, tokens[0], config)
    assert len(cache) == 3
    cache.clear()
    assert len(cache) == 0


def test_an_entry_that_vanished_meanwhile_is_not_a_hit(cache: TokenCache) -> None:
    class Vanishing(dict[bytes, Any]):
        def get(self, key: bytes, default: Any = None) -> Any:
            return next(iter(entries.values()))

    cache.remember(b"t", "validator", "keys", b"{}", {"exp": 100}, 50)
    entries = cache._entries
    cache._entries = Vanishing()  # type: ignore[assignment]
    assert cache.find(b"t", "validator", "keys", 60) is None


def test_a_forked_child_has_a_lock_of_its_own(cache: TokenCache) -> None:
    lock = cache._lock
    cache._forget_parent()
    assert cache._lock is not lock


@pytest.mark.parametrize("options", [{"max_entries": 0}, {"max_ttl": 0}, {"max_ttl": 3601}])
def test_bounds_must_make_sense(options: dict[str, Any]) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        TokenCache(**options)

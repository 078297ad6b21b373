"""The memory of validated tokens: what enters, and what ends an entry."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model import InvalidArgumentError, TokenCache
from py_identity_model._fork import _after_fork_in_child
from tests.support import refused

BY, KEYS = object(), object()


def keep(cache: TokenCache, token: bytes = b"t", /, **claims: Any) -> None:
    cache.remember(token, BY, KEYS, b"{}", {"exp": 200, **claims}, 100.0)


def found(cache: TokenCache, token: bytes = b"t", wall: float = 100.0) -> bool:
    return cache.find(token, BY, KEYS, wall) == b"{}"


@pytest.mark.parametrize("bounds", [(1, 60), (1, 0.5), (5, 3600)])
def test_bounds_that_make_sense(bounds: tuple[int, float]) -> None:
    assert len(TokenCache(*bounds)) == 0


@pytest.mark.parametrize("bounds", [(0, 60), (-1, 60), (1, 0), (1, -1), (1, 3600.5)])
def test_bounds_that_do_not(bounds: tuple[int, float]) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        TokenCache(*bounds)


def test_a_token_serves_from_its_beginning_to_its_end() -> None:
    for name in ("nbf", "iat"):
        cache = TokenCache()
        claims: dict[str, Any] = {name: 100}
        keep(cache, **claims)
        assert found(cache, wall=100.0)
        assert found(cache, wall=159.9)
        assert not found(cache, wall=160.0)
        assert len(cache) == 0
        keep(cache, **claims)
        assert not found(cache, wall=99.0)
    cache = TokenCache()
    keep(cache, exp=110)
    assert found(cache, wall=109.9)
    assert not found(cache, wall=110.0)


def test_a_token_without_a_beginning_was_always_good() -> None:
    cache = TokenCache()
    cache.remember(b"t", BY, KEYS, b"{}", {"exp": 200}, 0.5)
    assert found(cache, wall=0.5)
    assert found(cache, wall=0.0)


@pytest.mark.parametrize(
    "claims", [{"exp": None}, {"exp": 100}, {"exp": 99}, {"nbf": 101}, {"iat": 100.5}]
)
def test_a_token_valid_only_by_leeway_or_forever_is_not_remembered(claims: dict[str, Any]) -> None:
    cache = TokenCache()
    keep(cache, **claims)
    assert len(cache) == 0


def test_a_long_token_is_not_remembered() -> None:
    cache = TokenCache()
    keep(cache, b"t" * (16 * 1024))
    assert len(cache) == 1
    keep(cache, b"t" * (16 * 1024 + 1))
    assert len(cache) == 1


@pytest.mark.parametrize("place", [1, 2])
def test_a_token_serves_those_alone_who_accepted_it(place: int) -> None:
    cache = TokenCache()
    keep(cache)
    by, keys = (object(), KEYS) if place == 1 else (BY, object())
    assert cache.find(b"t", by, keys, 100.0) is None
    assert not found(cache)  # whoever accepts it next is remembered in its place


def test_the_least_recently_used_makes_room() -> None:
    cache = TokenCache(max_entries=2)
    for token in (b"a", b"b"):
        keep(cache, token)
    assert len(cache) == 2
    assert found(cache, b"a")
    keep(cache, b"c")
    assert len(cache) == 2
    assert not found(cache, b"b")
    assert found(cache, b"a")
    assert found(cache, b"c")
    assert not found(cache, b"d")
    cache.clear()
    assert len(cache) == 0


def test_a_forked_child_can_use_the_memory_whatever_its_parent_held() -> None:
    cache = TokenCache()
    held = cache._lock
    with held:  # as by a thread that the child does not have
        _after_fork_in_child()
        keep(cache)
        assert found(cache)

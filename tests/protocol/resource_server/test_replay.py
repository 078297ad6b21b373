"""Replay stores in memory."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from py_identity_model import MemoryReplayStore, ReplayStore
from py_identity_model._resource_server import replay
from py_identity_model._resource_server.replay import received_key, replay_key
from py_identity_model.exceptions import InvalidArgumentError
from tests.support import Clock, refused


def test_an_identifier_is_accepted_once_until_it_expires() -> None:
    store = MemoryReplayStore(max_entries=2)
    assert isinstance(store, ReplayStore)
    store.clock = lambda: 100.0
    assert store.add("a", 110.0)
    assert not store.add("a", 110.0)
    assert store.add("b", 120.0)
    assert not store.add("c", 130.0)  # full: refusing is safe, forgetting is not
    store.clock = lambda: 111.0
    assert store.add("c", 130.0)
    assert store.add("a", 140.0) is False
    assert len(store) == 2
    with refused(InvalidArgumentError, "invalid_argument"):
        MemoryReplayStore(0)


def test_identifiers_become_ascii_keys_that_do_not_collide() -> None:
    assert replay_key("dpop", "thumb", "1") == "dpop:thumb:1"
    keys = {
        replay_key("dpop", owner, identifier)
        for owner, identifier in (("a", "\ud800"), ("a", "\ud801"), ("b", "\ud800"), ("é", "1"))
    }
    assert len(keys) == 4
    assert all(key.isascii() for key in keys)


def test_receivers_have_keys_of_their_own_that_memcached_takes() -> None:
    issuer = "https://op.example"
    assert received_key("logout", issuer, "web", "1") == 'logout:["https://op.example","web"]:1'
    assert received_key("logout", issuer, ["b", "a"], "1") == received_key(
        "logout", issuer, ("a", "b"), "1"
    )
    receivers = (None, "a", "b", "a b", ["a", "b"], 'a","b')
    keys = {received_key("logout", issuer, one, "1") for one in receivers}
    assert len(keys) == len(receivers)


def test_a_full_store_refuses_rather_than_forgets(caplog: pytest.LogCaptureFixture) -> None:
    store = MemoryReplayStore(max_entries=2)
    clock = Clock()
    store.clock = clock
    assert store.add("a", 1010)
    assert store.add("b", 1020)
    assert not store.add("c", 1030)
    assert "full" in caplog.text
    clock.now = 1010
    assert store.add("c", 1030)
    assert not store.add("b", 1020)


def test_a_store_needs_room() -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        MemoryReplayStore(max_entries=0)


def test_an_identifier_that_was_discarded_may_be_used_again() -> None:
    store = MemoryReplayStore()
    store.clock = Clock()
    assert store.add("a", 1010)
    store.discard("a")
    store.discard("never")
    assert store.add("a", 1020)
    assert len(store) == 1


def test_an_identifier_used_again_lives_as_long_as_its_last_use_says() -> None:
    store, clock = MemoryReplayStore(), Clock()
    store.clock = clock
    store.add("a", 1010)
    store.discard("a")
    store.add("a", 1020)
    clock.now = 1015
    assert not store.add("a", 1020)


def test_discarded_identifiers_leave_nothing_behind() -> None:
    store = MemoryReplayStore()
    store.clock = Clock()
    for number in range(5000):
        store.add(str(number), 1e9)
        store.discard(str(number))
    assert len(store) == 0
    assert store.add("last", 1e9)


def test_a_clock_that_is_set_ahead_and_back_makes_no_identifier_good_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wall, monotonic = Clock(), Clock()
    monkeypatch.setattr(replay, "time", SimpleNamespace(time=wall, monotonic=monotonic))
    store = MemoryReplayStore()
    assert store.add("a", 1070)
    wall.now = 5000
    assert store.add("b", 5070)
    wall.now = 1005
    assert not store.add("a", 1070)
    monotonic.now += 70
    wall.now = 5070
    assert store.add("c", 6000)
    assert len(store) == 1


def test_a_clock_that_is_set_back_makes_no_identifier_good_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wall, monotonic = Clock(), Clock()
    monkeypatch.setattr(replay, "time", SimpleNamespace(time=wall, monotonic=monotonic))
    store = MemoryReplayStore()
    assert store.add("a", 1070)
    wall.now = 500
    monotonic.now += 569
    assert not store.add("a", 1070)

"""Replay stores in memory."""

from __future__ import annotations

from py_identity_model import (
    MemoryReplayStore,
    ReplayStore,
)
from py_identity_model._resource_server.replay import replay_key
from py_identity_model.exceptions import InvalidArgumentError
from tests.support import refused


def test_an_identifier_is_taken_once_until_it_expires() -> None:
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

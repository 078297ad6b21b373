"""Lineages: the newest refresh token of each login that a process knows of."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from typing import Any

import pytest

from py_identity_model._sessions.lineages import Lineages, lineages_of
from py_identity_model._sessions.session_record import SessionRecord


class Store:
    """Any object that can be referred to weakly."""


@dataclass
class Comparable:
    """A store without a hash."""

    name: str


@dataclass(frozen=True)
class Equal:
    """A store that equals another one of the same name."""

    name: str


@dataclass(slots=True)
class Slotted:
    """A store that cannot be referred to weakly."""

    name: str


def record(token: str | None, version: int) -> SessionRecord:
    return SessionRecord(refresh_token=token, version=version)


def test_all_who_share_a_store_share_its_lineages() -> None:
    store, other = Store(), Store()
    assert lineages_of(store) is lineages_of(store)
    assert lineages_of(store) is not lineages_of(other)


@pytest.mark.parametrize("kind", [Comparable, Equal, Slotted])
def test_a_store_may_be_a_dataclass_and_have_slots(kind: type[Any]) -> None:
    store, other = kind("redis"), kind("redis")
    lineages = lineages_of(store)
    held = lineages.of("a")
    held.learn(record("t2", 2))
    assert lineages_of(store).are_past("a", record("t1", 1))
    assert not lineages_of(other).are_past("a", record("t1", 1))


def test_whoever_uses_a_login_is_found_by_all_who_share_its_store() -> None:
    store = Store()
    held = lineages_of(store).of("a")
    held.learn(record("t2", 2))
    gc.collect()
    assert lineages_of(store).are_past("a", record("t1", 1))
    del held
    gc.collect()
    assert not lineages_of(store).are_past("a", record("t1", 1))


def test_a_lineage_lives_as_long_as_somebody_uses_the_login() -> None:
    lineages = Lineages()
    held = lineages.of("a")
    held.learn(record("t1", 1))
    assert lineages.of("a") is held
    del held
    gc.collect()
    assert lineages.of("a").refresh_token is None


def test_the_newest_refresh_token_counts() -> None:
    lineages = Lineages()
    held = lineages.of("a")
    lineages.learn("a", record("t2", 2), is_stored=True)
    lineages.learn("a", record("t1", 1), is_stored=True)
    assert (held.refresh_token, held.version) == ("t2", 2)
    assert lineages.are_past("a", record("t1", 1))
    assert not lineages.are_past("a", record("t2", 2))


def test_a_record_without_a_refresh_token_teaches_none() -> None:
    lineages = Lineages()
    held = lineages.of("a")
    lineages.learn("a", record("t1", 1), is_stored=False)
    lineages.learn("a", record(None, 2), is_stored=False)
    assert held.refresh_token == "t1"


def test_only_what_the_store_was_seen_with_counts_as_stored() -> None:
    lineages = Lineages()
    held = lineages.of("a")
    lineages.learn("a", record("t3", 3), is_stored=False)
    assert lineages.seen("a") == 0
    lineages.learn("a", record("t2", 2), is_stored=True)
    lineages.learn("a", record("t1", 1), is_stored=True)
    assert lineages.seen("a") == held.stored == 2


def test_a_login_that_began_again_has_no_past() -> None:
    lineages = Lineages()
    held = lineages.of("a")
    lineages.learn("a", record("t5", 5), is_stored=True)
    lineages.begin("a")
    lineages.learn("a", record("t1", 1), is_stored=True)
    assert (held.refresh_token, held.version, held.stored) == ("t1", 1, 1)


def test_of_logins_that_nobody_uses_nothing_is_known() -> None:
    lineages = Lineages()
    lineages.learn("a", record("t1", 1), is_stored=True)
    lineages.begin("a")
    assert lineages.seen("a") == 0
    assert not lineages.are_past("a", record("t0", 0))

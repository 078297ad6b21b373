"""Cache entries: fresh, stale or gone; and the tables of entries and failures."""

from __future__ import annotations

from collections.abc import Hashable

import pytest

from py_identity_model._settings import DISCO_CACHE_MAX_ENTRIES, JWKS_CACHE_TTL
from py_identity_model._validation.cache_entry import (
    Entry,
    EntryTable,
    FailureMemory,
    may_be_stored,
    time_to_live,
)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 3600),
        ("max-age=300", 300),
        ("public, MAX-AGE = 300", 300),
        ('max-age="300"', 300),
        ("max-age=1", 60),
        ("max-age=00", 300),
        ("max-age=999999999", 86400),
        ("s-maxage=300", 3600),
        ("max-age=soon", 3600),
        ("max-age=-5", 3600),
    ],
)
def test_an_answer_lives_as_long_as_it_says_within_bounds(
    header: str | None, seconds: float
) -> None:
    assert time_to_live(header, JWKS_CACHE_TTL) == seconds


@pytest.mark.parametrize(
    ("header", "forbids"),
    [
        (None, False),
        ("max-age=60", False),
        ("no-store", True),
        ("private, No-Cache", True),
        ('no-cache="set-cookie"', True),
        ("max-age=60, no-store", True),
        ("x-no-store", False),
    ],
)
def test_an_answer_that_forbids_reuse_is_fresh_for_the_least_time(
    header: str | None, forbids: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert may_be_stored(header)
    assert (time_to_live(header, JWKS_CACHE_TTL) == 300) is forbids
    monkeypatch.setenv("CACHE_MIN_TTL", "20")
    assert (time_to_live(header, JWKS_CACHE_TTL) == 20) is forbids
    monkeypatch.setenv("CACHE_MIN_TTL", "0")
    assert may_be_stored(header) is not forbids


def test_an_age_of_nothing_means_the_least_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert time_to_live("max-age=0", JWKS_CACHE_TTL) == 300
    monkeypatch.setenv("CACHE_MIN_TTL", "0")
    assert time_to_live("max-age=0", JWKS_CACHE_TTL) == 0
    assert may_be_stored("max-age=0")


def test_an_entry_is_fresh_then_stale_then_gone() -> None:
    entry: Entry[str] = Entry()
    assert entry.usable(0) is None
    entry.accept("keys", now=0, ttl=100)
    assert (entry.usable(89), entry.wants_refresh(89)) == ("keys", False)
    assert (entry.usable(91), entry.wants_refresh(91)) == ("keys", True)
    assert (entry.usable(101), entry.wants_refresh(101)) == ("keys", True)
    assert (entry.usable(86401), entry.value) == (None, "keys")


def test_a_failure_leaves_the_value_and_a_gap() -> None:
    entry: Entry[str] = Entry()
    entry.accept("keys", now=0, ttl=100)
    entry.record_failure(now=200)
    assert entry.usable(200) == "keys"
    assert not entry.wants_refresh(200.9)
    assert entry.wants_refresh(201)
    assert entry.usable_until == 86400


def test_document_and_keys_are_refreshed_alternately_while_the_provider_fails() -> None:
    keys, document = Entry[str](), Entry[str]()
    for entry in (keys, document):
        entry.accept("it", now=0, ttl=100)

    def turns(now: float) -> tuple[bool, bool]:
        first = keys.wants_refresh(now, document, first=True)
        return first, document.wants_refresh(now, keys)

    assert turns(100) == (True, False)
    keys.record_failure(now=100)
    assert turns(100.9) == (False, False)
    assert turns(101) == (False, True)
    document.record_failure(now=101)
    assert turns(101.9) == (False, False)
    assert turns(102) == (True, False)
    keys.accept("it", now=102, ttl=100)
    assert turns(102) == (False, True)
    assert turns(192) == (True, False)


def test_an_unusable_document_has_no_turn() -> None:
    document, keys = Entry[str](), Entry[str]()
    document.accept("it", now=0, ttl=100)
    assert document.wants_refresh(100, keys)
    keys.accept("it", now=-86400, ttl=100)
    assert document.wants_refresh(100, keys)


def test_a_pardon_is_granted_once_until_the_next_success() -> None:
    entry: Entry[str] = Entry()
    for cooldown, left in ((5.0, 0.0), (6.0, 6.0)):
        entry.cooldown_until = cooldown
        entry.reset_cooldown_once(now=0)
        assert entry.cooldown_until == left
    entry.accept("keys", now=0, ttl=100)
    entry.reset_cooldown_once(now=0)
    assert entry.cooldown_until == 0.0


def test_an_expired_value_is_refreshed_before_it_is_served() -> None:
    entry: Entry[str] = Entry()
    entry.accept("keys", now=0, ttl=100)
    assert not entry.must_be_refreshed(99.9)
    assert entry.must_be_refreshed(100)
    assert entry.must_be_refreshed(80_000)


def test_after_a_failed_refresh_the_stale_value_is_served_while_someone_asks() -> None:
    entry: Entry[str] = Entry()
    entry.accept("keys", now=0, ttl=100)
    entry.record_failure(now=99)  # before it expired, this says nothing of later
    assert not entry.must_be_refreshed(99.9)
    assert entry.must_be_refreshed(100)
    entry.record_failure(now=100)
    assert not entry.must_be_refreshed(159.9)
    assert entry.must_be_refreshed(160)  # nobody asked for a minute: the provider may be up again
    entry.record_no_news(now=160)
    assert not entry.must_be_refreshed(161)
    entry.accept("newer", now=161, ttl=100)
    assert entry.must_be_refreshed(261)


def test_a_document_is_not_waited_for_where_its_keys_showed_that_the_provider_is_down() -> None:
    keys, document = Entry[str](), Entry[str]()
    for entry in (keys, document):
        entry.accept("it", now=0, ttl=100)
    assert document.must_be_refreshed(100, keys)
    keys.record_failure(now=100)
    assert not document.must_be_refreshed(100, keys)
    keys.accept("it", now=101, ttl=50)
    document.record_failure(now=101)
    assert keys.must_be_refreshed(151, document, first=True)


def accepted(table: EntryTable[str], key: Hashable, now: float) -> Entry[str]:
    """Return an entry of ``table`` with a value."""
    entry = table.get_or_create(key)
    entry.accept("value", now, 60)
    table.store(key, entry, now)
    return entry


def test_a_table_has_one_entry_for_a_key() -> None:
    table: EntryTable[str] = EntryTable(DISCO_CACHE_MAX_ENTRIES)
    entry = table.get_or_create("a")
    assert table.get_or_create("a") is entry
    assert table.find("a") is None  # it has no value yet
    assert accepted(table, "a", 0) is entry is table.find("a")
    table.drop("a", Entry())
    assert table.find("a") is entry
    table.drop("a", entry)
    assert table.find("a") is None
    assert entry.value is None
    lock = table._lock
    table._forget_parent()
    assert table._lock is not lock


def test_an_entry_cleared_during_its_fetch_is_not_stored() -> None:
    table: EntryTable[str] = EntryTable(DISCO_CACHE_MAX_ENTRIES)
    entry = table.get_or_create("a")
    table.clear()
    entry.accept("late", 0, 60)
    table.store("a", entry, 0)
    assert table.find("a") is None


def test_an_evicted_entry_is_not_served() -> None:
    table: EntryTable[str] = EntryTable(DISCO_CACHE_MAX_ENTRIES)
    first = table.get_or_create("a")
    table.drop("a", first)  # the flight of another loop failed, this one goes on
    second = accepted(table, "a", 0)
    first.accept("value", 1, 60)
    table.store("a", first, 1)
    assert table.find("a") is first
    assert second.value is None


def test_a_full_table_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCO_CACHE_MAX_ENTRIES", "3")
    told: list[Hashable] = []
    table: EntryTable[str] = EntryTable(DISCO_CACHE_MAX_ENTRIES, told.append)
    for number in range(10):
        accepted(table, number, now=number)
    assert len(table) == 3
    assert told == list(range(7))
    assert [table.find(number) is not None for number in range(10)] == [False] * 7 + [True] * 3


def test_nothing_makes_room_for_what_may_never_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCO_CACHE_MAX_ENTRIES", "1")
    table: EntryTable[str] = EntryTable(DISCO_CACHE_MAX_ENTRIES)
    entry = accepted(table, "good", 0)
    for number in range(10):
        table.get_or_create(number)
    assert table.find("good") is entry


def test_the_callback_of_an_eviction_may_use_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCO_CACHE_MAX_ENTRIES", "1")
    locked: list[bool] = []
    table: EntryTable[str] = EntryTable(
        DISCO_CACHE_MAX_ENTRIES, lambda key: locked.append(table._lock.locked())
    )
    accepted(table, "a", now=0)
    accepted(table, "b", now=1)
    assert locked == [False]


def test_a_failure_counts_for_a_second_and_longer_for_the_names_of_strangers() -> None:
    failures: FailureMemory[str] = FailureMemory()
    now, gaps = 0.0, []
    for _ in range(7):
        failures.record("a", "down", now)
        assert failures.find("a", now + 0.9, from_stranger=False) is not None
        assert failures.find("a", now + 1, from_stranger=False) is None
        found = failures.find("a", now, from_stranger=True)
        assert found is not None
        gaps.append(found[1])
        assert failures.find("a", now + found[1], from_stranger=True) is None
        now += found[1]
    assert gaps == [1, 2, 4, 8, 16, 30, 30]
    failures.forget("a")
    failures.forget("a")  # what never failed, too
    failures.record("a", "down", now)
    assert failures.find("a", now, from_stranger=True) == ("down", 1)
    failures.clear()
    assert len(failures) == 0


def test_the_oldest_failures_give_way() -> None:
    failures: FailureMemory[str] = FailureMemory()
    for number in range(5000):
        failures.record(number, "down", 0)
    assert len(failures) == 1000
    assert failures.find(3999, 0, from_stranger=True) is None
    assert failures.find(4000, 0, from_stranger=True) is not None


def test_a_value_and_its_etag_change_together() -> None:
    entry: Entry[str] = Entry()
    seen = [entry.version]
    entry.accept("keys", now=0, ttl=100, etag='"1"')
    seen.append(entry.version)
    entry.accept("newer keys", now=1, ttl=100)
    seen.append(entry.version)
    entry.invalidate()
    entry.accept("late keys", now=2, ttl=100, etag='"2"')
    seen.append(entry.version)
    assert seen == [(None, None), ("keys", '"1"'), (None, None), (None, None)]

# Generated from aio/test_record_storage.py by scripts/make_sync.py; edit that file.
"""Records of sessions, also while their store is down: what is written, and what is given up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from py_identity_model._seam.sync import Event, gather, sleep, spawn, wait_for
from py_identity_model._sessions.session_record import SessionRecord
from py_identity_model.exceptions import TokenRequestException
from py_identity_model.sync import MemorySessionStore, record_storage
from py_identity_model.sync._cache import single_flight
from py_identity_model.sync.record_storage import RecordStorage, Unsaved
from tests.support import refused

BEGUN = SessionRecord(refresh_token="r-0")


class FullStore(MemorySessionStore):
    """A store without room, which still deletes."""

    def set(
        self, name: str, record: SessionRecord, expected: int | None, expires_in: float
    ) -> bool:
        raise OSError("no room")


class Reopened(MemorySessionStore):
    """A store that takes nothing at first, and notices the fifth record after that."""

    def __init__(self) -> None:
        super().__init__()
        self.is_open = False
        self.full = Event()

    def set(
        self, name: str, record: SessionRecord, expected: int | None, expires_in: float
    ) -> bool:
        if not self.is_open:
            raise OSError("no room")
        done = super().set(name, record, expected, expires_in)
        if len(self) == 5:
            self.full.set()
        return done


def test_a_login_that_was_never_stored_ends_with_its_logout() -> None:
    storage = RecordStorage(FullStore(), 60.0)
    begun = storage.begin("n", BEGUN)
    assert storage.load("n") == begun
    assert storage.delete("n", 1) == begun
    with refused(TokenRequestException, "login_required"):
        storage.load("n", 1)
    assert storage.find("n") is None


def test_a_record_that_is_stored_is_read_once() -> None:
    reads: list[str] = []

    class Counting(MemorySessionStore):
        def get(self, name: str) -> SessionRecord | None:
            reads.append(name)
            return super().get(name)

    storage = RecordStorage(Counting(), 60.0)
    begun = storage.begin("n", BEGUN)
    reads.clear()
    assert storage.load("n") == begun
    assert reads == ["n"]


def test_a_write_that_ends_after_its_successor_changes_nothing() -> None:
    applied, overtaken = Event(), Event()

    class Slow(MemorySessionStore):
        """The answer to the first write comes after the second write."""

        def set(
            self, name: str, record: SessionRecord, expected: int | None, expires_in: float
        ) -> bool:
            done = super().set(name, record, expected, expires_in)
            if record.version == 1:
                applied.set()
                overtaken.wait()
            return done

    storage = RecordStorage(Slow(), 60.0)

    def begin() -> SessionRecord:
        return storage.begin("n", BEGUN)

    def renew() -> SessionRecord:
        applied.wait()
        fresh = storage.stamped(SessionRecord(refresh_token="r-1"), 2)
        saved = storage.save("n", Unsaved(fresh, "r-0"))
        overtaken.set()
        return saved

    first, second = gather([begin, renew])
    assert (first.version, second.version) == (1, 2)
    assert (storage.load("n")).refresh_token == "r-1"


def test_a_record_is_stored_also_after_an_outage_that_outlasts_the_locks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise another process would present the refresh token whose successor is known here."""
    waited, stored = [0.0], Event()

    def pass_time(seconds: float) -> None:
        waited[0] += seconds
        sleep(0)

    monkeypatch.setattr(record_storage, "sleep", pass_time)

    class Down(MemorySessionStore):
        def set(
            self, name: str, record: SessionRecord, expected: int | None, expires_in: float
        ) -> bool:
            if waited[0] < 1800.0:
                raise OSError("no room")
            done = super().set(name, record, expected, expires_in)
            stored.set()
            return done

    storage = RecordStorage(Down(), 1e6)
    begun = storage.begin("n", BEGUN)
    assert wait_for(stored, 10.0)
    assert storage.store.get("n") == begun


def test_one_call_stores_what_could_not_be_stored_however_often_that_was_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waiting: list[float] = []
    begun_to_wait, over = Event(), Event()

    def note(seconds: float) -> None:
        waiting.append(seconds)
        begun_to_wait.set()
        wait_for(over, 10.0)

    monkeypatch.setattr(record_storage, "sleep", note)
    storage = RecordStorage(FullStore(), 1e6)
    begun = storage.begin("n", BEGUN)
    for _ in range(5):
        storage.save("n", Unsaved(begun, None, begins=True))
    assert wait_for(begun_to_wait, 10.0)
    assert len(waiting) == 1
    storage.delete("n", 1)
    over.set()


def test_one_call_stores_all_that_could_not_be_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the blocking API it is a thread, and there may be many logins during an outage."""
    waiting: list[float] = []
    calls: list[str] = []
    begun_to_wait, over = Event(), Event()

    def note_name(name: str, one: Callable[[], Any]) -> bool:
        calls.append(name)
        return spawn(name, one)

    def note(seconds: float) -> None:
        waiting.append(seconds)
        begun_to_wait.set()
        wait_for(over, 10.0)

    monkeypatch.setattr(record_storage, "sleep", note)
    monkeypatch.setattr(single_flight, "spawn", note_name)
    store = Reopened()
    storage = RecordStorage(store, 1e6)
    names = [f"n-{number}" for number in range(5)]
    for name in names:
        storage.begin(name, BEGUN)
    assert wait_for(begun_to_wait, 10.0)
    assert (waiting, calls) == ([0.1], ["py_identity_model.saving 0"])
    store.is_open = True
    over.set()
    assert wait_for(store.full, 10.0)
    assert [name for name in names if store.get(name) is not None] == names

# Generated from aio/test_session_records.py by scripts/make_sync.py; edit that file.
"""Records of logins: when a refresh token may be presented, and for how long others wait."""

from __future__ import annotations

from dataclasses import replace

import pytest

from py_identity_model import StoredToken
from py_identity_model._seam.lock_waits import wait_left
from py_identity_model._seam.sync import Event, gather, sleep
from py_identity_model._sessions.session_record import (
    LOGIN_TARGET,
    Pending,
    Renewal,
    SessionRecord,
    renewal_pending_error,
)
from py_identity_model.exceptions import TokenRequestException
from py_identity_model.sync import MemorySessionStore, session_locks, session_records
from py_identity_model.sync.session_records import SessionRecords
from tests.support import refused

NOW = 1000.0


def records_of(store: MemorySessionStore) -> SessionRecords:
    records = SessionRecords(store, 60.0, lambda: 10.0)
    records.storage.clock = lambda: NOW
    return records


def renewed(records: SessionRecords, presented: list[str | None], name: str = "n") -> SessionRecord:
    """Return the record once its refresh token was presented."""

    def present(record: SessionRecord) -> Renewal:
        presented.append(record.refresh_token)
        token = StoredToken("a", expires_at=NOW + 60, renew_at=NOW + 60)
        return Renewal(SessionRecord(refresh_token="r-1", access_tokens={LOGIN_TARGET: token}))

    def serves(record: SessionRecord) -> bool:
        return record.token_for(LOGIN_TARGET) is not None

    return records.renew(name, None, present, where="here", serves=serves, seen=0)


def stored(pending: Pending | None) -> MemorySessionStore:
    """Return a store with a record that another process marked."""
    store = MemorySessionStore()
    record = SessionRecord(version=1, stamp="s", refresh_token="r-0", pending=pending)
    assert store.set("n", record, None, 60.0)
    return store


@pytest.mark.parametrize("until", [NOW, NOW - 1.0])
def test_a_token_whose_other_holder_must_have_ended_is_presented(until: float) -> None:
    presented: list[str | None] = []
    store = stored(Pending("another", until))
    assert (renewed(records_of(store), presented)).refresh_token == "r-1"
    assert presented == ["r-0"]


@pytest.mark.parametrize("left", [0.25, 0.5, 1.0])
def test_a_token_that_another_holder_may_have_presented_is_not(
    left: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_records, "_MOST_WAITED", 0.5)
    monkeypatch.setattr(session_records, "_POLL", 0.1)
    presented: list[str | None] = []
    store = stored(Pending("another", NOW + left))
    with refused(TokenRequestException, "renewal_pending"):
        renewed(records_of(store), presented)
    assert presented == []


def test_a_holder_may_present_again_what_it_marked_itself() -> None:
    records = records_of(stored(None))
    marked = SessionRecord(
        version=2, refresh_token="r-0", pending=Pending(records._holder, NOW + 9)
    )
    assert records.storage.store.set("n", marked, 1, 60.0)
    presented: list[str | None] = []
    assert (renewed(records, presented)).refresh_token == "r-1"
    assert presented == ["r-0"]


def test_a_stored_record_tells_its_time_and_its_write() -> None:
    records = records_of(stored(None))
    first = records.update("n", 1, lambda record: record)
    second = records.update("n", 2, lambda record: record)
    assert (first.version, second.version) == (2, 3)
    assert (first.written_at, second.written_at) == (NOW, NOW)
    assert first.stamp != second.stamp
    assert first.stamp is not None
    assert len(first.stamp) >= 16


@pytest.mark.parametrize(
    ("pending", "lease", "seconds"),
    [
        (None, None, 10.0),
        (Pending("another", NOW), None, 10.0),
        (Pending("another", NOW + 1), None, 6.0),
        (None, 10.5, 11.0),
        (None, 15.0, 15.5),
        (None, 15.5, 10.0),
        (Pending("another", NOW + 1), 15.0, 11.5),
    ],
)
def test_another_holder_is_waited_for_until_its_request_must_have_ended(
    pending: Pending | None, lease: float | None, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float | None] = []

    def enter(*_: object) -> None:
        waits.append(wait_left())
        raise renewal_pending_error(0.0)

    monkeypatch.setattr(session_locks, "enter", enter)

    class Locking(MemorySessionStore):
        lock_timeout = lease

    store = Locking()
    record = SessionRecord(version=1, refresh_token="r-0", pending=pending, written_at=NOW - 4)
    assert store.set("n", record, None, 60.0)
    with refused(TokenRequestException, "renewal_pending"):
        renewed(records_of(store), [])
    assert waits == [pytest.approx(seconds, abs=0.5)]


def test_a_record_changes_under_its_own_lock() -> None:
    store = stored(None)
    records = SessionRecords(store, 60.0, lambda: 0.1)
    with store.lock("n"):
        with refused(TokenRequestException, "renewal_pending"):
            records.update("n", 1, lambda record: record)
    assert (records.update("n", 1, lambda record: record)).version == 2


def test_a_renewal_may_need_that_of_another_record() -> None:
    store = stored(None)
    assert store.set("m", SessionRecord(version=1, refresh_token="m-0"), None, 60.0)
    records, presented = records_of(store), list[str | None]()
    marked: list[str] = []

    def present(record: SessionRecord) -> Renewal:
        marked.append((renewed(records, presented)).refresh_token or "")
        with refused(TokenRequestException, "login_required"):
            renewed(records, presented, "x")
        return Renewal(SessionRecord(refresh_token="m-1"))

    def serves(record: SessionRecord) -> bool:
        return record.refresh_token == "m-1"

    records.renew("m", None, present, where="here", serves=serves, seen=0)
    assert (marked, presented) == (["r-1"], ["r-0"])


def test_a_renewal_writes_each_version_once() -> None:
    versions: list[tuple[int, int | None]] = []

    class Counting(MemorySessionStore):
        def set(
            self, name: str, record: SessionRecord, expected: int | None, expires_in: float
        ) -> bool:
            versions.append((record.version, expected))
            return super().set(name, record, expected, expires_in)

    store = Counting()
    first = SessionRecord(version=1, stamp="s", refresh_token="r-0")
    assert store.set("n", first, None, 60.0)
    records = records_of(store)

    def present(record: SessionRecord) -> Renewal:
        kept = SessionRecord(refresh_token="r-1")
        return Renewal(kept, unconfirmed=replace(kept, claims={"sub": "alice"}))

    def confirm(record: SessionRecord) -> SessionRecord:
        return record

    def serves(record: SessionRecord) -> bool:
        return record.subject == "alice"

    done = records.renew("n", None, present, where="here", serves=serves, seen=0, confirm=confirm)
    assert (done.version, done.subject) == (4, "alice")
    assert versions == [(1, None), (2, 1), (3, 2), (4, 3)]


def test_a_login_that_is_stored_while_another_call_reads_is_not_lost() -> None:
    reading, begun = Event(), Event()

    class Slow(MemorySessionStore):
        """The first read finds nothing, and returns when the record is stored."""

        def get(self, name: str) -> SessionRecord | None:
            found = super().get(name)
            if found is None:
                reading.set()
                begun.wait()
            return found

        def set(
            self, name: str, record: SessionRecord, expected: int | None, expires_in: float
        ) -> bool:
            reading.wait()
            return super().set(name, record, expected, expires_in)

    records = records_of(Slow())

    def begin() -> SessionRecord:
        made = records.storage.begin("n", SessionRecord(refresh_token="r-0"))
        begun.set()
        return made

    def load() -> SessionRecord:
        while "n" not in records.storage._unsaved:
            sleep(0)
        return records.storage.load("n")

    first, second = gather([begin, load])
    assert first == second

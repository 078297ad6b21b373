"""Records of logins: when a refresh token may be presented, and for how long others wait."""

from __future__ import annotations

import pytest

from py_identity_model import StoredToken
from py_identity_model._seam.aio import Event, gather, sleep
from py_identity_model._sessions.session_record import (
    LOGIN_TARGET,
    Pending,
    Renewal,
    SessionRecord,
)
from py_identity_model.aio import (
    AsyncHTTPClient,
    AsyncMemorySessionStore,
    Settings,
    session_records,
)
from py_identity_model.aio.session_locks import request_seconds
from py_identity_model.aio.session_records import AsyncSessionRecords
from py_identity_model.exceptions import InvalidArgumentError, TokenRequestException
from tests.support import refused

NOW = 1000.0


def records_of(store: AsyncMemorySessionStore) -> AsyncSessionRecords:
    records = AsyncSessionRecords(store, 60.0, lambda: 10.0)
    records.storage.clock = lambda: NOW
    return records


async def renewed(records: AsyncSessionRecords, presented: list[str | None]) -> SessionRecord:
    """Return the record "n" once its refresh token was presented."""

    async def present(record: SessionRecord) -> Renewal:
        presented.append(record.refresh_token)
        token = StoredToken("a", expires_at=NOW + 60, renew_at=NOW + 60)
        return Renewal(SessionRecord(refresh_token="r-1", access_tokens={LOGIN_TARGET: token}))

    def serves(record: SessionRecord) -> bool:
        return record.token_for(LOGIN_TARGET) is not None

    return await records.renew("n", None, present, where="here", serves=serves, seen=0)


async def stored(pending: Pending | None) -> AsyncMemorySessionStore:
    """Return a store with a record that another process marked."""
    store = AsyncMemorySessionStore()
    record = SessionRecord(version=1, stamp="s", refresh_token="r-0", pending=pending)
    assert await store.set("n", record, None, 60.0)
    return store


@pytest.mark.parametrize("until", [NOW, NOW - 1.0])
async def test_a_token_whose_other_holder_must_have_ended_is_presented(until: float) -> None:
    presented: list[str | None] = []
    store = await stored(Pending("another", until))
    assert (await renewed(records_of(store), presented)).refresh_token == "r-1"
    assert presented == ["r-0"]


@pytest.mark.parametrize("left", [0.25, 0.5, 1.0])
async def test_a_token_that_another_holder_may_have_presented_is_not(
    left: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_records, "_MOST_WAITED", 0.5)
    monkeypatch.setattr(session_records, "_POLL", 0.1)
    presented: list[str | None] = []
    store = await stored(Pending("another", NOW + left))
    with refused(TokenRequestException, "renewal_pending"):
        await renewed(records_of(store), presented)
    assert presented == []


async def test_a_holder_may_present_again_what_it_marked_itself() -> None:
    records = records_of(await stored(None))
    marked = SessionRecord(
        version=2, refresh_token="r-0", pending=Pending(records._holder, NOW + 9)
    )
    assert await records.storage.store.set("n", marked, 1, 60.0)
    presented: list[str | None] = []
    assert (await renewed(records, presented)).refresh_token == "r-1"
    assert presented == ["r-0"]


async def test_a_stored_record_tells_its_time_and_its_write() -> None:
    records = records_of(await stored(None))
    first = await records.update("n", 1, lambda record: record)
    second = await records.update("n", 2, lambda record: record)
    assert (first.version, second.version) == (2, 3)
    assert (first.written_at, second.written_at) == (NOW, NOW)
    assert first.stamp != second.stamp
    assert first.stamp is not None
    assert len(first.stamp) >= 16


async def test_a_lock_is_held_for_longer_than_a_request_may_take() -> None:
    class Locking(AsyncMemorySessionStore):
        lock_timeout = 10.0

    store = Locking()
    assert await store.set("n", SessionRecord(version=1, refresh_token="r-0"), None, 60.0)
    with refused(InvalidArgumentError, "lock_timeout_too_short"):
        await renewed(records_of(store), [])
    store.lock_timeout = 10.5
    assert (await renewed(records_of(store), [])).version == 3


async def test_a_request_takes_twice_its_timeout_at_most() -> None:
    assert request_seconds(None, None) == 60.0
    assert request_seconds(None, Settings(http_timeout=3)) == 6.0
    async with AsyncHTTPClient(timeout=4) as client:
        assert request_seconds(client, None) == client.total_timeout
        assert request_seconds(client, Settings(http_timeout=3)) == 6.0


async def test_a_login_that_is_stored_while_another_call_reads_is_not_lost() -> None:
    reading, begun = Event(), Event()

    class Slow(AsyncMemorySessionStore):
        """The first read finds nothing, and returns when the record is stored."""

        async def get(self, name: str) -> SessionRecord | None:
            found = await super().get(name)
            if found is None:
                reading.set()
                await begun.wait()
            return found

        async def set(
            self, name: str, record: SessionRecord, expected: int | None, expires_in: float
        ) -> bool:
            await reading.wait()
            return await super().set(name, record, expected, expires_in)

    records = records_of(Slow())

    async def begin() -> SessionRecord:
        made = await records.storage.begin("n", SessionRecord(refresh_token="r-0"))
        begun.set()
        return made

    async def load() -> SessionRecord:
        while "n" not in records.storage._unsaved:
            await sleep(0)
        return await records.storage.load("n")

    first, second = await gather([begin, load])
    assert first == second

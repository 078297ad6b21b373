"""Records of sessions, also while their store is down: what is written, and what is given up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from py_identity_model._seam.aio import Event, gather, sleep, spawn, wait_for
from py_identity_model._sessions.session_record import SessionRecord
from py_identity_model.aio import AsyncMemorySessionStore, record_storage
from py_identity_model.aio._cache import single_flight
from py_identity_model.aio.record_storage import AsyncRecordStorage, Unsaved
from py_identity_model.exceptions import TokenRequestException
from tests.support import refused

BEGUN = SessionRecord(refresh_token="r-0")


class FullStore(AsyncMemorySessionStore):
    """A store without room, which still deletes."""

    async def set(
        self, name: str, record: SessionRecord, expected: int | None, expires_in: float
    ) -> bool:
        raise OSError("no room")


class Reopened(AsyncMemorySessionStore):
    """A store that takes nothing at first, and notices the fifth record after that."""

    def __init__(self) -> None:
        super().__init__()
        self.is_open = False
        self.full = Event()

    async def set(
        self, name: str, record: SessionRecord, expected: int | None, expires_in: float
    ) -> bool:
        if not self.is_open:
            raise OSError("no room")
        done = await super().set(name, record, expected, expires_in)
        if len(self) == 5:
            self.full.set()
        return done


async def test_a_login_that_was_never_stored_ends_with_its_logout() -> None:
    storage = AsyncRecordStorage(FullStore(), 60.0)
    begun = await storage.begin("n", BEGUN)
    assert await storage.load("n") == begun
    assert await storage.delete("n", 1) == begun
    with refused(TokenRequestException, "login_required"):
        await storage.load("n", 1)
    assert await storage.find("n") is None


async def test_a_record_that_is_stored_is_read_once() -> None:
    reads: list[str] = []

    class Counting(AsyncMemorySessionStore):
        async def get(self, name: str) -> SessionRecord | None:
            reads.append(name)
            return await super().get(name)

    storage = AsyncRecordStorage(Counting(), 60.0)
    begun = await storage.begin("n", BEGUN)
    reads.clear()
    assert await storage.load("n") == begun
    assert reads == ["n"]


async def test_a_write_that_ends_after_its_successor_changes_nothing() -> None:
    applied, overtaken = Event(), Event()

    class Slow(AsyncMemorySessionStore):
        """The answer to the first write comes after the second write."""

        async def set(
            self, name: str, record: SessionRecord, expected: int | None, expires_in: float
        ) -> bool:
            done = await super().set(name, record, expected, expires_in)
            if record.version == 1:
                applied.set()
                await overtaken.wait()
            return done

    storage = AsyncRecordStorage(Slow(), 60.0)

    async def begin() -> SessionRecord:
        return await storage.begin("n", BEGUN)

    async def renew() -> SessionRecord:
        await applied.wait()
        fresh = storage.stamped(SessionRecord(refresh_token="r-1"), 2)
        saved = await storage.save("n", Unsaved(fresh, "r-0"))
        overtaken.set()
        return saved

    first, second = await gather([begin, renew])
    assert (first.version, second.version) == (1, 2)
    assert (await storage.load("n")).refresh_token == "r-1"


async def test_a_record_is_stored_also_after_an_outage_that_outlasts_the_locks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise another process would present the refresh token whose successor is known here."""
    waited, stored = [0.0], Event()

    async def pass_time(seconds: float) -> None:
        waited[0] += seconds
        await sleep(0)

    monkeypatch.setattr(record_storage, "sleep", pass_time)

    class Down(AsyncMemorySessionStore):
        async def set(
            self, name: str, record: SessionRecord, expected: int | None, expires_in: float
        ) -> bool:
            if waited[0] < 1800.0:
                raise OSError("no room")
            done = await super().set(name, record, expected, expires_in)
            stored.set()
            return done

    storage = AsyncRecordStorage(Down(), 1e6)
    begun = await storage.begin("n", BEGUN)
    assert await wait_for(stored, 10.0)
    assert await storage.store.get("n") == begun


async def test_one_call_stores_what_could_not_be_stored_however_often_that_was_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waiting: list[float] = []
    begun_to_wait, over = Event(), Event()

    async def note(seconds: float) -> None:
        waiting.append(seconds)
        begun_to_wait.set()
        await wait_for(over, 10.0)

    monkeypatch.setattr(record_storage, "sleep", note)
    storage = AsyncRecordStorage(FullStore(), 1e6)
    begun = await storage.begin("n", BEGUN)
    for _ in range(5):
        await storage.save("n", Unsaved(begun, None, begins=True))
    assert await wait_for(begun_to_wait, 10.0)
    assert len(waiting) == 1
    await storage.delete("n", 1)
    over.set()


async def test_one_call_stores_all_that_could_not_be_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the blocking API it is a thread, and there may be many logins during an outage."""
    waiting: list[float] = []
    calls: list[str] = []
    begun_to_wait, over = Event(), Event()

    def note_name(name: str, one: Callable[[], Any]) -> bool:
        calls.append(name)
        return spawn(name, one)

    async def note(seconds: float) -> None:
        waiting.append(seconds)
        begun_to_wait.set()
        await wait_for(over, 10.0)

    monkeypatch.setattr(record_storage, "sleep", note)
    monkeypatch.setattr(single_flight, "spawn", note_name)
    store = Reopened()
    storage = AsyncRecordStorage(store, 1e6)
    names = [f"n-{number}" for number in range(5)]
    for name in names:
        await storage.begin(name, BEGUN)
    assert await wait_for(begun_to_wait, 10.0)
    assert (waiting, calls) == ([0.1], ["py_identity_model.saving 0"])
    store.is_open = True
    over.set()
    assert await wait_for(store.full, 10.0)
    assert [name for name in names if await store.get(name) is not None] == names

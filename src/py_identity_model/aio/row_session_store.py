"""Records of logins as rows, whatever writes them: what the stores in databases share."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple, Protocol

from .._seam.aio import in_thread, sleep
from .._seam.lock_waits import wait_left
from .._sessions.session_record import SessionRecord
from .._wire.stored_value import unreadable_error
from ..exceptions import ConfigurationException
from .session_store import index_keys, is_wanted

_POLL = 0.05


class LockRows(Protocol):
    """The statements on the rows of locks; each call is one transaction, and blocks."""

    def take_lock(self, name: str, holder: str, now: float, until: float) -> bool:
        """Add the row of a lock, unless one that has not expired is there; return whether."""

    def leave_lock(self, name: str, holder: str) -> None:
        """Delete the row of a lock, if it is this holder's."""


class SessionRows(LockRows, Protocol):
    """The statements on the rows of a store; each call is one transaction, and blocks."""

    def get(self, name: str, now: float) -> tuple[int, Any] | None:
        """Return version and record of a row that has not expired."""

    def find(self, named: Mapping[str, str], now: float) -> list[tuple[str, int, Any]]:
        """Return name, version and record of the rows with these columns, by name."""

    def update(self, name: str, row: Mapping[str, Any], expected: int, now: float) -> bool:
        """Replace a row of the version ``expected`` that has not expired; return whether."""

    def insert(self, name: str, row: Mapping[str, Any], now: float) -> bool:
        """Delete the rows that have expired, and add one; return False if the name is taken."""

    def delete(self, name: str) -> None:
        """Delete a row."""


class Seal(NamedTuple):
    """What makes of a record the value of a column, and a record of that again."""

    close: Callable[[str], Any]
    open: Callable[[Any], str | None]


class AsyncRowSessionStore:
    """A session store whose statements are those of ``rows``.

    A row is replaced where its version is the expected one.  Users and provider sessions are
    looked up by the hashes of their names.
    """

    lock_timeout = 120.0

    def __init__(self, rows: SessionRows, seal: Seal) -> None:
        self.clock = time.time
        self._rows = rows
        self._seal = seal

    async def get(self, name: str) -> SessionRecord | None:
        """Return the record, or None if there is none.

        Example::

            record = await sessions.get("name")
        """
        row = await in_thread(self._rows.get, name, self.clock())
        return None if row is None else self._record(name, *row)

    async def set(
        self, name: str, record: SessionRecord, expected: int | None, expires_in: float
    ) -> bool:
        """Store ``record`` if the stored one has the version ``expected``; return whether it had.

        Example::

            stored = await sessions.set("name", SessionRecord(version=1), None, 60)
        """
        now = self.clock()
        row = {
            "version": record.version,
            "record": self._seal.close(record.pack(name)),
            "sub": _hashed(record.subject),
            "sid": _hashed(record.session_id),
            "until": now + expires_in,
        }
        if expected is None:
            return await in_thread(self._rows.insert, name, row, now)
        return await in_thread(self._rows.update, name, row, expected, now)

    async def delete(self, name: str) -> None:
        """Delete the record.

        Example::

            await sessions.delete("name")
        """
        await in_thread(self._rows.delete, name)

    def lock(self, name: str) -> AbstractAsyncContextManager[Any]:
        """Return the lock of ``name``, as a context; it opens by itself after ``lock_timeout``.

        Example::

            async with sessions.lock("name"):
                print("alone")
        """
        return AsyncRowLock(self._rows, name, self.lock_timeout, self.clock)

    async def find_by(
        self, *, sub: str | None = None, sid: str | None = None, issuer: str | None = None
    ) -> list[str]:
        """Return the names of the records of a user, of a provider's session, or of both.

        Example::

            names = await sessions.find_by(sub="alice")
        """
        named = {kind: str(_hashed(value)) for kind, value in index_keys(sub, sid)}
        rows = await in_thread(self._rows.find, named, self.clock())
        return [row[0] for row in rows if self._is_wanted(row, sub, sid, issuer)]

    def _is_wanted(
        self, row: tuple[str, int, Any], sub: str | None, sid: str | None, issuer: str | None
    ) -> bool:
        try:
            record = self._record(*row)
        except ConfigurationException:  # its end fails; the others can be ended
            return True
        return is_wanted(record, sub, sid, issuer)

    def _record(self, name: str, version: int, sealed: Any) -> SessionRecord:
        try:
            record = SessionRecord.unpack(name, self._seal.open(sealed) or "")
        except Exception as error:
            raise unreadable_error() from error
        if record.version != version:
            raise unreadable_error()
        return record


class AsyncRowLock:
    """A row that one holder has at a time, until its time is up."""

    def __init__(
        self, rows: LockRows, name: str, seconds: float, clock: Callable[[], float]
    ) -> None:
        self._rows = rows
        self._name = name
        self._seconds = seconds
        self._clock = clock
        self._holder = secrets.token_hex(16)

    async def __aenter__(self) -> None:
        while True:
            now = self._clock()
            taken = (self._name, self._holder, now, now + self._seconds)
            if await in_thread(self._rows.take_lock, *taken):
                return
            wait_left()
            await sleep(_POLL)

    async def __aexit__(self, *details: object) -> None:
        await in_thread(self._rows.leave_lock, self._name, self._holder)


def _hashed(value: str | None) -> str | None:
    if value is None:
        return None
    return hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()

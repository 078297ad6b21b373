"""Stores of login records."""

from __future__ import annotations

import threading
import time
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any, NamedTuple, Protocol, runtime_checkable
from weakref import WeakValueDictionary

from .._fork import forget_in_child
from .._seam.aio import SharedLock
from .._sessions.session_record import SessionRecord
from ..exceptions import InvalidArgumentError


@runtime_checkable
class AsyncSessionStore(Protocol):
    """A store of login records, by name.

    Share one between processes, and each of them can use and renew every login.  A store whose
    locks end by themselves has their duration in seconds in an attribute ``lock_timeout``; it must
    exceed that of a token request.  Callers wait for the locks of this package's stores no longer
    than such a request takes, for others until they open.  Read access to the records is enough to
    act as their users: use :meth:`SessionRecord.pack`, and encrypt the result.
    """

    async def get(self, name: str) -> SessionRecord | None:
        """Return the record, or None if there is none.

        Raises :class:`ConfigurationException` with the code ``unreadable_value`` for one that
        was stored under another name, or that cannot be decrypted.
        """

    async def set(
        self, name: str, record: SessionRecord, expected: int | None, expires_in: float
    ) -> bool:
        """Atomically store ``record`` for ``expires_in`` seconds, and return True.

        If the stored record does not have the version ``expected`` (None: if there is one), nothing
        is changed, and False returned.
        """

    # By position: stores of tokens and of sessions, which share these, call it otherwise.
    async def delete(self, name: str, /) -> None:
        """Delete the record."""

    def lock(self, name: str, /) -> AbstractAsyncContextManager[Any]:
        """Return the lock of ``name``, exclusive among all users of the store, as a context."""

    async def find_by(
        self, *, sub: str | None = None, sid: str | None = None, issuer: str | None = None
    ) -> list[str]:
        """Return the names of the records of a user, of a provider's session, or of both."""


class _Entry(NamedTuple):
    record: str
    version: int
    until: float
    keys: tuple[tuple[str, str], ...]


class AsyncMemorySessionStore:
    """A session store in this process: for one process, its threads and event loops.

    It has no limit: records expire.  A forked child can use the access tokens of its parent's
    logins until they expire, but not their refresh tokens, which can be used once.

    Example::

        sessions = AsyncMemorySessionStore()
        names = await sessions.find_by(sub="alice")
    """

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}
        self._index: dict[tuple[str, str], set[str]] = {}
        self._inherited: frozenset[str] = frozenset()
        self._swept = 1000
        self._forget_locks()
        forget_in_child(self)
        self.clock = time.monotonic

    def _forget_locks(self) -> None:
        self._guard = threading.Lock()
        self._locks: WeakValueDictionary[str, SharedLock] = WeakValueDictionary()

    def _forget_parent(self) -> None:
        self._forget_locks()
        self._inherited = frozenset(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    async def get(self, name: str) -> SessionRecord | None:
        """Return the record, or None if there is none.

        Example::

            record = await AsyncMemorySessionStore().get("name")
        """
        with self._guard:
            entry = self._entries.get(name)
        if entry is None or self.clock() >= entry.until:
            return None
        record = SessionRecord.unpack(name, entry.record)
        return replace(record, refresh_token=None) if name in self._inherited else record

    async def set(
        self, name: str, record: SessionRecord, expected: int | None, expires_in: float
    ) -> bool:
        """Store ``record`` if the stored version is ``expected``; return whether it did.

        Example::

            stored = await AsyncMemorySessionStore().set("name", SessionRecord(), None, 60)
        """
        now = self.clock()
        keys = tuple(_index_keys(record))
        fresh = _Entry(record.pack(name), record.version, now + expires_in, keys)
        with self._guard:
            entry = self._entries.get(name)
            current = None if entry is None or now >= entry.until else entry.version
            if current != expected:
                return False
            self._remove(name)
            self._entries[name] = fresh
            for key in keys:
                self._index.setdefault(key, set()).add(name)
            self._inherited -= {name}
            self._sweep(now)
        return True

    async def delete(self, name: str) -> None:
        """Delete the record.

        Example::

            await AsyncMemorySessionStore().delete("name")
        """
        with self._guard:
            self._remove(name)

    def lock(self, name: str) -> AbstractAsyncContextManager[Any]:
        """Return the lock of ``name``, exclusive within this process, as a context.

        Example::

            async with AsyncMemorySessionStore().lock("name"):
                print("alone")
        """
        with self._guard:
            lock = self._locks.get(name)
            if lock is None:
                lock = self._locks[name] = SharedLock()
            return lock

    async def find_by(
        self, *, sub: str | None = None, sid: str | None = None, issuer: str | None = None
    ) -> list[str]:
        """Return the names of the records of a user, of a provider's session, or of both.

        Example::

            names = await AsyncMemorySessionStore().find_by(sid="08a5019c-17e1")
        """
        keys = index_keys(sub, sid)
        with self._guard:
            found = set.intersection(*[self._index.get(key, set()) for key in keys])
        records = {name: await self.get(name) for name in sorted(found)}
        return [
            name
            for name, one in records.items()
            if one is not None and is_wanted(one, sub, sid, issuer)
        ]

    def _remove(self, name: str) -> None:
        entry = self._entries.pop(name, None)
        for key in () if entry is None else entry.keys:
            names = self._index[key]
            names.discard(name)
            if not names:
                del self._index[key]

    def _sweep(self, now: float) -> None:
        """Remove expired records, each time that the store has doubled."""
        if len(self._entries) < self._swept:
            return
        for name in [name for name, one in self._entries.items() if now >= one.until]:
            self._remove(name)
        self._swept = max(1000, 2 * len(self._entries))


def _index_keys(record: SessionRecord) -> list[tuple[str, str]]:
    named = [("sub", record.subject), ("sid", record.session_id)]
    return [(kind, value) for kind, value in named if value is not None]


def index_keys(sub: str | None, sid: str | None) -> list[tuple[str, str]]:
    """Return the keys to look up; raise InvalidArgumentError without any."""
    keys = [(kind, value) for kind, value in (("sub", sub), ("sid", sid)) if value is not None]
    if not keys:
        raise InvalidArgumentError("find_by needs sub or sid")
    return keys


def is_wanted(record: SessionRecord, sub: str | None, sid: str | None, issuer: str | None) -> bool:
    """Return whether a record is of this user, provider session, and issuer; None is any.

    The record says so itself: an index is not sealed, and who can write to it could lead from one
    user to another's records.
    """
    return (
        sub in {None, record.subject}
        and sid in {None, record.session_id}
        and issuer in {None, record.issuer}
    )

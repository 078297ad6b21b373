"""Renewal of logins: one caller presents a refresh token, and never after its successor exists.

Before a refresh token is presented, the record says by whom (``pending``).  So a holder that could
not store the successor is not overtaken: others wait until it has, or until its time is over.

A holder may have been killed, and its lock opens late then.  So others wait for it no longer than a
token request of a living one takes, and two seconds while the access token of the record is valid.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from .._activities import Activity
from .._fork import forget_in_child
from .._seam.aio import Result, finish, sleep
from .._sessions.renewal_guard import renewing
from .._sessions.session_record import (
    Pending,
    Renewal,
    SessionRecord,
    login_required_error,
    renewal_pending_error,
)
from ..exceptions import PyIdentityModelException, TokenRequestException
from ._cache.single_flight import AsyncSingleFlight
from .record_storage import AsyncRecordStorage, Unsaved
from .session_locks import AsyncSessionLocks
from .session_store import AsyncSessionStore

SECONDS_AT_THE_END = 5.0
"""How long a renewal may take after the end of its event loop or process has started."""

SECONDS_WITH_A_TOKEN = 2.0
"""How long callers with a usable token wait: most renewals end sooner, and all get the new one."""

_MOST_WAITED = 5.0
_POLL = 0.05


class AsyncSessionRecords:
    """Renews, changes and removes the records of one store.

    ``lifetime`` is for how many seconds a record is stored after its last use, ``request_seconds``
    returns for how long a token request may take.
    """

    def __init__(
        self, store: AsyncSessionStore, lifetime: float, request_seconds: Callable[[], float]
    ) -> None:
        self.storage = AsyncRecordStorage(store, lifetime)
        self.locks = AsyncSessionLocks(store, request_seconds)
        self._flights: AsyncSingleFlight[SessionRecord] = AsyncSingleFlight(
            "py_identity_model.session"
        )
        self._forget_parent()
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._holder = secrets.token_hex(8)

    async def renew(
        self,
        name: str,
        key: object,
        present: Callable[[SessionRecord], Result[Renewal]],
        *,
        where: str,
        serves: Callable[[SessionRecord], bool],
        seen: int,
        first: SessionRecord | None = None,
        confirm: Callable[[SessionRecord], Result[SessionRecord]] | None = None,
        known: SessionRecord | None = None,
        spares: Callable[[SessionRecord], bool] = lambda record: False,
    ) -> SessionRecord:
        """Return the record once it ``serves``: unchanged, or after its token was presented.

        Callers with the same ``key`` share one renewal, which the end of a caller does not stop.
        ``first`` is the record to start with if nothing is stored and nothing was ``seen``;
        ``confirm`` checks a record with a new ID token, and returns the record to store.  While
        others renew it, the ``known`` record (read if not given) is returned unchanged if it
        ``spares`` waiting.  A failure writes one log record that names ``where``;
        ``renewal_pending`` is raised if others hold the lock for longer than a token request takes.
        """

        async def renewal() -> SessionRecord:
            with Activity("renewal", "login", where) as running:
                # Here, not by each caller: a thousand that share a renewal read the store once.
                found = await self.storage.peek(name, seen) if known is None else known
                spare = found if found is not None and spares(found) else None
                patience = self._patience(found, spare)
                if spare is not None and patience <= 0:
                    running.discard()
                    return spare
                try:
                    async with self.locks.held(name, patience):
                        return await self._renew(
                            name, present, serves, seen, first, confirm, running
                        )
                except TokenRequestException as error:
                    if spare is None or error.code != "renewal_pending":
                        raise
                    running.discard()
                    return spare

        call = partial(finish, renewal, SECONDS_AT_THE_END)
        with renewing(self.storage.store, name):
            joined = await self._flights.run((name, key), call)
        assert joined is not None
        return joined[0]

    async def update(
        self, name: str, seen: int, change: Callable[[SessionRecord], SessionRecord]
    ) -> SessionRecord:
        """Store the result of ``change`` for the record, and return it."""
        return await finish(partial(self._update, name, seen, change), SECONDS_AT_THE_END)

    async def _update(
        self, name: str, seen: int, change: Callable[[SessionRecord], SessionRecord]
    ) -> SessionRecord:
        async with self.locks.held(name):
            record = await self.storage.newest(name, seen, None)
            fresh = self.storage.stamped(change(record), record.version + 1, record.pending)
            if not await self.storage.set(name, fresh, record.version):
                raise login_required_error("the session has ended, or its record is lost")
            return fresh

    async def remove(self, name: str, seen: int) -> SessionRecord | None:
        """Delete the record, and return the newest one; None if there was none."""
        return await finish(partial(self._remove, name, seen), SECONDS_AT_THE_END)

    async def _remove(self, name: str, seen: int) -> SessionRecord | None:
        try:
            async with self.locks.held(name, _MOST_WAITED):
                return await self.storage.delete(name, seen)
        except TokenRequestException as error:
            if error.code != "renewal_pending":
                raise
        # A holder that was killed delays no logout, and one that lives cannot store its renewal.
        return await self.storage.delete(name, seen)

    def _patience(self, record: SessionRecord | None, spare: SessionRecord | None) -> float:
        """Return for how many seconds to wait for the lock of a record.

        A holder that is alive gets its answer, or gives up, within the time of a request after it
        marked the record.
        """
        seconds, lease = self.locks.request_seconds(), self.locks.lease()
        if spare is not None:
            seconds = SECONDS_WITH_A_TOKEN
        elif seconds < lease <= seconds + _MOST_WAITED:
            seconds = lease + 0.5  # the lock of a killed holder opens soon after
        if record is None or self._seconds_disputed(record) <= 0:
            return seconds
        return min(seconds, record.written_at + seconds - self.storage.clock())

    def _seconds_disputed(self, record: SessionRecord) -> float:
        """Return for how long another holder may still know the successor of a refresh token."""
        pending = record.pending
        if pending is None or pending.holder == self._holder:
            return 0.0
        return pending.until - self.storage.clock()

    async def _renew(
        self,
        name: str,
        present: Callable[[SessionRecord], Result[Renewal]],
        serves: Callable[[SessionRecord], bool],
        seen: int,
        first: SessionRecord | None,
        confirm: Callable[[SessionRecord], Result[SessionRecord]] | None,
        running: Activity,
    ) -> SessionRecord:
        record = await self.storage.newest(name, seen, first)
        if not serves(record):
            record = await self._mark(name, record, serves)
        if serves(record):  # others were faster
            running.discard()
            return record
        try:
            renewal = await present(record)
        except BaseException:
            await finish(partial(self._unmark, name, record), 1.0)
            raise
        return await self._settle(name, record, renewal, confirm)

    async def _mark(
        self, name: str, record: SessionRecord, serves: Callable[[SessionRecord], bool]
    ) -> SessionRecord:
        """Return the record after marking its refresh token as presented here, or if it serves."""
        for _ in range(3):
            record = await self._wait_for_others(name, record)
            if serves(record):
                return record
            if record.refresh_token is None:
                raise login_required_error(
                    "the access token has expired, and there is no refresh token (a forked child "
                    "has none of those that its parent keeps in memory)"
                )
            pending = Pending(self._holder, self.storage.clock() + self.locks.lease())
            marked = self.storage.stamped(record, record.version + 1, pending)
            if await self.storage.set(name, marked, record.version or None):
                return marked
            record = await self.storage.load(name, record.version)  # the lock was lost
        raise renewal_pending_error(self.locks.lease())

    async def _wait_for_others(self, name: str, record: SessionRecord) -> SessionRecord:
        """Return the record once no other holder may know the successor of its refresh token."""
        for _ in range(int(_MOST_WAITED / _POLL) + 1):
            left = self._seconds_disputed(record)
            if left <= 0:
                return record
            if left > _MOST_WAITED:
                raise renewal_pending_error(left)
            await sleep(_POLL)
            record = await self.storage.load(name, record.version)
        raise renewal_pending_error(_MOST_WAITED)

    async def _settle(
        self,
        name: str,
        marked: SessionRecord,
        renewal: Renewal,
        confirm: Callable[[SessionRecord], Result[SessionRecord]] | None,
    ) -> SessionRecord:
        """Store the result of presenting the refresh token of ``marked``, and return it."""
        spent = marked.refresh_token
        fresh = self.storage.stamped(renewal.record, marked.version + 1)
        stored = await self.storage.save(name, Unsaved(fresh, spent))
        if renewal.error is not None:
            raise renewal.error
        complete = renewal.unconfirmed
        if complete is None or stored.stamp != fresh.stamp:
            return stored
        if confirm is not None:  # after the successor was stored: fetching keys may take time
            complete = await confirm(complete)
        complete = self.storage.stamped(complete, stored.version + 1)
        return await self.storage.save(name, Unsaved(complete, stored.refresh_token))

    async def _unmark(self, name: str, marked: SessionRecord) -> None:
        """Record that the response is unknown: the refresh token may be presented once more."""
        with suppress(PyIdentityModelException):
            await self.storage.set(
                name, self.storage.stamped(marked, marked.version + 1), marked.version
            )

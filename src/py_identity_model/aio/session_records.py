"""Renewal of logins: one caller presents a refresh token, and never after its successor exists.

Before a refresh token is presented, the record says by whom (``pending``).  So a holder that could
not store the successor is not overtaken: others wait until it has, or until its time is over.

A holder may have been killed, and its lock opens late then.  So others wait for it no longer than a
token request of a living one takes, and two seconds while the access token of the record is valid.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from .._activities import Activity
from .._fork import forget_in_child
from .._logging import logger
from .._seam.aio import Result, finish, sleep, spawn
from .._seam.lock_waits import LockHeldError, waiting_at_most
from .._sessions.lineages import lineages_of
from .._sessions.renewal_guard import renewing
from .._sessions.session_record import (
    Pending,
    Renewal,
    SessionRecord,
    login_required_error,
    renewal_pending_error,
    store_unavailable_error,
)
from .._settings import HTTP_TIMEOUT, Settings, in_force
from ..exceptions import (
    InvalidArgumentError,
    PyIdentityModelException,
    TokenRequestException,
)
from ._cache.single_flight import AsyncSingleFlight
from ._transport.http import AsyncHTTPClient
from .session_store import AsyncSessionStore

SECONDS_AT_THE_END = 5.0
"""How long a renewal may take after the end of its event loop or process has started."""

_MOST_WAITED = 5.0
_WITH_A_TOKEN = 2.0  # seconds: most renewals end sooner, and all callers get the new token
_POLL = 0.05
_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, *[5.0] * 12)


class _Unsaved(NamedTuple):
    """A record that the store may lack, and the refresh token that was used for it."""

    record: SessionRecord
    spent: str | None
    begins: bool = False

    def is_newer_than(self, stored: SessionRecord | None) -> bool:
        """Return whether the stored record was neither renewed nor ended by others."""
        if stored is None or self.begins:
            return self.begins and stored is None
        if stored.version < self.record.version:
            return True
        return stored.refresh_token == self.spent != self.record.refresh_token


class AsyncSessionRecords:
    """Reads and renews the records of one store.

    ``lifetime`` is for how many seconds a record is stored after its last use, ``request_seconds``
    returns for how long a token request may take.
    """

    def __init__(
        self, store: AsyncSessionStore, lifetime: float, request_seconds: Callable[[], float]
    ) -> None:
        self.store = store
        self.lifetime = lifetime
        self._request_seconds = request_seconds
        self._flights: AsyncSingleFlight[SessionRecord] = AsyncSingleFlight(
            "py_identity_model.session"
        )
        self.lineages = lineages_of(getattr(store, "token_store", store))
        self._unsaved: dict[str, _Unsaved] = {}
        self._forget_parent()
        forget_in_child(self)
        self.clock = time.time

    def _forget_parent(self) -> None:
        self._holder = secrets.token_hex(8)
        self._unsaved.clear()  # the parent stores them

    async def load(self, name: str, seen: int = 0) -> SessionRecord:
        """Return the record, which was seen with the version ``seen`` before.

        Raises :class:`TokenRequestException`: ``login_required`` for a record that is lost, older
        than seen before, or unreadable; ``store_unavailable``.
        """
        seen = max(seen, self.lineages.seen(name))  # before the store is read
        stored, unsaved = await self._read(name)
        if unsaved is not None and unsaved.is_newer_than(stored):
            return unsaved.record
        return self._checked(stored, seen)

    async def _peek(self, name: str, seen: int) -> SessionRecord | None:
        try:
            return await self.load(name, seen)
        except PyIdentityModelException:
            return None

    async def find(self, name: str) -> SessionRecord | None:
        """Return the record, or None where nothing is stored."""
        stored = await self._get(name)
        return None if stored is None else await self.load(name)

    async def find_by(self, issuer: str, sub: str | None, sid: str | None) -> list[str]:
        """Return the names of records, as :meth:`AsyncSessionStore.find_by` does."""
        try:
            return await self.store.find_by(sub=sub, sid=sid, issuer=issuer)
        except InvalidArgumentError:
            raise
        except Exception as error:
            raise store_unavailable_error(error) from error

    async def begin(self, name: str, record: SessionRecord) -> SessionRecord:
        """Store the first record of a login, and return it, or the existing one.

        While the store is down, the record stays in this process: codes can be used once, so a
        login that is refused here is lost.
        """
        if name in self._unsaved or self.lineages.are_past(name, record):
            return await self.load(name)
        self.lineages.begin(name)
        return await self._save(name, _Unsaved(self._stamped(record, 1), None, begins=True))

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
                found = await self._peek(name, seen) if known is None else known
                spare = found if found is not None and spares(found) else None
                patience = self._patience(found, spare)
                if spare is not None and patience <= 0:
                    running.discard()
                    return spare
                try:
                    async with self.held(name, patience):
                        return await self._renew(
                            name, present, serves, seen, first, confirm, running
                        )
                except TokenRequestException as error:
                    if spare is None or error.code != "renewal_pending":
                        raise
                    running.discard()
                    return spare

        call = partial(finish, renewal, SECONDS_AT_THE_END)
        with renewing(self.store, name):
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
        async with self.held(name):
            record = await self._newest(name, seen, None)
            fresh = self._stamped(change(record), record.version + 1, record.pending)
            if not await self._set(name, fresh, record.version):
                raise login_required_error("the session has ended, or its record is lost")
            return fresh

    async def remove(self, name: str, seen: int) -> SessionRecord | None:
        """Delete the record, and return the newest one; None if there was none."""
        return await finish(partial(self._remove, name, seen), SECONDS_AT_THE_END)

    async def _remove(self, name: str, seen: int) -> SessionRecord | None:
        try:
            async with self.held(name, _MOST_WAITED):
                return await self._delete(name, seen)
        except TokenRequestException as error:
            if error.code != "renewal_pending":
                raise
        # A holder that was killed delays no logout, and one that lives cannot store its renewal.
        return await self._delete(name, seen)

    async def _delete(self, name: str, seen: int) -> SessionRecord | None:
        try:
            record = await self._newest(name, seen, None)
        except PyIdentityModelException as error:
            if error.code != "login_required":
                raise
            record = None
        self._unsaved.pop(name, None)
        try:
            await self.store.delete(name)
        except Exception as error:
            raise store_unavailable_error(error) from error
        return record

    @asynccontextmanager
    async def held(self, name: str, patience: float | None = None) -> AsyncIterator[None]:
        """Hold the lock of ``name``; a lock that is lost meanwhile raises nothing.

        Wait for it at most for ``patience`` seconds, by default those of a token request.

        Calls that hold it are completed: when cancelled, they could not release it over the
        network.
        """
        self._check_lock()
        context = self.store.lock(name)
        with waiting_at_most(self._request_seconds() if patience is None else patience):
            await enter(context, self._lease())
        try:
            with waiting_at_most(None):  # what is done meanwhile may need other locks
                yield
        finally:
            await leave(context)

    def _check_lock(self) -> None:
        lock_timeout = getattr(self.store, "lock_timeout", None)
        if lock_timeout is not None and lock_timeout <= self._request_seconds():
            raise InvalidArgumentError(
                f"the store's lock_timeout of {lock_timeout:g} s must be more than a token "
                f"request may take, {self._request_seconds():g} s (twice http_timeout)",
                code="lock_timeout_too_short",
            )

    def _patience(self, record: SessionRecord | None, spare: SessionRecord | None) -> float:
        """Return for how many seconds to wait for the lock of a record.

        Who marked it and lives gets an answer, or gives up, within the time of a request.
        """
        seconds, lease = self._request_seconds(), self._lease()
        if spare is not None:
            seconds = _WITH_A_TOKEN
        elif seconds < lease <= seconds + _MOST_WAITED:
            seconds = lease + 0.5  # the lock of a killed holder opens soon after
        if record is None or self._seconds_disputed(record) <= 0:
            return seconds
        return min(seconds, record.written_at + seconds - self.clock())

    def _seconds_disputed(self, record: SessionRecord) -> float:
        """Return for how long another holder may still know the successor of a refresh token."""
        pending = record.pending
        if pending is None or pending.holder == self._holder:
            return 0.0
        return pending.until - self.clock()

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
        record = await self._newest(name, seen, first)
        if not serves(record):
            record = await self._marked(name, record, serves)
        if serves(record):  # others were faster
            running.discard()
            return record
        try:
            renewal = await present(record)
        except BaseException:
            await finish(partial(self._unmark, name, record), 1.0)
            raise
        return await self._settled(name, record, renewal, confirm)

    async def _newest(self, name: str, seen: int, first: SessionRecord | None) -> SessionRecord:
        """Return the newest record known to the store or this process."""
        known = self.lineages.seen(name)  # before the store is read: others may write meanwhile
        stored, unsaved = await self._read(name)
        if unsaved is not None and (stored is not None or unsaved.begins):
            return await self._save(name, unsaved)
        self._unsaved.pop(name, None)  # it was deleted meanwhile: a logout is final
        if stored is not None or seen > 0 or first is None or self.lineages.are_past(name, first):
            return self._checked(stored, max(seen, known))
        self.lineages.begin(name)
        return first

    async def _marked(
        self, name: str, record: SessionRecord, serves: Callable[[SessionRecord], bool]
    ) -> SessionRecord:
        """Return the record after marking its refresh token as presented here, or if it serves."""
        for _ in range(3):
            record = await self._undisputed(name, record)
            if serves(record):
                return record
            if record.refresh_token is None:
                raise login_required_error(
                    "the access token has expired, and there is no refresh token (a forked child "
                    "has none of those that its parent keeps in memory)"
                )
            pending = Pending(self._holder, self.clock() + self._lease())
            marked = self._stamped(record, record.version + 1, pending)
            if await self._set(name, marked, record.version or None):
                return marked
            record = await self.load(name, record.version)  # the lock was lost
        raise renewal_pending_error(self._lease())

    async def _undisputed(self, name: str, record: SessionRecord) -> SessionRecord:
        """Return the record once no other holder may know the successor of its refresh token."""
        for _ in range(int(_MOST_WAITED / _POLL) + 1):
            left = self._seconds_disputed(record)
            if left <= 0:
                return record
            if left > _MOST_WAITED:
                raise renewal_pending_error(left)
            await sleep(_POLL)
            record = await self.load(name, record.version)
        raise renewal_pending_error(_MOST_WAITED)

    async def _settled(
        self,
        name: str,
        marked: SessionRecord,
        renewal: Renewal,
        confirm: Callable[[SessionRecord], Result[SessionRecord]] | None,
    ) -> SessionRecord:
        """Store the result of presenting the refresh token of ``marked``, and return it."""
        spent = marked.refresh_token
        fresh = self._stamped(renewal.record, marked.version + 1)
        stored = await self._save(name, _Unsaved(fresh, spent))
        if renewal.error is not None:
            raise renewal.error
        complete = renewal.unconfirmed
        if complete is None or stored.stamp != fresh.stamp:
            return stored
        if confirm is not None:  # after the successor was stored: fetching keys may take time
            complete = await confirm(complete)
        complete = self._stamped(complete, stored.version + 1)
        return await self._save(name, _Unsaved(complete, stored.refresh_token))

    async def _unmark(self, name: str, marked: SessionRecord) -> None:
        """Record that the response is unknown: the refresh token may be presented once more."""
        with suppress(PyIdentityModelException):
            await self._set(name, self._stamped(marked, marked.version + 1), marked.version)

    async def _save(self, name: str, unsaved: _Unsaved) -> SessionRecord:
        """Store a record; while the store is down, hold it here and try again."""
        self._unsaved[name] = unsaved
        self.lineages.learn(name, unsaved.record, is_stored=False)
        try:
            return await self._store(name, unsaved)
        except PyIdentityModelException as error:
            if error.code != "store_unavailable":
                raise
            logger.error("a login cannot be stored, it stays in this process: %s", error.message)
            spawn("py_identity_model.session", partial(self._save_later, name))
            return unsaved.record

    async def _save_later(self, name: str) -> None:
        for pause in _PAUSES:
            await sleep(pause)
            unsaved = self._unsaved.get(name)
            if unsaved is None:
                return
            with suppress(PyIdentityModelException):
                await self._store(name, unsaved)

    async def _store(self, name: str, unsaved: _Unsaved) -> SessionRecord:
        """Store a record unless the stored one is newer; return the newest."""
        record = unsaved.record
        for _ in range(3):
            if await self._set(name, record, record.version - 1 or None):
                self._unsaved.pop(name, None)
                return record
            stored = await self._get(name)
            if stored is None or not unsaved.is_newer_than(stored):
                break
            record = self._stamped(record, stored.version + 1)
        self._unsaved.pop(name, None)
        return self._checked(stored, 0)

    def _stamped(
        self, record: SessionRecord, version: int, pending: Pending | None = None
    ) -> SessionRecord:
        stamp, now = secrets.token_hex(8), self.clock()
        return replace(record, version=version, stamp=stamp, written_at=now, pending=pending)

    async def _read(self, name: str) -> tuple[SessionRecord | None, _Unsaved | None]:
        """Return what is stored, and what this process could not store yet."""
        was_unsaved = name in self._unsaved
        stored, unsaved = await self._get(name), self._unsaved.get(name)
        if was_unsaved and unsaved is None:  # it was stored, perhaps after the store was read
            stored = await self._get(name)
        return stored, unsaved

    async def _get(self, name: str) -> SessionRecord | None:
        try:
            record = await self.store.get(name)
        except Exception as error:
            if getattr(error, "code", None) == "unreadable_value":
                raise login_required_error("the session's record cannot be read") from error
            raise store_unavailable_error(error) from error
        if record is not None:
            self.lineages.learn(name, record, is_stored=True)
        return record

    async def _set(self, name: str, record: SessionRecord, expected: int | None) -> bool:
        seconds = record.lifetime(self.clock(), self.lifetime)
        try:
            stored = await self.store.set(name, record, expected, seconds)
        except Exception as error:
            # The write may have been applied, and only its response lost.
            if not await self._is_stored(name, record):
                raise store_unavailable_error(error) from error
            stored = True
        if stored:
            self.lineages.learn(name, record, is_stored=True)
        return stored

    async def _is_stored(self, name: str, record: SessionRecord) -> bool:
        try:
            stored = await self.store.get(name)
        except Exception:
            return False
        return stored is not None and stored.stamp == record.stamp

    def _checked(self, stored: SessionRecord | None, seen: int) -> SessionRecord:
        if stored is None:
            raise login_required_error("the session has ended, or its record is lost")
        if stored.version >= seen:
            return stored
        left = 0.0 if stored.pending is None else stored.pending.until - self.clock()
        if left > 0:  # who renewed it has not been able to store the newer one
            raise renewal_pending_error(left)
        raise login_required_error("the store was reset to an older record")

    def _lease(self) -> float:
        """Return for how many seconds a silent holder may still be active."""
        seconds: float = getattr(self.store, "lock_timeout", None) or self._request_seconds()
        return seconds


def request_seconds(http_client: AsyncHTTPClient | None, settings: Settings | None) -> float:
    """Return for how many seconds a request may take in total, its retries included."""
    with in_force(settings):
        given = HTTP_TIMEOUT.given()
        if given is None and http_client is not None:
            return http_client.total_timeout
        return 2 * (HTTP_TIMEOUT.read() if given is None else given)


async def enter(context: AbstractAsyncContextManager[Any], lease: float = 0.0) -> None:
    """Enter the lock of a store; raise ``store_unavailable`` for its exceptions.

    Raises ``renewal_pending`` if others hold it for longer than the running block waits; it opens
    by itself in ``lease`` seconds at most.
    """
    try:
        await context.__aenter__()
    except PyIdentityModelException:
        raise
    except LockHeldError as error:
        raise renewal_pending_error(lease) from error
    except Exception as error:
        raise store_unavailable_error(error) from error


async def leave(context: AbstractAsyncContextManager[Any]) -> None:
    """Leave the lock of a store; a lock that was lost meanwhile raises nothing."""
    try:
        await context.__aexit__(None, None, None)
    except Exception as error:
        logger.warning("the lock of a store was lost: %s", type(error).__name__)

# Generated from aio/record_storage.py by scripts/make_sync.py; edit that file.
"""Reading and writing of session records, also while their store is down."""

from __future__ import annotations

import secrets
import threading
import time
from contextlib import suppress
from dataclasses import replace
from itertools import chain, repeat
from typing import NamedTuple

from .._fork import forget_in_child
from .._logging import logger
from .._seam.sync import deadline, sleep
from .._sessions.lineages import lineages_of
from .._sessions.session_record import (
    Pending,
    SessionRecord,
    login_required_error,
    renewal_pending_error,
    store_unavailable_error,
)
from .._settings import STORE_SECONDS
from ..exceptions import InvalidArgumentError, PyIdentityModelException
from ._cache.single_flight import SingleFlight
from .session_store import SessionStore

_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)  # seconds between the first attempts to store records
_PAUSE = 5.0  # and between the later ones
# Seconds: far longer than any lock lasts after which others would present a token whose successor
# is known here.
_LONGEST = 3600.0


class Unsaved(NamedTuple):
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


class RecordStorage:
    """The records of one store, and those that it lacks because it was down.

    ``lifetime`` is for how many seconds a record is stored after its last use.
    """

    def __init__(self, store: SessionStore, lifetime: float) -> None:
        self.store = store
        self.lifetime = lifetime
        self.lineages = lineages_of(getattr(store, "token_store", store))
        # Of the store, not of this object: others in this process would present what was spent.
        self._unsaved: dict[str, Unsaved] = self.lineages.unsaved
        self._saving: SingleFlight[None] = SingleFlight("py_identity_model.saving")
        self._late: dict[str, float] = {}  # by name, for how long it has been tried
        self._ended = 0  # calls that stored such records, until none was left
        self.clock = time.time
        self._lock = threading.Lock()
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._unsaved.clear()  # the parent stores them
        self._late.clear()
        self._lock = threading.Lock()

    def load(self, name: str, seen: int = 0) -> SessionRecord:
        """Return the record, which was seen with the version ``seen`` before.

        Raises :class:`TokenRequestException`: ``login_required`` for a record that is lost, older
        than seen before, or unreadable; ``store_unavailable``.
        """
        seen = max(seen, self.lineages.seen(name))  # before the store is read
        stored, unsaved = self._read(name)
        if unsaved is not None and unsaved.is_newer_than(stored):
            return unsaved.record
        return self._checked(stored, seen)

    def peek(self, name: str, seen: int) -> SessionRecord | None:
        """Return the result of :meth:`load`, or None where that raises."""
        try:
            return self.load(name, seen)
        except PyIdentityModelException:
            return None

    def find(self, name: str) -> SessionRecord | None:
        """Return the record, or None where nothing is stored."""
        if self._get(name) is None:
            return None
        try:
            return self.load(name)
        except PyIdentityModelException:
            if self._get(name) is None:  # it ended between the two
                return None
            raise

    def find_by(self, issuer: str, sub: str | None, sid: str | None) -> list[str]:
        """Return the names of records, as :meth:`SessionStore.find_by` does."""
        try:
            return self.store.find_by(sub=sub, sid=sid, issuer=issuer)
        except InvalidArgumentError:
            raise
        except Exception as error:
            raise store_unavailable_error(error) from error

    def begin(self, name: str, record: SessionRecord) -> SessionRecord:
        """Store the first record of a login, and return it, or the existing one.

        While the store is down, the record stays in this process: codes can be used once, so a
        login that is refused here is lost.
        """
        if name in self._unsaved or self.lineages.are_past(name, record):
            return self.load(name)
        self.lineages.begin(name)
        unsaved = Unsaved(self.stamped(record, 1), None, begins=True)
        try:
            return self.save(name, unsaved)
        except BaseException:
            # The caller left: it may be stored, and would be served after its end elsewhere.  Who
            # has the login begins again.
            if self._unsaved.get(name) is unsaved:
                del self._unsaved[name]
            raise

    def newest(self, name: str, seen: int, first: SessionRecord | None) -> SessionRecord:
        """Return the newest record known to the store or this process."""
        known = self.lineages.seen(name)  # before the store is read: others may write meanwhile
        stored, unsaved = self._read(name)
        if unsaved is not None and (stored is not None or unsaved.begins):
            return self.save(name, unsaved)
        self._unsaved.pop(name, None)  # it was deleted meanwhile: a logout is final
        if stored is not None or seen > 0 or first is None or self.lineages.are_past(name, first):
            return self._checked(stored, max(seen, known))
        self.lineages.begin(name)
        return first

    def delete(self, name: str, seen: int) -> SessionRecord | None:
        """Delete the record, and return the newest one; None if there was none."""
        try:
            record = self.newest(name, seen, None)
        except PyIdentityModelException as error:
            if error.code != "login_required":
                raise
            record = None
        self._unsaved.pop(name, None)
        try:
            self.store.delete(name)
        except Exception as error:
            raise store_unavailable_error(error) from error
        return record

    def save(self, name: str, unsaved: Unsaved) -> SessionRecord:
        """Store a record; while the store is down, hold it here and try again."""
        self._unsaved[name] = unsaved
        self.lineages.learn(name, unsaved.record, is_stored=False)
        try:
            return self._store(name, unsaved)
        except PyIdentityModelException as error:
            if error.code != "store_unavailable":
                raise
            logger.error("a login cannot be stored, it stays in this process: %s", error.message)
            self._save_later(name)
            return unsaved.record

    def _save_later(self, name: str) -> None:
        with self._lock:
            self._late[name] = 0.0
            # Never one that has seen that none was left: it may not have ended yet.
            key = self._ended
        self._saving.run_in_background(key, self._save_late)

    def _save_late(self) -> None:
        # One call for all records: in an outage, a thread for each would soon be too many.
        pauses = chain(_PAUSES, repeat(_PAUSE))
        while self._is_any_late():
            pause = next(pauses)
            sleep(pause)
            for name in [*self._late]:
                self._save_again(name, pause)

    def _is_any_late(self) -> bool:
        with self._lock:
            if not self._late:
                self._ended += 1
            return bool(self._late)

    def _save_again(self, name: str, waited: float) -> None:
        unsaved = self._unsaved.get(name)
        if unsaved is not None:
            with suppress(PyIdentityModelException, TimeoutError), deadline(STORE_SECONDS):
                self._store(name, unsaved)
        with self._lock:
            tried = self._late.pop(name, 0.0) + waited
            if name in self._unsaved and tried < _LONGEST:
                self._late[name] = tried

    def _store(self, name: str, unsaved: Unsaved) -> SessionRecord:
        """Store a record unless the stored one is newer; return the newest."""
        record = unsaved.record
        for _ in range(3):
            if self.set(name, record, record.version - 1 or None):
                self._unsaved.pop(name, None)
                return record
            stored = self._get(name)
            if stored is None or not unsaved.is_newer_than(stored):
                break
            record = self.stamped(record, stored.version + 1)
        self._unsaved.pop(name, None)
        return self._checked(stored, 0)

    def stamped(
        self, record: SessionRecord, version: int, pending: Pending | None = None
    ) -> SessionRecord:
        """Return ``record`` as it is to be written: with a version, and a stamp of its own."""
        stamp, now = secrets.token_hex(8), self.clock()
        return replace(record, version=version, stamp=stamp, written_at=now, pending=pending)

    def _read(self, name: str) -> tuple[SessionRecord | None, Unsaved | None]:
        """Return what is stored, and what this process could not store yet."""
        was_unsaved = name in self._unsaved
        stored, unsaved = self._get(name), self._unsaved.get(name)
        if was_unsaved and unsaved is None:  # it was stored, perhaps after the store was read
            stored = self._get(name)
        return stored, unsaved

    def _get(self, name: str) -> SessionRecord | None:
        try:
            record = self.store.get(name)
        except Exception as error:
            if getattr(error, "code", None) == "unreadable_value":
                raise login_required_error("the session's record cannot be read") from error
            raise store_unavailable_error(error) from error
        if record is not None:
            self.lineages.learn(name, record, is_stored=True)
        return record

    def set(self, name: str, record: SessionRecord, expected: int | None) -> bool:
        """Store ``record`` if the stored version is the ``expected`` one; return whether it was."""
        seconds = record.lifetime(self.clock(), self.lifetime)
        try:
            stored = self.store.set(name, record, expected, seconds)
        except Exception as error:
            # The write may have been applied, and only its response lost.
            if not self._is_stored(name, record):
                raise store_unavailable_error(error) from error
            stored = True
        if stored:
            self.lineages.learn(name, record, is_stored=True)
        return stored

    def _is_stored(self, name: str, record: SessionRecord) -> bool:
        try:
            stored = self.store.get(name)
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

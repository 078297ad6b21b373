# Generated from aio/stored_records.py by scripts/make_sync.py; edit that file.
"""Records of logins in a token store."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from .._sessions.session_record import SessionRecord
from .._wire.stored_value import unreadable_error
from ._transport.stores import TokenStore
from .token_store import MemoryTokenStore, OnlyCopy


class StoredRecords:
    """A session store for the single record of a source, in a token store.

    The token store's lock, which callers hold, makes reading and writing atomic.  A record evicted
    from a store in memory is retained here: it may be the only copy.
    """

    def __init__(self, store: TokenStore, name: str) -> None:
        self._store = self.token_store = store
        self._memory = store if isinstance(store, MemoryTokenStore) else None
        self._copy = OnlyCopy()
        if self._memory is not None:
            self._copy = self._memory.only_copies.setdefault(name, self._copy)
        self.lock_timeout: float | None = getattr(store, "lock_timeout", None)

    def get(self, name: str) -> SessionRecord | None:
        """Return the record, or None if there is none."""
        text = self._store.get(name)
        if text is None and self._memory is not None:
            text = self._copy.text
        if text is None:
            return None
        try:
            record = SessionRecord.unpack(name, text)
        except ValueError as error:
            raise unreadable_error() from error
        if self._memory is not None and name in self._memory.inherited:
            return replace(record, refresh_token=None)
        return record

    def set(
        self, name: str, record: SessionRecord, expected: int | None, expires_in: float
    ) -> bool:
        """Store ``record`` if the stored version is ``expected``; return whether it did."""
        stored = self.get(name)
        if (None if stored is None else stored.version) != expected:
            return False
        text = record.pack(name)
        self._store.set(name, text, expires_in)
        if self._memory is not None:
            self._copy.text = text
        return True

    def delete(self, name: str) -> None:
        """Delete the record."""
        self._copy.text = None
        self._store.delete(name)

    def lock(self, name: str) -> AbstractContextManager[Any]:
        """Return the token store's lock."""
        return self._store.lock(name)

    def find_by(
        self, *, sub: str | None = None, sid: str | None = None, issuer: str | None = None
    ) -> list[str]:
        """Return nothing: token stores have no index."""
        return []

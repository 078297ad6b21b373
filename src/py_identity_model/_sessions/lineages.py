"""Lineages: what a process knows about refresh tokens beyond their store."""

from __future__ import annotations

import threading
from typing import Any
from weakref import WeakValueDictionary

from .._fork import forget_in_child
from .session_record import SessionRecord


class Lineage:
    """The newest known refresh token of a login; it lives as long as an object that uses the login.

    ``stored`` is the highest version seen in the store.  The ``refresh_token`` of ``version`` may
    be newer.
    """

    def __init__(self, lineages: Lineages | None = None) -> None:
        self._lineages = lineages  # others find it there
        self.refresh_token: str | None = None
        self.version = self.stored = 0

    def learn(self, record: SessionRecord) -> None:
        """Take over the refresh token of a record unless a newer one is known."""
        if record.refresh_token is not None and record.version >= self.version:
            self.refresh_token, self.version = record.refresh_token, record.version


class Lineages:
    """The logins of one store that objects of this process use, by name.

    A store that lost a record, or was reset to an older one, cannot tell which tokens were used.
    """

    def __init__(self, store: object = None) -> None:
        self._store = store  # while it lives, no other store has its id
        # Weak, so that it needs neither a limit nor a clean-up: forgetting a lineage that is in
        # use would let a spent refresh token be presented again.
        self._known: WeakValueDictionary[str, Lineage] = WeakValueDictionary()
        self.unsaved: dict[str, Any] = {}
        """Records that the store lacks because it was down, as each API describes them."""
        self._forget_parent()
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._lock = threading.Lock()

    def of(self, name: str) -> Lineage:
        """Return the lineage of a login; the caller must hold a reference while using it."""
        with self._lock:
            return self._known.setdefault(name, Lineage(self))

    def learn(self, name: str, record: SessionRecord, *, is_stored: bool) -> None:
        """Learn from a record that was read or written, or is about to be written."""
        lineage = self._known.get(name)
        if lineage is not None:
            lineage.learn(record)
            if is_stored:
                lineage.stored = max(lineage.stored, record.version)

    def begin(self, name: str) -> None:
        """Forget an earlier login of the same name, for which the provider issued tokens again."""
        lineage = self._known.get(name)
        if lineage is not None:
            lineage.version = lineage.stored = 0

    def seen(self, name: str) -> int:
        """Return the highest version seen in the store."""
        lineage = self._known.get(name)
        return 0 if lineage is None else lineage.stored

    def are_past(self, name: str, record: SessionRecord) -> bool:
        """Return whether another refresh token than that of ``record`` is known."""
        lineage = self._known.get(name)
        known = None if lineage is None else lineage.refresh_token
        return known not in {None, record.refresh_token}


class _Registry:
    """The lineages of stores, by identity: an equal store is another one, and not all have hashes.

    Lineages hold their store, not the reverse, because some cannot be referred to weakly.
    """

    def __init__(self) -> None:
        self._known: WeakValueDictionary[int, Lineages] = WeakValueDictionary()
        self._forget_parent()
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._lock = threading.Lock()

    def of(self, store: object) -> Lineages:
        with self._lock:
            return self._known.setdefault(id(store), Lineages(store))


_registry = _Registry()


def lineages_of(store: object) -> Lineages:
    """Return the lineages of a store, shared by all users of the object."""
    return _registry.of(store)

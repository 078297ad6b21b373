"""What a process knows of refresh tokens beside what their store says."""

from __future__ import annotations

import threading
from weakref import WeakKeyDictionary, WeakValueDictionary

from .._fork import forget_in_child
from .session_record import SessionRecord


class Lineage:
    """The newest of a login that is known; it lives as long as an object that uses the login.

    ``stored`` is the highest version that the store was seen with.  The ``refresh_token`` of
    ``version`` may be newer than that.
    """

    def __init__(self) -> None:
        self.refresh_token: str | None = None
        self.version = self.stored = 0

    def learn(self, record: SessionRecord) -> None:
        """Take the refresh token of a record that is no older than the one known."""
        if record.refresh_token is not None and record.version >= self.version:
            self.refresh_token, self.version = record.refresh_token, record.version


class Lineages:
    """The logins of one store that objects of this process use, by name.

    A store that lost a record, or went back to an older one, cannot say which token is spent.
    """

    def __init__(self) -> None:
        self._known: WeakValueDictionary[str, Lineage] = WeakValueDictionary()
        self._forget_parent()
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._lock = threading.Lock()

    def of(self, name: str) -> Lineage:
        """Return the lineage of a login, to be held by who uses it."""
        with self._lock:
            return self._known.setdefault(name, Lineage())

    def learn(self, name: str, record: SessionRecord, *, is_stored: bool) -> None:
        """Learn from a record that was read or written, or that is still to be written."""
        lineage = self._known.get(name)
        if lineage is not None:
            lineage.learn(record)
            if is_stored:
                lineage.stored = max(lineage.stored, record.version)

    def begin(self, name: str) -> None:
        """Forget an earlier login of the same name, whose tokens the provider gave once more."""
        lineage = self._known.get(name)
        if lineage is not None:
            lineage.version = lineage.stored = 0

    def seen(self, name: str) -> int:
        """Return the highest version that the store was seen with."""
        lineage = self._known.get(name)
        return 0 if lineage is None else lineage.stored

    def are_past(self, name: str, record: SessionRecord) -> bool:
        """Return whether another refresh token than that of ``record`` is known."""
        lineage = self._known.get(name)
        known = None if lineage is None else lineage.refresh_token
        return known not in {None, record.refresh_token}


_of_stores: WeakKeyDictionary[object, Lineages] = WeakKeyDictionary()


def lineages_of(store: object) -> Lineages:
    """Return those of a store, the same for all who share the object."""
    try:
        return _of_stores.setdefault(store, Lineages())
    except TypeError:  # it cannot be referred to weakly
        return Lineages()

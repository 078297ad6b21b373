"""Cached documents: how long they serve, and who gives way to whom.  No I/O, no clock."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from .._fork import forget_in_child
from .._logging import logger
from .._settings import CACHE_MAX_STALE, Setting

V = TypeVar("V")

_FAILURE_GAP = 1.0
_AHEAD, _LONGEST_AHEAD = 0.1, 60.0  # a refresh begins this part of the time before the end
_SHORTEST_TTL, _LONGEST_TTL = 60.0, 86400.0
_NONE_KNOWN: tuple[None, None] = None, None
_MAX_AGE = r"(?i)(?:^|,)\s*max-age\s*=\s*\"?(\d{1,18})\"?\s*(?:,|$)"
_NOT_STORED = r"(?i)(?:^|,)\s*(?:no-store|no-cache)\s*(?:,|$|=)"


def time_to_live(cache_control: str | None, configured: Setting) -> float:
    """Return how long an answer is fresh, in seconds: its ``max-age``, else as configured."""
    match = re.search(_MAX_AGE, cache_control) if cache_control else None
    if match is None:
        return configured.read()
    return min(max(float(match[1]), _SHORTEST_TTL), _LONGEST_TTL)


def may_be_stored(cache_control: str | None) -> bool:
    """Whether ``cache_control`` lets an answer serve more than once (RFC 9111 §5.2.2)."""
    return not cache_control or re.search(_NOT_STORED, cache_control) is None


def until_refresh(ttl: float) -> float:
    """Return for how many seconds nothing is asked for again: a refresh begins before the end."""
    return ttl - min(ttl * _AHEAD, _LONGEST_AHEAD)


class Entry(Generic[V]):
    """One provider's document: fresh, then stale but serving, then gone.

    Times are readings of the monotonic clock.  Fields are written one at a time and read
    without a lock; a reader sees the value from before or after a refresh, both whole.
    ``version`` is the value with its ETag, if it has one, in one field: event loops of several
    threads may refresh one entry at once, and neither may take the other's ETag for its own.
    """

    __slots__ = (
        "accepted_at",
        "cooldown_until",
        "failed_at",
        "fetching",
        "fresh_until",
        "last_used",
        "pardoned",
        "refresh_at",
        "retired",
        "retry_at",
        "usable_until",
        "value",
        "version",
    )

    def __init__(self) -> None:
        self.value: V | None = None
        self.version: tuple[V | None, str | None] = _NONE_KNOWN
        self.accepted_at: float | None = None
        self.failed_at: float | None = None
        self.refresh_at = 0.0
        self.fresh_until = self.usable_until = self.last_used = 0.0
        self.retry_at = self.cooldown_until = 0.0
        self.fetching = self.pardoned = self.retired = False

    def usable(self, now: float) -> V | None:
        """Return the value if it may still serve."""
        return self.value if now < self.usable_until else None

    def wants_refresh(
        self, now: float, other: Entry[Any] | None = None, *, first: bool = False
    ) -> bool:
        """Whether the value is nearly stale, and the last failure long enough ago.

        ``other`` is what else the provider serves.  Where both are nearly stale they take turns,
        so that a provider that is out is asked for one of them at a time; ``first`` begins.
        """
        if now < self.refresh_at or now < self.retry_at:
            return False
        if other is None or other.usable(now) is None or now < other.refresh_at:
            return True
        turn = self.retry_at < other.retry_at or (first and self.retry_at == other.retry_at)
        return turn and now >= other.retry_at

    def accept(self, value: V, now: float, ttl: float, etag: str | None = None) -> None:
        """Serve ``value`` from now on: fresh for ``ttl`` seconds, then stale for a while.

        ``etag`` is the answer's own, to ask next time whether it has changed (RFC 9110 §13.1.2).
        """
        if self.retired:
            return
        self.value = value
        self.version = _NONE_KNOWN if etag is None else (value, etag)
        self.accepted_at = now
        self.refresh_at = now + until_refresh(ttl)
        self.fresh_until = now + ttl
        self.usable_until = now + max(ttl, CACHE_MAX_STALE.read())
        self.pardoned = False

    def retire(self) -> None:
        """Serve no more, whoever still holds this entry."""
        self.retired = True
        self.value = None
        self.version = _NONE_KNOWN
        self.refresh_at = self.fresh_until = self.usable_until = 0.0

    def fail(self, now: float) -> None:
        """Note that a refresh failed: keep what there is, and try again after a short gap."""
        self.failed_at = now
        self.retry_at = self.cooldown_until = now + _FAILURE_GAP

    def pardon(self, now: float) -> None:
        """Lift the cooldown, once until the next success: the refresh proved nothing.

        A new attempt has to wait as after a failure.
        """
        self.retry_at = now + _FAILURE_GAP
        if not self.pardoned:
            self.cooldown_until = 0.0
            self.pardoned = True


class EntryTable(Generic[V]):
    """Entries by key; the least recently used make room when there are too many."""

    def __init__(
        self, most: Setting, evicted: Callable[[Hashable], object] = lambda key: None
    ) -> None:
        self._most = most
        self._tell = evicted
        self._entries: dict[Hashable, Entry[V]] = {}
        self._lock = threading.Lock()
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, key: Hashable) -> Entry[V] | None:
        """Return the entry of ``key``, if there is one."""
        return self._entries.get(key)

    def claim(self, key: Hashable, now: float) -> Entry[V]:
        """Return the entry of ``key``, making an empty one where there is none."""
        removed: list[Hashable] = []
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                entry = self._entries[key] = Entry()
                entry.last_used = now
                removed = self._make_room(entry)
        if removed:
            logger.warning("the cache is full; the least recently used entry made room")
        for other in removed:  # not under the lock: who is told may well come back here
            self._tell(other)
        return entry

    def _make_room(self, newest: Entry[V]) -> list[Hashable]:
        surplus = len(self._entries) - int(self._most.read())
        if surplus <= 0:
            return []
        by_age: Callable[[Hashable], float] = lambda key: self._entries[key].last_used  # noqa: E731
        others = [key for key, entry in self._entries.items() if entry is not newest]
        oldest = sorted(others, key=by_age)[:surplus]
        for key in oldest:
            self._entries.pop(key).retire()
        return oldest

    def drop(self, key: Hashable, entry: Entry[V]) -> None:
        """Forget ``entry``, unless another has taken its place."""
        with self._lock:
            if self._entries.get(key) is entry:
                self._entries.pop(key).retire()

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            for entry in self._entries.values():
                entry.retire()
            self._entries = {}

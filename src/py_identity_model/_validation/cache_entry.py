"""Cache entries: lifetimes, refresh times, and remembered failures.

No I/O, and no clock of its own.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Hashable, Iterator
from typing import Any, Generic, TypeVar

from .._fork import forget_in_child
from .._logging import logger
from .._settings import CACHE_MAX_STALE, CACHE_MIN_TTL, Setting

V = TypeVar("V")
R = TypeVar("R")

_FAILURE_GAP = 1.0
_LONGEST_FAILURE_GAP = 30.0
_MOST_FAILURES = 1000
_DEGRADED_SECONDS = 60.0
_REFRESH_AT = 0.9  # of the lifetime of a value
_SHORTEST_TTL, _LONGEST_TTL = 60.0, 86400.0
_NONE_KNOWN: tuple[None, None] = None, None
_MAX_AGE = r"(?i)(?:^|,)\s*max-age\s*=\s*\"?(\d{1,18})\"?\s*(?:,|$)"
_NOT_STORED = r"(?i)(?:^|,)\s*(?:no-store|no-cache)\s*(?:,|$|=)"


def time_to_live(cache_control: str | None, configured: Setting) -> float:
    """Return for how many seconds a response is fresh: its ``max-age``, or as configured.

    A response that forbids reuse is fresh for ``CACHE_MIN_TTL``: the header is meant for shared
    caches, and a program that fetched again for every token would fail with its provider.
    """
    match = re.search(_MAX_AGE, cache_control) if cache_control else None
    if _forbids_reuse(cache_control) or (match is not None and float(match[1]) == 0):
        return CACHE_MIN_TTL.read()
    if match is None:
        return configured.read()
    return min(max(float(match[1]), _SHORTEST_TTL), _LONGEST_TTL)


def may_be_stored(cache_control: str | None) -> bool:
    """Return whether a response may be served more than once (RFC 9111 §5.2.2).

    Always, unless ``CACHE_MIN_TTL`` is 0: then the header is obeyed strictly.
    """
    return not _forbids_reuse(cache_control) or CACHE_MIN_TTL.read() > 0


def _forbids_reuse(cache_control: str | None) -> bool:
    return re.search(_NOT_STORED, cache_control or "") is not None


def until_refresh(ttl: float) -> float:
    """Return after how many seconds a refresh starts: before expiry, so that no caller waits."""
    return ttl * _REFRESH_AT


class Entry(Generic[V]):
    """A cached document of one provider: fresh, then stale but usable, then unusable.

    Times are readings of the monotonic clock.  Fields are written one at a time and read without a
    lock, because every token reads them: a reader sees the value from before or after a refresh,
    both complete.  ``version`` holds the value and its ETag in one field: event loops in several
    threads may refresh one entry at the same time, and must not combine one's value with another's
    ETag.
    """

    __slots__ = (
        "accepted_at",
        "cooldown_until",
        "cooldown_was_reset",
        "degraded_until",
        "failed_at",
        "fetching",
        "fresh_until",
        "invalid",
        "last_used",
        "refresh_at",
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
        self.retry_at = self.cooldown_until = self.degraded_until = 0.0
        self.fetching = self.cooldown_was_reset = self.invalid = False

    def usable(self, now: float) -> V | None:
        """Return the value if it may still be served."""
        return self.value if now < self.usable_until else None

    def wants_refresh(
        self, now: float, other: Entry[Any] | None = None, *, first: bool = False
    ) -> bool:
        """Return whether a background refresh is due, and the last failure is long enough ago.

        ``other`` is the provider's other document.  If both are due they alternate, so that a
        provider that is down gets one request per interval; ``first`` starts.
        """
        if now < self.refresh_at or now < self.retry_at:
            return False
        if other is None or other.usable(now) is None or now < other.refresh_at:
            return True
        turn = self.retry_at < other.retry_at or (first and self.retry_at == other.retry_at)
        return turn and now >= other.retry_at

    def must_be_refreshed(
        self, now: float, other: Entry[Any] | None = None, *, first: bool = False
    ) -> bool:
        """Return whether a refresh must be tried before the value may be served.

        This is so once the value has expired, also after hours without traffic: a key that was
        removed meanwhile must not be accepted while the provider is up.  It is not so for a while
        after a refresh failed or timed out, because a provider that is down must not make every
        caller wait, nor if ``other`` has just found the provider down, unless this one comes
        ``first``.
        """
        if now < self.fresh_until or self._is_failing(now):
            return False
        return first or other is None or not other._is_failing(now)

    def _is_failing(self, now: float) -> bool:
        return now < self.retry_at or now < self.degraded_until

    def accept(self, value: V, now: float, ttl: float, etag: str | None = None) -> None:
        """Store ``value``: fresh for ``ttl`` seconds, then stale for a while.

        ``etag`` is sent with the next request, to ask whether the value has changed (RFC 9110
        §13.1.2).
        """
        # A fetch that was running when the cache was cleared must not restore its value.
        if self.invalid:
            return
        # No lock, although a reader may see the new value with the old times: then it refreshes
        # once too often, or serves the new value for as long as the old one might have been.  A
        # tuple swapped whole would be exact, but every token would have to take it apart.
        self.value = value
        self.version = _NONE_KNOWN if etag is None else (value, etag)
        self.accepted_at = now
        self.refresh_at = now + until_refresh(ttl)
        self.fresh_until = now + ttl
        self.usable_until = now + max(ttl, CACHE_MAX_STALE.read())
        self.degraded_until = 0.0
        self.cooldown_was_reset = False

    def age(self, now: float) -> float:
        """Return how many seconds ago the value was stored; infinity if there is none."""
        return math.inf if self.accepted_at is None else now - self.accepted_at

    def is_newer_than(self, then: float) -> bool:
        """Return whether the value was stored after ``then``."""
        return self.value is not None and self.accepted_at is not None and self.accepted_at > then

    def invalidate(self) -> None:
        """Stop serving the value, also to holders of this entry."""
        self.invalid = True
        self.value = None
        self.version = _NONE_KNOWN
        self.refresh_at = self.fresh_until = self.usable_until = 0.0

    def record_failure(self, now: float) -> None:
        """Record a failed refresh: keep the value, and retry after a short interval."""
        # The cooldown ends with the gap: a lookup that failed must not forbid the next one for as
        # long as a lookup that brought nothing.
        self.failed_at = now
        self.retry_at = self.cooldown_until = now + _FAILURE_GAP
        self.record_no_news(now)

    def record_no_news(self, now: float) -> None:
        """Record that the refresh of an expired value failed, or takes longer than callers wait.

        Until a refresh succeeds, or the entry was unused for a minute, the stale value is served at
        once.
        """
        # Not forever: after a pause the provider may be up again, with other keys.
        if now >= self.fresh_until:
            self.degraded_until = now + _DEGRADED_SECONDS

    def reset_cooldown(self) -> None:
        """Allow another refresh at once: the last one found what was missing."""
        self.cooldown_until = 0.0

    def reset_cooldown_once(self, now: float) -> None:
        """Allow one more refresh before the next success: the last one was inconclusive.

        A background refresh still has to wait as after a failure.
        """
        self.retry_at = now + _FAILURE_GAP
        self.record_no_news(now)
        if not self.cooldown_was_reset:
            self.cooldown_until = 0.0
            self.cooldown_was_reset = True


class EntryTable(Generic[V]):
    """Entries by key; the least recently used are evicted when there are too many.

    An entry without a value is found only by :meth:`get_or_create`, and evicts nothing: names that
    lead nowhere must not displace providers in use.
    """

    def __init__(
        self, most: Setting, evicted: Callable[[Hashable], object] = lambda key: None
    ) -> None:
        self._most = most
        self._report = evicted
        self._entries: dict[Hashable, Entry[V]] = {}
        self._pending: dict[Hashable, Entry[V]] = {}
        self._lock = threading.Lock()
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry[V]]:
        return iter(list(self._entries.values()))

    @property
    def pending(self) -> int:
        """The number of entries without a value."""
        return len(self._pending)

    def find(self, key: Hashable) -> Entry[V] | None:
        """Return the entry of ``key`` if it has a value."""
        # Without the lock: every token reads here, and reading a dictionary is atomic.
        return self._entries.get(key)

    def get_or_create(self, key: Hashable) -> Entry[V]:
        """Return the entry of ``key``, creating an empty one where there is none."""
        with self._lock:
            entry = self._entries.get(key) or self._pending.get(key)
            if entry is None:
                entry = self._pending[key] = Entry()
        return entry

    def store(self, key: Hashable, entry: Entry[V], now: float) -> None:
        """Store ``entry``, which has a value now, under its key."""
        removed: list[Hashable] = []
        with self._lock:
            if entry.invalid or self._entries.get(key) is entry:
                return
            self._pending.pop(key, None)
            displaced = self._entries.get(key)
            self._entries[key] = entry
            entry.last_used = now
            if displaced is None:
                removed = self._make_room(entry)
            else:
                displaced.invalidate()
        if removed:
            logger.warning("the cache is full; evicting the least recently used entry")
        for other in removed:  # outside the lock: the callback may re-enter
            self._report(other)

    def _make_room(self, newest: Entry[V]) -> list[Hashable]:
        surplus = len(self._entries) - int(self._most.read())
        if surplus <= 0:
            return []
        by_age: Callable[[Hashable], float] = lambda key: self._entries[key].last_used  # noqa: E731
        # Sorted each time the table is full, not an OrderedDict moved at each use: recency is then
        # a number that a reader writes without the lock.
        others = [key for key, entry in self._entries.items() if entry is not newest]
        oldest = sorted(others, key=by_age)[:surplus]
        for key in oldest:
            self._entries.pop(key).invalidate()
        return oldest

    def drop(self, key: Hashable, entry: Entry[V]) -> None:
        """Remove ``entry``, unless another has replaced it."""
        with self._lock:
            if self._pending.get(key) is entry:
                del self._pending[key]
            if self._entries.get(key) is entry:
                self._entries.pop(key).invalidate()

    def drop_pending(self, key: Hashable, entry: Entry[V]) -> None:
        """Remove ``entry`` if it has no value: no caller is about to store one."""
        with self._lock:
            if self._pending.get(key) is entry:
                del self._pending[key]

    def clear(self) -> None:
        """Remove all entries, including those being fetched."""
        with self._lock:
            for entry in (*self._entries.values(), *self._pending.values()):
                entry.invalidate()
            self._entries = {}
            self._pending = {}


class FailureMemory(Generic[R]):
    """The most recent failure of each key without a value, for a short time.

    A name that leads nowhere then costs one request per interval, however many tokens contain it.
    A separate table, not entries without a value: strangers choose these names, and must neither
    displace cached values nor fill the memory; the oldest failures are dropped.
    """

    def __init__(self) -> None:
        self._failures: dict[Hashable, tuple[float, float, R]] = {}
        self._lock = threading.Lock()
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._failures)

    def find(self, key: Hashable, now: float, *, from_stranger: bool) -> tuple[R, float] | None:
        """Return a failure that still counts, and the remaining seconds.

        The interval is one second for names from the program, and doubles with each failure up to
        half a minute for names from strangers (``from_stranger``).
        """
        known = self._failures.get(key)
        if known is None:
            return None
        failed_at, gap, failure = known
        left = failed_at + (gap if from_stranger else _FAILURE_GAP) - now
        return (failure, left) if left > 0 else None

    def record(self, key: Hashable, failure: R, now: float) -> None:
        """Record that fetching ``key`` failed."""
        with self._lock:
            # Removed and inserted again, so that the order of the dictionary is that of age.
            known = self._failures.pop(key, None)
            gap = _FAILURE_GAP if known is None else min(2 * known[1], _LONGEST_FAILURE_GAP)
            self._failures[key] = now, gap, failure
            while len(self._failures) > _MOST_FAILURES:
                del self._failures[next(iter(self._failures))]

    def forget(self, key: Hashable) -> None:
        """Forget the failure of ``key``, which has now been fetched."""
        with self._lock:
            self._failures.pop(key, None)

    def clear(self) -> None:
        """Forget all failures."""
        with self._lock:
            self._failures.clear()

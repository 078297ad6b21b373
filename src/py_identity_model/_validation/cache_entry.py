"""Cache entries: how long they are served, when they are refreshed, which failures count.

No I/O, and no clock of its own.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Hashable
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
_REFRESH_AT = 0.9  # of the time that a value is fresh
_SHORTEST_TTL, _LONGEST_TTL = 60.0, 86400.0
_NONE_KNOWN: tuple[None, None] = None, None
_MAX_AGE = r"(?i)(?:^|,)\s*max-age\s*=\s*\"?(\d{1,18})\"?\s*(?:,|$)"
_NOT_STORED = r"(?i)(?:^|,)\s*(?:no-store|no-cache)\s*(?:,|$|=)"


def time_to_live(cache_control: str | None, configured: Setting) -> float:
    """Return for how many seconds an answer is fresh: its ``max-age``, else as configured.

    An answer that forbids reuse is fresh for ``CACHE_MIN_TTL``: the header is meant for caches
    between strangers, and a program that asked again for each token would fail with its provider.
    """
    match = re.search(_MAX_AGE, cache_control) if cache_control else None
    if _forbids_reuse(cache_control) or (match is not None and float(match[1]) == 0):
        return CACHE_MIN_TTL.read()
    if match is None:
        return configured.read()
    return min(max(float(match[1]), _SHORTEST_TTL), _LONGEST_TTL)


def may_be_stored(cache_control: str | None) -> bool:
    """Whether an answer may be served more than once (RFC 9111 §5.2.2).

    Always, unless ``CACHE_MIN_TTL`` is 0: then the header is obeyed to the letter.
    """
    return not _forbids_reuse(cache_control) or CACHE_MIN_TTL.read() > 0


def _forbids_reuse(cache_control: str | None) -> bool:
    return re.search(_NOT_STORED, cache_control or "") is not None


def until_refresh(ttl: float) -> float:
    """Return after how many seconds a refresh begins: before the end, so that nobody waits."""
    return ttl * _REFRESH_AT


class Entry(Generic[V]):
    """One provider's document: fresh, then stale but usable, then gone.

    Times are readings of the monotonic clock.  Fields are written one at a time and read
    without a lock, because every token reads them: a reader sees the value from before or after a
    refresh, both whole.  ``version`` is the value with its ETag, if it has one, in one field: event
    loops of several threads may refresh one entry at once, and neither may take the other's ETag
    for its own.
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
        """Whether a background refresh is due, and the last failure long enough ago.

        ``other`` is the provider's other document.  Where both are due they take turns, so that a
        provider that is down gets one request per gap; ``first`` begins.
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
        """Whether the value may be served only after a refresh was tried.

        So it is once it has expired, also after hours without traffic: a key that was removed
        meanwhile must not be accepted while the provider answers.  Not so for a while after a
        refresh failed or took too long: a provider that is down must not make every caller wait.
        Nor where ``other`` just showed that it is down, unless this one comes ``first``.
        """
        if now < self.fresh_until or self._is_failing(now):
            return False
        return first or other is None or not other._is_failing(now)

    def _is_failing(self, now: float) -> bool:
        return now < self.retry_at or now < self.degraded_until

    def accept(self, value: V, now: float, ttl: float, etag: str | None = None) -> None:
        """Serve ``value`` from now on: fresh for ``ttl`` seconds, then stale for a while.

        ``etag`` is the answer's own, to ask next time whether it has changed (RFC 9110 §13.1.2).
        """
        if self.invalid:
            return
        self.value = value
        self.version = _NONE_KNOWN if etag is None else (value, etag)
        self.accepted_at = now
        self.refresh_at = now + until_refresh(ttl)
        self.fresh_until = now + ttl
        self.usable_until = now + max(ttl, CACHE_MAX_STALE.read())
        self.degraded_until = 0.0
        self.cooldown_was_reset = False

    def is_newer_than(self, then: float) -> bool:
        """Whether the value came after ``then``."""
        return self.value is not None and self.accepted_at is not None and self.accepted_at > then

    def invalidate(self) -> None:
        """Serve nothing any more, also to those who still hold this entry."""
        self.invalid = True
        self.value = None
        self.version = _NONE_KNOWN
        self.refresh_at = self.fresh_until = self.usable_until = 0.0

    def record_failure(self, now: float) -> None:
        """Note that a refresh failed: keep the value, and try again after a short gap."""
        self.failed_at = now
        self.retry_at = self.cooldown_until = now + _FAILURE_GAP
        self.record_no_news(now)

    def record_no_news(self, now: float) -> None:
        """Note that the refresh of an expired value failed, or takes longer than callers wait.

        Until a refresh succeeds, or nobody asked for a minute, the stale value is served at once.
        """
        # Not for ever: after a pause the provider may be up again, and its keys changed.
        if now >= self.fresh_until:
            self.degraded_until = now + _DEGRADED_SECONDS

    def reset_cooldown(self) -> None:
        """Allow another refresh at once: the last one brought what was looked for."""
        self.cooldown_until = 0.0

    def reset_cooldown_once(self, now: float) -> None:
        """Allow another refresh, once until the next success: the last one proved nothing.

        A background refresh has to wait as after a failure.
        """
        self.retry_at = now + _FAILURE_GAP
        self.record_no_news(now)
        if not self.cooldown_was_reset:
            self.cooldown_until = 0.0
            self.cooldown_was_reset = True


class EntryTable(Generic[V]):
    """Entries by key; the least recently used make room when there are too many.

    An entry without a value yet is found by :meth:`get_or_create` alone, and nothing makes room
    for it: names that lead nowhere must not displace the providers that are in use.
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

    def find(self, key: Hashable) -> Entry[V] | None:
        """Return the entry of ``key``, if there is one with a value."""
        return self._entries.get(key)

    def get_or_create(self, key: Hashable) -> Entry[V]:
        """Return the entry of ``key``, creating an empty one where there is none."""
        with self._lock:
            entry = self._entries.get(key) or self._pending.get(key)
            if entry is None:
                entry = self._pending[key] = Entry()
        return entry

    def store(self, key: Hashable, entry: Entry[V], now: float) -> None:
        """Have ``entry``, which was given a value, found by its key."""
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
            logger.warning("the cache is full; the least recently used entry made room")
        for other in removed:  # outside the lock: the callback may use this table
            self._report(other)

    def _make_room(self, newest: Entry[V]) -> list[Hashable]:
        surplus = len(self._entries) - int(self._most.read())
        if surplus <= 0:
            return []
        by_age: Callable[[Hashable], float] = lambda key: self._entries[key].last_used  # noqa: E731
        others = [key for key, entry in self._entries.items() if entry is not newest]
        oldest = sorted(others, key=by_age)[:surplus]
        for key in oldest:
            self._entries.pop(key).invalidate()
        return oldest

    def drop(self, key: Hashable, entry: Entry[V]) -> None:
        """Forget ``entry``, unless another has taken its place."""
        with self._lock:
            if self._pending.get(key) is entry:
                del self._pending[key]
            if self._entries.get(key) is entry:
                self._entries.pop(key).invalidate()

    def drop_pending(self, key: Hashable, entry: Entry[V]) -> None:
        """Forget ``entry`` if it has no value: nobody is about to give it one."""
        with self._lock:
            if self._pending.get(key) is entry:
                del self._pending[key]

    def clear(self) -> None:
        """Forget everything, also what is being fetched."""
        with self._lock:
            for entry in (*self._entries.values(), *self._pending.values()):
                entry.invalidate()
            self._entries = {}
            self._pending = {}


class FailureMemory(Generic[R]):
    """The last failure of each key that has nothing to serve, for a short while.

    So a name that leads nowhere costs one request per gap, however many tokens carry it.  A table
    of its own, not entries without a value: strangers choose these names, and must neither
    displace what is cached nor fill the memory; the oldest failures give way.
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
        """Return a failure that still counts, and for how many seconds it will.

        The gap is a second for what the program names itself, and doubles with each failure up to
        half a minute for names that came from strangers (``from_stranger``).
        """
        known = self._failures.get(key)
        if known is None:
            return None
        failed_at, gap, failure = known
        left = failed_at + (gap if from_stranger else _FAILURE_GAP) - now
        return (failure, left) if left > 0 else None

    def record(self, key: Hashable, failure: R, now: float) -> None:
        """Remember that ``key`` cannot be had."""
        with self._lock:
            known = self._failures.pop(key, None)
            gap = _FAILURE_GAP if known is None else min(2 * known[1], _LONGEST_FAILURE_GAP)
            self._failures[key] = now, gap, failure
            while len(self._failures) > _MOST_FAILURES:
                del self._failures[next(iter(self._failures))]

    def forget(self, key: Hashable) -> None:
        """Forget the failure of ``key``, which was had now."""
        with self._lock:
            self._failures.pop(key, None)

    def clear(self) -> None:
        """Forget all failures."""
        with self._lock:
            self._failures.clear()

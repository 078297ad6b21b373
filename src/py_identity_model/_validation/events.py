"""Counters, events and statistics of the caches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import Enum
from threading import Lock, get_ident
from typing import Any, overload

from .._fork import forget_in_child
from .._logging import logger, redact_url
from ..exceptions import InvalidArgumentError


class _Count:
    """A number that each thread increments in a cell of its own; reading adds the cells up.

    Incrementing takes no lock: only its thread writes to a cell.  ``shared`` names cells that count
    for several numbers at once.
    """

    def __init__(self, shared: str | None = None) -> None:
        self._shared = shared

    def __set_name__(self, owner: type[object], name: str) -> None:
        self._cells = f"_{name}_cells"

    @overload
    def __get__(self, counters: None, owner: type[object]) -> int: ...
    @overload
    def __get__(self, counters: object, owner: type[object]) -> int: ...
    def __get__(self, counters: object | None, owner: type[object]) -> int:
        if counters is None:
            return 0  # the default that dataclass requires
        cells = [counters.__dict__[self._cells]]
        if self._shared is not None:
            cells.append(counters.__dict__.get(self._shared, {}))
        return sum(sum(list(one.values())) for one in cells)

    def __set__(self, counters: object, value: int) -> None:
        counters.__dict__[self._cells] = {0: value}
        if self._shared is not None:
            # Counts that were shared continue to count for the other numbers.
            taken = sum(list(counters.__dict__.setdefault(self._shared, {}).values()))
            counters.__dict__[self._cells] = {0: value - taken}

    def add(self, counters: object) -> None:
        _raise(counters.__dict__[self._cells])


# A lock would be held twice for every token, by every thread; `+=` on one number would lose counts
# where threads switch between the read and the write.
def _raise(cells: dict[int, int]) -> None:
    thread = get_ident()
    cells[thread] = cells.get(thread, 0) + 1


@dataclass
class CacheCounters:
    """The numbers of hits, misses and refreshes of the caches behind ``validate_token``.

    A hit was served from the cache; a miss or refresh sent a request, even if it failed.  One
    object counts for the whole process, both APIs and every client.

    Example::

        get_cache_counters().snapshot()  # {"disco_hits": 12, "disco_misses": 1, ...}
    """

    disco_hits: int = _Count("_warm_cells")  # type: ignore[assignment]
    disco_misses: int = _Count()  # type: ignore[assignment]
    jwks_hits: int = _Count("_warm_cells")  # type: ignore[assignment]
    jwks_misses: int = _Count()  # type: ignore[assignment]
    jwks_refreshes: int = _Count()  # type: ignore[assignment]

    def snapshot(self) -> dict[str, int]:
        """Return the current numbers.

        Example::

            get_cache_counters().snapshot()
        """
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def reset(self) -> None:
        """Restart from zero.

        Example::

            get_cache_counters().reset()
        """
        for field in fields(self):
            setattr(self, field.name, 0)

    def record_disco_hit(self) -> None:
        """Count a discovery document served from the cache."""
        _count("disco_hits").add(self)

    def record_disco_miss(self) -> None:
        """Count a request for a discovery document."""
        _count("disco_misses").add(self)

    def record_jwks_hit(self) -> None:
        """Count a key set served from the cache."""
        _count("jwks_hits").add(self)

    def record_jwks_miss(self) -> None:
        """Count a request for a key set that was not cached."""
        _count("jwks_misses").add(self)

    def record_jwks_refresh(self) -> None:
        """Count a request for a key set that was cached."""
        _count("jwks_refreshes").add(self)


def warm_cells() -> dict[int, int]:
    """Return the cells, one per thread, that count for documents and key sets at once."""
    cells: dict[int, int] = _counters.__dict__["_warm_cells"]
    return cells


def _count(name: str) -> Any:
    return CacheCounters.__dict__[name]


_counters = CacheCounters()


def get_cache_counters() -> CacheCounters:
    """Return the counters of this process.

    Example::

        get_cache_counters().jwks_misses
    """
    return _counters


class CacheEventKind(Enum):
    """A kind of event of a cached discovery document or key set."""

    HIT = "hit"
    """It was served from the cache."""
    MISS = "miss"
    """It was missing, and a request was sent."""
    REFRESH = "refresh"
    """It was cached, and a request for a newer version was sent."""
    STALE_SERVED = "stale_served"
    """It was served although it was stale."""
    FAILURE = "failure"
    """A request for it failed."""
    REFUSED_KID = "refused_kid"
    """It lacked the key of a token, and the cooldown prevented a refresh."""
    EVICTED = "evicted"
    """It was evicted to make room."""


@dataclass(frozen=True)
class CacheEvent:
    """An event of a cache, about the ``document`` or the ``keys`` at an address."""

    kind: CacheEventKind
    what: str
    url: str


class Events:
    """Counters of rare events, and the hook that receives all events."""

    def __init__(self) -> None:
        self.hook: Callable[[CacheEvent], object] | None = None
        self.counts = dict.fromkeys(CacheEventKind, 0)
        self._lock = Lock()
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._lock = Lock()

    def emit(self, kind: CacheEventKind, what: str, url: str) -> None:
        """Count an event and report it to the hook, whose exceptions are logged."""
        with self._lock:
            self.counts[kind] += 1
        # Outside the lock: the hook may validate a token, and so come back here.
        if self.hook is not None:
            self.report(kind, what, url)

    def report(self, kind: CacheEventKind, what: str, url: str) -> None:
        """Report an event that is counted elsewhere to the hook."""
        if self.hook is None:
            return
        try:
            self.hook(CacheEvent(kind, what, redact_url(url)))
        except Exception:
            logger.exception("the hook for cache events failed")


events = Events()


@dataclass(frozen=True)
class CacheStatistics:
    """The number of events of each kind in this process, in both APIs together."""

    hits: int
    misses: int
    refreshes: int
    stale_served: int
    failures: int
    refused_kids: int
    evicted: int


def get_cache_statistics() -> CacheStatistics:
    """Return the number of events of each kind in this process.

    Example::

        get_cache_statistics().stale_served
    """
    counters, counts = get_cache_counters(), events.counts
    return CacheStatistics(
        hits=counters.disco_hits + counters.jwks_hits,
        misses=counts[CacheEventKind.MISS],
        refreshes=counts[CacheEventKind.REFRESH],
        stale_served=counts[CacheEventKind.STALE_SERVED],
        failures=counts[CacheEventKind.FAILURE],
        refused_kids=counts[CacheEventKind.REFUSED_KID],
        evicted=counts[CacheEventKind.EVICTED],
    )


def set_cache_event_hook(hook: Callable[[CacheEvent], object] | None) -> None:
    """Call ``hook`` for every event of the caches; None removes it.

    :param hook: runs in the thread or task of the event, so it must be quick and must not wait; its
        exceptions are logged

    Hits are reported too: tens of thousands per second.

    Example::

        set_cache_event_hook(lambda event: print(event.kind.value, event.what, event.url))
        set_cache_event_hook(None)
    """
    if hook is not None and not callable(hook):
        raise InvalidArgumentError(f"hook must be callable, not {type(hook).__name__}")
    events.hook = hook

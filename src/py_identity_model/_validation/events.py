"""Events and statistics of the caches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from threading import Lock

from .._fork import forget_in_child
from .._logging import logger, redact_url
from .counters import get_cache_counters


class CacheEventKind(Enum):
    """What happened to a cached discovery document or key set."""

    HIT = "hit"
    """It was served from the cache."""
    MISS = "miss"
    """It was not there, and a request was sent."""
    REFRESH = "refresh"
    """It was there, and a request for a newer version was sent."""
    STALE_SERVED = "stale_served"
    """It was served although it is no longer fresh."""
    FAILURE = "failure"
    """A request for it failed."""
    REFUSED_KID = "refused_kid"
    """A key was looked for in it in vain, and the cooldown forbade to ask again."""
    EVICTED = "evicted"
    """It made room for another."""


@dataclass(frozen=True)
class CacheEvent:
    """One event of a cache: what happened to the ``document`` or the ``keys`` at an address."""

    kind: CacheEventKind
    what: str
    url: str


class Events:
    """Counters of rare events, and the hook that is called for all of them."""

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
    """How often each kind of event happened in this process, in both APIs together."""

    hits: int
    misses: int
    refreshes: int
    stale_served: int
    failures: int
    refused_kids: int
    evicted: int


def get_cache_statistics() -> CacheStatistics:
    """Return how often each kind of event happened in this process.

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

    It runs in the thread or task where the event happens, so it must be quick and must not
    wait.  What it raises is logged.  Hits are reported too: tens of thousands per second.

    Example::

        set_cache_event_hook(lambda event: print(event.kind.value, event.what, event.url))
        set_cache_event_hook(None)
    """
    events.hook = hook

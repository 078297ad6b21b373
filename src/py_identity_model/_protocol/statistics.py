"""What is told of the caches; loaded when somebody asks, not for the first token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .counters import get_cache_counters
from .events import CacheEventKind, events


@dataclass(frozen=True)
class CacheEvent:
    """One thing that happened: to what (``document`` or ``keys``), and where that comes from."""

    kind: CacheEventKind
    what: str
    url: str


@dataclass(frozen=True)
class CacheStatistics:
    """How often each thing happened in this process, both APIs and every client."""

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
    """Have ``hook`` called for every event of the caches; None calls nothing.

    It is called in the thread or task where the event happens, so it must be quick and must not
    wait.  What it raises is logged.  Hits are told as well: tens of thousands a second.

    Example::

        set_cache_event_hook(lambda event: print(event.kind.value, event.what, event.url))
        set_cache_event_hook(None)
    """
    events.hook = hook

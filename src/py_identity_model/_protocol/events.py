"""What the caches did, told as it happens."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from threading import Lock
from typing import TYPE_CHECKING

from .._fork import forget_in_child
from .._logging import logger, redact_url
from .counters import get_cache_counters

if TYPE_CHECKING:
    from .statistics import CacheEvent, CacheStatistics


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


class Events:
    """Counts what is rare, and tells a hook of everything."""

    def __init__(self) -> None:
        self.hook: Callable[[CacheEvent], object] | None = None
        self._counts = dict.fromkeys(CacheEventKind, 0)
        self._lock = Lock()
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._lock = Lock()

    def emit(self, kind: CacheEventKind, what: str, url: str) -> None:
        """Count an event, and tell the hook; what a hook raises is logged."""
        with self._lock:
            self._counts[kind] += 1
        if self.hook is not None:
            self.tell(kind, what, url)

    def tell(self, kind: CacheEventKind, what: str, url: str) -> None:
        """Tell the hook of an event that is counted elsewhere."""
        if self.hook is None:
            return
        from .statistics import CacheEvent

        try:
            self.hook(CacheEvent(kind, what, redact_url(url)))
        except Exception:
            logger.exception("the hook for cache events failed")

    def statistics(self) -> CacheStatistics:
        """Return the numbers of this moment."""
        from .statistics import CacheStatistics

        counters, counts = get_cache_counters(), self._counts
        return CacheStatistics(
            hits=counters.disco_hits + counters.jwks_hits,
            misses=counts[CacheEventKind.MISS],
            refreshes=counts[CacheEventKind.REFRESH],
            stale_served=counts[CacheEventKind.STALE_SERVED],
            failures=counts[CacheEventKind.FAILURE],
            refused_kids=counts[CacheEventKind.REFUSED_KID],
            evicted=counts[CacheEventKind.EVICTED],
        )


events = Events()


def set_cache_event_hook(hook: Callable[[CacheEvent], object] | None) -> None:
    """Have ``hook`` called for every event of the caches; None calls nothing.

    It is called in the thread or task where the event happens, so it must be quick and must not
    wait.  What it raises is logged.  Hits are told as well: tens of thousands a second.

    Example::

        set_cache_event_hook(lambda event: print(event.kind.value, event.what, event.url))
        set_cache_event_hook(None)
    """
    events.hook = hook


def get_cache_statistics() -> CacheStatistics:
    """Return how often each kind of event happened in this process.

    Example::

        get_cache_statistics().stale_served
    """
    return events.statistics()

"""What the caches did, told as it happens."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from threading import Lock
from typing import TYPE_CHECKING

from .._fork import forget_in_child
from .._logging import logger, redact_url

if TYPE_CHECKING:
    from .statistics import CacheEvent


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
        self.counts = dict.fromkeys(CacheEventKind, 0)
        self._lock = Lock()
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._lock = Lock()

    def emit(self, kind: CacheEventKind, what: str, url: str) -> None:
        """Count an event, and tell the hook; what a hook raises is logged."""
        with self._lock:
            self.counts[kind] += 1
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


events = Events()

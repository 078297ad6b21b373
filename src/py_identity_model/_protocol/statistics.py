"""What is told of the caches; loaded when somebody asks, not for the first token."""

from __future__ import annotations

from dataclasses import dataclass

from .events import CacheEventKind


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

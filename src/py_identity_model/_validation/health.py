"""Snapshots of the cached state of a provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .cache_entry import Entry


@dataclass(frozen=True)
class CachedState:
    """The state of one cached document; all times in seconds from now.

    ``age`` since the last success; ``fresh_for`` until it is stale, and ``usable_for`` until it
    is refused, both 0 when that is past; ``failed_ago`` since the last failure, None without one.
    """

    age: float
    fresh_for: float
    usable_for: float
    failed_ago: float | None


@dataclass(frozen=True)
class ProviderHealth:
    """Whether tokens of a provider can be validated now, and with which documents.

    ``ready`` says that document and keys are cached and usable.
    """

    address: str
    ready: bool
    issuer: str | None = None
    jwks_uri: str | None = None
    kids: tuple[str | None, ...] = ()
    document: CachedState | None = None
    keys: CachedState | None = None


def state_of(entry: Entry[Any] | None, now: float) -> CachedState | None:
    """Return the state of one entry, or None if it never had a value."""
    if entry is None or entry.accepted_at is None:
        return None
    return CachedState(
        age=now - entry.accepted_at,
        fresh_for=max(0.0, entry.fresh_until - now),
        usable_for=max(0.0, entry.usable_until - now),
        failed_ago=None if entry.failed_at is None else now - entry.failed_at,
    )

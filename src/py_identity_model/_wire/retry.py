"""Rules for retries: when to send again, and how long to wait.  No clock, no sleeping."""

from __future__ import annotations

import math
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from enum import Enum

from .messages import ErrorKind, Replay

_LONGEST_RETRY_AFTER = 120.0


def backoff(retries: int, base: float) -> Iterator[float]:
    """Yield the pause before each retry, in seconds: ``base``, ``2 * base``, ``4 * base``..."""
    for attempt in range(retries):
        yield base * 2.0**attempt


def is_outage(kind: Enum | None, status: int | None) -> bool:
    """Return whether a failure means that the provider is down or overloaded.

    ``kind`` and ``status`` are those of a failed response.  The single definition for validation,
    introspection, polling and retries.
    """
    # Compared by value: discovery has its own enumeration, which the contract fixes.
    if kind is not None and kind.value == ErrorKind.NETWORK_ERROR.value:
        return True
    return status is not None and (status == 429 or status >= 500)


def worth_retrying(status_code: int, replay: Replay) -> bool:
    """Return whether the next attempt may succeed after a response with this status."""
    return is_outage(None, status_code) and (status_code == 429 or replay is Replay.SAFE)


def retry_after(header: str | None, now: float) -> float:
    """Return how long ``Retry-After`` asks to wait, at most 120 s; 0 without a usable value.

    ``now`` is the wall clock, in seconds.  RFC 9110 §10.2.3: seconds, or an HTTP date.
    """
    if not header:
        return 0.0
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - now
        except (ValueError, OverflowError):
            return 0.0
    if math.isnan(seconds):
        return 0.0
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER)

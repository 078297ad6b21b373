"""The deadline of the running block, for threads: both the seam and its connections ask for it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Generator

# Not a context variable: threads that a request is handed to begin with a copy of the context, and
# a call that nobody waits for must not end with the deadline of the caller that began it.
_due = threading.local()


@contextlib.contextmanager
def deadline(seconds: float) -> Generator[None]:
    """Bound the waits of the block, so that none outlasts ``seconds`` in total.

    A thread cannot be interrupted, so the block itself checks between its steps.
    """
    outer: float | None = getattr(_due, "at", None)
    due = time.monotonic() + seconds
    _due.at = due if outer is None else min(due, outer)
    try:
        yield
    finally:
        _due.at = outer


def time_left() -> float | None:
    """Return how many seconds the running block's deadline leaves, or None without one."""
    due: float | None = getattr(_due, "at", None)
    return None if due is None else due - time.monotonic()


def time_within(seconds: float | None) -> float | None:
    """Return ``seconds``, or what the running block's deadline leaves if that is less."""
    due: float | None = getattr(_due, "at", None)
    if due is None:
        return seconds
    left = due - time.monotonic()
    return left if seconds is None else min(seconds, left)

"""The deadline of the running block, for threads; used by the seam and its connections."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Generator

# Not a context variable: a thread that takes over part of a request starts with a copy of the
# context, and a background call must not end with the deadline of the caller that started it.
_due = threading.local()


@contextlib.contextmanager
def deadline(seconds: float) -> Generator[None]:
    """Limit the waits of the block, so that they end after ``seconds`` in total.

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
    """Return the remaining seconds of the running block's deadline, or None without one."""
    due: float | None = getattr(_due, "at", None)
    return None if due is None else due - time.monotonic()


def time_within(seconds: float | None) -> float | None:
    """Return ``seconds``, or the remaining time of the running block's deadline if shorter."""
    due: float | None = getattr(_due, "at", None)
    if due is None:
        return seconds
    left = due - time.monotonic()
    return left if seconds is None else min(seconds, left)

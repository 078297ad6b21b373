"""The deadline of the running block, for threads; used by the seam and its connections."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Generator


class _Running(threading.local):
    # Not a context variable: a thread that takes over part of a request starts with a copy of the
    # context, and a background call must not end with the deadline of the caller that started it.
    due: float | None = None


running = _Running()
"""What this thread is running, and when that is due on the monotonic clock; None for never."""


@contextlib.contextmanager
def deadline(seconds: float) -> Generator[None]:
    """Limit the waits of the block, so that they end after ``seconds`` in total.

    A thread cannot be interrupted, so the block itself checks between its steps.
    """
    outer, due = running.due, time.monotonic() + seconds
    running.due = due if outer is None else min(due, outer)
    try:
        yield
    finally:
        running.due = outer


@contextlib.contextmanager
def without_deadline() -> Generator[None]:
    """Lift the deadlines around the block: others wait for it, too."""
    outer, running.due = running.due, None
    try:
        yield
    finally:
        running.due = outer


def time_left() -> float | None:
    """Return the remaining seconds of the running block's deadline, or None without one."""
    return None if running.due is None else running.due - time.monotonic()


def time_within(seconds: float | None) -> float | None:
    """Return ``seconds``, or the remaining time of the running block's deadline if shorter."""
    if running.due is None:
        return seconds
    left = running.due - time.monotonic()
    return left if seconds is None else min(seconds, left)

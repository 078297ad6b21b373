"""How long to wait for a store's lock, whose holder may have been killed.

Not a cancellation: a lock in the network that is cancelled while it is being acquired may have been
acquired, and nobody would release it.  Not a parameter: locks are entered as context managers, also
those of a program's own stores.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

_due: ContextVar[float | None] = ContextVar("py_identity_model.lock_wait", default=None)


class LockHeldError(TimeoutError):
    """The lock was held by others for as long as the caller waits."""


_LEAST = 0.1  # seconds in which a free lock is acquired


@contextmanager
def waiting_at_most(seconds: float | None) -> Generator[None]:
    """Limit how long the block, and calls it starts, wait for a store's lock, in seconds.

    A shorter limit around it still applies, but None lifts it.  A program's own locks may ignore
    it.
    """
    before = _due.set(None if seconds is None else _limit(seconds))
    try:
        yield
    finally:
        _due.reset(before)


def _limit(seconds: float) -> float:
    now, outer = monotonic(), _due.get()
    due = now + seconds
    return max(now + _LEAST, due if outer is None else min(outer, due))


def wait_left() -> float | None:
    """Return for how many seconds to wait for a lock; None for as long as it takes.

    Raises :class:`LockHeldError` when the time is over.
    """
    due = _due.get()
    if due is None:
        return None
    left = due - monotonic()
    if left <= 0:
        raise LockHeldError
    return left

"""Turns at a connection pool, held-back request heads, and the installation of streams."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from time import monotonic
from typing import Any, TypeVar

B = TypeVar("B")


def wrap_connections(
    client: Any, kind: type[B], backend: Callable[[B], B], transport: Callable[[Any], Any]
) -> None:
    """Make ``client`` connect through wrappers of its own backend and transport.

    Proxies included. httpx has no public way to pass a backend to httpcore; if its internals have
    changed, the client remains as it was.
    """

    # A transport of our own would use public interfaces only, but would have to implement proxies,
    # TLS, limits and the mapping of errors, and lack what httpx adds to its own.
    def wrapped(own: Any) -> Any:
        pool = getattr(own, "_pool", None)
        inner = getattr(pool, "_network_backend", None)
        if pool is None or not isinstance(inner, kind):
            return own
        pool._network_backend = backend(inner)
        return transport(own)

    client._transport = wrapped(client._transport)
    client._mounts = {pattern: wrapped(own) for pattern, own in client._mounts.items()}


class PoolTurn:
    """The turn to acquire a connection, which one request has at a time.

    The pool of httpx offers one idle connection to all concurrent requests; all but one of them
    have to try again, and each time the pool examines every waiting request: with a thousand that
    takes a minute.  Between threads it may leave a request waiting for the full pool timeout.  None
    of this happens to a request that is alone.
    """

    # A semaphore around the whole request, with as many places as the pool has connections, would
    # be simpler: but the requests that it admits at once still meet in the pool. A lock around the
    # pool's own method would be held until the response arrives. So a turn ends at the first sign
    # of a connection: an attempt to open one, or a write to an existing one.

    __slots__ = ("_give_back",)

    def __init__(self, give_back: Callable[[], None] | None = None) -> None:
        self._give_back = give_back

    def end(self) -> None:
        """Release the turn, once."""
        give_back, self._give_back = self._give_back, None
        if give_back is not None:
            give_back()


_NO_TURN = PoolTurn()

# A stream cannot know which request it works for: httpcore passes it bytes. The context does.
running_turn: ContextVar[PoolTurn] = ContextVar("running_turn", default=_NO_TURN)
"""The running request's turn, which streams end: it has its connection, or starts to open one."""


def pool_timeout(request: Any) -> float | None:
    """Return the seconds that ``request`` may wait for a connection; None means no limit."""
    seconds: float | None = request.extensions.get("timeout", {}).get("pool")
    return seconds


def deduct_wait(request: Any, since: float) -> None:
    """Subtract the time since ``since`` from how long ``request`` may wait for a connection."""
    seconds = pool_timeout(request)
    if seconds is not None:
        left = {**request.extensions["timeout"], "pool": seconds - (monotonic() - since)}
        request.extensions = {**request.extensions, "timeout": left}


class Head:
    """The head of a request, held back to be sent together with the body.

    httpcore writes a head, and then the body or nothing: two packets for data that fits into one.
    """

    # TCP_NODELAY is on, so the kernel coalesces nothing; without it, a body waits for the
    # acknowledgement of the head, which peers delay by up to 40 ms. Holding back every write would
    # work too, but copies large bodies, and only a read shows that the last one was made.
    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = b""

    def joined(self, buffer: bytes) -> bytes:
        """Return the data to write now, after ``buffer`` was passed in."""
        if not self._held and buffer.endswith(b"\r\n\r\n"):
            self._held = buffer
            return b""
        held, self._held = self._held, b""
        return held + buffer

    def rest(self) -> bytes:
        """Return the data that is still held back."""
        held, self._held = self._held, b""
        return held

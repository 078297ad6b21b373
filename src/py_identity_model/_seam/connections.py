"""Turns at a connection pool, heads of requests, and the installation of streams in clients."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from time import monotonic
from typing import Any, TypeVar

B = TypeVar("B")


def wrap_connections(
    client: Any, kind: type[B], backend: Callable[[B], B], transport: Callable[[Any], Any]
) -> None:
    """Make ``client`` connect through what ``backend`` and ``transport`` make of its own.

    Proxies included.  httpx has no public way to hand a backend to httpcore; where its own way
    has changed, everything is what it always was.
    """

    # A transport of our own would be public, but would have to bring proxies, TLS, limits and the
    # mapping of errors with it, and miss what httpx adds to its own.
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
    """The turn to look for a connection, which one request has at a time.

    httpx's pool gives one idle connection to all requests that ask at once; all but one of them
    ask again, and each time it looks at every request that waits: a thousand take it a minute.
    Between threads it may forget one for as long as a connection may be waited for.  None of it
    happens to a request that asks alone.
    """

    # A semaphore around the whole request, of as many places as the pool has connections, would
    # be simpler: but those that it lets in at once still meet in the pool.  A lock around the
    # pool's own method would be held for as long as the answer takes.  So a turn ends at the first
    # sign of a connection: an attempt to make one, or a write to one that was there.

    __slots__ = ("_give_back",)

    def __init__(self, give_back: Callable[[], None]) -> None:
        self._give_back: Callable[[], None] | None = give_back
        _latest.set(self)

    def end(self) -> None:
        """Give the turn back, once."""
        give_back, self._give_back = self._give_back, None
        if give_back is not None:
            give_back()


# A stream cannot know which request it works for: httpcore passes it bytes.  The context does.
_latest: ContextVar[PoolTurn | None] = ContextVar("latest", default=None)


def release_turn() -> None:
    """End the running request's turn: it has its connection, or begins to make one."""
    turn = _latest.get()
    if turn is not None:
        turn.end()


def pool_timeout(request: Any) -> float | None:
    """Return the seconds that ``request`` may wait for a connection; None means no limit."""
    seconds: float | None = request.extensions.get("timeout", {}).get("pool")
    return seconds


def deduct_wait(request: Any, since: float) -> None:
    """Subtract the time ``since`` then from what ``request`` may wait for a connection."""
    seconds = pool_timeout(request)
    if seconds is not None:
        left = {**request.extensions["timeout"], "pool": seconds - (monotonic() - since)}
        request.extensions = {**request.extensions, "timeout": left}


class Head:
    """The head of a request, held back so that it leaves together with the body.

    httpcore writes a head, and then the body or nothing: two packets for what fits into one.
    """

    # TCP_NODELAY is on, so the kernel joins nothing; without it, a body waits for the head's
    # acknowledgement, which peers delay by up to 40 ms.  Holding back every write would do as
    # well, but copies large bodies, and only a read tells that the last one was made.
    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = b""

    def joined(self, buffer: bytes) -> bytes:
        """Return what is to be written now that ``buffer`` was handed over."""
        if not self._held and buffer.endswith(b"\r\n\r\n"):
            self._held = buffer
            return b""
        held, self._held = self._held, b""
        return held + buffer

    def rest(self) -> bytes:
        """Return what is still held back."""
        held, self._held = self._held, b""
        return held

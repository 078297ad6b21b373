"""What the connections of blocking and of awaited clients share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

B = TypeVar("B")


def wrap_backends(client: Any, kind: type[B], wrap: Callable[[B], B]) -> None:
    """Make ``client`` connect through what ``wrap`` makes of its backend, proxies included.

    httpx has no public way to hand a backend to httpcore; where its own way has changed,
    connections are what they always were.
    """
    for transport in (client._transport, *client._mounts.values()):
        pool = getattr(transport, "_pool", None)
        backend = getattr(pool, "_network_backend", None)
        if pool is not None and isinstance(backend, kind):
            pool._network_backend = wrap(backend)


class Head:
    """The head of a request, held back so that it leaves together with the body.

    httpcore writes a head, and then the body or nothing: two packets for what fits into one.
    """

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = b""

    def joined(self, buffer: bytes) -> bytes:
        """Return what is to be written now that ``buffer`` was handed over."""
        if not self._held and buffer.endswith(b"\r\n\r\n"):
            self._held = buffer
            return b""
        return self.rest() + buffer

    def rest(self) -> bytes:
        """Return what is still held back."""
        held, self._held = self._held, b""
        return held

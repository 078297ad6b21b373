"""Connections of blocking clients, whose reads and writes end with the running block's deadline."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Semaphore
from time import monotonic
from typing import Any

import httpcore
import httpx

from .._fork import forget_in_child
from .connections import Head, PoolTurn, deduct_wait, pool_timeout, running_turn, wrap_connections
from .deadlines import running

# The timeouts of httpx are per read: a peer that sends a header field from time to time would
# occupy a thread forever. A thread cannot be interrupted, and a watchdog that closes the connection
# would cost a thread per request, so each read gets the remaining time of the deadline.


def _at_most(timeout: float | None) -> float | None:
    """Return ``timeout``, or the remaining time if that is shorter; raise when it is over."""
    if running.due is None:
        return timeout
    left = running.due - monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the deadline has passed")
    return left if timeout is None else min(timeout, left)


class DeadlineStream(httpcore.NetworkStream):
    """A connection whose reads and writes all end with the deadline.

    The head of a request is written together with the data that follows it.
    """

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._head = Head()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if rest := self._head.rest():
            self._stream.write(rest, _at_most(timeout))
        return self._stream.read(max_bytes, _at_most(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        running_turn.get().end()
        self._stream.write(self._head.joined(buffer), _at_most(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, _at_most(timeout))
        return DeadlineStream(stream)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class DeadlineBackend(httpcore.NetworkBackend):
    """Creates connections whose reads and writes end with the deadline."""

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        running_turn.get().end()
        return DeadlineStream(
            self._backend.connect_tcp(host, port, _at_most(timeout), local_address, socket_options)
        )

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)


class SerializedAcquireTransport(httpx.BaseTransport):
    """Lets one request at a time acquire a connection."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport
        self._free = Semaphore(1)
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._free = Semaphore(1)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        # Free in nearly every case, so tried without a clock first.
        free = self._free
        if not free.acquire(blocking=False):
            since = monotonic()
            if not free.acquire(timeout=pool_timeout(request)):
                raise httpx.PoolTimeout("no connection became free in time", request=request)
            deduct_wait(request, since)
        turn = PoolTurn(free.release)
        running_turn.set(turn)
        try:
            return self._transport.handle_request(request)
        finally:
            turn.end()

    def close(self) -> None:
        self._transport.close()


def install(client: httpx.Client) -> None:
    """Install such connections in ``client``, if its library permits.

    Otherwise its reads remain limited only by the timeout of each.
    """
    wrap_connections(client, httpcore.NetworkBackend, DeadlineBackend, SerializedAcquireTransport)

"""Connections of blocking clients: every read ends with the running block's deadline.

httpx's own timeouts are for one read each: a peer that sends a header field now and then would
keep a thread for ever.  A thread cannot be interrupted, and one that watches and closes the
connection would cost a thread per request, so each read is given what the deadline leaves.
Requests come to the connections one by one.
"""

from __future__ import annotations

from collections.abc import Iterable
from threading import Semaphore
from time import monotonic
from typing import Any

import httpcore
import httpx

from .._fork import forget_in_child
from .connections import Admission, Head, connected, has_waited, may_wait, wrap_connections
from .deadlines import time_left, time_within


def _at_most(timeout: float | None) -> float | None:
    """Return ``timeout``, or what the deadline leaves if that is less; raise when it is past."""
    left = time_left()
    if left is not None and left <= 0:
        raise httpcore.ReadTimeout("the deadline has passed")
    return time_within(timeout)


class BoundedStream(httpcore.NetworkStream):
    """A connection whose every read and write ends with the deadline.

    The head of a request is written together with what follows it.
    """

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._head = Head()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if rest := self._head.rest():
            self._stream.write(rest, _at_most(timeout))
        return self._stream.read(max_bytes, _at_most(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        connected()
        self._stream.write(self._head.joined(buffer), _at_most(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, _at_most(timeout))
        return BoundedStream(stream)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class BoundedBackend(httpcore.NetworkBackend):
    """Makes bounded connections."""

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
        connected()
        return BoundedStream(
            self._backend.connect_tcp(host, port, _at_most(timeout), local_address, socket_options)
        )

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)


class OneByOne(httpx.BaseTransport):
    """Lets requests look for a connection one by one."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport
        self._free = Semaphore(1)
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._free = Semaphore(1)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        free = self._free
        if not free.acquire(blocking=False):
            since = monotonic()
            if not free.acquire(timeout=may_wait(request)):
                raise httpx.PoolTimeout("no connection was free in time", request=request)
            has_waited(request, since)
        admission = Admission(free.release)
        try:
            return self._transport.handle_request(request)
        finally:
            admission.end()

    def close(self) -> None:
        self._transport.close()


def improve(client: httpx.Client) -> None:
    """Give ``client`` such connections, if its library lets us.

    Otherwise its reads stay bounded by the timeout of each alone.
    """
    wrap_connections(client, httpcore.NetworkBackend, BoundedBackend, OneByOne)

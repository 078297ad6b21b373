"""Connections of blocking clients whose every read ends with the running block's deadline.

httpx's own timeouts are for one read each: a peer that sends a header field now and then would
keep a thread for ever.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from .connections import Head, wrap_backends
from .sync import time_left


def _at_most(timeout: float | None) -> float | None:
    """Return ``timeout``, or what the deadline leaves if that is less; raise when it is past."""
    left = time_left()
    if left is None:
        return timeout
    if left <= 0:
        raise httpcore.ReadTimeout("the deadline has passed")
    return left if timeout is None else min(timeout, left)


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
        return BoundedStream(
            self._backend.connect_tcp(host, port, _at_most(timeout), local_address, socket_options)
        )

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)


def bound_reads(client: httpx.Client) -> None:
    """Make the reads of ``client`` end with the deadline, if its library lets us.

    Otherwise they stay bounded by the timeout of each alone.
    """
    wrap_backends(client, httpcore.NetworkBackend, BoundedBackend)

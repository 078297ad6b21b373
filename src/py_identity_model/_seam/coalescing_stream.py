"""Connections of awaited clients: requests come to them one by one, and leave in one piece.

Before httpx reuses a connection it asks whether the peer has hung up, and anyio gathers every
address of the socket to answer that: here the socket alone is asked.
"""

from __future__ import annotations

import select
from collections.abc import Iterable
from time import monotonic
from typing import Any

import httpcore
import httpx
from anyio import Semaphore, WouldBlock, fail_after

from .._tls import ready_context
from .connections import Admission, Head, connected, has_waited, may_wait, wrap_connections


class OnePieceStream(httpcore.AsyncNetworkStream):
    """A connection that writes the head of a request together with what follows it."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._socket = stream.get_extra_info("socket")
        self._head = Head()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if rest := self._head.rest():
            await self._stream.write(rest, timeout)
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        connected()
        # A head without a body leaves with the first read: a write that fails in here would leave
        # the generator that httpx makes of an empty body to the collector.
        if buffer:
            await self._stream.write(self._head.joined(buffer), timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        context = ready_context(ssl_context)  # anyio takes one it does not know to a thread
        return OnePieceStream(await self._stream.start_tls(context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable" and self._socket is not None and hasattr(select, "poll"):
            return _readable(self._socket)
        return self._stream.get_extra_info(info)


def _readable(socket: Any) -> bool:
    # Not select(): it cannot take descriptors from 1024 up.  Not a read that must not block: what
    # it finds would have to be put back, and under TLS it is not the peer's bytes.
    descriptor = socket.fileno()
    if descriptor < 0:  # closed: the next read will say so
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


class OnePieceBackend(httpcore.AsyncNetworkBackend):
    """Makes such connections."""

    def __init__(self, backend: httpcore.AsyncNetworkBackend) -> None:
        self._backend = backend

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        connected()
        return OnePieceStream(
            await self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        )

    async def sleep(self, seconds: float) -> None:
        await self._backend.sleep(seconds)


class OneByOne(httpx.AsyncBaseTransport):
    """Lets requests look for a connection one by one."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport
        # Not a Lock: the task that gives it back need not be the one that took it.
        self._free = Semaphore(1, fast_acquire=True)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            self._free.acquire_nowait()
        except WouldBlock:
            await self._wait(request)
        admission = Admission(self._free.release)
        try:
            return await self._transport.handle_async_request(request)
        finally:
            admission.end()

    async def _wait(self, request: httpx.Request) -> None:
        since = monotonic()
        try:
            with fail_after(may_wait(request)):
                await self._free.acquire()
        except TimeoutError:
            raise httpx.PoolTimeout("no connection was free in time", request=request) from None
        has_waited(request, since)

    async def aclose(self) -> None:
        await self._transport.aclose()


def improve(client: httpx.AsyncClient) -> None:
    """Give ``client`` such connections, if its library lets us."""
    wrap_connections(client, httpcore.AsyncNetworkBackend, OnePieceBackend, OneByOne)

"""Connections of awaited clients that send the head of a request together with its body."""

from __future__ import annotations

import select
from collections.abc import Iterable
from time import monotonic
from typing import Any

import httpcore
import httpx
from anyio import Semaphore, WouldBlock, fail_after

from .._tls import ready_context
from .connections import Head, PoolTurn, deduct_wait, pool_timeout, running_turn, wrap_connections


class CoalescingStream(httpcore.AsyncNetworkStream):
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
        running_turn.get().end()
        # A head without a body is sent with the first read: a failing write in here would leave the
        # generator that httpx makes of an empty body to the collector.
        if buffer:
            await self._stream.write(self._head.joined(buffer), timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        context = ready_context(ssl_context)  # anyio offloads unknown context types to a thread
        return CoalescingStream(await self._stream.start_tls(context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        # Called before each reuse of a connection, to find out whether the peer has disconnected.
        # anyio would collect all addresses of the socket for that; here only the socket is
        # examined.
        if info == "is_readable" and self._socket is not None and hasattr(select, "poll"):
            return _readable(self._socket)
        return self._stream.get_extra_info(info)


def _readable(socket: Any) -> bool:
    # Not select(): it does not accept descriptors from 1024 up. Not a non-blocking read: its result
    # would have to be put back, and under TLS it is not the peer's bytes.
    descriptor = socket.fileno()
    if descriptor < 0:  # closed: the next read reports it
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


class CoalescingBackend(httpcore.AsyncNetworkBackend):
    """Creates connections that coalesce writes."""

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
        running_turn.get().end()
        return CoalescingStream(
            await self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        )

    async def sleep(self, seconds: float) -> None:
        await self._backend.sleep(seconds)


class SerializedAcquireTransport(httpx.AsyncBaseTransport):
    """Lets one request at a time acquire a connection."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport
        # Not a Lock: it may be released by another task than the one that acquired it.
        self._free = Semaphore(1, fast_acquire=True)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            self._free.acquire_nowait()
        except WouldBlock:
            await self._wait(request)
        turn = PoolTurn(self._free.release)
        running_turn.set(turn)
        try:
            return await self._transport.handle_async_request(request)
        finally:
            turn.end()

    async def _wait(self, request: httpx.Request) -> None:
        since = monotonic()
        try:
            with fail_after(pool_timeout(request)):
                await self._free.acquire()
        except TimeoutError:
            raise httpx.PoolTimeout("no connection became free in time", request=request) from None
        deduct_wait(request, since)

    async def aclose(self) -> None:
        await self._transport.aclose()


def install(client: httpx.AsyncClient) -> None:
    """Install such connections in ``client``, if its library permits."""
    wrap_connections(
        client, httpcore.AsyncNetworkBackend, CoalescingBackend, SerializedAcquireTransport
    )

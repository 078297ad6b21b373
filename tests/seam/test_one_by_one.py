"""Requests of our own clients look for a connection one by one, and then run side by side."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import anyio
import httpcore
import httpx
import pytest

from py_identity_model._seam import aio, coalescing_stream, deadline_stream, sync
from py_identity_model._seam.connections import running_turn

ONE = httpx.Limits(max_connections=1)


class Server:
    """Answers at once, but below ``/wait`` only after ``go`` was set; counts who has come."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.came = threading.Semaphore(0)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                outer.came.release()
                if self.path.startswith("/wait"):
                    outer.go.wait()
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *arguments: object) -> None: ...

        class Listening(ThreadingHTTPServer):
            request_queue_size = 200
            daemon_threads = True

        self.listening = Listening(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listening.server_port}"


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.listening.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield made
    finally:
        made.go.set()
        made.listening.shutdown()
        thread.join()
        made.listening.server_close()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How often a connection was asked to carry a request, in vain or not."""
    found: list[str] = []
    awaited = httpcore.AsyncHTTP11Connection.handle_async_request
    blocking = httpcore.HTTP11Connection.handle_request

    async def note_awaited(self: Any, request: Any) -> Any:
        found.append("awaited")
        return await awaited(self, request)

    def note_blocking(self: Any, request: Any) -> Any:
        found.append("blocking")
        return blocking(self, request)

    monkeypatch.setattr(httpcore.AsyncHTTP11Connection, "handle_async_request", note_awaited)
    monkeypatch.setattr(httpcore.HTTP11Connection, "handle_request", note_blocking)
    return found


@contextmanager
def threads(*work: Callable[[], object]) -> Iterator[None]:
    """Run all ``work`` beside the block, and wait for it at the end."""
    running = [threading.Thread(target=one) for one in work]
    for thread in running:
        thread.start()
    try:
        yield
    finally:
        for thread in running:
            thread.join()


async def test_of_many_awaited_requests_each_asks_one_connection_once(
    server: Server, asked: list[str]
) -> None:
    async with aio.open_client(trust_env=False) as client:
        for _ in range(2):  # on new connections, then on those
            answers = await asyncio.gather(*[client.get(server.url) for _ in range(150)])
            assert {answer.status_code for answer in answers} == {200}
    assert asked == ["awaited"] * 300


def test_of_many_blocking_requests_each_asks_one_connection_once(
    server: Server, asked: list[str]
) -> None:
    found: list[int] = []
    with sync.open_client(trust_env=False) as client:
        for _ in range(2):
            barrier = threading.Barrier(30)

            def get(start: threading.Barrier = barrier) -> None:
                start.wait()
                found.append(client.get(server.url).status_code)

            with threads(*[get] * 30):
                pass
    assert found == [200] * 60
    assert asked == ["blocking"] * 60


async def test_an_awaited_request_that_waits_for_its_response_blocks_no_other(
    server: Server,
) -> None:
    async with aio.open_client(trust_env=False) as client:
        for _ in range(2):  # on new connections, then on those
            server.go.clear()
            slow = [asyncio.ensure_future(client.get(f"{server.url}/wait")) for _ in range(3)]
            for _ in slow:
                await anyio.to_thread.run_sync(server.came.acquire)
            assert (await client.get(server.url)).status_code == 200
            server.came.acquire()
            assert not any(one.done() for one in slow)
            server.go.set()
            assert [one.status_code for one in await asyncio.gather(*slow)] == [200] * 3


def test_a_blocking_request_that_waits_for_its_response_blocks_no_other(server: Server) -> None:
    found: list[int] = []
    with sync.open_client(trust_env=False) as client:

        def get() -> None:
            found.append(client.get(f"{server.url}/wait").status_code)

        for _ in range(2):
            server.go.clear()
            found.clear()
            with threads(get, get, get):
                for _ in range(3):
                    server.came.acquire()
                assert client.get(server.url).status_code == 200
                server.came.acquire()
                assert found == []
                server.go.set()
            assert found == [200] * 3


async def test_an_awaited_request_that_connects_blocks_no_other(server: Server) -> None:
    async with aio.open_client(trust_env=False) as client:
        transport: Any = client._transport
        backend = transport._transport._pool._network_backend
        connects, connecting = backend._backend.connect_tcp, asyncio.Event()

        async def hang(host: str, *arguments: Any) -> Any:
            if host == "localhost":
                connecting.set()
                await asyncio.Event().wait()
            return await connects(host, *arguments)

        backend._backend.connect_tcp = hang
        hanging = asyncio.ensure_future(client.get("http://localhost/"))
        await connecting.wait()
        assert (await client.get(server.url)).status_code == 200
        hanging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hanging
        assert (await client.get(server.url)).status_code == 200


@asynccontextmanager
async def full_pool(
    server: Server,
) -> AsyncIterator[tuple[httpx.AsyncClient, asyncio.Future[httpx.Response]]]:
    """A client whose only connection is taken, and the request that has it."""
    async with aio.open_client(trust_env=False, limits=ONE) as client:
        first = asyncio.ensure_future(client.get(f"{server.url}/wait"))
        await anyio.to_thread.run_sync(server.came.acquire)
        yield client, first


async def test_awaited_requests_wait_no_longer_for_a_full_pool_than_they_may(
    server: Server,
) -> None:
    async with full_pool(server) as (client, first):
        soon = httpx.Timeout(60, pool=0.01)
        others = [client.get(server.url, timeout=soon) for _ in range(4)]
        refused = await asyncio.gather(*others, return_exceptions=True)
        assert [type(one) for one in refused] == [httpx.PoolTimeout] * 4
        server.go.set()
        assert (await first).status_code == 200
        assert (await client.get(server.url)).status_code == 200


def test_blocking_requests_wait_no_longer_for_a_full_pool_than_they_may(server: Server) -> None:
    found: list[object] = []
    with sync.open_client(trust_env=False, limits=ONE) as client:

        def get() -> None:
            try:
                found.append(client.get(server.url, timeout=httpx.Timeout(60, pool=0.01)))
            except httpx.PoolTimeout as error:
                found.append(str(error.request.url))

        with threads(lambda: client.get(f"{server.url}/wait")):
            server.came.acquire()
            with threads(get, get, get, get):
                pass
            assert found == [server.url] * 4
            server.go.set()
        assert client.get(server.url).status_code == 200


async def test_a_cancelled_awaited_request_blocks_no_other(
    server: Server,
) -> None:
    async with full_pool(server) as (client, first):
        others = [asyncio.ensure_future(client.get(server.url)) for _ in range(3)]
        await anyio.lowlevel.checkpoint()  # one is inside now, two are outside
        for one in others[:2]:
            one.cancel()
        server.go.set()
        assert (await first).status_code == 200
        assert (await others[2]).status_code == 200
        assert [one.cancelled() for one in others] == [True, True, False]


class Awaited(httpx.AsyncBaseTransport):
    """Notes what comes, and says after the first that it has a connection."""

    def __init__(self, *, fails: bool = False) -> None:
        self.came: list[httpx.Request] = []
        self.fails = fails
        self.go = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.came.append(request)
        if self.fails:
            raise httpx.ConnectError("refused")
        if len(self.came) == 1:
            await self.go.wait()
        running_turn.get().end()
        running_turn.get().end()
        return httpx.Response(200)


class Blocking(httpx.BaseTransport):
    def __init__(self, *, fails: bool = False) -> None:
        self.came: list[httpx.Request] = []
        self.fails = fails
        self.first, self.go = threading.Event(), threading.Event()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.came.append(request)
        if self.fails:
            raise httpx.ConnectError("refused")
        if len(self.came) == 1:
            self.first.set()
            self.go.wait()
        running_turn.get().end()
        running_turn.get().end()
        return httpx.Response(200)


def request(**timeouts: float | None) -> httpx.Request:
    extensions: dict[str, Any] = {"timeout": timeouts} if timeouts else {}
    return httpx.Request("GET", "https://op.example", extensions=extensions)


async def test_an_awaited_requests_earlier_wait_counts_towards_its_limit() -> None:
    inner = Awaited()
    transport = coalescing_stream.SerializedAcquireTransport(inner)
    one, other, patient = request(pool=60, read=5), request(pool=60, read=5), request(pool=None)
    tasks = [
        asyncio.ensure_future(transport.handle_async_request(each))
        for each in (one, other, patient, request())
    ]
    await anyio.lowlevel.checkpoint()
    await anyio.lowlevel.checkpoint()
    assert inner.came == [one]
    inner.go.set()
    await asyncio.gather(*tasks)
    assert one.extensions["timeout"] == {"pool": 60, "read": 5}
    assert other.extensions["timeout"]["read"] == 5
    assert 0 < other.extensions["timeout"]["pool"] < 60
    assert patient.extensions["timeout"] == {"pool": None}
    assert inner.came[-1].extensions == {}


class Watched(threading.Semaphore):
    """Tells when somebody waits for it."""

    def __init__(self) -> None:
        super().__init__(1)
        self.awaited = threading.Event()

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        if blocking:
            self.awaited.set()
        return super().acquire(blocking, timeout)


def test_a_blocking_requests_earlier_wait_counts_towards_its_limit() -> None:
    inner, outside = Blocking(), Watched()
    transport = deadline_stream.SerializedAcquireTransport(inner)
    transport._free = outside
    one, other = request(pool=60, read=5), request(pool=60, read=5)
    with threads(lambda: transport.handle_request(one)):
        inner.first.wait()
        with threads(lambda: transport.handle_request(other)):
            outside.awaited.wait()
            assert inner.came == [one]
            inner.go.set()
    assert one.extensions["timeout"] == {"pool": 60, "read": 5}
    assert other.extensions["timeout"]["read"] == 5
    assert 0 < other.extensions["timeout"]["pool"] < 60


async def test_a_failing_request_blocks_no_other() -> None:
    awaited, blocking = Awaited(fails=True), Blocking(fails=True)
    both = (
        coalescing_stream.SerializedAcquireTransport(awaited),
        deadline_stream.SerializedAcquireTransport(blocking),
    )
    for _ in range(2):
        with pytest.raises(httpx.ConnectError):
            await both[0].handle_async_request(request(pool=0.01))
        with pytest.raises(httpx.ConnectError):
            both[1].handle_request(request(pool=0.01))
    assert len(awaited.came) == len(blocking.came) == 2


def test_a_forked_child_does_not_wait_for_its_parents_request() -> None:
    inner = Blocking()
    transport = deadline_stream.SerializedAcquireTransport(inner)
    with threads(lambda: transport.handle_request(request())):
        inner.first.wait()
        transport._forget_parent()
        assert transport.handle_request(request(pool=0.01)).status_code == 200
        inner.go.set()
    assert transport.handle_request(request(pool=0.01)).status_code == 200


def test_without_a_running_request_there_is_nothing_to_report() -> None:
    running_turn.get().end()

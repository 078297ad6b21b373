"""Connections of our own clients: a request leaves in one piece, a peer that left is noticed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import httpx
import pytest

from py_identity_model._seam import aio, coalescing_stream, deadline_stream, sync
from py_identity_model._seam.connections import Head

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
HEAD = b"POST / HTTP/1.1\r\n\r\n"


@contextmanager
def peer(*, answers: int = 1) -> Iterator[tuple[str, list[bytes], threading.Event]]:
    """A server that notes what each read of its socket brought; it hangs up after ``answers``."""
    pieces: list[bytes] = []
    gone = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    for _ in range(answers):
                        pieces.append(connection.recv(65536))
                        connection.sendall(ANSWER)
                gone.set()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/", pieces, gone
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_a_head_waits_for_what_follows_it() -> None:
    head = Head()
    assert head.joined(HEAD) == b""
    assert head.joined(b"a=b") == HEAD + b"a=b"
    assert head.joined(b"more") == b"more"
    assert head.joined(HEAD) == b""
    assert head.joined(b"") == HEAD
    assert head.joined(HEAD) == b""
    assert head.joined(HEAD) == HEAD + HEAD
    assert head.joined(HEAD) == b""
    assert head.rest() == HEAD
    assert head.rest() == b""


@pytest.mark.parametrize("body", [b"a=b", None])
def test_a_blocking_request_leaves_in_one_piece(body: bytes | None) -> None:
    with peer() as (url, pieces, _), sync.open_client(trust_env=False) as client:
        assert client.request("POST" if body else "GET", url, content=body).json() == {}
    (piece,) = pieces
    assert piece.endswith(b"\r\n\r\n" + (body or b""))


@pytest.mark.parametrize("body", [b"a=b", None])
async def test_an_awaited_request_leaves_in_one_piece(body: bytes | None) -> None:
    with peer() as (url, pieces, _):
        async with aio.open_client(trust_env=False) as client:
            answer = await client.request("POST" if body else "GET", url, content=body)
            assert answer.json() == {}
    (piece,) = pieces
    assert piece.endswith(b"\r\n\r\n" + (body or b""))


async def test_a_connection_is_used_again_until_the_peer_leaves() -> None:
    with peer(answers=2) as (url, pieces, gone):
        async with aio.open_client(trust_env=False) as client:
            streams = []
            for _ in range(4):
                answer = await client.post(url, content=b"a=b")
                streams.append(answer.extensions["network_stream"])
                if len(pieces) % 2 == 0:
                    await anyio.to_thread.run_sync(gone.wait)
                    gone.clear()
    assert streams[0] is streams[1] is not streams[2]
    assert streams[2] is streams[3]


class Stream:
    """Notes what is written, and has no socket."""

    def __init__(self) -> None:
        self.told: list[bytes | str] = []

    def get_extra_info(self, info: str) -> Any:
        return f"its {info}" if info != "socket" else None


class Awaited(Stream):
    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.told.append("read")
        return b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.told.append(buffer)

    async def start_tls(self, *arguments: Any) -> Awaited:
        return Awaited()


class Blocking(Stream):
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.told.append("read")
        return b""

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.told.append(buffer)


async def test_a_head_that_nothing_follows_leaves_before_the_answer_is_read() -> None:
    awaited: Any = Awaited()
    blocking: Any = Blocking()
    own, other = (
        coalescing_stream.CoalescingStream(awaited),
        deadline_stream.DeadlineStream(blocking),
    )
    await own.write(HEAD)
    other.write(HEAD)
    assert await own.read(1) == other.read(1) == b""
    assert await own.read(1) == other.read(1) == b""
    assert [one for one in awaited.told if one] == [HEAD, "read", "read"]
    assert [one for one in blocking.told if one] == [HEAD, "read", "read"]


async def test_a_stream_without_a_socket_answers_for_itself() -> None:
    inner: Any = Awaited()
    stream = await coalescing_stream.CoalescingStream(inner).start_tls(None)
    assert isinstance(stream, coalescing_stream.CoalescingStream)
    assert stream.get_extra_info("is_readable") == "its is_readable"
    assert stream.get_extra_info("server_addr") == "its server_addr"


def test_a_socket_that_was_closed_counts_as_readable() -> None:
    left, right = socket.socketpair()
    with left, right:
        assert not coalescing_stream._readable(left)
        right.send(b"x")
        assert coalescing_stream._readable(left)
    assert coalescing_stream._readable(left)


async def test_every_connection_of_an_awaited_client_sends_in_one_piece(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    async with aio.open_client() as client:
        transports: list[Any] = [client._transport, *client._mounts.values()]
        assert len(transports) == 2
        for transport in transports:
            backend = transport._transport._pool._network_backend
            assert isinstance(backend, coalescing_stream.CoalescingBackend)
            await backend.sleep(0)


async def test_an_awaited_transport_without_a_pool_is_left_as_it_is() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200))
    async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
        coalescing_stream.install(client)
        assert client._transport is transport

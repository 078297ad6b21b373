"""Scopes and messages of ASGI servers."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from py_identity_model._web.answers import WebAnswer
from py_identity_model._web.asgi import PRIVATE, adding, asgi_messages, decoded_path, web_request


def scope_of(**more: Any) -> dict[str, Any]:
    usual = {
        "type": "http",
        "method": "GET",
        "scheme": "https",
        "path": "/me",
        "query_string": b"page=2",
        "headers": [(b"host", b"app.example"), (b"accept", b"text/html")],
    }
    return {**usual, **more}


def test_a_request_is_what_its_scope_says() -> None:
    request = web_request(scope_of())
    assert (request.method, request.base_url, request.path) == ("GET", "https://app.example", "/me")
    assert (request.query, request.header("Accept")) == ("page=2", "text/html")


def test_a_websocket_is_opened_at_the_address_of_a_page() -> None:
    request = web_request(scope_of(type="websocket", scheme="wss"))
    assert request.is_websocket
    assert request.base_url == "https://app.example"


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"path": "/app/me"}, "/me"),
        ({"path": "/app"}, "/"),
        ({"path": "/apple"}, "/apple"),
        ({"path": "/me"}, "/me"),  # of servers that cut the root off
        ({"path": "/app/a b", "raw_path": b"/app/a%20b?x=1"}, "/a%20b"),
    ],
)
def test_a_path_is_below_the_root(more: dict[str, Any], path: str) -> None:
    request = web_request(scope_of(root_path="/app/", **more))
    assert (request.base_url, request.path) == ("https://app.example/app", path)


@pytest.mark.parametrize(
    ("server", "host"),
    [
        (None, "localhost"),
        (("app.internal", 8000), "app.internal:8000"),
        (("/sock", None), "/sock"),
    ],
)
@pytest.mark.parametrize("hosts", [[], [(b"host", b"a.example"), (b"host", b"b.example")]])
def test_without_one_host_the_servers_address_counts(
    hosts: list[tuple[bytes, bytes]], server: object, host: str
) -> None:
    request = web_request(scope_of(headers=hosts, server=server))
    assert request.base_url == f"https://{host}"


def test_the_path_for_routes_is_decoded_and_below_the_root() -> None:
    assert decoded_path(scope_of(path="/app/a b", root_path="/app")) == "/a b"
    assert decoded_path(scope_of(path="/a b", root_path="/app")) == "/a b"
    assert decoded_path(scope_of(path="/a b")) == "/a b"


@pytest.mark.parametrize(
    ("named", "expected"),
    [([], b"private, no-store"), ([(b"cache-control", b"public")], b"public")],
)
def test_a_field_is_added_unless_the_program_named_it(
    named: list[tuple[bytes, bytes]], expected: bytes
) -> None:
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def answer() -> None:
        more = adding(send, PRIVATE)
        await more({"type": "http.response.start", "status": 200, "headers": named})
        await more({"type": "http.response.body", "body": b"x"})

    asyncio.run(answer())
    assert sent[0]["headers"] == [(b"cache-control", expected)]
    assert sent[1] == {"type": "http.response.body", "body": b"x"}


def test_an_answer_is_two_messages() -> None:
    start, body = asgi_messages(WebAnswer(303, (("Location", "/"), ("Set-Cookie", "a=b")), "é"))
    assert start["status"] == 303
    assert start["headers"] == [
        *((b"location", b"/"), (b"set-cookie", b"a=b")),
        (b"content-length", b"2"),
    ]
    assert body == {"type": "http.response.body", "body": "é".encode()}

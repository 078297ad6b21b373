"""Requests and answers of ASGI servers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any

from .answers import WebAnswer
from .requests import WebRequest, quoted_path

Scope = MutableMapping[str, Any]
PRIVATE = {"cache-control": "private, no-store"}
"""What pages of one user say: caches, and the back button after a logout, ask again."""

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class _ASGIRequest(WebRequest):
    """Looks header fields up: most requests need three of a dozen."""

    def all_headers(self, name: str) -> list[str]:
        """Return the values of a header field, in order."""
        scope: Any = self.native
        wanted = name.lower().encode("latin-1")
        return [value.decode("latin-1") for one, value in scope["headers"] if one == wanted]


def web_request(scope: Scope, form: Mapping[str, Sequence[str]] | None = None) -> WebRequest:
    """Return what an ASGI scope says of a request or a WebSocket.

    The base is where the innermost application is mounted.
    """
    fields: Sequence[tuple[bytes, bytes]] = scope["headers"]
    is_websocket = scope["type"] == "websocket"
    scheme = scope.get("scheme", "http").replace("ws", "http")
    hosts = [value for name, value in fields if name == b"host"]
    host = hosts[0].decode("latin-1") if len(hosts) == 1 else _address(scope.get("server"))
    root = quoted_path(scope.get("root_path", "").rstrip("/"))
    return _ASGIRequest(
        scope.get("method", "GET"),
        f"{scheme}://{host}{root}",
        _path_below(root, scope),
        scope.get("query_string", b"").decode("latin-1"),
        ((name.decode("latin-1"), value.decode("latin-1")) for name, value in fields),
        form,
        is_websocket,
        native=scope,
    )


def decoded_path(scope: Scope) -> str:
    """Return the path that the innermost application routes by."""
    path: str = scope["path"]
    root = scope.get("root_path", "").rstrip("/")
    return path.removeprefix(root) if root and path.startswith(f"{root}/") else path


def _path_below(root: str, scope: Scope) -> str:
    raw = scope.get("raw_path")
    path: str = quoted_path(scope["path"]) if not raw else raw.decode("latin-1").partition("?")[0]
    if root and (path == root or path.startswith(f"{root}/")):
        return path.removeprefix(root) or "/"
    return path


def _address(server: Sequence[Any] | None) -> str:
    if not server:
        return "localhost"
    return str(server[0]) if server[1] is None else f"{server[0]}:{server[1]}"


def adding(send: Send, fields: Mapping[str, str]) -> Send:
    """Return ``send`` with header fields that an answer has unless it names them itself.

    They are read when the answer begins: the program may still add some.
    """

    async def send_more(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", []))
            named = {name.lower() for name, _ in headers}
            more = [(name.encode("latin-1"), one.encode("latin-1")) for name, one in fields.items()]
            headers += [(name, value) for name, value in more if name not in named]
            message = {**message, "headers": headers}
        await send(message)

    return send_more


def asgi_messages(answer: WebAnswer) -> list[dict[str, Any]]:
    """Return the messages that send an answer."""
    body = answer.body.encode()
    fields = [*answer.headers, ("Content-Length", str(len(body)))]
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in fields]
    start = {"type": "http.response.start", "status": answer.status, "headers": headers}
    return [start, {"type": "http.response.body", "body": body}]

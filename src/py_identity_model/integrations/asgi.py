"""Middleware for every ASGI framework: logins, and access tokens; it needs no extra.

Litestar, Quart, BlackSheep and plain ASGI programs use it; it streams, and leaves WebSockets and
lifespans to the application.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, MutableMapping
from typing import Any

from .._resource_server.verified_access_token import VerifiedAccessToken
from .._web.answers import WebAnswer, WebRefusedException
from .._web.asgi import PRIVATE, adding, asgi_messages, decoded_path, web_request
from .._web.requests import MOST_FORM_BYTES, WebRequest, read_form
from .._wire.arguments import check_given, names_of, scopes_from
from ..aio.session import AsyncSession
from ..aio.web import AsyncBearerGuard, AsyncWebLogin

__all__ = ["BearerMiddleware", "LoginMiddleware", "session_of", "token_of"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
# Any, for each framework has types of its own for what a server passes: Litestar, Quart…
Application = Callable[[Any, Any, Any], Awaitable[None]]

_SESSION = "py_identity_model.session"
_TOKEN = "py_identity_model.access_token"


class LoginMiddleware:
    """Answers the paths of a login, and lets only those through who are logged in.

    :param app: the application
    :param login: the login
    :param public: paths for everyone; one that ends with ``/`` stands for what is below it, too
        None makes everything public: :func:`session_of` says who is logged in

    Put it around the application: what a framework lists as its middleware may run for the
    program's own routes alone, as in Litestar, and then nobody answers the login's.

    Example::

        app = LoginMiddleware(app, AsyncWebLogin(client, secret=secret), public=["/", "/static/"])
    """

    def __init__(
        self, app: Application, login: AsyncWebLogin, *, public: Collection[str] | None = None
    ) -> None:
        check_given("login", login, AsyncWebLogin)
        self._app = app
        self._login = login
        self._public = None if public is None else names_of("public", public)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, a WebSocket or a lifespan."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        request = web_request(scope)
        if scope["type"] == "http" and request.path in self._login.paths:
            form = read_form(request.header("content-type"), await _body(receive))
            answer = await self._login.handle(web_request(scope, form))
            assert answer is not None
            await _answer(answer, scope, send)
            return
        try:
            scope[_SESSION] = await self._session(request, decoded_path(scope))
        except WebRefusedException as error:
            await _answer(error.answer, scope, send)
            return
        await self._app(scope, receive, send if scope[_SESSION] is None else adding(send, PRIVATE))

    async def _session(self, request: WebRequest, path: str) -> AsyncSession | None:
        if self._public is None or _is_public(path, self._public):
            return await self._login.session(request)
        return await self._login.require(request)


class BearerMiddleware:
    """Lets only requests through whose access token grants ``scopes``.

    :param app: the application
    :param guard: the guard
    :param scopes: what every request needs
    :param public: paths for everyone, as for :class:`LoginMiddleware`

    Example::

        app = BearerMiddleware(app, AsyncBearerGuard("https://op.example", "api"))
    """

    def __init__(
        self,
        app: Application,
        guard: AsyncBearerGuard,
        *,
        scopes: str | Iterable[str] = (),
        public: Collection[str] = (),
    ) -> None:
        check_given("guard", guard, AsyncBearerGuard)
        self._app = app
        self._guard = guard
        self._scopes = tuple(sorted(scopes_from("scopes", scopes)))
        self._public = names_of("public", public)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, a WebSocket or a lifespan."""
        if scope["type"] not in {"http", "websocket"} or _is_public(
            decoded_path(scope), self._public
        ):
            await self._app(scope, receive, send)
            return
        try:
            scope[_TOKEN] = await self._guard.check(web_request(scope), self._scopes)
        except WebRefusedException as error:
            await _answer(error.answer, scope, send)
            return
        await self._app(scope, receive, send)


def session_of(scope: Mapping[str, Any]) -> AsyncSession | None:
    """Return the session that :class:`LoginMiddleware` found for a request."""
    found: AsyncSession | None = scope.get(_SESSION)
    return found


def token_of(scope: Mapping[str, Any]) -> VerifiedAccessToken | None:
    """Return the access token that :class:`BearerMiddleware` found for a request."""
    found: VerifiedAccessToken | None = scope.get(_TOKEN)
    return found


def _is_public(path: str, public: Collection[str]) -> bool:
    if ".." in path or "//" in path or "\\" in path:  # applications may resolve them
        return False
    return any(
        path == one or (one.endswith("/") and one != "/" and path.startswith(one)) for one in public
    )


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body") or len(body) > MOST_FORM_BYTES:
            return body


async def _answer(answer: WebAnswer, scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":  # before it is accepted: the server answers 403
        await send({"type": "websocket.close", "code": 1008})
        return
    for message in asgi_messages(answer):
        await send(message)

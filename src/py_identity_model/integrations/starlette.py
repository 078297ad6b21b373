"""Logins and access tokens in Starlette programs; install the extra ``starlette``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing

from . import extra

with extra("starlette"):
    from starlette.exceptions import HTTPException, WebSocketException
    from starlette.middleware import Middleware
    from starlette.requests import HTTPConnection, Request
    from starlette.responses import Response
    from starlette.routing import Route
    from starlette.types import ASGIApp, Receive, Scope, Send

from .._resource_server.verified_access_token import VerifiedAccessToken
from .._web.answers import WebAnswer, WebRefusedException
from .._web.asgi import PRIVATE, adding, decoded_path, web_request
from .._web.places import misplaced_error
from .._web.requests import MOST_FORM_BYTES, WebRequest, brings_token, read_form
from ..aio.session import AsyncSession
from ..aio.web import AsyncBearerGuard, AsyncWebLogin

__all__ = ["BearerGuard", "WebLogin"]

_FIELDS = "py_identity_model.fields"


class WebLogin(AsyncWebLogin):
    """Logs browsers in and out; the parameters are those of :class:`AsyncWebLogin`.

    Example::

        login = WebLogin(client, secret=os.environ["SESSION_SECRET"])

        async def me(request: Request) -> Response:
            session = await login.required(request)
            return JSONResponse({"sub": session.subject})

        app = Starlette(
            routes=[Route("/me", me), *login.routes], middleware=[login.middleware]
        )
    """

    @property
    def routes(self) -> list[Route]:
        """The routes of the login, for a Starlette application."""
        methods = ["GET", "POST"]
        return [
            Route(path, self._answer, methods=methods, name=f"oidc_{name}", include_in_schema=False)
            for path, name in self.paths.items()
        ]

    @property
    def middleware(self) -> Middleware:
        """What keeps the pages of users out of caches, and from the back button after a logout."""
        return Middleware(AddedFields)

    async def _answer(self, request: Request) -> Response:
        answer = await self.handle(await _read(request))
        if answer is None and (path := decoded_path(request.scope)) not in self.paths:
            raise misplaced_error(path)
        return Response(status_code=404) if answer is None else response_of(answer)

    async def required(
        self,
        connection: HTTPConnection,
        *,
        acr_values: str | Sequence[str] = (),
        max_age: int | None = None,
    ) -> AsyncSession:
        """Return the session of a request or WebSocket; see :meth:`AsyncWebLogin.require`.

        Raises Starlette's exception that leads to the login, or says 401; for a WebSocket the one
        that closes it (1008).
        """
        request = web_request(connection.scope)
        try:
            session = await self.require(request, acr_values=acr_values, max_age=max_age)
        except WebRefusedException as error:
            raise http_error(error, request) from error
        add_fields(connection, PRIVATE)
        return session

    async def current(self, connection: HTTPConnection) -> AsyncSession | None:
        """Return the session of a request or WebSocket, or None where nobody is logged in."""
        request = web_request(connection.scope)
        add_fields(connection, PRIVATE)
        try:
            return await self.session(request)
        except WebRefusedException as error:
            raise http_error(error, request) from error


class BearerGuard(AsyncBearerGuard):
    """Judges requests by their access tokens; the parameters are :class:`AsyncBearerGuard`'s.

    Example::

        guard = BearerGuard("https://op.example", "api")

        async def orders(request: Request) -> Response:
            token = await guard.required(request, ["read"])
            return JSONResponse({"user": token.subject})
    """

    async def required(
        self,
        connection: HTTPConnection,
        scopes: str | Iterable[str] = (),
        *,
        acr_values: str | Sequence[str] = (),
        max_age: float | None = None,
    ) -> VerifiedAccessToken:
        """Return the access token of a request or WebSocket; see :meth:`AsyncBearerGuard.check`.

        Raises Starlette's exception with the status and the challenge; for a WebSocket the one
        that closes it (1008).
        """
        request = web_request(connection.scope)
        try:
            token = await self.check(request, scopes, acr_values=acr_values, max_age=max_age)
        except WebRefusedException as error:
            raise http_error(error, request) from error
        if token.dpop_nonce is not None:
            add_fields(connection, {"dpop-nonce": token.dpop_nonce})
        return token

    async def current(
        self, connection: HTTPConnection, scopes: str | Iterable[str] = ()
    ) -> VerifiedAccessToken | None:
        """Return the access token, or None where none came; see :meth:`required`.

        For what everyone may see, or what other credentials open; a token that is there is judged.
        """
        is_there = brings_token(connection.headers.get("authorization"))
        return await self.required(connection, scopes) if is_there else None


class AddedFields:
    """Middleware: header fields that the login and the guard add to what a route answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, a WebSocket or a lifespan."""
        await self._app(scope, receive, adding(send, scope.setdefault(_FIELDS, {})))


def add_fields(connection: HTTPConnection, fields: Mapping[str, str]) -> None:
    """Have the middleware, if it is there, add header fields to the answer."""
    connection.scope.get(_FIELDS, {}).update(fields)


def http_error(error: WebRefusedException, request: WebRequest) -> Exception:
    """Return what Starlette and FastAPI answer by themselves."""
    if request.is_websocket:
        return WebSocketException(1008, error.code)
    kept = {name: value for name, value in error.answer.headers if name != "Content-Type"}
    return HTTPException(error.answer.status, error.code, kept)


def response_of(answer: WebAnswer) -> Response:
    """Return Starlette's form of an answer."""
    response = Response(answer.body, answer.status)
    for name, value in answer.headers:
        response.headers.append(name, value)
    return response


async def _read(request: Request) -> WebRequest:
    """Return a request with its form, unless that is longer than any that is meant for a login."""
    body = b""
    if request.method == "POST":
        async with aclosing(request.stream()) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) > MOST_FORM_BYTES:
                    break
    return web_request(request.scope, read_form(request.headers.get("content-type"), body))

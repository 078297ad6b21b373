"""Logins and access tokens in FastAPI programs; install the extra ``fastapi``."""

# No `from __future__ import annotations`: FastAPI cannot resolve texts on callable objects.

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from . import extra

with extra("fastapi"):
    from fastapi import APIRouter, FastAPI
    from fastapi.openapi.models import OAuth2, OAuthFlowAuthorizationCode, OAuthFlows
    from fastapi.security import SecurityScopes
    from fastapi.security.base import SecurityBase
    from starlette.requests import HTTPConnection
    from starlette.responses import Response
    from starlette.routing import Route
    from starlette.types import ASGIApp, Receive, Scope, Send

from .._resource_server.verified_access_token import VerifiedAccessToken
from .._web.options import acr_values_of
from .._web.requests import brings_token
from ..aio.access_token_verifier import AsyncAccessTokenVerifier
from ..aio.oauth_client import AsyncOAuthClient
from ..aio.session import AsyncSession
from ..aio.trusted_issuers import Issuers
from ..exceptions import PyIdentityModelException
from .starlette import AddedFields
from .starlette import BearerGuard as _Guard
from .starlette import WebLogin as _Login

__all__ = ["BearerGuard", "VerifiedAccessToken", "WebLogin"]

_PRIVATE = "private, no-store"  # pages of one user: caches and the back button ask again
_RESPONSES = {
    "401": "The access token is missing or invalid; the challenge says why",
    "403": "The access token does not grant what is needed",
    "503": "The authorization server cannot be asked",
}


class WebLogin(_Login):
    """Logs browsers in and out; the parameters are those of :class:`AsyncWebLogin`.

    Example::

        login = WebLogin(client, secret=os.environ["SESSION_SECRET"])
        login.init_app(app)

        @app.get("/me")
        async def me(user: Annotated[AsyncSession, Depends(login)]) -> dict[str, str]:
            return {"sub": user.subject}
    """

    def init_app(self, app: FastAPI) -> None:
        """Answer the paths of the login, and keep the pages of users out of caches.

        FastAPI adds header fields of dependencies only to what it makes of a result, not to a
        response that a route returns: a middleware adds them to both.
        """
        app.include_router(self.router)
        app.add_middleware(AddedFields)

    @property
    def router(self) -> APIRouter:
        """The paths of the login alone, for :meth:`FastAPI.include_router`."""
        return APIRouter(routes=[*self.routes], include_in_schema=False)

    async def __call__(self, connection: HTTPConnection, response: Response) -> AsyncSession:
        """Return the session of a request or WebSocket: ``Depends(login)``."""
        session = await self.required(connection)
        response.headers.setdefault("Cache-Control", _PRIVATE)
        return session

    async def optional(self, connection: HTTPConnection, response: Response) -> AsyncSession | None:
        """Return the session, or None where nobody is logged in: ``Depends(login.optional)``."""
        response.headers.setdefault("Cache-Control", _PRIVATE)
        return await self.current(connection)

    def step_up(
        self, *, acr_values: str | Sequence[str] = (), max_age: int | None = None
    ) -> Callable[[HTTPConnection, Response], Awaitable[AsyncSession]]:
        """Return a dependency for sessions of a login that is strong and recent enough."""
        levels = acr_values_of(acr_values)

        async def strong_login(connection: HTTPConnection, response: Response) -> AsyncSession:
            session = await self.required(connection, acr_values=levels, max_age=max_age)
            response.headers.setdefault("Cache-Control", _PRIVATE)
            return session

        return strong_login


class BearerGuard(_Guard, SecurityBase):
    """Judges requests by their access tokens: ``Security(guard, scopes=["read"])``.

    :param issuers: who is trusted, as :class:`AsyncAccessTokenVerifier` takes it; or a verifier
    :param audience: this API
    :param app: the application whose OpenAPI document describes the guard; see :meth:`init_app`
    :param scopes: what scopes mean, for people; those that routes need are listed anyway
    :param swagger_client_id: the public client that Swagger's Authorize button logs in with
    :param swagger_parameters: what its authorization request carries besides
    :param documented_issuer: whose endpoints the document names, where ``issuers`` is not one URL
    :param scheme_name: the name of the security scheme in the document
    :param public_url: as for :class:`AsyncBearerGuard`
    :param certificate_header: as for :class:`AsyncBearerGuard`

    Example::

        guard = BearerGuard("https://op.example", "api", app=app)

        @app.get("/orders")
        async def orders(
            token: Annotated[VerifiedAccessToken, Security(guard, scopes=["read"])],
        ) -> dict[str, str | None]:
            return {"user": token.subject}
    """

    def __init__(
        self,
        issuers: Issuers | AsyncAccessTokenVerifier,
        audience: str | Sequence[str] | None = None,
        *,
        app: FastAPI | None = None,
        scopes: Mapping[str, str] | None = None,
        swagger_client_id: str | None = None,
        swagger_parameters: Mapping[str, str] | None = None,
        documented_issuer: str | None = None,
        scheme_name: str = "oauth2",
        public_url: str | None = None,
        certificate_header: str | None = None,
    ) -> None:
        super().__init__(
            issuers, audience, public_url=public_url, certificate_header=certificate_header
        )
        self.scheme_name = scheme_name
        flow = OAuthFlowAuthorizationCode(
            authorizationUrl="", tokenUrl="", scopes=dict(scopes or {})
        )
        self.model = OAuth2(flows=OAuthFlows(authorizationCode=flow))
        issuer = documented_issuer or (issuers if isinstance(issuers, str) else None)
        self._documented = None if issuer is None else AsyncOAuthClient(issuer, "documentation")
        self._urls: dict[str, str] = {}
        self._swagger = (swagger_client_id, dict(swagger_parameters or {}))
        if app is not None:
            self.init_app(app)

    async def __call__(
        self, connection: HTTPConnection, needed: SecurityScopes, response: Response
    ) -> VerifiedAccessToken:
        """Return the access token of a request or WebSocket, if it grants the scopes."""
        token = await self.required(connection, needed.scopes)
        if token.dpop_nonce is not None:
            response.headers["DPoP-Nonce"] = token.dpop_nonce
        return token

    async def optional(
        self, connection: HTTPConnection, needed: SecurityScopes, response: Response
    ) -> VerifiedAccessToken | None:
        """Return the access token, or None where none came: ``Security(guard.optional)``.

        For what everyone may see, or what other credentials open; a token that is there is judged.
        """
        is_there = brings_token(connection.headers.get("authorization"))
        return await self(connection, needed, response) if is_there else None

    def init_app(self, app: FastAPI) -> None:
        """Describe the guard in the OpenAPI document: endpoints, scopes and refusals.

        The endpoints are discovered when the document is first asked for, not at import.
        """
        client_id, parameters = self._swagger
        if client_id is not None:
            app.swagger_ui_init_oauth = {
                "clientId": client_id,
                "usePkceWithAuthorizationCodeGrant": True,
                "additionalQueryStringParams": parameters,
            }
        generate = app.openapi

        def openapi() -> dict[str, Any]:
            document = generate()
            self._describe(document)
            if not self._urls:
                app.openapi_schema = None  # generate it again: it is incomplete
            return document

        vars(app)["openapi"] = openapi
        for route in app.routes:
            if isinstance(route, Route) and route.path == app.openapi_url:
                route.app = self._discovering(route.app)

    def _discovering(self, app: ASGIApp) -> ASGIApp:
        async def discover_first(scope: Scope, receive: Receive, send: Send) -> None:
            await self._discover()
            await app(scope, receive, send)

        return discover_first

    async def _discover(self) -> None:
        if self._urls or self._documented is None:
            return
        try:
            metadata = await self._documented.metadata()
        except PyIdentityModelException:  # the document is served without the endpoints
            return
        self._urls = {
            "authorizationUrl": metadata.authorization_endpoint or "",
            "tokenUrl": metadata.token_endpoint or "",
        }

    def _describe(self, document: dict[str, Any]) -> None:
        schemes = document.get("components", {}).get("securitySchemes", {})
        if self.scheme_name not in schemes:
            return
        flow = schemes[self.scheme_name]["flows"]["authorizationCode"]
        flow.update(self._urls)
        for path in document["paths"].values():
            for operation in path.values():
                needs = [one for one in operation.get("security", []) if self.scheme_name in one]
                for name in [scope for one in needs for scope in one[self.scheme_name]]:
                    flow["scopes"].setdefault(name, "")
                for status, text in _RESPONSES.items() if needs else ():
                    operation["responses"].setdefault(status, {"description": text})

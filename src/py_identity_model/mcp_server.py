"""MCP servers (Model Context Protocol) as resource servers: for the MCP SDK, FastMCP, or ASGI.

For servers that run on an event loop, as those of both SDKs do.
"""

from __future__ import annotations

import json
from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Mapping,
    MutableMapping,
    Sequence,
)
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ._protocol.protected_resource import build_protected_resource_metadata, metadata_address
from ._resource_server.trusted_issuer import TrustedIssuer
from ._resource_server.verified_access_token import VerifiedAccessToken
from ._validation.provider_preset import Provider
from ._wire.arguments import check_kind, check_text, scopes_from
from .aio.access_token_verifier import AsyncAccessTokenVerifier
from .exceptions import AccessTokenRefusedException, InvalidArgumentError

if TYPE_CHECKING:
    from fastmcp.server.auth import AuthProvider
    from mcp.server.auth.provider import AccessToken
    from mcp.server.auth.settings import AuthSettings

__all__ = ["MCPResource"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]  # each framework has types of its own
Issuer = str | TrustedIssuer | Provider

_verified: ContextVar[VerifiedAccessToken | None] = ContextVar("verified", default=None)


class MCPResource:
    """An MCP server as a protected resource: whose tokens it takes, and what it says of itself.

    It is a ``TokenVerifier`` of the MCP SDK, makes an auth provider of FastMCP, and protects any
    ASGI application.  Tokens must be for ``url``.

    :param url: the server's URL, as clients know it
    :param issuers: who issues its tokens: URLs, presets, or :class:`TrustedIssuer` objects
    :param scopes: what every request needs; named in the metadata and in challenges
    :param verifier: verifies the tokens, instead of one that is made for ``issuers`` and ``url``
    :param resource_name: what to show to users

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for arguments that cannot work.
    Model Context Protocol, Authorization; RFC 9728, RFC 6750 §3, RFC 8707.

    Example::

        resource = MCPResource("https://mcp.example/mcp", "https://op.example", scopes=["read"])
        print(resource.metadata_url)
    """

    def __init__(
        self,
        url: str,
        issuers: Issuer | Sequence[Issuer],
        *,
        scopes: str | Iterable[str] = (),
        verifier: AsyncAccessTokenVerifier | None = None,
        resource_name: str | None = None,
    ) -> None:
        check_kind("verifier", verifier, AsyncAccessTokenVerifier)
        check_text("resource_name", resource_name)
        listed = _listed(issuers)
        self.url = url
        self.scopes = sorted(scopes_from("scopes", scopes))
        self.authorization_servers = [_name_of(one) for one in listed]
        self.metadata = build_protected_resource_metadata(
            url,
            authorization_servers=self.authorization_servers,
            scopes_supported=self.scopes or None,
            resource_name=resource_name,
        )
        self.metadata_url = metadata_address(url)
        self.verifier = verifier or AsyncAccessTokenVerifier(
            listed, url, resource_metadata=self.metadata_url
        )

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return a token as the MCP SDK knows it; None for one that is refused.

        Raises :class:`AccessTokenRefusedException` with status 503 while nobody can say.

        Example::

            server = MCPServer("orders", token_verifier=resource, auth=resource.auth_settings())
        """
        from mcp.server.auth.provider import AccessToken

        members = await self._members(token)
        return None if members is None else AccessToken(**members)

    def auth_settings(self) -> AuthSettings:
        """Return the settings of a server of the MCP SDK, which then serves the metadata.

        Example::

            server = MCPServer("orders", token_verifier=resource, auth=resource.auth_settings())
        """
        from mcp.server.auth.settings import AuthSettings

        return AuthSettings(
            issuer_url=self.authorization_servers[0],
            resource_server_url=self.url,
            required_scopes=self.scopes,
            validate_token_resource=False,  # the verifier has compared the audience
        )

    def for_fastmcp(self) -> AuthProvider:
        """Return an auth provider of FastMCP, which then serves the metadata.

        Example::

            server = FastMCP("orders", auth=resource.for_fastmcp())
        """
        from fastmcp.server.auth import (
            AccessToken,
            RemoteAuthProvider,
            TokenVerificationError,
            TokenVerifier,
        )

        async def verify_token(verifier: object, token: str) -> AccessToken | None:
            try:
                members = await self._members(token)
            except AccessTokenRefusedException as error:
                raise TokenVerificationError(error.code) from error
            return None if members is None else AccessToken(**members)

        # Not a class statement: type checkers know the base only where FastMCP is installed.
        verifier = type("Verifier", (TokenVerifier,), {"verify_token": verify_token})
        return RemoteAuthProvider(
            token_verifier=verifier(required_scopes=self.scopes),
            authorization_servers=self.authorization_servers,
            base_url=self.url.rpartition("/")[0] if urlsplit(self.url).path else self.url,
            resource_name=self.metadata.get("resource_name"),
        )

    def protect(self, app: App) -> App:
        """Return ``app`` behind a check of each request to the server, with its metadata beside it.

        Refusals are complete: the scopes that are needed, 503 while keys cannot be had, proofs of
        possession.  An SDK's server inside sees each token as a bearer token that was verified.
        WebSockets need a token as well.  Of ``https://mcp.example/tenant/mcp`` the path ``/mcp`` is
        checked too: proxies cut prefixes off.

        Example::

            app = resource.protect(server.streamable_http_app())
        """
        place, own = urlsplit(self.metadata_url).path, urlsplit(self.url).path.rstrip("/")

        async def protected(scope: Scope, receive: Receive, send: Send) -> None:
            kind, path = scope["type"], scope.get("path", "")
            below = _below(own, path)
            if kind not in {"http", "websocket"} or scope.get("method") == "OPTIONS":
                await app(scope, receive, send)
            elif path == place and kind == "http":
                await _answer(send, 200, _METADATA_HEADERS, json.dumps(self.metadata).encode())
            elif below is not None:
                await self._check(app, scope, receive, send, own + below)
            else:
                await app(scope, receive, send)

        return protected

    async def _check(self, app: App, scope: Scope, receive: Receive, send: Send, path: str) -> None:
        fields = [(name.lower(), value) for name, value in scope["headers"]]
        sent: dict[bytes, list[str]] = {}
        for name, value in fields:
            sent.setdefault(name, []).append(value.decode("latin-1"))
        parts = urlsplit(self.url)
        try:
            token = await self.verifier.verify(
                ", ".join(sent.get(b"authorization", [])) or None,
                method=scope.get("method", "GET"),
                uri=f"{parts.scheme}://{parts.netloc}{path}",
                dpop=sent.get(b"dpop"),
                scopes=self.scopes,
            )
        except AccessTokenRefusedException as error:
            if scope["type"] == "websocket":  # before it is accepted: the server answers 403
                await send({"type": "websocket.close", "code": 1008})
            else:
                await _answer(send, error.status_code, error.headers)
            return
        others = [pair for pair in fields if pair[0] != b"authorization"]
        bearer = (b"authorization", f"Bearer {token.token}".encode())
        inner = {**scope, "headers": [*others, bearer]}
        inner["state"] = {**scope.get("state", {}), "access_token": token}
        reset = _verified.set(token)
        try:
            await app(inner, receive, send)
        finally:
            _verified.reset(reset)

    async def _members(self, token: str) -> dict[str, Any] | None:
        """Return a token in the form that the SDKs store; None for one that is refused."""
        found = _verified.get()
        if found is None or found.token != token:
            try:
                found = await self.verifier.verify_token(token)
            except AccessTokenRefusedException as error:
                if error.status_code == 503:
                    raise
                return None
        expires = found.expires_at
        return {
            "token": token,
            "client_id": found.client_id or "",
            "scopes": sorted(found.scopes),
            "expires_at": None if expires is None else int(expires.timestamp()),
            "resource": self.url,
            "subject": found.subject,
            "claims": dict(found.claims),
        }


_METADATA_HEADERS = {
    "Content-Type": "application/json",
    "Cache-Control": "max-age=3600",
    "Access-Control-Allow-Origin": "*",  # clients in browsers look for it too, and it is public
}


def _listed(issuers: object) -> list[Issuer]:
    listed = [issuers] if isinstance(issuers, (str, TrustedIssuer, Provider)) else issuers
    found = [*listed] if isinstance(listed, Collection) else []
    if not found or not all(isinstance(one, (str, TrustedIssuer, Provider)) for one in found):
        raise InvalidArgumentError(
            "issuers must be URLs, presets or TrustedIssuer objects, and at least one"
        )
    return found


def _name_of(issuer: Issuer) -> str:
    """Return the authorization server's name for the metadata."""
    name = issuer if isinstance(issuer, str) else issuer.issuer
    if not isinstance(name, str) or "{" in name:
        raise InvalidArgumentError("issuers must have names that clients can log in at")
    return name


def _below(own: str, path: str) -> str | None:
    """Return what follows the server's own path in ``path``, None for a path beside it.

    What a proxy hands on may lack segments at the beginning; nobody would be checked there.
    """
    while True:
        if path == own or path.startswith(f"{own}/"):
            return path[len(own) :]
        _, slash, rest = own[1:].partition("/")
        if not slash:
            return None
        own = f"/{rest}"


async def _answer(send: Send, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
    fields = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    fields.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})

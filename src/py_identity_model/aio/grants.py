"""Tokens by grants without a module of their own."""

from __future__ import annotations

from .._protocol.grants import (
    EXTENSION,
    JWT_BEARER_GRANT,
    ExtensionTokenRequest,
    ExtensionTokenResponse,
    JwtBearerTokenRequest,
    JwtBearerTokenResponse,
)
from .._settings import Settings
from ._transport.endpoint import ask
from ._transport.http import AsyncHTTPClient


async def request_extension_token(
    request: ExtensionTokenRequest,
    http_client: AsyncHTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> ExtensionTokenResponse:
    """Request a token by any grant.

    :param request: the grant, its parameters, and the client
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    Nothing is raised: a failed response gives the reason in ``error``, ``error_kind`` and
    ``oauth_error``.  RFC 6749 §4.5.

    Example::

        response = await request_extension_token(
            ExtensionTokenRequest(
                "https://op.example/token", "app", "urn:example:grant", {"proof": "1"}
            )
        )
    """
    return await ask(EXTENSION, request, http_client, settings)


async def request_jwt_bearer_token(
    request: JwtBearerTokenRequest,
    http_client: AsyncHTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> JwtBearerTokenResponse:
    """Exchange a signed JWT for a token.

    :param request: the JWT, and the client
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    Nothing is raised: a failed response gives the reason in ``error``, ``error_kind`` and
    ``oauth_error``.  RFC 7523 §2.1.

    Example::

        response = await request_jwt_bearer_token(
            JwtBearerTokenRequest("https://op.example/token", "app", assertion=signed_jwt)
        )
    """
    return await ask(JWT_BEARER_GRANT, request, http_client, settings)

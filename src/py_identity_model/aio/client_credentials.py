"""Tokens for a client itself."""

from __future__ import annotations

from .._protocol.client_credentials import (
    ENDPOINT,
    ClientCredentialsTokenRequest,
    ClientCredentialsTokenResponse,
)
from .._settings import Settings
from ._transport.endpoint import ask
from ._transport.http import AsyncHTTPClient


async def request_client_credentials_token(
    request: ClientCredentialsTokenRequest,
    http_client: AsyncHTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> ClientCredentialsTokenResponse:
    """Request a token by the client credentials grant.

    :param request: the client, and the requested token
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    Nothing is raised: a failed response gives the reason in ``error``, ``error_kind`` and
    ``oauth_error``.  RFC 6749 §4.4.

    Example::

        response = await request_client_credentials_token(
            ClientCredentialsTokenRequest(
                address="https://op.example/token",
                client_id="machine",
                client_secret="s3cret",
                scope="api",
            )
        )
        if response.is_successful:
            print(response.token["expires_in"])
    """
    return await ask(ENDPOINT, request, http_client, settings)

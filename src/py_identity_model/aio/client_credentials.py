"""Ask for a token with the client's own credentials."""

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
    """Ask the token endpoint for a token by the client credentials grant.

    ``request`` says who asks, and for what; ``http_client`` is used instead of this worker's
    own.  Nothing is raised: a failed response says why in ``error``, ``error_kind`` and
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

"""Ask for a token with the client's own credentials."""

from __future__ import annotations

from logging import INFO

from .._logging import logger, redact_url
from .._protocol import client_credentials as protocol
from .._protocol.client_credentials import (
    ClientCredentialsTokenRequest,
    ClientCredentialsTokenResponse,
)
from .http import AsyncHTTPClient, send


async def request_client_credentials_token(
    request: ClientCredentialsTokenRequest, http_client: AsyncHTTPClient | None = None
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
    try:
        built = protocol.build(request)
        if logger.isEnabledFor(INFO):
            logger.info("requesting a token from %s", redact_url(built.url))
        response = protocol.parse(built, await send(built, http_client))
    except Exception as error:
        response = protocol.failed(error)
    if not response.is_successful:
        logger.error("the token request failed: %s", response.error_kind)
    return response

"""Token exchange."""

from __future__ import annotations

from .._protocol.token_exchange import ENDPOINT, TokenExchangeRequest, TokenExchangeResponse
from .._settings import Settings
from ._transport.endpoint import ask
from ._transport.http import AsyncHTTPClient


async def exchange_token(
    request: TokenExchangeRequest,
    http_client: AsyncHTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> TokenExchangeResponse:
    """Exchange one token for another: for another audience, or on behalf of another subject.

    :param request: the tokens, and the client
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    Nothing is raised: a failed response gives the reason in ``error``, ``error_kind`` and
    ``oauth_error``.  RFC 8693 §2.

    Example::

        response = await exchange_token(
            TokenExchangeRequest(
                address="https://op.example/token",
                client_id="gateway",
                client_secret="s3cret",
                subject_token=access_token,
                subject_token_type="urn:ietf:params:oauth:token-type:access_token",
                audience="orders",
            )
        )
    """
    return await ask(ENDPOINT, request, http_client, settings)

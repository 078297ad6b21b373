"""Token revocation."""

from __future__ import annotations

from .._protocol.revocation import ENDPOINT, TokenRevocationRequest, TokenRevocationResponse
from .._settings import Settings
from ._transport.endpoint import ask
from ._transport.http import AsyncHTTPClient


async def revoke_token(
    request: TokenRevocationRequest,
    http_client: AsyncHTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> TokenRevocationResponse:
    """Revoke a token at the provider.

    :param request: the token, and the client
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    A token that the provider does not know counts as revoked.  Nothing is raised: a failed response
    gives the reason in ``error``, ``error_kind`` and ``oauth_error``.  RFC 7009 §2.

    Example::

        response = await revoke_token(
            TokenRevocationRequest("https://op.example/revoke", saved, client_id="web")
        )
    """
    return await ask(ENDPOINT, request, http_client, settings)

"""Use of refresh tokens."""

from __future__ import annotations

from .._protocol.refresh_grant import ENDPOINT, RefreshTokenRequest, RefreshTokenResponse
from .._settings import Settings
from ._transport.endpoint import ask
from ._transport.http import AsyncHTTPClient


async def refresh_token(
    request: RefreshTokenRequest,
    http_client: AsyncHTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> RefreshTokenResponse:
    """Exchange a refresh token for new tokens.

    :param request: the refresh token, and the client
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    The response may contain a new refresh token, which then replaces the old one.  Nothing is
    raised: a failed response gives the reason in ``error``, ``error_kind`` and ``oauth_error``.
    RFC 6749 §6.

    Example::

        response = await refresh_token(
            RefreshTokenRequest("https://op.example/token", "web", refresh_token=saved)
        )
        if response.is_successful:
            newest = response.token.get("refresh_token", saved)
    """
    return await ask(ENDPOINT, request, http_client, settings)

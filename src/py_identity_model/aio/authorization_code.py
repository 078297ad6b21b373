"""Exchange of authorization codes."""

from __future__ import annotations

from .._protocol.authorization_code import (
    ENDPOINT,
    AuthorizationCodeTokenRequest,
    AuthorizationCodeTokenResponse,
)
from .._settings import Settings
from ._transport.endpoint import ask
from ._transport.http import AsyncHTTPClient


async def request_authorization_code_token(
    request: AuthorizationCodeTokenRequest,
    http_client: AsyncHTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> AuthorizationCodeTokenResponse:
    """Exchange an authorization code for tokens.

    :param request: the code, and the client
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    Check ``state`` and ``iss`` of the callback first, and the ID token afterwards with
    :func:`validate_id_token`.  Nothing is raised: a failed response gives the reason in ``error``,
    ``error_kind`` and ``oauth_error``.  RFC 6749 §4.1.3, RFC 7636 §4.5.

    Example::

        response = await request_authorization_code_token(
            AuthorizationCodeTokenRequest(
                address="https://op.example/token",
                client_id="web",
                code=callback.code,
                redirect_uri="https://rp.example/cb",
                code_verifier=code_verifier,
                client_secret="s3cret",
            )
        )
    """
    return await ask(ENDPOINT, request, http_client, settings)

"""UserInfo requests."""

from __future__ import annotations

from functools import partial

from .._protocol.userinfo import ENDPOINT, UserInfoRequest, UserInfoResponse, with_claims
from .._settings import Settings
from ._transport.endpoint import ask
from ._transport.http import AsyncHTTPClient
from .signed_answers import verify_response


async def get_userinfo(
    request: UserInfoRequest,
    http_client: AsyncHTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> UserInfoResponse:
    """Request the user's claims from the provider.

    :param request: the access token, and the expected user
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    A signed or encrypted response is verified if ``request`` has the configuration for it,
    otherwise only returned as ``raw``.  Nothing is raised: a failed response gives the reason in
    ``error``, ``error_kind`` and ``oauth_error``.  OpenID Connect Core §5.3.

    Example::

        response = await get_userinfo(
            UserInfoRequest("https://op.example/me", access_token, expected_sub=claims["sub"])
        )
        if response.is_successful:
            print(response.claims["email"])
    """
    response = await ask(ENDPOINT, request, http_client, settings)
    raw, config = vars(response).get("raw"), request.token_validation_config
    if raw is None or config is None:
        return response
    read, address = partial(with_claims, request, raw=raw), request.disco_doc_address
    return await verify_response(ENDPOINT, raw, config, address, http_client, settings, read)

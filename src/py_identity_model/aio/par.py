"""Pushed authorization requests."""

from __future__ import annotations

from .._protocol.par import ENDPOINT, PushedAuthorizationRequest, PushedAuthorizationResponse
from .._settings import Settings
from ._transport.endpoint import ask
from ._transport.http import AsyncHTTPClient


async def push_authorization_request(
    request: PushedAuthorizationRequest,
    http_client: AsyncHTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> PushedAuthorizationResponse:
    """Push an authorization request to the provider, and return a reference to it.

    :param request: the authorization request, and the client
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    The user's browser then carries only ``client_id`` and ``request_uri``, see
    :func:`build_pushed_authorization_url`.  Nothing is raised: a failed response gives the reason
    in ``error``, ``error_kind`` and ``oauth_error``.  RFC 9126 §2.

    Example::

        response = await push_authorization_request(
            PushedAuthorizationRequest(
                address="https://op.example/par",
                client_id="web",
                redirect_uri="https://rp.example/cb",
                state=state,
                client_secret="s3cret",
            )
        )
    """
    return await ask(ENDPOINT, request, http_client, settings)

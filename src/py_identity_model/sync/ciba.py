# Generated from aio/ciba.py by scripts/make_sync.py; edit that file.
"""Tokens with the consent of a user on another device (CIBA)."""

from __future__ import annotations

from functools import partial

from .._protocol.ciba import (
    AUTHENTICATION,
    POLL,
    BackchannelAuthenticationRequest,
    BackchannelAuthenticationResponse,
    BackchannelTokenRequest,
    BackchannelTokenResponse,
    expired_response,
)
from .._settings import Settings
from ._transport.endpoint import ask
from ._transport.http import HTTPClient
from ._transport.polling import poll_until_decided


def request_backchannel_authentication(
    request: BackchannelAuthenticationRequest,
    http_client: HTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> BackchannelAuthenticationResponse:
    """Start the authentication of a user on the user's own device.

    :param request: the user, and the client
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    Nothing is raised: a failed response gives the reason in ``error``, ``error_kind`` and
    ``oauth_error``.  CIBA Core §7.

    Example::

        started = request_backchannel_authentication(
            BackchannelAuthenticationRequest(
                "https://op.example/bc-authorize",
                "till",
                client_secret="s3cret",
                login_hint="alice",
            )
        )
    """
    return ask(AUTHENTICATION, request, http_client, settings)


def poll_backchannel_token(
    request: BackchannelTokenRequest,
    http_client: HTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> BackchannelTokenResponse:
    """Poll once for the user's decision; ``oauth_error`` says why there is no token yet.

    :param request: the ``auth_req_id``, and the client
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    Nothing is raised.  CIBA Core §10.1.

    Example::

        response = poll_backchannel_token(
            BackchannelTokenRequest("https://op.example/token", "till", started.auth_req_id)
        )
    """
    return ask(POLL, request, http_client, settings)


def wait_for_backchannel_token(
    request: BackchannelTokenRequest,
    started: BackchannelAuthenticationResponse,
    http_client: HTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> BackchannelTokenResponse:
    """Poll until the user has agreed or refused, or the request has expired.

    :param request: the ``auth_req_id``, and the client
    :param started: the response with the ``auth_req_id``: its ``interval`` (5 seconds by default,
        at least one) is observed, and extended when the provider says ``slow_down`` or is down
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    Nothing is raised.  CIBA Core §10.1.

    Example::

        request = BackchannelTokenRequest("https://op.example/token", "till", started.auth_req_id)
        response = wait_for_backchannel_token(request, started)
    """
    poll = partial(ask, POLL, request, http_client, settings)
    return poll_until_decided(poll, started.interval, started.expires_in, expired_response)

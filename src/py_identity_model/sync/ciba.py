# Generated from aio/ciba.py by scripts/make_sync.py; edit that file.
"""Get tokens by asking users on another device."""

from __future__ import annotations

from functools import partial

from .._protocol.ciba import (
    AUTHENTICATION,
    POLL,
    BackchannelAuthenticationRequest,
    BackchannelAuthenticationResponse,
    BackchannelTokenRequest,
    BackchannelTokenResponse,
    gave_up,
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
    """Ask the provider to ask a user, on the user's own device.

    ``http_client`` is used instead of this worker's own.  Nothing is raised: a failed response
    says why in ``error``, ``error_kind`` and ``oauth_error``.  CIBA Core §7.

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
    """Ask once whether the user has agreed; ``oauth_error`` says why there is no token yet.

    ``http_client`` is used instead of this worker's own.  Nothing is raised.  CIBA Core §10.1.

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
    """Ask until the user has agreed or refused, or the request has expired.

    ``started`` is the answer that brought the ``auth_req_id``: its ``interval`` (5 seconds if it
    has none, at least one) is kept, and made longer when the provider says ``slow_down`` or is
    down.
    ``http_client`` is used instead of this worker's own.  Nothing is raised.  CIBA Core §10.1.

    Example::

        request = BackchannelTokenRequest("https://op.example/token", "till", started.auth_req_id)
        response = wait_for_backchannel_token(request, started)
    """
    poll = partial(ask, POLL, request, http_client, settings)
    return poll_until_decided(poll, started.interval, started.expires_in, gave_up)

# Generated from aio/device.py by scripts/make_sync.py; edit that file.
"""Tokens for devices without a browser."""

from __future__ import annotations

from functools import partial

from .._protocol.device import (
    AUTHORIZATION,
    POLL,
    DeviceAuthorizationRequest,
    DeviceAuthorizationResponse,
    DeviceTokenRequest,
    DeviceTokenResponse,
    expired_response,
)
from .._settings import Settings
from ._transport.endpoint import ask
from ._transport.http import HTTPClient
from ._transport.polling import poll_until_decided


def request_device_authorization(
    request: DeviceAuthorizationRequest,
    http_client: HTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> DeviceAuthorizationResponse:
    """Request a code that the user enters on another device.

    :param request: the client, and the requested token
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    Nothing is raised: a failed response gives the reason in ``error``, ``error_kind`` and
    ``oauth_error``.  RFC 8628 §3.1.

    Example::

        device = request_device_authorization(
            DeviceAuthorizationRequest("https://op.example/device", "tv")
        )
        if device.is_successful:
            print(device.verification_uri, device.user_code)
    """
    return ask(AUTHORIZATION, request, http_client, settings)


def poll_device_token(
    request: DeviceTokenRequest,
    http_client: HTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> DeviceTokenResponse:
    """Poll once for the user's decision; ``error_code`` says why there is no token yet.

    :param request: the device code, and the client
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    Nothing is raised.  RFC 8628 §3.4.

    Example::

        response = poll_device_token(
            DeviceTokenRequest("https://op.example/token", "tv", device.device_code)
        )
    """
    return ask(POLL, request, http_client, settings)


def wait_for_device_token(
    request: DeviceTokenRequest,
    device: DeviceAuthorizationResponse,
    http_client: HTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> DeviceTokenResponse:
    """Poll until the user has agreed or refused, or the codes have expired.

    :param request: the device code, and the client
    :param device: the response with the codes: its ``interval`` (5 seconds by default, at least
        one) is observed, and extended when the provider says ``slow_down`` or is down
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    Nothing is raised.  RFC 8628 §3.5.

    Example::

        request = DeviceTokenRequest("https://op.example/token", "tv", device.device_code)
        response = wait_for_device_token(request, device)
    """
    poll = partial(ask, POLL, request, http_client, settings)
    return poll_until_decided(poll, device.interval, device.expires_in, expired_response)

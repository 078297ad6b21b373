# Generated from aio/device.py by scripts/make_sync.py; edit that file.
"""Get tokens for devices without a browser."""

from __future__ import annotations

from functools import partial

from .._protocol.device import (
    AUTHORIZATION,
    POLL,
    DeviceAuthorizationRequest,
    DeviceAuthorizationResponse,
    DeviceTokenRequest,
    DeviceTokenResponse,
    gave_up,
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
    """Ask for a code that the user enters on another device.

    ``http_client`` is used instead of this worker's own.  Nothing is raised: a failed response
    says why in ``error``, ``error_kind`` and ``oauth_error``.  RFC 8628 §3.1.

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
    """Ask once whether the user has agreed; ``error_code`` says why there is no token yet.

    ``http_client`` is used instead of this worker's own.  Nothing is raised.  RFC 8628 §3.4.

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
    """Ask until the user has agreed or refused, or the codes have expired.

    ``device`` is the answer that brought the codes: its ``interval`` (5 seconds if it has none, at
    least one) is kept, and made longer when the provider says ``slow_down`` or is down.
    ``http_client`` is used instead of this worker's own.  Nothing is raised.  RFC 8628 §3.5.

    Example::

        request = DeviceTokenRequest("https://op.example/token", "tv", device.device_code)
        response = wait_for_device_token(request, device)
    """
    poll = partial(ask, POLL, request, http_client, settings)
    return poll_until_decided(poll, device.interval, device.expires_in, gave_up)

"""Logins on devices without a browser (RFC 8628)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from .._client_auth.assertion import PrivateKeyJwt
from .._client_auth.resolve import (
    BindableRequest,
    TokenRequest,
    keyword_fields_last,
    resolve_client_authentication,
)
from .._jose.dpop_proof import DPoPKey
from .._wire.certificate import MtlsClientAuth
from .._wire.client_authentication import ClientAuthentication
from .._wire.endpoint import (
    Endpoint,
    is_refusal,
    json_object,
    polling_interval,
    refusal,
    refusal_saying,
    secrets_of,
    whole_number,
)
from .._wire.messages import (
    ErrorKind,
    HttpRequest,
    HttpResponse,
    Replay,
    UnusableAnswer,
    oauth_error_of,
)
from .._wire.models import BaseResponse, Scope, scope_text
from .refresh_grant import RefreshTokenRequest
from .token_endpoint import TokenResponse, token_answer, token_request

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
WAITING = frozenset({"authorization_pending", "slow_down"})
_POLL_ERRORS = WAITING | {"expired_token", "access_denied"}
_CODES = ("device_code", "user_code", "verification_uri")


@keyword_fields_last
@dataclass(repr=False)
class DeviceAuthorizationRequest(BindableRequest):
    """A request for codes, to the device authorization endpoint at ``address``.

    The fields are those of :class:`ClientCredentialsTokenRequest`.  RFC 8628 §3.1.

    Example::

        DeviceAuthorizationRequest(address="https://op.example/device", client_id="tv")
    """

    _secret_fields: ClassVar[frozenset[str]] = frozenset({"client_secret"})

    client_id: str
    scope: Scope | None = "openid"
    client_secret: str | None = None
    private_key_jwt: PrivateKeyJwt | None = None
    mtls: MtlsClientAuth | None = None


@dataclass(eq=False, repr=False)
class DeviceAuthorizationResponse(BaseResponse):
    """The codes to show to the user (``user_code``, ``verification_uri``), and to poll with.

    ``expires_in`` and ``interval`` are in seconds; the default of ``interval`` is 5.  RFC 8628
    §3.2.
    """

    _guarded_fields: ClassVar[frozenset[str]] = frozenset(
        {*_CODES, "verification_uri_complete", "expires_in", "interval"}
    )
    _secret_fields: ClassVar[frozenset[str]] = frozenset({"device_code"})

    device_code: str | None = None
    user_code: str | None = None
    verification_uri: str | None = None
    verification_uri_complete: str | None = None
    expires_in: int | None = None
    interval: int | None = None


@dataclass(repr=False)
class DeviceTokenRequest(TokenRequest):
    """One poll of the token endpoint at ``address`` for the user's decision.

    The fields are those of :class:`ClientCredentialsTokenRequest`.  RFC 8628 §3.4.

    Example::

        DeviceTokenRequest("https://op.example/token", "tv", device.device_code)
    """

    _secret_fields: ClassVar[frozenset[str]] = frozenset({"client_secret", "device_code"})

    client_id: str
    device_code: str
    client_secret: str | None = None
    private_key_jwt: PrivateKeyJwt | None = None
    mtls: MtlsClientAuth | None = None
    client_authentication: ClientAuthentication | None = field(default=None, kw_only=True)
    resource: str | Sequence[str] | None = field(default=None, kw_only=True)
    audience: str | Sequence[str] | None = field(default=None, kw_only=True)
    extra_parameters: Mapping[str, str | Sequence[str]] | None = field(default=None, kw_only=True)
    dpop_key: DPoPKey | None = field(default=None, kw_only=True)


@dataclass(eq=False, repr=False)
class DeviceTokenResponse(TokenResponse):
    """The token endpoint's response to one poll.

    ``error_code`` is ``authorization_pending``, ``slow_down``, ``expired_token`` or
    ``access_denied`` if the provider said so; ``interval`` is in seconds.  RFC 8628 §3.5.
    """

    error_code: str | None = None
    interval: int | None = None


def build_authorization(request: DeviceAuthorizationRequest) -> HttpRequest:
    """Return the HTTP request for codes (RFC 8628 §3.1)."""
    form = {"scope": scope_text(request.scope) or None}
    return token_request(request, form, replay=Replay.UNSENT, blank_is_none=True, id_in_body=True)


def parse_authorization(
    request: DeviceAuthorizationRequest, response: HttpResponse
) -> DeviceAuthorizationResponse:
    """Return the codes, or the provider's refusal (RFC 8628 §3.2)."""
    answer = DeviceAuthorizationResponse
    if is_refusal(response):
        return refusal(answer, "Device authorization request", request, response)
    body = json_object(response)
    for name in ("verification_uri", "verification_uri_complete"):
        body.setdefault(name, body.get(name.replace("uri", "url")))  # Google's spelling
    codes = {name: body.get(name) for name in _CODES}
    expires_in = whole_number(body.get("expires_in"))
    missing = [name for name, value in codes.items() if not isinstance(value, str) or not value]
    if expires_in is None:
        missing.append("expires_in")
    if missing:
        raise UnusableAnswer(f"missing or unusable: {', '.join(missing)}")
    complete = body.get("verification_uri_complete")
    return answer(
        is_successful=True,
        **codes,
        verification_uri_complete=complete if isinstance(complete, str) else None,
        expires_in=expires_in,
        interval=polling_interval(body.get("interval")),
    )


def build_poll(request: DeviceTokenRequest) -> HttpRequest:
    """Return the HTTP request of one poll (RFC 8628 §3.4)."""
    form = {"grant_type": GRANT_TYPE, "device_code": request.device_code}
    return token_request(request, form, replay=Replay.UNSENT, blank_is_none=True, id_in_body=True)


def parse_poll(request: DeviceTokenRequest, response: HttpResponse) -> DeviceTokenResponse:
    """Return the tokens, or the reason for their absence (RFC 8628 §3.5)."""
    if not is_refusal(response):
        return token_answer(DeviceTokenResponse, "", request, response)
    secrets = secrets_of(request)
    said = oauth_error_of(response, *secrets)
    code = said["oauth_error"]
    status = response.status_code
    if code not in _POLL_ERRORS:
        said_text = f"Error: {code}" if code else f"Response Content: {response.quoted(*secrets)}"
        text = f"Device token poll failed with status code: {status}. {said_text}"
        return refusal_saying(DeviceTokenResponse, text, request, response)
    text = said["oauth_error_description"] or f"Device flow: {code}"
    interval = polling_interval(json_object(response).get("interval"))
    return refusal_saying(
        DeviceTokenResponse, text, request, response, error_code=code, interval=interval
    )


def refresh_request_for(request: DeviceTokenRequest) -> RefreshTokenRequest:
    """Return the request that refreshes the tokens of ``request``, without a refresh token yet."""
    return RefreshTokenRequest(
        request.address,
        request.client_id,
        "",
        mtls=request.mtls,
        client_authentication=resolve_client_authentication(request, blank_is_none=True),
        resource=request.resource,
        audience=request.audience,
        dpop_key=request.dpop_key,
    )


def expired_response() -> DeviceTokenResponse:
    """Return the response that ends polling once the codes have expired."""
    return DeviceTokenResponse(
        is_successful=False,
        error="Device flow: expired_token",
        error_code="expired_token",
        error_kind=ErrorKind.EXPIRED,
    )


AUTHORIZATION = Endpoint(
    "device authorization", DeviceAuthorizationResponse, build_authorization, parse_authorization
)
POLL = Endpoint("device token poll", DeviceTokenResponse, build_poll, parse_poll)

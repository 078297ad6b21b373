"""Consent of a user on another device (OpenID Connect CIBA Core 1.0)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from json import loads
from typing import ClassVar

from .._client_auth.resolve import BindableRequest, TokenRequest, keyword_fields_last
from .._jose.dpop_proof import DPoPKey
from .._wire.client_authentication import ClientAuthentication
from .._wire.compare import same_text
from .._wire.endpoint import (
    Endpoint,
    is_refusal,
    json_object,
    polling_interval,
    refusal,
    whole_number,
)
from .._wire.messages import ErrorKind, HttpRequest, HttpResponse, Replay, UnusableAnswer
from .._wire.models import BaseResponse, Scope, scope_text
from ..exceptions import ValidationException
from .ciba_request import HINTS
from .token_endpoint import TokenResponse, token_answer, token_request

GRANT_TYPE = "urn:openid:params:grant-type:ciba"
_INSIDE = (
    *HINTS,
    *("binding_message", "user_code", "acr_values", "requested_expiry"),
    *("client_notification_token", "resource", "audience", "authorization_details"),
)


@keyword_fields_last
@dataclass(repr=False)
class BackchannelAuthenticationRequest(BindableRequest):
    """A request to the backchannel authentication endpoint at ``address``, about one user.

    Exactly one of ``login_hint``, ``login_hint_token`` and ``id_token_hint`` identifies the user,
    unless ``request`` (a JWT of :func:`create_backchannel_request_object`) does: then it contains
    all parameters, ``scope`` too, and nothing is sent beside it; ``binding_message`` is shown on
    both devices; ``client_notification_token`` is what the provider must present when it notifies
    (ping); ``requested_expiry`` is in seconds.  The other fields are those of
    :class:`ClientCredentialsTokenRequest`.  CIBA Core §7.1.

    Example::

        BackchannelAuthenticationRequest(
            "https://op.example/bc-authorize",
            "till",
            client_secret="s3cret",
            login_hint="alice",
            binding_message="W4SCT",
        )
    """

    _secret_fields: ClassVar[frozenset[str]] = frozenset(
        {
            "client_secret",
            "client_notification_token",
            "id_token_hint",
            "login_hint_token",
            "request",
            "user_code",
        }
    )

    client_id: str
    scope: Scope = "openid"
    client_secret: str | None = None
    login_hint: str | None = field(default=None, kw_only=True)
    login_hint_token: str | None = field(default=None, kw_only=True)
    id_token_hint: str | None = field(default=None, kw_only=True)
    binding_message: str | None = field(default=None, kw_only=True)
    user_code: str | None = field(default=None, kw_only=True)
    acr_values: str | None = field(default=None, kw_only=True)
    requested_expiry: int | None = field(default=None, kw_only=True)
    client_notification_token: str | None = field(default=None, kw_only=True)
    request: str | None = field(default=None, kw_only=True)


@dataclass(eq=False, repr=False)
class BackchannelAuthenticationResponse(BaseResponse):
    """The handle for polling: ``auth_req_id``, valid for ``expires_in`` seconds.

    ``interval`` is in seconds, 5 if the provider does not set it.  CIBA Core §7.3.
    """

    _guarded_fields: ClassVar[frozenset[str]] = frozenset({"auth_req_id", "expires_in", "interval"})
    _secret_fields: ClassVar[frozenset[str]] = frozenset({"auth_req_id"})

    auth_req_id: str | None = None
    expires_in: int | None = None
    interval: int | None = None


@dataclass(repr=False)
class BackchannelTokenRequest(TokenRequest):
    """One poll of the token endpoint at ``address`` for the user's decision.

    The fields are those of :class:`ClientCredentialsTokenRequest`.  CIBA Core §10.1.

    Example::

        BackchannelTokenRequest("https://op.example/token", "till", started.auth_req_id)
    """

    _secret_fields: ClassVar[frozenset[str]] = frozenset({"client_secret", "auth_req_id"})

    client_id: str
    auth_req_id: str
    client_secret: str | None = None
    client_authentication: ClientAuthentication | None = field(default=None, kw_only=True)
    extra_parameters: Mapping[str, str | Sequence[str]] | None = field(default=None, kw_only=True)
    dpop_key: DPoPKey | None = field(default=None, kw_only=True)


@dataclass(eq=False, repr=False)
class BackchannelTokenResponse(TokenResponse):
    """The token endpoint's response to one poll; ``oauth_error`` says why there is no token yet."""


def build_authentication(request: BackchannelAuthenticationRequest) -> HttpRequest:
    """Return the HTTP request (CIBA Core §7.1)."""
    if request.request is not None or "request" in (request.extra_parameters or {}):
        return _signed_authentication(request)
    named = [name for name in HINTS if getattr(request, name)]
    if len(named) != 1:
        raise _InvalidRequestError(f"exactly one of {', '.join(HINTS)} must be given")
    names = (*HINTS, "binding_message", "user_code", "acr_values", "client_notification_token")
    form: dict[str, str | None] = {name: getattr(request, name) for name in names}
    form["scope"] = scope_text(request.scope)
    if request.requested_expiry is not None:
        form["requested_expiry"] = str(request.requested_expiry)
    return token_request(request, form, replay=Replay.UNSENT)


def _signed_authentication(request: BackchannelAuthenticationRequest) -> HttpRequest:
    """Return the request with all parameters inside the JWT (CIBA Core §7.1.1)."""
    extra = {**(request.extra_parameters or {})}
    signed = [one for one in (request.request, extra.pop("request", None)) if one is not None]
    if len(signed) != 1 or not isinstance(signed[0], str) or not signed[0].strip():
        raise _InvalidRequestError("request must be a signed JWT")
    outside = sorted([*extra, *(name for name in _INSIDE if getattr(request, name) is not None)])
    if outside:
        raise _InvalidRequestError(
            f"{', '.join(outside)} must be inside the signed request, not beside it"
        )
    bare = replace(request, extra_parameters=None)
    return token_request(bare, {"request": signed[0]}, replay=Replay.UNSENT)


class _InvalidRequestError(UnusableAnswer):
    """A request that no provider would accept; never leaves the package."""

    def __init__(self, text: str) -> None:
        super().__init__(text, ErrorKind.INVALID_CONFIGURATION)


def parse_authentication(
    request: BackchannelAuthenticationRequest, response: HttpResponse
) -> BackchannelAuthenticationResponse:
    """Return the handle for polling, or the provider's refusal (CIBA Core §7.3, §13)."""
    answer = BackchannelAuthenticationResponse
    if is_refusal(response):
        return refusal(answer, "Backchannel authentication request", request, response)
    body = json_object(response)
    name, expires_in = body.get("auth_req_id"), whole_number(body.get("expires_in"))
    if not isinstance(name, str) or not name or expires_in is None:
        raise UnusableAnswer("missing or unusable: auth_req_id or expires_in")
    interval = polling_interval(body.get("interval"))
    return answer(is_successful=True, auth_req_id=name, expires_in=expires_in, interval=interval)


def build_poll(request: BackchannelTokenRequest) -> HttpRequest:
    """Return the HTTP request of one poll (CIBA Core §10.1)."""
    form = {"grant_type": GRANT_TYPE, "auth_req_id": request.auth_req_id}
    return token_request(request, form, replay=Replay.UNSENT)


def parse_poll(
    request: BackchannelTokenRequest, response: HttpResponse
) -> BackchannelTokenResponse:
    """Return the tokens, or the reason for their absence (CIBA Core §11)."""
    return token_answer(BackchannelTokenResponse, "Backchannel token poll", request, response)


def expired_response() -> BackchannelTokenResponse:
    """Return the response that ends polling once the request has expired."""
    return BackchannelTokenResponse(
        is_successful=False,
        error="the authentication request has expired",
        error_kind=ErrorKind.EXPIRED,
        oauth_error="expired_token",
    )


def validate_backchannel_notification(
    authorization: str | None, body: str | bytes, client_notification_token: str
) -> str:
    """Return the ``auth_req_id`` of a provider's notification (ping), after authenticating it.

    :param authorization: the ``Authorization`` header that arrived
    :param body: the JSON that arrived
    :param client_notification_token: that of the request

    Raises :class:`ValidationException`.  CIBA Core §10.2.

    Example::

        auth_req_id = validate_backchannel_notification(
            headers.get("Authorization"), body, saved_notification_token
        )
    """
    scheme, _, token = (authorization or "").partition(" ")
    fits = scheme.lower() == "bearer" and same_text(token.strip(), client_notification_token)
    if not fits or not client_notification_token:
        raise ValidationException(
            "the notification does not carry the client_notification_token",
            code="invalid_notification_token",
        )
    try:
        name = loads(body)["auth_req_id"]
    except (ValueError, TypeError, KeyError, RecursionError):
        name = None
    if not isinstance(name, str) or not name:
        raise ValidationException(
            "the notification names no auth_req_id", code="invalid_notification"
        )
    return name


AUTHENTICATION = Endpoint(
    "backchannel authentication request",
    BackchannelAuthenticationResponse,
    build_authentication,
    parse_authentication,
)
POLL = Endpoint("backchannel token poll", BackchannelTokenResponse, build_poll, parse_poll)

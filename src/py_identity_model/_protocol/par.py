"""Pushed authorization requests (RFC 9126)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from .._client_auth.assertion import PrivateKeyJwt
from .._client_auth.resolve import DetailedRequest, keyword_fields_last
from .._jose.dpop_proof import DPoPKey
from .._wire.certificate import MtlsClientAuth
from .._wire.endpoint import Endpoint, is_refusal, json_object, refusal, whole_number
from .._wire.messages import HttpRequest, HttpResponse, Replay, UnusableAnswer
from .._wire.models import BaseResponse, Scope, scope_text
from ..exceptions import InvalidArgumentError
from .token_endpoint import token_request


@keyword_fields_last
@dataclass(repr=False)
class PushedAuthorizationRequest(DetailedRequest):
    """An authorization request for the endpoint at ``address``.

    With ``request`` (a JWT of :func:`create_request_object`) all parameters are inside it, and only
    it is sent.  ``extra_parameters`` are those without a field here (``claims``, ``prompt``,
    ``login_hint``...).  The other fields are those of :class:`ClientCredentialsTokenRequest` and of
    :func:`build_authorization_url`.  RFC 9126 §2.1 and §3.

    Example::

        PushedAuthorizationRequest(
            address="https://op.example/par",
            client_id="web",
            redirect_uri="https://rp.example/cb",
            state=state,
            code_challenge=challenge,
            code_challenge_method="S256",
            client_secret="s3cret",
        )
    """

    _secret_fields: ClassVar[frozenset[str]] = frozenset(
        {"client_secret", "request", "state", "nonce"}
    )

    client_id: str
    redirect_uri: str
    scope: Scope = "openid"
    response_type: str = "code"
    state: str | None = None
    nonce: str | None = None
    code_challenge: str | None = None
    code_challenge_method: str | None = None
    client_secret: str | None = None
    private_key_jwt: PrivateKeyJwt | None = None
    dpop_key: DPoPKey | None = None
    mtls: MtlsClientAuth | None = None
    response_mode: str | None = None
    request: str | None = field(default=None, kw_only=True)


@dataclass(eq=False, repr=False)
class PushedAuthorizationResponse(BaseResponse):
    """The reference to the request: ``request_uri``, for ``expires_in`` seconds.  RFC 9126 §2.2."""

    _guarded_fields: ClassVar[frozenset[str]] = frozenset({"request_uri", "expires_in"})
    _secret_fields: ClassVar[frozenset[str]] = frozenset({"request_uri"})

    request_uri: str | None = None
    expires_in: int | None = None


_PARAMETERS = (
    *("response_type", "redirect_uri", "state", "nonce", "code_challenge"),
    *("code_challenge_method", "response_mode"),
)


def build(request: PushedAuthorizationRequest) -> HttpRequest:
    """Return the HTTP request (RFC 9126 §2.1)."""
    form: dict[str, str | None]
    if request.request is not None:
        form = {"request": request.request}
    else:
        if bool(request.code_challenge) != bool(request.code_challenge_method):
            raise InvalidArgumentError(
                "code_challenge and code_challenge_method: must be given together"
            )
        form = {name: getattr(request, name) or None for name in _PARAMETERS}
        form["scope"] = scope_text(request.scope) or None
        if request.dpop_key is not None:
            form["dpop_jkt"] = request.dpop_key.jwk_thumbprint
    return token_request(request, form, replay=Replay.UNSENT, blank_is_none=True, id_in_body=True)


def parse(
    request: PushedAuthorizationRequest, response: HttpResponse
) -> PushedAuthorizationResponse:
    """Return the reference, or the provider's refusal (RFC 9126 §2.2, §2.3)."""
    if is_refusal(response):
        return refusal(
            PushedAuthorizationResponse, "Pushed authorization request", request, response
        )
    body = json_object(response)
    uri, expires_in = body.get("request_uri"), whole_number(body.get("expires_in"))
    missing = []
    if not isinstance(uri, str) or not uri:
        missing.append("request_uri")
    if expires_in is None:
        missing.append("expires_in")
    if missing:
        raise UnusableAnswer(f"missing or unusable: {', '.join(missing)}")
    return PushedAuthorizationResponse(True, request_uri=uri, expires_in=expires_in)


ENDPOINT = Endpoint("PAR", PushedAuthorizationResponse, build, parse)

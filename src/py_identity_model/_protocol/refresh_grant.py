"""The refresh token grant (RFC 6749 §6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .._client_auth.assertion import PrivateKeyJwt
from .._jose.dpop_proof import DPoPKey
from .._wire.certificate import MtlsClientAuth
from .._wire.client_authentication import ClientAuthentication
from .._wire.endpoint import Endpoint
from .._wire.messages import HttpRequest, HttpResponse, Replay
from .._wire.models import BaseRequest, Scope, scope_text
from .token_endpoint import TokenResponse, token_answer, token_request


@dataclass(repr=False)
class RefreshTokenRequest(BaseRequest):
    """A refresh token, to be exchanged for new tokens.

    Providers may rotate it: keep the ``refresh_token`` of the answer where there is one.  The
    other fields are those of :class:`ClientCredentialsTokenRequest`.  RFC 6749 §6.

    Example::

        RefreshTokenRequest(
            address="https://op.example/token", client_id="web", refresh_token=saved
        )
    """

    _secret_fields: ClassVar[frozenset[str]] = frozenset({"client_secret", "refresh_token"})

    client_id: str
    refresh_token: str
    scope: Scope | None = None
    client_secret: str | None = None
    private_key_jwt: PrivateKeyJwt | None = None
    mtls: MtlsClientAuth | None = None
    client_authentication: ClientAuthentication | None = field(default=None, kw_only=True)
    resource: str | Sequence[str] | None = field(default=None, kw_only=True)
    audience: str | Sequence[str] | None = field(default=None, kw_only=True)
    authorization_details: Sequence[Mapping[str, Any]] | None = field(default=None, kw_only=True)
    extra_parameters: Mapping[str, str | Sequence[str]] | None = field(default=None, kw_only=True)
    dpop_key: DPoPKey | None = field(default=None, kw_only=True)


@dataclass(eq=False, repr=False)
class RefreshTokenResponse(TokenResponse):
    """The token endpoint's answer: ``token`` is its JSON object, unchanged."""


def build(request: RefreshTokenRequest) -> HttpRequest:
    """Return the HTTP request (RFC 6749 §6)."""
    form = {
        "grant_type": "refresh_token",
        "refresh_token": request.refresh_token,
        "scope": scope_text(request.scope),
    }
    return token_request(request, form, replay=Replay.UNSENT)  # it may be rotated by its use


def parse(request: RefreshTokenRequest, response: HttpResponse) -> RefreshTokenResponse:
    """Return the tokens, or the provider's refusal."""
    return token_answer(RefreshTokenResponse, "Token refresh", request, response)


ENDPOINT = Endpoint("token refresh", RefreshTokenResponse, build, parse)

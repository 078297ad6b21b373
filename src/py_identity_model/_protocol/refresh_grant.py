"""The refresh token grant (RFC 6749 §6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .._client_auth.assertion import PrivateKeyJwt
from .._client_auth.resolve import BindableRequest, keyword_fields_last
from .._wire.certificate import MtlsClientAuth
from .._wire.endpoint import Endpoint
from .._wire.messages import HttpRequest, HttpResponse, Replay
from .._wire.models import Scope, scope_text
from .token_endpoint import TokenResponse, token_answer, token_request


@keyword_fields_last
@dataclass(repr=False)
class RefreshTokenRequest(BindableRequest):
    """A request to exchange a refresh token for new tokens.

    Providers may rotate it: store the ``refresh_token`` of the response if there is one.  The other
    fields are those of :class:`ClientCredentialsTokenRequest`.  RFC 6749 §6.

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


@dataclass(eq=False, repr=False)
class RefreshTokenResponse(TokenResponse):
    """The token endpoint's response: ``token`` is its JSON object, unchanged."""


def build(request: RefreshTokenRequest) -> HttpRequest:
    """Return the HTTP request (RFC 6749 §6)."""
    form = {
        "grant_type": "refresh_token",
        "refresh_token": request.refresh_token,
        "scope": scope_text(request.scope),
    }
    return token_request(request, form, replay=Replay.UNSENT)  # its use may rotate it


def parse(request: RefreshTokenRequest, response: HttpResponse) -> RefreshTokenResponse:
    """Return the tokens, or the provider's refusal."""
    return token_answer(RefreshTokenResponse, "Token refresh", request, response)


ENDPOINT = Endpoint("token refresh", RefreshTokenResponse, build, parse)

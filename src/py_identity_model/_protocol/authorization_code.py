"""The authorization code grant: exchanging the code (RFC 6749 §4.1.3, RFC 7636 §4.5)."""

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
class AuthorizationCodeTokenRequest(BaseRequest):
    """A ``code`` from the authorization endpoint, to be exchanged for tokens.

    ``redirect_uri`` is the one that the authorization request named, ``code_verifier`` the
    secret behind its ``code_challenge``; ``dpop_key`` binds the tokens to a key.  The other
    fields are those of :class:`ClientCredentialsTokenRequest`.  RFC 6749 §4.1.3.

    Example::

        AuthorizationCodeTokenRequest(
            address="https://op.example/token",
            client_id="web",
            code=callback.code,
            redirect_uri="https://rp.example/cb",
            code_verifier=code_verifier,
        )
    """

    _secret_fields: ClassVar[frozenset[str]] = frozenset({"client_secret", "code", "code_verifier"})

    client_id: str
    code: str
    redirect_uri: str
    code_verifier: str | None = None
    client_secret: str | None = None
    scope: Scope | None = None
    private_key_jwt: PrivateKeyJwt | None = None
    dpop_key: DPoPKey | None = None
    mtls: MtlsClientAuth | None = None
    client_authentication: ClientAuthentication | None = field(default=None, kw_only=True)
    resource: str | Sequence[str] | None = field(default=None, kw_only=True)
    audience: str | Sequence[str] | None = field(default=None, kw_only=True)
    authorization_details: Sequence[Mapping[str, Any]] | None = field(default=None, kw_only=True)
    extra_parameters: Mapping[str, str | Sequence[str]] | None = field(default=None, kw_only=True)


@dataclass(eq=False, repr=False)
class AuthorizationCodeTokenResponse(TokenResponse):
    """The token endpoint's answer: ``token`` is its JSON object, unchanged."""


def build(request: AuthorizationCodeTokenRequest) -> HttpRequest:
    """Return the HTTP request (RFC 6749 §4.1.3)."""
    form = {
        "grant_type": "authorization_code",
        "code": request.code,
        "redirect_uri": request.redirect_uri,
        "code_verifier": request.code_verifier,
        "scope": scope_text(request.scope),
    }
    return token_request(request, form, replay=Replay.UNSENT)  # a code is spent by its first use


def parse(
    request: AuthorizationCodeTokenRequest, response: HttpResponse
) -> AuthorizationCodeTokenResponse:
    """Return the tokens, or the provider's refusal."""
    return token_answer(
        AuthorizationCodeTokenResponse, "Authorization code token exchange", request, response
    )


ENDPOINT = Endpoint(
    "authorization code token exchange", AuthorizationCodeTokenResponse, build, parse
)

"""The authorization code grant: exchange of the code (RFC 6749 §4.1.3, RFC 7636 §4.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .._client_auth.assertion import PrivateKeyJwt
from .._client_auth.resolve import DetailedRequest, keyword_fields_last
from .._jose.dpop_proof import DPoPKey
from .._wire.certificate import MtlsClientAuth
from .._wire.endpoint import Endpoint
from .._wire.messages import HttpRequest, HttpResponse, Replay
from .._wire.models import Scope, scope_text
from .token_endpoint import TokenResponse, token_answer, token_request


@keyword_fields_last
@dataclass(repr=False)
class AuthorizationCodeTokenRequest(DetailedRequest):
    """A request to exchange an authorization ``code`` for tokens.

    ``redirect_uri`` is that of the authorization request, ``code_verifier`` the secret behind its
    ``code_challenge``; ``dpop_key`` binds the tokens to a key.  The other fields are those of
    :class:`ClientCredentialsTokenRequest`.  RFC 6749 §4.1.3.

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


@dataclass(eq=False, repr=False)
class AuthorizationCodeTokenResponse(TokenResponse):
    """The token endpoint's response: ``token`` is its JSON object, unchanged."""


def build(request: AuthorizationCodeTokenRequest) -> HttpRequest:
    """Return the HTTP request (RFC 6749 §4.1.3)."""
    form = {
        "grant_type": "authorization_code",
        "code": request.code,
        "redirect_uri": request.redirect_uri,
        "code_verifier": request.code_verifier,
        "scope": scope_text(request.scope),
    }
    return token_request(request, form, replay=Replay.UNSENT)  # a code can be used only once


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

"""Grants without a module of their own: JWT bearer, and extension grants (RFC 7523, 6749 §4.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .._client_auth.resolve import BindableRequest, TokenRequest, keyword_fields_last
from .._jose.dpop_proof import DPoPKey
from .._wire.client_authentication import ClientAuthentication
from .._wire.endpoint import Endpoint
from .._wire.messages import HttpRequest, HttpResponse, Replay
from .._wire.models import Scope, scope_text
from ..exceptions import InvalidArgumentError
from .token_endpoint import TokenResponse, token_answer, token_request

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(repr=False)
class ExtensionTokenRequest(TokenRequest):
    """A token request of any ``grant_type``, with its own ``parameters``.

    The other fields are those of :class:`ClientCredentialsTokenRequest`.  RFC 6749 §4.5.

    Example::

        ExtensionTokenRequest(
            address="https://op.example/token",
            client_id="app",
            grant_type="urn:ietf:params:oauth:grant-type:saml2-bearer",
            parameters={"assertion": assertion},
        )
    """

    _secret_fields: ClassVar[frozenset[str]] = frozenset({"client_secret", "parameters"})

    client_id: str
    grant_type: str
    parameters: Mapping[str, str | Sequence[str]] | None = None
    client_secret: str | None = None
    scope: Scope | None = None
    client_authentication: ClientAuthentication | None = field(default=None, kw_only=True)
    resource: str | Sequence[str] | None = field(default=None, kw_only=True)
    audience: str | Sequence[str] | None = field(default=None, kw_only=True)
    authorization_details: Sequence[Mapping[str, Any]] | None = field(default=None, kw_only=True)
    dpop_key: DPoPKey | None = field(default=None, kw_only=True)


@dataclass(eq=False, repr=False)
class ExtensionTokenResponse(TokenResponse):
    """The token endpoint's response: ``token`` is its JSON object, unchanged."""


@keyword_fields_last
@dataclass(repr=False)
class JwtBearerTokenRequest(BindableRequest):
    """A request to exchange a signed JWT (``assertion``) about a user or client for a token.

    The other fields are those of :class:`ClientCredentialsTokenRequest`.  RFC 7523 §2.1.

    Example::

        JwtBearerTokenRequest("https://op.example/token", "app", assertion=signed_jwt)
    """

    _secret_fields: ClassVar[frozenset[str]] = frozenset({"client_secret", "assertion"})

    client_id: str
    assertion: str
    client_secret: str | None = None
    scope: Scope | None = None


@dataclass(eq=False, repr=False)
class JwtBearerTokenResponse(TokenResponse):
    """The token endpoint's response: ``token`` is its JSON object, unchanged."""


def build_extension(request: ExtensionTokenRequest) -> HttpRequest:
    """Return the HTTP request (RFC 6749 §4.5)."""
    if not request.grant_type:
        raise InvalidArgumentError("grant_type must not be empty")
    own = {"grant_type": request.grant_type, "scope": scope_text(request.scope)}
    taken = sorted({*own} & {*(request.parameters or ())})
    if taken:
        raise InvalidArgumentError(f"parameters must not name {', '.join(taken)}")
    return token_request(request, {**own, **(request.parameters or {})}, replay=Replay.UNSENT)


def parse_extension(
    request: ExtensionTokenRequest, response: HttpResponse
) -> ExtensionTokenResponse:
    """Return the token, or the provider's refusal."""
    return token_answer(ExtensionTokenResponse, "Token request", request, response)


def build_jwt_bearer(request: JwtBearerTokenRequest) -> HttpRequest:
    """Return the HTTP request (RFC 7523 §2.1)."""
    form = {
        "grant_type": JWT_BEARER,
        "assertion": request.assertion,
        "scope": scope_text(request.scope),
    }
    return token_request(request, form, replay=Replay.UNSENT)  # its jti may be usable only once


def parse_jwt_bearer(
    request: JwtBearerTokenRequest, response: HttpResponse
) -> JwtBearerTokenResponse:
    """Return the token, or the provider's refusal."""
    return token_answer(JwtBearerTokenResponse, "JWT bearer token request", request, response)


EXTENSION = Endpoint(
    "extension token request", ExtensionTokenResponse, build_extension, parse_extension
)
JWT_BEARER_GRANT = Endpoint(
    "JWT bearer token request", JwtBearerTokenResponse, build_jwt_bearer, parse_jwt_bearer
)

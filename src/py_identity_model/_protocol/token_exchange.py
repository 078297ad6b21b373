"""Token exchange (RFC 8693)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .._client_auth.assertion import PrivateKeyJwt
from .._client_auth.resolve import TokenRequest
from .._jose.dpop_proof import DPoPKey
from .._wire.certificate import MtlsClientAuth
from .._wire.client_authentication import ClientAuthentication
from .._wire.endpoint import Endpoint, is_refusal, json_object, refusal_saying, secrets_of
from .._wire.messages import (
    ErrorKind,
    HttpRequest,
    HttpResponse,
    Replay,
    UnusableAnswer,
    oauth_error_of,
)
from .._wire.models import Scope, scope_text
from ..exceptions import TokenRequestException
from .token_endpoint import TokenResponse, check_token_answer, expiry_of, token_request

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange"
_JUDGED = frozenset({None, "urn:ietf:params:oauth:token-type:access_token"})
_MOST_QUOTED = 1024


@dataclass(repr=False)
class TokenExchangeRequest(TokenRequest):
    """A request to exchange a ``subject_token``, perhaps with an ``actor_token``, for another
    token.

    The types are those of RFC 8693 §3, for instance
    ``urn:ietf:params:oauth:token-type:access_token``; ``resource`` and ``audience`` may be
    several.  The other fields are those of :class:`ClientCredentialsTokenRequest`.
    RFC 8693 §2.1.

    Example::

        TokenExchangeRequest(
            address="https://op.example/token",
            client_id="gateway",
            client_secret="s3cret",
            subject_token=access_token,
            subject_token_type="urn:ietf:params:oauth:token-type:access_token",
            audience="orders",
        )
    """

    _secret_fields: ClassVar[frozenset[str]] = frozenset(
        {"client_secret", "subject_token", "actor_token"}
    )

    client_id: str
    subject_token: str
    subject_token_type: str
    actor_token: str | None = None
    actor_token_type: str | None = None
    resource: str | Sequence[str] | None = None
    audience: str | Sequence[str] | None = None
    scope: Scope | None = None
    requested_token_type: str | None = None
    client_secret: str | None = None
    private_key_jwt: PrivateKeyJwt | None = None
    mtls: MtlsClientAuth | None = None
    client_authentication: ClientAuthentication | None = field(default=None, kw_only=True)
    authorization_details: Sequence[Mapping[str, Any]] | None = field(default=None, kw_only=True)
    extra_parameters: Mapping[str, str | Sequence[str]] | None = field(default=None, kw_only=True)
    dpop_key: DPoPKey | None = field(default=None, kw_only=True)


@dataclass(eq=False, repr=False)
class TokenExchangeResponse(TokenResponse):
    """The token endpoint's response: ``issued_token_type`` is the type of ``token``."""

    _guarded_fields: ClassVar[frozenset[str]] = TokenResponse._guarded_fields | {
        "issued_token_type"
    }

    issued_token_type: str | None = None


class InvalidExchangeArguments(Exception):
    """Arguments that no provider would accept; never leaves the package."""


def build(request: TokenExchangeRequest) -> HttpRequest:
    """Return the HTTP request (RFC 8693 §2.1); raise WrongArguments."""
    _check(request)
    form = {
        "grant_type": GRANT_TYPE,
        "subject_token": request.subject_token,
        "subject_token_type": request.subject_token_type,
        "actor_token": request.actor_token,
        "actor_token_type": request.actor_token_type,
        "scope": scope_text(request.scope) or None,
        "requested_token_type": request.requested_token_type or None,
    }
    return token_request(request, form, replay=Replay.UNSENT, blank_is_none=True)


def _check(request: TokenExchangeRequest) -> None:
    for name in ("client_id", "subject_token", "subject_token_type"):
        if not getattr(request, name):
            raise InvalidExchangeArguments(f"{name} must not be empty")
    for name in ("actor_token", "actor_token_type"):
        if getattr(request, name) == "":
            raise InvalidExchangeArguments(f"{name} must not be empty")
    if request.actor_token is not None and request.actor_token_type is None:
        raise InvalidExchangeArguments("actor_token_type is REQUIRED with actor_token")
    if request.actor_token is None and request.actor_token_type is not None:
        raise InvalidExchangeArguments("actor_token_type has no meaning without actor_token")


def parse(request: TokenExchangeRequest, response: HttpResponse) -> TokenExchangeResponse:
    """Return the token, or the provider's refusal (RFC 8693 §2.2)."""
    if is_refusal(response):
        return refusal_saying(
            TokenExchangeResponse, _error_text(request, response), request, response
        )
    token = json_object(response)
    missing = [
        name
        for name in ("access_token", "token_type")
        if not isinstance(token.get(name), str) or not token[name]
    ]
    if missing:
        raise UnusableAnswer(f"missing or unusable: {', '.join(missing)}")
    kind = token.get("issued_token_type")
    return TokenExchangeResponse(
        is_successful=True,
        token=token,
        issued_token_type=kind if isinstance(kind, str) else None,
        expires_at=expiry_of(token),
    )


def checked_exchange(
    response: TokenExchangeResponse, address: str, *, bound: bool
) -> TokenExchangeResponse:
    """Return ``response``, or a failed one for an access token that the client could not use.

    The issued token need not be an access token (RFC 8693 §2.2.1: ``N_A``), and is not checked
    then.
    """
    if not response.is_successful or response.issued_token_type not in _JUDGED:
        return response
    try:
        check_token_answer(response.token or {}, address, bound=bound)
    except TokenRequestException as error:
        return TokenExchangeResponse(
            False, str(error), error_kind=ErrorKind.INVALID_DOCUMENT, status_code=200
        )
    return response


def _error_text(request: TokenExchangeRequest, response: HttpResponse) -> str:
    lead = f"Token exchange failed with status code: {response.status_code}. Error: "
    secrets = secrets_of(request)
    said = oauth_error_of(response, *secrets)
    code, description = said["oauth_error"], said["oauth_error_description"]
    if code is None:
        return lead + response.quoted(*secrets)[:_MOST_QUOTED]
    return f"{lead}{code} — {description}" if description else f"{lead}{code}"


class _TokenExchange(Endpoint[TokenExchangeRequest, TokenExchangeResponse]):
    def failed(self, error: Exception) -> TokenExchangeResponse:
        """Return the failed response; wrong arguments have their own texts."""
        if not isinstance(error, InvalidExchangeArguments):
            return super().failed(error)
        return TokenExchangeResponse(
            is_successful=False,
            error=f"Validation error during {self.operation}: {error}",
            error_kind=ErrorKind.INVALID_CONFIGURATION,
        )


ENDPOINT = _TokenExchange("token exchange", TokenExchangeResponse, build, parse)

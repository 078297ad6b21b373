"""Grants for another domain: identity assertion grants (ID-JAG), and identity chaining."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from .._client_auth.resolve import TokenRequest
from .._jose.encoding import decode_base64url, parse_object
from .._jose.token_types import media_type
from .._wire.client_authentication import ClientAuthentication
from .._wire.endpoint import Endpoint, is_refusal, json_object, refusal
from .._wire.messages import HttpRequest, HttpResponse, Replay, UnusableAnswer
from .._wire.models import BaseResponse, Scope, scope_text
from ..exceptions import InvalidArgumentError
from .token_endpoint import expiry_of, token_request
from .token_exchange import GRANT_TYPE

_TYPES = "urn:ietf:params:oauth:token-type:"
ID_JAG = f"{_TYPES}id-jag"
ID_TOKEN = f"{_TYPES}id_token"
ACCESS_TOKEN = f"{_TYPES}access_token"
_NOT_GRANTS = frozenset({ACCESS_TOKEN, ID_TOKEN, f"{_TYPES}refresh_token"})
_TYPS_OF_TOKENS = frozenset({"at+jwt", "id_token+jwt"})
_ID_JAG_TYP = "oauth-id-jag+jwt"


@dataclass(repr=False)
class _GrantRequest(TokenRequest):
    """The fields of both requests."""

    _secret_fields: ClassVar[frozenset[str]] = frozenset({"client_secret", "subject_token"})

    client_id: str
    subject_token: str
    audience: str | Sequence[str] | None = None
    resource: str | Sequence[str] | None = None
    scope: Scope | None = None
    client_secret: str | None = None
    client_authentication: ClientAuthentication | None = field(default=None, kw_only=True)
    extra_parameters: Mapping[str, str | Sequence[str]] | None = field(default=None, kw_only=True)


@dataclass(repr=False)
class IdentityAssertionGrantRequest(_GrantRequest):
    """A request to the user's identity provider for a grant at another authorization server.

    ``audience`` is the issuer of that server, ``subject_token`` the user's ID token (or a SAML
    assertion, with its ``subject_token_type``).  The other fields are those of
    :class:`ClientCredentialsTokenRequest`.  draft-ietf-oauth-identity-assertion-authz-grant,
    "Token Exchange".

    Example::

        IdentityAssertionGrantRequest(
            address="https://idp.example/token",
            client_id="wiki",
            subject_token=id_token,
            audience="https://chat.example",
            scope="chat.read",
            client_authentication=ClientSecretBasic("s3cret"),
        )
    """

    subject_token_type: str = field(default=ID_TOKEN, kw_only=True)


@dataclass(repr=False)
class ChainedGrantRequest(_GrantRequest):
    """A request for a grant with which a client goes on to another trust domain.

    ``audience`` or ``resource`` names the authorization server there.  The other fields are those
    of :class:`ClientCredentialsTokenRequest`.  draft-ietf-oauth-identity-chaining, "Token
    Exchange".

    Example::

        ChainedGrantRequest(
            address="https://as.a.example/token",
            client_id="gateway",
            subject_token=access_token,
            resource="https://as.b.example",
            client_authentication=ClientSecretBasic("s3cret"),
        )
    """

    subject_token_type: str = field(default=ACCESS_TOKEN, kw_only=True)
    requested_token_type: str | None = field(default=None, kw_only=True)


@dataclass(eq=False, repr=False)
class AuthorizationGrantResponse(BaseResponse):
    """The response: ``grant`` is the assertion of a :class:`JwtBearerTokenRequest` to the other
    server, ``scope`` what it grants if that differs from what was requested.
    """

    _guarded_fields: ClassVar[frozenset[str]] = frozenset({"grant", "scope", "expires_at"})
    _secret_fields: ClassVar[frozenset[str]] = frozenset({"grant"})

    grant: str | None = None
    scope: str | None = None
    expires_at: datetime | None = field(default=None, kw_only=True)


_Request = IdentityAssertionGrantRequest | ChainedGrantRequest


def build_id_jag(request: IdentityAssertionGrantRequest) -> HttpRequest:
    """Return the HTTP request."""
    if not isinstance(request.audience, str) or not request.audience:
        raise InvalidArgumentError("audience must be the issuer of the other server")
    return _build(request, ID_JAG)


def build_chained(request: ChainedGrantRequest) -> HttpRequest:
    """Return the HTTP request."""
    if not request.audience and not request.resource:
        raise InvalidArgumentError("audience or resource must name the other server")
    return _build(request, request.requested_token_type)


def _build(request: _Request, requested: str | None) -> HttpRequest:
    for name in ("client_id", "subject_token", "subject_token_type"):
        if not getattr(request, name):
            raise InvalidArgumentError(f"{name} must not be empty")
    form = {
        "grant_type": GRANT_TYPE,
        "requested_token_type": requested,
        "subject_token": request.subject_token,
        "subject_token_type": request.subject_token_type,
        "scope": scope_text(request.scope) or None,
    }
    return token_request(request, form, replay=Replay.UNSENT, blank_is_none=True)


def parse_id_jag(
    request: IdentityAssertionGrantRequest, response: HttpResponse
) -> AuthorizationGrantResponse:
    """Return the grant, or the provider's refusal."""
    if is_refusal(response):
        return refusal(AuthorizationGrantResponse, "Identity assertion grant", request, response)
    body = json_object(response)
    if body.get("issued_token_type") != ID_JAG:
        raise UnusableAnswer("the issued_token_type is not that of an identity assertion grant")
    grant = _grant_in(body)
    header, claims = _parts_of(grant)
    if media_type(header.get("typ")) != _ID_JAG_TYP:
        raise UnusableAnswer(f"the grant is not of the type {_ID_JAG_TYP}")
    if claims.get("aud") not in (request.audience, [request.audience]):
        raise UnusableAnswer("the grant is for another server than was asked for")
    return _success(grant, body)


def parse_chained(
    request: ChainedGrantRequest, response: HttpResponse
) -> AuthorizationGrantResponse:
    """Return the grant, or the provider's refusal."""
    if is_refusal(response):
        return refusal(AuthorizationGrantResponse, "Identity chaining", request, response)
    body = json_object(response)
    kind = body.get("issued_token_type")
    if not isinstance(kind, str) or kind.lower() in _NOT_GRANTS:
        raise UnusableAnswer("the issued_token_type is not that of a grant")
    if request.requested_token_type not in (None, kind):
        raise UnusableAnswer("the issued_token_type is not the requested one")
    grant = _grant_in(body)
    if grant == request.subject_token or _is_of_this_domain(grant, request.client_id):
        raise UnusableAnswer("the grant is a token of this domain: another one must not get it")
    return _success(grant, body)


def _is_of_this_domain(grant: str, client_id: str) -> bool:
    """Return whether a JWT is an access token or ID token, whatever the response calls it."""
    header, claims = _parts_of(grant)
    named = claims.get("aud")
    kind = str(header.get("typ")).lower().removeprefix("application/")
    return kind in _TYPS_OF_TOKENS or client_id in (named if isinstance(named, list) else [named])


def _grant_in(body: Mapping[str, Any]) -> str:
    if str(body.get("token_type")).upper() != "N_A":
        raise UnusableAnswer("the token_type is not N_A, so it is not a grant")
    grant = body.get("access_token")
    if not isinstance(grant, str):
        raise UnusableAnswer("missing or unusable: access_token")
    return grant


def _parts_of(grant: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims, unverified: to verify them is the other server's business."""
    parts = grant.split(".")
    try:
        if len(parts) == 3 and grant.isprintable() and grant.split() == [grant]:
            header, claims = (parse_object(decode_base64url(one.encode())) for one in parts[:2])
            return header, claims
    except ValueError:
        pass
    raise UnusableAnswer("the grant is not a signed JWT")


def _success(grant: str, body: Mapping[str, Any]) -> AuthorizationGrantResponse:
    scope = body.get("scope")
    return AuthorizationGrantResponse(
        is_successful=True,
        grant=grant,
        scope=scope if isinstance(scope, str) else None,
        expires_at=expiry_of(body),
    )


ID_JAG_GRANT = Endpoint(
    "identity assertion grant", AuthorizationGrantResponse, build_id_jag, parse_id_jag
)
CHAINED_GRANT = Endpoint(
    "identity chaining", AuthorizationGrantResponse, build_chained, parse_chained
)

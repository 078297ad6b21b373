"""Token introspection (RFC 7662), with signed responses (RFC 9701)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .._client_auth.assertion import PrivateKeyJwt
from .._client_auth.resolve import ClientRequest
from .._validation.config import TokenValidationConfig
from .._wire.certificate import MtlsClientAuth
from .._wire.client_authentication import ClientAuthentication
from .._wire.endpoint import Endpoint, json_object, refusal
from .._wire.messages import HttpRequest, HttpResponse, Replay, UnusableAnswer
from .._wire.models import BaseResponse
from .token_endpoint import token_request

SIGNED = "application/token-introspection+jwt"


@dataclass(repr=False)
class TokenIntrospectionRequest(ClientRequest):
    """A request of a resource server, about a token, to the endpoint at ``address``.

    ``token_type_hint`` is ``access_token`` or ``refresh_token``.  For a signed response give a
    ``token_validation_config`` whose ``audience`` is the client, and ``disco_doc_address``: the
    response is then requested as a JWT, verified like a token, and refused otherwise.  The other
    fields are those of :class:`ClientCredentialsTokenRequest`.  RFC 7662 §2.1, RFC 9701 §4.

    Example::

        TokenIntrospectionRequest(
            "https://op.example/introspect", token, client_id="api", client_secret="s3cret"
        )
    """

    _secret_fields: ClassVar[frozenset[str]] = frozenset({"token", "client_secret"})

    token: str
    client_id: str
    token_type_hint: str | None = None
    client_secret: str | None = None
    private_key_jwt: PrivateKeyJwt | None = None
    mtls: MtlsClientAuth | None = None
    client_authentication: ClientAuthentication | None = field(default=None, kw_only=True)
    extra_parameters: Mapping[str, str | Sequence[str]] | None = field(default=None, kw_only=True)
    token_validation_config: TokenValidationConfig | None = field(default=None, kw_only=True)
    disco_doc_address: str | None = field(default=None, kw_only=True)


@dataclass(eq=False, repr=False)
class TokenIntrospectionResponse(BaseResponse):
    """The provider's statement about the token; check ``claims["active"]`` first.

    ``raw`` is a signed response as received.  RFC 7662 §2.2.
    """

    _guarded_fields: ClassVar[frozenset[str]] = frozenset({"claims", "raw"})
    _secret_fields: ClassVar[frozenset[str]] = frozenset({"claims", "raw"})

    claims: dict[str, Any] | None = None
    raw: str | None = field(default=None, kw_only=True)


def build(request: TokenIntrospectionRequest) -> HttpRequest:
    """Return the HTTP request (RFC 7662 §2.1)."""
    form = {"token": request.token, "token_type_hint": request.token_type_hint}
    built = token_request(request, form, replay=Replay.SAFE)
    if request.token_validation_config is None:
        return built
    return built._replace(headers={"Accept": SIGNED})


def parse(request: TokenIntrospectionRequest, response: HttpResponse) -> TokenIntrospectionResponse:
    """Return the provider's statement; a signed response still has to be verified."""
    if not response.is_success:
        return refusal(TokenIntrospectionResponse, "Token introspection", request, response)
    signed = response.media_type == SIGNED
    if signed != (request.token_validation_config is not None):
        raise UnusableAnswer(
            "the response is signed, which requires a token_validation_config"
            if signed
            else "the response is not signed"
        )
    if signed:
        return TokenIntrospectionResponse(True, raw=response.content.decode("ascii", "replace"))
    return TokenIntrospectionResponse(True, claims=json_object(response, unique=True))


def verified(
    request: TokenIntrospectionRequest, raw: str, claims: Mapping[str, Any]
) -> TokenIntrospectionResponse:
    """Return the statement in a verified response (RFC 9701 §5)."""
    said = claims.get("token_introspection")
    if not isinstance(said, dict):
        raise UnusableAnswer("the token_introspection claim is missing")
    return TokenIntrospectionResponse(True, claims=said, raw=raw)


ENDPOINT = Endpoint("token introspection", TokenIntrospectionResponse, build, parse)

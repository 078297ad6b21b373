"""The client credentials grant (RFC 6749 §4.4)."""

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
class ClientCredentialsTokenRequest(BindableRequest):
    """A request for a token of the client itself, from the token endpoint at ``address``.

    ``scope`` is a space-separated string, or its parts.  A ``client_secret`` is sent by HTTP Basic;
    to authenticate otherwise pass a ``client_authentication``, which takes precedence.
    ``resource`` and ``audience`` name the APIs that the token is for, ``authorization_details`` are
    the objects of RFC 9396, ``dpop_key`` binds the token to a key.  RFC 6749 §4.4.2, RFC 8707 §2.

    Example::

        ClientCredentialsTokenRequest(
            address="https://op.example/token", client_id="machine", client_secret="s3cret"
        )
    """

    _secret_fields: ClassVar[frozenset[str]] = frozenset({"client_secret"})

    client_id: str
    client_secret: str | None = None
    scope: Scope | None = None
    private_key_jwt: PrivateKeyJwt | None = None
    mtls: MtlsClientAuth | None = None


@dataclass(eq=False, repr=False)
class ClientCredentialsTokenResponse(TokenResponse):
    """The token endpoint's response: ``token`` is its JSON object, unchanged."""


def build(request: ClientCredentialsTokenRequest) -> HttpRequest:
    """Return the HTTP request (RFC 6749 §4.4.2)."""
    form = {"grant_type": "client_credentials", "scope": scope_text(request.scope)}
    return token_request(request, form, replay=Replay.SAFE)  # a second token does no harm


def parse(
    request: ClientCredentialsTokenRequest, response: HttpResponse
) -> ClientCredentialsTokenResponse:
    """Return the token, or the provider's refusal."""
    return token_answer(
        ClientCredentialsTokenResponse, "Token generation request", request, response
    )


ENDPOINT = Endpoint("token request", ClientCredentialsTokenResponse, build, parse)

"""Token revocation (RFC 7009)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from .._client_auth.assertion import PrivateKeyJwt
from .._client_auth.resolve import ClientRequest
from .._wire.certificate import MtlsClientAuth
from .._wire.client_authentication import ClientAuthentication
from .._wire.endpoint import Endpoint, refusal_saying, secrets_of
from .._wire.messages import HttpRequest, HttpResponse, Replay
from .._wire.models import BaseRequest, BaseResponse
from .token_endpoint import token_request

_MOST_QUOTED = 200


@dataclass(repr=False)
class TokenRevocationRequest(ClientRequest):
    """A request to revoke a token, to the endpoint at ``address``.

    ``token_type_hint`` is ``access_token`` or ``refresh_token``.  The other fields are those of
    :class:`ClientCredentialsTokenRequest`.  RFC 7009 §2.1.

    Example::

        TokenRevocationRequest("https://op.example/revoke", refresh_token, client_id="web")
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


@dataclass(eq=False, repr=False)
class TokenRevocationResponse(BaseResponse):
    """Whether the provider accepted the revocation, also of unknown tokens.  RFC 7009 §2.2."""


def build(request: TokenRevocationRequest) -> HttpRequest:
    """Return the HTTP request (RFC 7009 §2.1)."""
    form = {"token": request.token, "token_type_hint": request.token_type_hint}
    return token_request(request, form, replay=Replay.SAFE, blank_is_none=True)


def parse(request: TokenRevocationRequest, response: HttpResponse) -> TokenRevocationResponse:
    """Return whether the provider accepted the revocation."""
    if response.is_success:
        return TokenRevocationResponse(True)
    status, said = response.status_code, quoted_briefly(request, response)
    text = f"Token revocation failed with status code: {status}. Response Content: {said}"
    return refusal_saying(TokenRevocationResponse, text, request, response)


def quoted_briefly(request: BaseRequest, response: HttpResponse) -> str:
    """Return the beginning of the body for an error text."""
    return response.quoted(*secrets_of(request))[:_MOST_QUOTED] or "(empty)"


ENDPOINT = Endpoint("token revocation", TokenRevocationResponse, build, parse)

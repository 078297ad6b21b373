"""The client credentials grant (RFC 6749 §4.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .base import BaseRequest, BaseResponse, ErrorKind
from .client_authentication import ClientAuthentication, choose_client_authentication
from .messages import HttpRequest, HttpResponse, Replay, failure_of, oauth_error_of

OPERATION = "token request"


@dataclass(repr=False)
class ClientCredentialsTokenRequest(BaseRequest):
    """Who asks the token endpoint at ``address``, and for what.

    ``scope`` is a space-separated list.  A ``client_secret`` is sent by HTTP Basic; to
    authenticate otherwise pass a ``client_authentication``, which wins.  ``resource`` names the
    API or APIs that the token is for.  RFC 6749 §4.4.2, RFC 8707 §2.

    Example::

        ClientCredentialsTokenRequest(
            address="https://op.example/token", client_id="machine", client_secret="s3cret"
        )
    """

    _secret_fields: ClassVar[frozenset[str]] = frozenset({"client_secret"})

    client_id: str
    client_secret: str | None = None
    scope: str | None = None
    client_authentication: ClientAuthentication | None = field(default=None, kw_only=True)
    resource: str | Sequence[str] | None = field(default=None, kw_only=True)


@dataclass(eq=False, repr=False)
class ClientCredentialsTokenResponse(BaseResponse):
    """The token endpoint's answer: ``token`` is its JSON object, unchanged."""

    _guarded_fields: ClassVar[frozenset[str]] = frozenset({"token"})
    _secret_fields: ClassVar[frozenset[str]] = frozenset({"token"})

    token: dict[str, Any] | None = None


def build(request: ClientCredentialsTokenRequest) -> HttpRequest:
    """Return the HTTP request (RFC 6749 §4.4.2)."""
    form: dict[str, str | Sequence[str]] = {"grant_type": "client_credentials"}
    if request.scope is not None:
        form["scope"] = request.scope
    if request.resource is not None:
        form["resource"] = request.resource
    return HttpRequest(
        "POST",
        request.address,
        form=form,
        client_id=request.client_id,
        authentication=choose_client_authentication(
            request.client_authentication, request.client_secret
        ),
        replay=Replay.SAFE,  # a second token does no harm
    )


def parse(built: HttpRequest, response: HttpResponse) -> ClientCredentialsTokenResponse:
    """Return the token, or the provider's refusal (RFC 6749 §5.1, §5.2)."""
    secrets = built.authentication.secrets() if built.authentication else ()
    if not response.is_success:
        return ClientCredentialsTokenResponse(
            False,
            f"Token generation request failed with status code: {response.status_code}. "
            f"Response Content: {response.quoted(*secrets)}",
            error_kind=ErrorKind.UNEXPECTED_STATUS,
            status_code=response.status_code,
            **oauth_error_of(response, *secrets),
        )
    try:
        token = response.json()
    except ValueError:
        return _unreadable("invalid JSON", ErrorKind.INVALID_JSON)
    if not isinstance(token, dict):
        return _unreadable("not a JSON object", ErrorKind.INVALID_DOCUMENT)
    return ClientCredentialsTokenResponse(True, token=token)


def failed(error: Exception) -> ClientCredentialsTokenResponse:
    """Return the failed response for something raised by build, send or parse."""
    return ClientCredentialsTokenResponse(**failure_of(error, OPERATION))


def _unreadable(text: str, kind: ErrorKind) -> ClientCredentialsTokenResponse:
    return ClientCredentialsTokenResponse(
        False, f"Unexpected error during {OPERATION}: the body is {text}", error_kind=kind
    )

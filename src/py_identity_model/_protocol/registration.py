"""Dynamic client registration and its management (RFC 7591, RFC 7592)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .._logging import logger
from .._wire.discovery_policy import DiscoveryPolicy
from .._wire.endpoint import (
    Endpoint,
    is_refusal,
    json_object,
    number_of,
    refusal_saying,
    secrets_of,
)
from .._wire.messages import HttpRequest, HttpResponse, Replay, UnusableAnswer, oauth_error_of
from .._wire.models import BaseRequest, BaseResponse
from .._wire.urls import require_reachable, require_scheme, split_url
from ..exceptions import ConfigurationException
from .client_metadata_fields import (
    NAMES,
    BasicMetadata,
    ClientMetadata,
    FurtherMetadata,
    members_in,
    members_of,
)
from .revocation import quoted_briefly

_SECRETS = ("client_secret", "registration_access_token")


@dataclass(repr=False)
class ClientRegistrationRequest(FurtherMetadata, BasicMetadata, BaseRequest):
    """A request to register a client at ``address``.

    The fields are those of :class:`ClientMetadata`; ``extra_metadata`` contains members without a
    field here, and takes precedence; ``initial_access_token`` authorizes the registration;
    ``software_statement`` is a signed JWT of metadata.  RFC 7591 §2 and §3.1.

    Example::

        ClientRegistrationRequest(
            "https://op.example/register",
            redirect_uris=["https://rp.example/cb"],
            client_name="My app",
        )
    """

    _secret_fields: ClassVar[frozenset[str]] = frozenset(
        {"initial_access_token", "software_statement"}
    )

    extra_metadata: dict[str, Any] | None = None
    initial_access_token: str | None = None
    software_statement: str | None = field(default=None, kw_only=True)


@dataclass(repr=False)
class ClientReadRequest(BaseRequest):
    """A request to read the registration at ``address``, its ``registration_client_uri``.  RFC 7592
    §2.1.

    Example::

        ClientReadRequest(registered.registration_client_uri, registered.registration_access_token)
    """

    _secret_fields: ClassVar[frozenset[str]] = frozenset({"registration_access_token"})

    registration_access_token: str


@dataclass(repr=False)
class _ManagedClient(BaseRequest):
    registration_access_token: str
    client_id: str


@dataclass(repr=False)
class ClientUpdateRequest(FurtherMetadata, BasicMetadata, _ManagedClient):
    """A request to replace the registration at ``address``: omitted members are removed.

    The fields are those of :class:`ClientMetadata`.  RFC 7592 §2.2.

    Example::

        ClientUpdateRequest(
            registered.registration_client_uri,
            registered.registration_access_token,
            client_id=registered.client_id,
            redirect_uris=["https://rp.example/new"],
        )
    """

    _secret_fields: ClassVar[frozenset[str]] = frozenset(
        {"registration_access_token", "client_secret"}
    )

    client_secret: str | None = None
    extra_metadata: dict[str, Any] | None = None


@dataclass(repr=False)
class ClientDeleteRequest(BaseRequest):
    """A request to delete the registration at ``address``.  RFC 7592 §2.3.

    Example::

        ClientDeleteRequest(
            registered.registration_client_uri, registered.registration_access_token
        )
    """

    _secret_fields: ClassVar[frozenset[str]] = frozenset({"registration_access_token"})

    registration_access_token: str


@dataclass(eq=False, repr=False)
class ClientRegistrationResponse(BaseResponse, ClientMetadata):
    """A registration at the provider; ``metadata`` is the whole response.

    Its members are the fields of :class:`ClientMetadata`: None where the provider sent another type
    than the registered one.

    Providers may rotate ``registration_access_token``: store the latest.  The times are in seconds
    since 1970, a ``client_secret_expires_at`` of 0 means never.  A ``registration_client_uri`` that
    is not absolute, plain http after https, or an internal address although the registration
    endpoint has none, is None.  RFC 7591 §3.2.1, RFC 7592 §3.
    """

    _guarded_fields: ClassVar[frozenset[str]] = frozenset(
        {"client_id", "registration_client_uri", *_SECRETS, *NAMES}
    )
    _secret_fields: ClassVar[frozenset[str]] = frozenset({*_SECRETS, "metadata"})

    client_id: str | None = None
    client_secret: str | None = None
    client_id_issued_at: int | None = None
    client_secret_expires_at: int | None = None
    registration_access_token: str | None = None
    registration_client_uri: str | None = None
    metadata: dict[str, Any] | None = None


@dataclass(eq=False, repr=False)
class ClientDeleteResponse(BaseResponse):
    """Whether the provider deleted the registration.  RFC 7592 §2.3."""


def build_register(request: ClientRegistrationRequest) -> HttpRequest:
    """Return the HTTP request (RFC 7591 §3.1)."""
    return HttpRequest(
        "POST",
        request.address,
        json=_metadata_of(request, software_statement=request.software_statement),
        access_token=request.initial_access_token or None,
        replay=Replay.UNSENT,  # sent twice, it would register two clients
    )


def build_read(request: ClientReadRequest) -> HttpRequest:
    """Return the HTTP request (RFC 7592 §2.1)."""
    return HttpRequest("GET", request.address, access_token=request.registration_access_token)


def build_update(request: ClientUpdateRequest) -> HttpRequest:
    """Return the HTTP request (RFC 7592 §2.2)."""
    secret = request.client_secret
    return HttpRequest(
        "PUT",
        request.address,
        json=_metadata_of(request, client_id=request.client_id, client_secret=secret),
        access_token=request.registration_access_token,
    )


def build_delete(request: ClientDeleteRequest) -> HttpRequest:
    """Return the HTTP request (RFC 7592 §2.3)."""
    return HttpRequest("DELETE", request.address, access_token=request.registration_access_token)


def _metadata_of(
    request: ClientRegistrationRequest | ClientUpdateRequest, **more: str | None
) -> Mapping[str, Any]:
    present = {name: value for name, value in more.items() if value is not None}
    return present | members_of(request) | (request.extra_metadata or {})


def parse(
    request: ClientRegistrationRequest | ClientReadRequest | ClientUpdateRequest,
    response: HttpResponse,
) -> ClientRegistrationResponse:
    """Return the registration, or the provider's refusal (RFC 7591 §3.2)."""
    answer = ClientRegistrationResponse
    if is_refusal(response):
        return refusal_saying(answer, _error_text(request, response), request, response)
    body = json_object(response)
    if not isinstance(body.get("client_id"), str) or not body["client_id"]:
        raise UnusableAnswer("the client_id is missing")
    return answer(
        is_successful=True,
        client_id=body["client_id"],
        client_secret=_text(body, "client_secret"),
        client_id_issued_at=_time(body, "client_id_issued_at"),
        client_secret_expires_at=_time(body, "client_secret_expires_at"),
        registration_access_token=_text(body, "registration_access_token"),
        registration_client_uri=_management_address(request.address, body),
        metadata=body,
        **members_in(body),
    )


def _management_address(address: str, body: Mapping[str, Any]) -> str | None:
    """Return the management address; None where its token must not be sent.

    The registration itself remains valid: failing would lose the client's only credentials.
    """
    name = "registration_client_uri"
    url = _text(body, name)
    if url is None:
        return None
    try:
        registered_at = split_url(address)
        require_scheme(url, DiscoveryPolicy(require_https=registered_at.scheme == "https"))
        return require_reachable(name, url, trusted_hosts=[registered_at.hostname or ""])
    except ConfigurationException as error:
        logger.warning("ignoring the registration_client_uri of a response: %s", error.code)
        return None


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) else None


def _time(body: Mapping[str, Any], name: str) -> int | None:
    value = number_of(body.get(name))
    return int(value) if value is not None and abs(value) < 1e12 else None


def _error_text(request: BaseRequest, response: HttpResponse) -> str:
    said = oauth_error_of(response, *secrets_of(request))
    code, described = said["oauth_error"], said["oauth_error_description"]
    if code is not None:
        return f"{code}: {described}" if described else f"{code}"
    status, text = response.status_code, quoted_briefly(request, response)
    return f"Client registration request failed with status code: {status}. {text}"


def parse_delete(request: ClientDeleteRequest, response: HttpResponse) -> ClientDeleteResponse:
    """Return whether the registration was deleted (RFC 7592 §2.3)."""
    if response.is_success:
        return ClientDeleteResponse(True)
    return refusal_saying(ClientDeleteResponse, _error_text(request, response), request, response)


_OPERATION = "client registration"
REGISTER = Endpoint(_OPERATION, ClientRegistrationResponse, build_register, parse)
READ = Endpoint(_OPERATION, ClientRegistrationResponse, build_read, parse)
UPDATE = Endpoint(_OPERATION, ClientRegistrationResponse, build_update, parse)
DELETE = Endpoint("client delete", ClientDeleteResponse, build_delete, parse_delete)

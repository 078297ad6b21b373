"""Metadata of protected resources (RFC 9728)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

from .._wire.arguments import parts_of
from .._wire.discovery_policy import DiscoveryPolicy
from .._wire.endpoint import Endpoint, json_object, refusal
from .._wire.messages import HttpRequest, HttpResponse, UnusableAnswer
from .._wire.models import BaseRequest, BaseResponse
from .._wire.urls import (
    WELL_KNOWN,
    host_of,
    implied_issuer,
    is_loopback,
    require_reachable,
    require_scheme,
    split_url,
)
from ..exceptions import ConfigurationException, InvalidArgumentError

PATH = "/.well-known/oauth-protected-resource"


@dataclass(repr=False)
class ProtectedResourceMetadataRequest(BaseRequest):
    """A request for the metadata at the resource's own URL, or at the URL of the metadata.

    ``policy`` says where plain http is accepted; the defaults are strict.  ``url`` is the address
    of the metadata according to a challenge of the resource.  It is not trusted: an internal
    address is refused unless the resource itself has one, and the metadata must be for the
    resource.  RFC 9728 §3.1, §5.1.

    Example::

        ProtectedResourceMetadataRequest(
            "https://api.example/orders", url="https://api.example/about-orders"
        )
    """

    policy: DiscoveryPolicy | None = None
    url: str | None = field(default=None, kw_only=True)


@dataclass(eq=False, repr=False)
class ProtectedResourceMetadataResponse(BaseResponse):
    """The metadata, by the names of RFC 9728 §2; absent members are None.

    ``document`` is the whole JSON object.
    """

    resource: str | None = None
    authorization_servers: list[str] | None = None
    jwks_uri: str | None = None
    scopes_supported: list[str] | None = None
    bearer_methods_supported: list[str] | None = None
    resource_signing_alg_values_supported: list[str] | None = None
    resource_name: str | None = None
    resource_documentation: str | None = None
    resource_policy_uri: str | None = None
    resource_tos_uri: str | None = None
    tls_client_certificate_bound_access_tokens: bool | None = None
    authorization_details_types_supported: list[str] | None = None
    dpop_signing_alg_values_supported: list[str] | None = None
    dpop_bound_access_tokens_required: bool | None = None
    document: dict[str, Any] | None = field(default=None, repr=False)


_SHARED = frozenset(f.name for f in fields(BaseResponse))
_MEMBERS = tuple(
    f.name for f in fields(ProtectedResourceMetadataResponse) if f.name not in _SHARED
)[:-1]
ProtectedResourceMetadataResponse._guarded_fields = frozenset({*_MEMBERS, "document"})


def metadata_address(resource: str) -> str:
    """Return the address of the metadata of ``resource``: its well-known path precedes the
    resource's.
    """
    parts = split_url(resource)
    if WELL_KNOWN in parts.path:
        return resource
    path = PATH + (parts.path if parts.path != "/" else "")
    return parts._replace(path=path).geturl()


def build(request: ProtectedResourceMetadataRequest) -> HttpRequest:
    """Return the HTTP request; raise for an address that must not be fetched."""
    policy = request.policy or DiscoveryPolicy()
    address = metadata_address(request.address)
    resource = require_scheme(address, policy)
    if request.url is not None:
        parts, address = require_scheme(request.url, policy), request.url
        if parts.username is not None or "#" in address:
            raise ConfigurationException("the URL has credentials or a fragment")
        named = [resource.hostname or "", *map(host_of, policy.additional_endpoint_base_addresses)]
        require_reachable("resource_metadata", address, trusted_hosts=filter(None, named))
    return HttpRequest("GET", address)


def parse(
    request: ProtectedResourceMetadataRequest, response: HttpResponse
) -> ProtectedResourceMetadataResponse:
    """Return the metadata, if it is for the requested resource (RFC 9728 §3.3)."""
    answer = ProtectedResourceMetadataResponse
    if not response.is_success:
        return refusal(answer, "Protected resource metadata request", request, response)
    if response.media_type != "application/json":
        raise UnusableAnswer("the content type is not application/json")
    document = json_object(response)
    given = request.address
    expected = implied_issuer(given) if WELL_KNOWN in urlsplit(given).path else given
    resource = document.get("resource")
    if not isinstance(resource, str) or resource.removesuffix("/") != expected.removesuffix("/"):
        raise UnusableAnswer(f"the metadata is for {resource!r}, not for {expected!r}")
    return answer(True, **{name: document.get(name) for name in _MEMBERS}, document=document)


ENDPOINT = Endpoint(
    "protected resource metadata request", ProtectedResourceMetadataResponse, build, parse
)


def build_protected_resource_metadata(
    resource: str,
    *,
    authorization_servers: Sequence[str] | None = None,
    scopes_supported: Sequence[str] | None = None,
    bearer_methods_supported: Sequence[str] | None = ("header",),
    **metadata: Any,
) -> dict[str, Any]:
    """Return the metadata of a resource, to be served as JSON below its well-known path.

    :param resource: an https URL without a fragment; on loopback http is accepted, for development
    :param authorization_servers: the issuers of accepted tokens
    :param scopes_supported: the scopes of the resource
    :param bearer_methods_supported: how tokens may be sent
    :param metadata: further members by their registered names

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for another ``resource``.  RFC 9728 §2.

    Example::

        build_protected_resource_metadata(
            "https://api.example/orders", authorization_servers=["https://op.example"]
        )
    """
    parts = parts_of("resource", resource)
    plain = parts.scheme == "http" and is_loopback(parts.hostname or "")
    if not (parts.scheme == "https" or plain) or not parts.hostname or "#" in resource:
        raise InvalidArgumentError(
            "resource must be an https URL (or http on loopback) without a fragment"
        )
    named = {
        "resource": resource,
        "authorization_servers": authorization_servers,
        "scopes_supported": scopes_supported,
        "bearer_methods_supported": bearer_methods_supported,
    }
    lists = {
        name: value if isinstance(value, str) else list(value)
        for name, value in named.items()
        if value is not None
    }
    return {**lists, **{name: value for name, value in metadata.items() if value is not None}}

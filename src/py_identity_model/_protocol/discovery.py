"""Provider metadata: OpenID Connect Discovery and RFC 8414."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from .._validation.fetch_result import FetchResult
from .._validation.provider_document import DiscoveryErrorKind, Provider
from .._wire.discovery_policy import DiscoveryPolicy
from .._wire.messages import HttpResponse
from .._wire.models import BaseRequest, BaseResponse


@dataclass(repr=False)
class DiscoveryDocumentRequest(BaseRequest):
    """A request for a document: at an issuer's base URL, or at its own URL.

    Without ``policy`` the strict defaults of :class:`DiscoveryPolicy` apply.

    Example::

        DiscoveryDocumentRequest(address="https://op.example")
    """

    policy: DiscoveryPolicy | None = None


@dataclass(eq=False, repr=False)
class DiscoveryDocumentResponse(BaseResponse):
    """Provider metadata, by the names of the IANA registry; absent members are None.

    ``document`` is the whole JSON object, ``cache_control`` the header of the response.  On failure
    ``error_kind``, ``status_code`` and ``missing_fields`` give the reason.
    """

    issuer: str | None = None
    jwks_uri: str | None = None
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    response_types_supported: list[str] | None = None
    subject_types_supported: list[str] | None = None
    id_token_signing_alg_values_supported: list[str] | None = None
    userinfo_endpoint: str | None = None
    registration_endpoint: str | None = None
    introspection_endpoint: str | None = None
    scopes_supported: list[str] | None = None
    response_modes_supported: list[str] | None = None
    grant_types_supported: list[str] | None = None
    acr_values_supported: list[str] | None = None
    id_token_encryption_alg_values_supported: list[str] | None = None
    id_token_encryption_enc_values_supported: list[str] | None = None
    userinfo_signing_alg_values_supported: list[str] | None = None
    userinfo_encryption_alg_values_supported: list[str] | None = None
    userinfo_encryption_enc_values_supported: list[str] | None = None
    request_object_signing_alg_values_supported: list[str] | None = None
    request_object_encryption_alg_values_supported: list[str] | None = None
    request_object_encryption_enc_values_supported: list[str] | None = None
    token_endpoint_auth_methods_supported: list[str] | None = None
    token_endpoint_auth_signing_alg_values_supported: list[str] | None = None
    display_values_supported: list[str] | None = None
    claim_types_supported: list[str] | None = None
    claims_supported: list[str] | None = None
    claims_locales_supported: list[str] | None = None
    ui_locales_supported: list[str] | None = None
    code_challenge_methods_supported: list[str] | None = None
    pushed_authorization_request_endpoint: str | None = None
    require_pushed_authorization_requests: bool | None = None
    claims_parameter_supported: bool | None = None
    request_parameter_supported: bool | None = None
    request_uri_parameter_supported: bool | None = None
    require_request_uri_registration: bool | None = None
    authorization_response_iss_parameter_supported: bool | None = None
    authorization_signing_alg_values_supported: list[str] | None = None
    authorization_encryption_alg_values_supported: list[str] | None = None
    authorization_encryption_enc_values_supported: list[str] | None = None
    mtls_endpoint_aliases: dict[str, str] | None = None
    tls_client_certificate_bound_access_tokens: bool | None = None
    end_session_endpoint: str | None = None
    backchannel_logout_supported: bool | None = None
    backchannel_logout_session_supported: bool | None = None
    service_documentation: str | None = None
    op_policy_uri: str | None = None
    op_tos_uri: str | None = None
    cache_control: str | None = None
    error_kind: DiscoveryErrorKind | None = field(default=None, kw_only=True)
    missing_fields: tuple[str, ...] = field(default=(), kw_only=True)
    revocation_endpoint: str | None = field(default=None, kw_only=True)
    device_authorization_endpoint: str | None = field(default=None, kw_only=True)
    backchannel_authentication_endpoint: str | None = field(default=None, kw_only=True)
    dpop_signing_alg_values_supported: list[str] | None = field(default=None, kw_only=True)
    check_session_iframe: str | None = field(default=None, kw_only=True)
    frontchannel_logout_supported: bool | None = field(default=None, kw_only=True)
    frontchannel_logout_session_supported: bool | None = field(default=None, kw_only=True)
    prompt_values_supported: list[str] | None = field(default=None, kw_only=True)
    authorization_details_types_supported: list[str] | None = field(default=None, kw_only=True)
    backchannel_token_delivery_modes_supported: list[str] | None = field(default=None, kw_only=True)
    backchannel_authentication_request_signing_alg_values_supported: list[str] | None = field(
        default=None, kw_only=True
    )
    document: dict[str, Any] | None = field(default=None, kw_only=True, repr=False)


_UNGUARDED = frozenset(f.name for f in fields(BaseResponse)) | {"cache_control", "missing_fields"}
DiscoveryDocumentResponse._guarded_fields = frozenset(
    f.name for f in fields(DiscoveryDocumentResponse) if f.name not in _UNGUARDED
)
_MEMBERS = tuple(sorted(DiscoveryDocumentResponse._guarded_fields - {"document"}))


def response_of(result: FetchResult[Provider]) -> DiscoveryDocumentResponse:
    """Return the response for the result of a fetch."""
    if result.value is not None:
        return metadata_of(result.value, result.cache_control)
    return failed_response_of(result)


def failed_response_of(result: FetchResult[Any]) -> DiscoveryDocumentResponse:
    """Return the response for a fetch that failed."""
    kind = result.error_kind
    return DiscoveryDocumentResponse(
        False,
        result.error,
        error_kind=kind if isinstance(kind, DiscoveryErrorKind) else None,
        status_code=result.status_code,
        missing_fields=result.missing,
    )


def metadata_of(provider: Provider, cache_control: str | None = None) -> DiscoveryDocumentResponse:
    """Return all members of the provider's document."""
    document = HttpResponse(200, {}, provider.content).json()
    members: dict[str, Any] = {name: document.get(name) for name in _MEMBERS}
    return DiscoveryDocumentResponse(
        True, cache_control=cache_control, document=document, **members
    )

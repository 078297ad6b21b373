"""Provider metadata: OpenID Connect Discovery and RFC 8414."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any, NoReturn
from urllib.parse import SplitResult

from ..exceptions import (
    ConfigurationException,
    DiscoveryHTTPSRequiredError,
    InvalidArgumentError,
    NetworkException,
    ResponseRefusedException,
)
from .addresses import (
    OAUTH_METADATA,
    discovery_address,
    implied_issuer,
    is_internal,
    is_loopback,
    origin_of,
    require_scheme,
    split_url,
)
from .base import BaseRequest, BaseResponse
from .messages import HttpRequest, HttpResponse
from .policy import DiscoveryPolicy

OPERATION = "discovery document request"

_OPENID_MEMBERS = (
    "issuer",
    "response_types_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
)
_OAUTH_MEMBERS = ("issuer", "response_types_supported")
_CHECKED_ENDPOINTS = (
    "jwks_uri",
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "registration_endpoint",
    "introspection_endpoint",
    "end_session_endpoint",
    "pushed_authorization_request_endpoint",
    "revocation_endpoint",
    "device_authorization_endpoint",
    "backchannel_authentication_endpoint",
)
_RESPONSE_TYPE_WORDS = frozenset({"code", "id_token", "token"})
_SUBJECT_TYPES = frozenset({"public", "pairwise"})


class DiscoveryErrorKind(Enum):
    """Why discovery failed."""

    UNEXPECTED_STATUS = "unexpected_status"
    INVALID_JSON = "invalid_json"
    MISSING_FIELDS = "missing_fields"
    HTTPS_REQUIRED = "https_required"
    INVALID_CONFIGURATION = "invalid_configuration"
    INVALID_DOCUMENT = "invalid_document"
    NETWORK_ERROR = "network_error"
    UNEXPECTED_ERROR = "unexpected_error"


@dataclass(repr=False)
class DiscoveryDocumentRequest(BaseRequest):
    """Where the document is: an issuer's base URL, or the document's own URL.

    Without ``policy`` the strict defaults of :class:`DiscoveryPolicy` apply.

    Example::

        DiscoveryDocumentRequest(address="https://op.example")
    """

    policy: DiscoveryPolicy | None = None


@dataclass(eq=False, repr=False)
class DiscoveryDocumentResponse(BaseResponse):
    """Provider metadata, by the names of the IANA registry; absent members are None.

    ``document`` is the whole JSON object, ``cache_control`` the answer's header.  On failure
    ``error_kind``, ``status_code`` and ``missing_fields`` say why.
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
    document: dict[str, Any] | None = field(default=None, kw_only=True, repr=False)


_UNGUARDED = frozenset(f.name for f in fields(BaseResponse)) | {"cache_control", "missing_fields"}
DiscoveryDocumentResponse._guarded_fields = frozenset(
    f.name for f in fields(DiscoveryDocumentResponse) if f.name not in _UNGUARDED
)
_MEMBERS = tuple(sorted(DiscoveryDocumentResponse._guarded_fields - {"document"}))


class _Refused(Exception):
    """A document or its address breaks a rule."""

    def __init__(self, kind: DiscoveryErrorKind, text: str, *missing: str) -> None:
        super().__init__(text)
        self.kind = kind
        self.missing = missing


def build(request: DiscoveryDocumentRequest) -> HttpRequest:
    """Return the HTTP request; raises for an address that must not be fetched."""
    address = discovery_address(request.address)
    try:
        require_scheme(address, request.policy or DiscoveryPolicy())
    except DiscoveryHTTPSRequiredError as error:
        _refuse(DiscoveryErrorKind.HTTPS_REQUIRED, str(error))
    except ConfigurationException as error:
        _refuse(DiscoveryErrorKind.INVALID_CONFIGURATION, f"Invalid endpoint URL: {error}")
    return HttpRequest("GET", address)


def parse(request: DiscoveryDocumentRequest, response: HttpResponse) -> DiscoveryDocumentResponse:
    """Return the judged document; raises for one that breaks a rule."""
    if not response.is_success:
        return DiscoveryDocumentResponse(
            False,
            f"Discovery document request failed with status code: {response.status_code}. "
            f"Response Content: {response.quoted()}",
            error_kind=DiscoveryErrorKind.UNEXPECTED_STATUS,
            status_code=response.status_code,
        )
    document = _read(response)
    members: dict[str, Any] = {name: document.get(name) for name in _MEMBERS}
    _Judge(
        discovery_address(request.address), request.policy or DiscoveryPolicy(), document
    ).judge()
    return DiscoveryDocumentResponse(
        True,
        cache_control=response.headers.get("cache-control"),
        document=document,
        **members,
    )


def failed(error: Exception) -> DiscoveryDocumentResponse:
    """Return the failed response for something raised by build, send or parse."""
    if isinstance(error, _Refused):
        return DiscoveryDocumentResponse(
            False, str(error), error_kind=error.kind, missing_fields=error.missing
        )
    word, kind = "Unexpected", DiscoveryErrorKind.UNEXPECTED_ERROR
    if isinstance(error, NetworkException) and not isinstance(error, ResponseRefusedException):
        word, kind = "Network", DiscoveryErrorKind.NETWORK_ERROR
    elif isinstance(error, (ConfigurationException, InvalidArgumentError)):
        kind = DiscoveryErrorKind.INVALID_CONFIGURATION
    return DiscoveryDocumentResponse(
        False, f"{word} error during {OPERATION}: {error}", error_kind=kind
    )


def _refuse(kind: DiscoveryErrorKind, text: str, *missing: str) -> NoReturn:
    raise _Refused(kind, text, *missing)


def _read(response: HttpResponse) -> dict[str, Any]:
    if response.media_type != "application/json":
        _refuse(
            DiscoveryErrorKind.INVALID_DOCUMENT,
            "Invalid content type: expected application/json, "
            f"got {response.media_type[:100] or 'none'}",
        )
    try:
        document = response.json()
    except ValueError as error:
        _refuse(DiscoveryErrorKind.INVALID_JSON, f"Invalid JSON in discovery document: {error}")
    if not isinstance(document, dict):
        _refuse(
            DiscoveryErrorKind.INVALID_JSON, "Invalid JSON in discovery document: not an object"
        )
    return document


class _Judge:
    """One document against one policy; contract order of the checks."""

    def __init__(self, address: str, policy: DiscoveryPolicy, document: Mapping[str, Any]) -> None:
        self.address = address
        self.policy = policy
        self.document = document

    def judge(self) -> None:
        """Raise :class:`_Refused` at the first broken rule."""
        self._require_members()
        self._check_issuer()
        self._check_types()
        if self.policy.require_key_set and self.document.get("jwks_uri") is None:
            _refuse(
                DiscoveryErrorKind.MISSING_FIELDS,
                "Missing required parameters in discovery document: jwks_uri",
                "jwks_uri",
            )
        if self.policy.validate_endpoints:
            self._check_endpoints()
        self._check_mtls_aliases()

    def _require_members(self) -> None:
        required = _OAUTH_MEMBERS if OAUTH_METADATA in self.address else _OPENID_MEMBERS
        missing = [name for name in required if self.document.get(name) is None]
        if missing:
            _refuse(
                DiscoveryErrorKind.MISSING_FIELDS,
                f"Missing required parameters in discovery document: {', '.join(missing)}",
                *missing,
            )

    def _check_issuer(self) -> None:
        issuer = self.document["issuer"]
        if not isinstance(issuer, str) or not issuer.strip():
            _refuse(DiscoveryErrorKind.INVALID_CONFIGURATION, "Invalid issuer: empty or not text")
        if not self.policy.validate_issuer:
            return
        try:
            require_scheme(issuer, self.policy)
        except DiscoveryHTTPSRequiredError as error:
            _refuse(DiscoveryErrorKind.HTTPS_REQUIRED, f"Invalid issuer: {error}")
        except ConfigurationException as error:
            _refuse(DiscoveryErrorKind.INVALID_CONFIGURATION, f"Invalid issuer: {error}")
        if "?" in issuer or "#" in issuer:
            _refuse(
                DiscoveryErrorKind.INVALID_CONFIGURATION,
                "Invalid issuer: it has a query or fragment",
            )
        if self.policy.allow_issuer_mismatch or self.policy.authority:
            return
        expected = implied_issuer(self.address)
        if issuer.removesuffix("/") != expected.removesuffix("/"):
            _refuse(
                DiscoveryErrorKind.INVALID_DOCUMENT,
                f"The document's issuer {issuer!r} is not the one its address belongs to, "
                f"{expected!r}",
            )

    def _check_types(self) -> None:
        for name, known in (
            ("subject_types_supported", _SUBJECT_TYPES.__contains__),
            ("response_types_supported", _is_response_type),
        ):
            values = self.document.get(name)
            if values is None:
                continue
            if not isinstance(values, list):
                _refuse(DiscoveryErrorKind.INVALID_DOCUMENT, f"{name} is not a list")
            for value in values:
                if not isinstance(value, str) or not known(value):
                    _refuse(
                        DiscoveryErrorKind.INVALID_DOCUMENT,
                        f"{name} contains the unknown value {value!r}",
                    )

    def _check_endpoints(self) -> None:
        allowed = set(self._allowed_origins())
        for name in _CHECKED_ENDPOINTS:
            url = self.document.get(name)
            if url is None:
                continue
            if origin_of(self._endpoint(name, url)) not in allowed:
                _refuse(
                    DiscoveryErrorKind.INVALID_DOCUMENT,
                    f"{name} is on another authority than the issuer; if that is right, name it "
                    "in DiscoveryPolicy.additional_endpoint_base_addresses",
                )

    def _allowed_origins(self) -> Iterator[tuple[str, str, int]]:
        bases = [self.address, *self.policy.additional_endpoint_base_addresses]
        bases.append(self.policy.authority or self.document["issuer"])
        for base in bases:
            try:
                yield origin_of(split_url(base))
            except ConfigurationException as error:
                _refuse(
                    DiscoveryErrorKind.INVALID_CONFIGURATION,
                    f"Invalid base address {base!r}: {error}",
                )

    def _endpoint(self, name: str, url: object) -> SplitResult:
        try:
            return require_scheme(url, self.policy)
        except DiscoveryHTTPSRequiredError as error:
            _refuse(DiscoveryErrorKind.HTTPS_REQUIRED, f"Invalid {name}: {error}")
        except ConfigurationException as error:
            _refuse(DiscoveryErrorKind.INVALID_CONFIGURATION, f"Invalid {name}: {error}")

    def _check_mtls_aliases(self) -> None:
        aliases = self.document.get("mtls_endpoint_aliases")
        if aliases is None:
            return
        if not isinstance(aliases, dict):
            _refuse(DiscoveryErrorKind.INVALID_DOCUMENT, "mtls_endpoint_aliases is not an object")
        for alias, url in aliases.items():
            name = f"mtls_endpoint_aliases.{alias}"
            try:
                parts = split_url(url)
            except ConfigurationException as error:
                _refuse(DiscoveryErrorKind.INVALID_CONFIGURATION, f"Invalid {name}: {error}")
            if self.policy.validate_endpoints:
                self._endpoint(name, url)
            host = parts.hostname or ""
            exempt = self.policy.allow_loopback_endpoints and is_loopback(host)
            if is_internal(host) and not exempt:
                _refuse(DiscoveryErrorKind.INVALID_DOCUMENT, f"{name} is an internal address")


def _is_response_type(value: str) -> bool:
    words = value.split()
    return value == "none" or (bool(words) and _RESPONSE_TYPE_WORDS.issuperset(words))

"""What a provider's document must be: OpenID Connect Discovery §4.3, RFC 8414 §3.3."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, NamedTuple, NoReturn
from urllib.parse import SplitResult

from .._settings import DISCO_CACHE_TTL
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
    is_loopback,
    origin_of,
    require_reachable,
    require_scheme,
    split_url,
)
from .fetching import DocumentKind, FetchResult, Refused
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


class Provider(NamedTuple):
    """Who a provider is, and where its keys are; ``content`` is the whole document, as it came.

    Bytes, because most programs only validate tokens: the members of a thousand documents as
    objects would weigh ten times as much, and building them would delay the first token.
    """

    issuer: str
    jwks_uri: str | None
    content: bytes = b""


def build(address: str, policy: DiscoveryPolicy) -> HttpRequest:
    """Return the HTTP request; raises for an address that must not be fetched."""
    address = discovery_address(address)
    try:
        require_scheme(address, policy)
    except DiscoveryHTTPSRequiredError as error:
        _refuse(DiscoveryErrorKind.HTTPS_REQUIRED, str(error))
    except ConfigurationException as error:
        _refuse(DiscoveryErrorKind.INVALID_CONFIGURATION, f"Invalid endpoint URL: {error}")
    return HttpRequest("GET", address)


def sound_document(address: str, policy: DiscoveryPolicy, response: HttpResponse) -> dict[str, Any]:
    """Return the document in the answer from ``address``; raises for one that breaks a rule.

    Aliases for clients with certificates are left to :func:`check_aliases`: callers who use none
    are not stopped by them.
    """
    if not response.is_success:
        raise Refused(
            DiscoveryErrorKind.UNEXPECTED_STATUS,
            f"Discovery document request failed with status code: {response.status_code}. "
            f"Response Content: {response.quoted()}",
            status_code=response.status_code,
        )
    document = _read(response)
    _Judge(discovery_address(address), policy, document).judge()
    return document


def check_aliases(address: str, policy: DiscoveryPolicy, document: Mapping[str, Any]) -> None:
    """Raise :class:`Refused` for an alias for clients with certificates that must not be used."""
    _Judge(discovery_address(address), policy, document).check_mtls_aliases()


def parse(address: str, policy: DiscoveryPolicy, response: HttpResponse) -> Provider:
    """Return the provider in the answer from ``address``; raises where a rule is broken."""
    document = sound_document(address, policy, response)
    return Provider(document["issuer"], document.get("jwks_uri"), response.content)


def failed(error: Exception) -> FetchResult[Any]:
    """Return the result for something raised while fetching."""
    if isinstance(error, Refused):
        return FetchResult(
            error=str(error),
            error_kind=error.kind,
            status_code=error.status_code,
            missing=error.missing,
        )
    word, kind = "Unexpected", DiscoveryErrorKind.UNEXPECTED_ERROR
    if isinstance(error, NetworkException) and not isinstance(error, ResponseRefusedException):
        word, kind = "Network", DiscoveryErrorKind.NETWORK_ERROR
    elif isinstance(error, (ConfigurationException, InvalidArgumentError)):
        kind = DiscoveryErrorKind.INVALID_CONFIGURATION
    return FetchResult(error=f"{word} error during {OPERATION}: {error}", error_kind=kind)


def key_of(address: str, policy: DiscoveryPolicy) -> tuple[Any, ...]:
    """Return where the document at ``address`` is cached for callers with this policy."""
    return address, policy.cache_key()


def _refuse(kind: DiscoveryErrorKind, text: str, *missing: str) -> NoReturn:
    raise Refused(kind, text, *missing)


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
        """Raise :class:`Refused` at the first broken rule."""
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

    def _require_members(self) -> None:
        members = _OAUTH_MEMBERS if OAUTH_METADATA in self.address else _OPENID_MEMBERS
        required = members[:1] if self.policy.allow_missing_login_members else members
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

    def check_mtls_aliases(self) -> None:
        """Raise :class:`Refused` for an alias that must not be used."""
        aliases = self.document.get("mtls_endpoint_aliases")
        if aliases is None:
            return
        if not isinstance(aliases, dict):
            _refuse(DiscoveryErrorKind.INVALID_DOCUMENT, "mtls_endpoint_aliases is not an object")
        for alias, url in aliases.items():
            self._check_alias(f"mtls_endpoint_aliases.{alias}", url)

    def _check_alias(self, name: str, url: object) -> None:
        try:
            check_alias(name, url, self.policy, str(self.document["issuer"]), self.address)
        except DiscoveryHTTPSRequiredError as error:
            _refuse(DiscoveryErrorKind.HTTPS_REQUIRED, f"Invalid {name}: {error}")
        except ConfigurationException as error:
            if error.code == "internal_address":
                _refuse(DiscoveryErrorKind.INVALID_DOCUMENT, str(error))
            _refuse(DiscoveryErrorKind.INVALID_CONFIGURATION, f"Invalid {name}: {error}")


def check_alias(name: str, url: object, policy: DiscoveryPolicy, *named: str) -> str:
    """Return the address of ``name`` for clients with certificates; refuse an unusable one.

    An internal address is accepted where one of ``named``, or a base address of ``policy``, is
    on one as well.  Raises ConfigurationException.
    """
    parts = require_scheme(url, policy) if policy.validate_endpoints else split_url(url)
    if policy.allow_loopback_endpoints and is_loopback(parts.hostname or ""):
        return str(url)
    bases = [*named, policy.authority or "", *policy.additional_endpoint_base_addresses]
    return require_reachable(name, url, trusted_hosts=filter(None, map(_host_of, bases)))


def _host_of(url: str) -> str | None:
    try:
        return split_url(url).hostname
    except ConfigurationException:
        return None


def _is_response_type(value: str) -> bool:
    words = value.split()
    return value == "none" or (bool(words) and _RESPONSE_TYPE_WORDS.issuperset(words))


DISCOVERY_DOCUMENT: DocumentKind[Provider] = DocumentKind(
    name="document",
    label="discovery document",
    operation="discovery",
    code="discovery_failed",
    ttl=DISCO_CACHE_TTL,
    build=build,
    parse=parse,
    failed=failed,
    key_of=key_of,
    is_empty=lambda provider: False,
)

"""The identity of a provider and its keys: OpenID Connect Discovery §4.3, RFC 8414 §3.3.

Only the members that validation needs are checked here, by any policy that shares the cached
document; other members are checked when they are used, or all at once for the callers of
``get_discovery_document``.
"""

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any, NamedTuple, NoReturn
from urllib.parse import SplitResult

from .._settings import DISCO_CACHE_TTL
from .._wire.discovery_policy import NAMED_BY_PROGRAM, DiscoveryPolicy
from .._wire.messages import HTML, HttpRequest, HttpResponse
from .._wire.urls import (
    discovery_address,
    host_of,
    implied_issuer,
    is_loopback,
    is_same_issuer,
    oauth_metadata_address,
    origin_of,
    require_reachable,
    require_scheme,
    split_url,
)
from ..exceptions import (
    ConfigurationException,
    DiscoveryHTTPSRequiredError,
    InvalidArgumentError,
    NetworkException,
    ProviderUnusableException,
    ResponseRefusedException,
)
from .events import get_cache_counters
from .fetch_result import CacheKey, DocumentKind, FetchResult, Refused

OPERATION = "discovery document request"
MEDIA_TYPE = "application/json"


class DiscoveryErrorKind(Enum):
    """The reason why discovery failed."""

    UNEXPECTED_STATUS = "unexpected_status"
    INVALID_JSON = "invalid_json"
    MISSING_FIELDS = "missing_fields"
    HTTPS_REQUIRED = "https_required"
    INVALID_CONFIGURATION = "invalid_configuration"
    INVALID_DOCUMENT = "invalid_document"
    NETWORK_ERROR = "network_error"
    UNEXPECTED_ERROR = "unexpected_error"


class Provider(NamedTuple):
    """The issuer of a provider and the address of its keys; ``content`` is the whole document.

    ``content`` is bytes, because most programs only validate tokens: the parsed members of a
    thousand documents would take ten times the memory, and parsing them would delay the first
    token.
    """

    issuer: str
    jwks_uri: str | None
    content: bytes = b""
    media_type: str = MEDIA_TYPE


def build(address: str, policy: DiscoveryPolicy) -> HttpRequest:
    """Return the HTTP request; raise for an address that must not be fetched."""
    address = discovery_address(address)
    try:
        require_scheme(address, policy)
    except DiscoveryHTTPSRequiredError as error:
        remedy = remedy_text(policy, require_https=False)
        refuse(DiscoveryErrorKind.HTTPS_REQUIRED, f"{error}; {remedy}")
    except ConfigurationException as error:
        refuse(DiscoveryErrorKind.INVALID_CONFIGURATION, f"Invalid endpoint URL: {error}")
    return HttpRequest("GET", address)


def parse(address: str, policy: DiscoveryPolicy, response: HttpResponse) -> Provider:
    """Return the provider in the response from ``address``, with the members that validation needs.

    Any JSON object is accepted, whatever its media type, except what declares itself a web page.
    """
    require_success(response)
    if response.media_type in HTML:
        refuse_media_type(response.media_type)
    document = json_object(response)
    issuer = document.get("issuer")
    if issuer is None:
        refuse(DiscoveryErrorKind.MISSING_FIELDS, missing_text("issuer"), "issuer")
    check_issuer(policy, issuer)
    address = discovery_address(address)
    problem = issuer_problem(address, policy, issuer)
    if problem is None and "{" in issuer:
        problem = _template_problem(address, issuer)
    if problem is not None:
        raise Refused(
            DiscoveryErrorKind.INVALID_DOCUMENT,
            f"{problem}; {remedy_text(policy, allow_issuer_mismatch=True)}",
            code="issuer_mismatch",
        )
    keys = document.get("jwks_uri")
    # A value that is not a string is not a URL either.
    found = None if keys is None or keys == "" else str(keys)
    return Provider(issuer, found, response.content, response.media_type)


def require_success(response: HttpResponse) -> None:
    """Raise :class:`Refused` for a response without a document."""
    if not response.is_success:
        raise Refused(
            DiscoveryErrorKind.UNEXPECTED_STATUS,
            f"Discovery document request failed with status code: {response.status_code}. "
            f"Response Content: {response.quoted()}",
            status_code=response.status_code,
        )


def refuse_media_type(media_type: str) -> NoReturn:
    """Raise :class:`Refused` for a wrong media type."""
    refuse(DiscoveryErrorKind.INVALID_DOCUMENT, media_type_text(media_type))


def media_type_text(media_type: str) -> str:
    """Return the error text for a media type."""
    return f"Invalid content type: expected {MEDIA_TYPE}, got {media_type[:100] or 'none'}"


def json_object(response: HttpResponse) -> dict[str, Any]:
    """Return the JSON object in a response; raise :class:`Refused` for anything else."""
    try:
        document = response.json()
    except ValueError as error:
        refuse(DiscoveryErrorKind.INVALID_JSON, f"Invalid JSON in discovery document: {error}")
    if not isinstance(document, dict):
        refuse(DiscoveryErrorKind.INVALID_JSON, "Invalid JSON in discovery document: not an object")
    return document


def missing_text(*names: str) -> str:
    """Return the error text for missing members."""
    return f"Missing required parameters in discovery document: {', '.join(names)}"


def check_issuer(policy: DiscoveryPolicy, issuer: object) -> None:
    """Raise :class:`Refused` for a value that cannot be an issuer."""
    if not isinstance(issuer, str) or not issuer.strip():
        refuse(DiscoveryErrorKind.INVALID_CONFIGURATION, "Invalid issuer: empty or not text")
    if not policy.validate_issuer:
        return
    endpoint_parts("issuer", issuer, policy)
    if "?" in issuer or "#" in issuer:
        refuse(
            DiscoveryErrorKind.INVALID_CONFIGURATION, "Invalid issuer: it has a query or fragment"
        )


def issuer_problem(address: str, policy: DiscoveryPolicy, issuer: str) -> str | None:
    """Return why a document at ``address`` must not name ``issuer``; None where it may."""
    if not policy.validate_issuer or policy.authority:
        return None
    belongs = implied_issuer(address)
    if "{" in issuer:
        from .._wire.known_hosts import known_template  # loads the table

        known = known_template(issuer)
        if known is not None and known.covers(policy.expected_issuer or belongs):
            return None
    if policy.allow_issuer_mismatch:
        return None
    if policy.expected_issuer is not None:
        expected, why = policy.expected_issuer, "the expected one"
    else:
        expected, why = belongs, "the one its address belongs to"
    if is_same_issuer(expected, issuer):
        return None
    return f"The document's issuer {issuer!r} is not {why}, {expected!r}"


def _template_problem(address: str, issuer: str) -> str | None:
    """Return why a document at ``address`` must not vouch for all issuers of a template."""
    from .._wire.known_hosts import known_template

    known = known_template(issuer)
    if known is None or known.has_own_host(split_url(address).hostname or ""):
        return None
    return f"The document's issuer {issuer!r} is a template that its address does not match"


def endpoint_parts(name: str, url: object, policy: DiscoveryPolicy) -> SplitResult:
    """Return the parts of a URL in a document; raise :class:`Refused` for a malformed one."""
    try:
        return require_scheme(url, policy)
    except DiscoveryHTTPSRequiredError as error:
        refuse(DiscoveryErrorKind.HTTPS_REQUIRED, f"Invalid {name}: {error}")
    except ConfigurationException as error:
        refuse(DiscoveryErrorKind.INVALID_CONFIGURATION, f"Invalid {name}: {error}")


def key_set_address(provider: Provider, address: str, policy: DiscoveryPolicy) -> str:
    """Return the address of the keys that the document at ``address`` names.

    Raises ProviderUnusableException if ``policy`` refuses the address, or there is none: validation
    cannot use a document without keys.
    """
    try:
        return _key_set_address(provider, address, policy)
    except Refused as error:
        raise ProviderUnusableException(str(error), code="discovery_failed") from None


def _key_set_address(provider: Provider, address: str, policy: DiscoveryPolicy) -> str:
    own, url = policy.allow_endpoints_on_other_hosts, provider.jwks_uri
    if provider.media_type != MEDIA_TYPE and not own:
        refuse_media_type(provider.media_type)
    if url is None:
        if policy.require_key_set:
            refuse(DiscoveryErrorKind.MISSING_FIELDS, missing_text("jwks_uri"), "jwks_uri")
        raise ProviderUnusableException(
            "the discovery document has no jwks_uri; TrustedIssuer(jwks_uri=...) and "
            "TokenValidationConfig(jwks_uri=...) name the keys of such an issuer",
            code="missing_jwks_uri",
        )
    if policy.validate_endpoints:
        parts = endpoint_parts("jwks_uri", url, policy)
        problem = host_problem("jwks_uri", parts, provider.issuer, address, policy)
        if problem is not None:
            remedy = remedy_text(
                policy, additional_endpoint_base_addresses=further_hosts(policy, [parts])
            )
            refuse(DiscoveryErrorKind.INVALID_DOCUMENT, f"{problem}; {remedy}")
    return url


def host_problem(
    name: str, parts: SplitResult, issuer: str, address: str, policy: DiscoveryPolicy
) -> str | None:
    """Return why an endpoint of ``issuer`` must not be on this host; None where it may."""
    if policy.allow_endpoints_on_other_hosts:
        if policy.allow_loopback_endpoints and is_loopback(parts.hostname or ""):
            return None
        named = program_named(issuer, address, policy)
        try:
            require_reachable(name, parts.geturl(), trusted_hosts=filter(None, map(host_of, named)))
        except ConfigurationException as error:
            return f"{error} ({origin_text(parts)})"
        return None
    if origin_of(parts) in set(allowed_origins(issuer, address, policy)):
        return None
    if not policy.authority and parts.scheme == "https" and parts.port in {None, 443}:
        from .._wire.known_hosts import known_issuer  # loads the table

        known = known_issuer(issuer)
        if known is not None and known.has_host(parts.hostname or ""):
            return None
    return f"{name} is on another authority than the issuer ({origin_text(parts)})"


def allowed_origins(
    issuer: str, address: str, policy: DiscoveryPolicy
) -> Iterator[tuple[str, str, int]]:
    """Return the origins that endpoints may be on; raise :class:`Refused` for an invalid policy."""
    bases = [address, *policy.additional_endpoint_base_addresses, policy.authority or issuer]
    for base in bases:
        try:
            yield origin_of(split_url(base))
        except ConfigurationException as error:
            refuse(
                DiscoveryErrorKind.INVALID_CONFIGURATION, f"Invalid base address {base!r}: {error}"
            )


def remedy_text(policy: DiscoveryPolicy, **members: object) -> str:
    """Return the error text that names ``policy`` with the members that would lift a rule.

    It shows the whole policy, ready to be copied.
    """
    named = policy.allow_endpoints_on_other_hosts and not policy.require_key_set
    usual = vars(NAMED_BY_PROGRAM if named else DiscoveryPolicy())
    own = {name: value for name, value in vars(policy).items() if value != usual[name]}
    if "allow_issuer_mismatch" in members:
        own.pop("expected_issuer", None)
    shown = ", ".join(f"{name}={value!r}" for name, value in {**own, **members}.items())
    return f"if that is expected, accept it with DiscoveryPolicy({shown})"


def further_hosts(policy: DiscoveryPolicy, parts: Iterable[SplitResult]) -> list[str]:
    """Return the base addresses that ``policy`` would have to name for these endpoints."""
    bases = [*policy.additional_endpoint_base_addresses, *map(origin_text, parts)]
    return list(dict.fromkeys(bases))


def origin_text(parts: SplitResult) -> str:
    """Return the base address of a URL, in the form used in policies."""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def hosts_named(policy: DiscoveryPolicy) -> list[str]:
    """Return the addresses that ``policy`` names."""
    return [policy.authority or "", *policy.additional_endpoint_base_addresses]


def program_named(issuer: str, address: str, policy: DiscoveryPolicy) -> list[str]:
    """Return the addresses that the program named, directly or in its policy.

    The document's issuer counts only if it was compared with what the program named.
    """
    compared = policy.validate_issuer and not (policy.allow_issuer_mismatch or policy.authority)
    return [*([issuer] if compared else []), address, *hosts_named(policy)]


def failed(error: Exception) -> FetchResult[Any]:
    """Return the result for an exception raised while fetching."""
    if isinstance(error, Refused):
        return FetchResult(
            error=str(error),
            error_kind=error.kind,
            status_code=error.status_code,
            missing=error.missing,
            code=error.code,
        )
    word, kind = "Unexpected", DiscoveryErrorKind.UNEXPECTED_ERROR
    if isinstance(error, NetworkException) and not isinstance(error, ResponseRefusedException):
        word, kind = "Network", DiscoveryErrorKind.NETWORK_ERROR
    elif isinstance(error, (ConfigurationException, InvalidArgumentError)):
        kind = DiscoveryErrorKind.INVALID_CONFIGURATION
    return FetchResult(error=f"{word} error during {OPERATION}: {error}", error_kind=kind)


def key_of(address: str, policy: DiscoveryPolicy) -> CacheKey:
    """Return the cache key of the document at ``address`` for callers with this policy.

    It contains only the rules that :func:`parse` applies, so that one document serves all callers.
    """
    return (
        address,
        policy.require_https,
        policy.allow_http_on_loopback,
        policy.validate_issuer,
        policy.allow_issuer_mismatch or bool(policy.authority),
        policy.expected_issuer,
    )


def refuse(kind: DiscoveryErrorKind, text: str, *missing: str) -> NoReturn:
    """Raise :class:`Refused`."""
    raise Refused(kind, text, *missing)


_counters = get_cache_counters()
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
    count_hit=_counters.record_disco_hit,
    count_request=lambda cached: _counters.record_disco_miss(),
    elsewhere=oauth_metadata_address,
)

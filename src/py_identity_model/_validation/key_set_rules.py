"""Rules for key sets (RFC 7517 §5)."""

from __future__ import annotations

from typing import Any

from .._jose.jwk import JsonWebKey, jwks_from_dict
from .._jose.keys import KeySnapshot
from .._logging import logger
from .._settings import JWKS_CACHE_TTL, MAX_JWKS_KEYS, MAX_JWKS_SIZE
from .._wire.discovery_policy import DiscoveryPolicy
from .._wire.messages import HTML, ErrorKind, HttpRequest, HttpResponse, failure_of
from .._wire.urls import require_scheme
from ..exceptions import ConfigurationException, JwksException, ProviderUnusableException
from .events import get_cache_counters
from .fetch_result import CacheKey, DocumentKind, FetchResult, Refused
from .key_access import KeyAccess, key_in

OPERATION = "JWKS request"

_SELF_EXPLAINED = {
    ErrorKind.NETWORK_ERROR,
    ErrorKind.HTTPS_REQUIRED,
    ErrorKind.INVALID_CONFIGURATION,
}
_MEDIA_TYPES = frozenset({"application/json", "application/jwk-set+json"})


def build(address: str, policy: DiscoveryPolicy) -> HttpRequest:
    """Return the HTTP request; raise for an address that must not be fetched."""
    try:
        require_scheme(address, policy)
    except ConfigurationException as error:
        text = f"Invalid JWKS endpoint URL: {error}"
        raise type(error)(text, error.details, code=error.code) from None
    request = HttpRequest(
        "GET",
        address,
        headers={"Accept": "application/jwk-set+json, application/json"},
        max_body=int(MAX_JWKS_SIZE.read()),
    )
    return policy.prepare(request) if isinstance(policy, KeyAccess) else request


def parse_strictly(address: str, policy: DiscoveryPolicy, response: HttpResponse) -> KeySnapshot:
    """Return the result of :func:`parse`, for responses of the registered media types only."""
    if response.is_success:
        check_media_type(response.media_type)
    return parse(address, policy, response)


def check_media_type(media_type: str) -> None:
    """Raise JwksException for a media type other than that of a key set."""
    if not media_type:
        raise JwksException("missing Content-Type")
    if media_type not in _MEDIA_TYPES:
        raise JwksException(f"Invalid content type: {media_type[:100]}")


def require_usual_answer(keys: KeySnapshot, policy: DiscoveryPolicy) -> None:
    """Raise ProviderUnusableException for keys in a response that the contract's functions refuse.

    Objects made for one issuer are more tolerant, and share the same cache.
    """
    if policy.allow_endpoints_on_other_hosts or isinstance(policy, KeyAccess):
        return
    try:
        check_media_type(keys.media_type)
    except JwksException as error:
        raise ProviderUnusableException(str(failed(error).error), code="jwks_failed") from None


def parse(address: str, policy: DiscoveryPolicy, response: HttpResponse) -> KeySnapshot:
    """Return the usable keys of a response; raise if it is not a key set.

    Any JSON is accepted, whatever its media type, except what declares itself a web page.
    """
    if not response.is_success:
        raise Refused(
            ErrorKind.UNEXPECTED_STATUS,
            f"JWKS request failed with status code: {response.status_code}. "
            f"Response Content: {response.quoted()}",
            status_code=response.status_code,
        )
    if isinstance(policy, KeyAccess) and policy.is_pem:
        return KeySnapshot([key_in(response)])
    found = [_usable(entry) for entry in _entries(response)]
    keys = [key for key in found if key is not None]
    if found and not keys:
        raise JwksException("the key set has no usable keys", code="no_usable_keys")
    return KeySnapshot(keys, response.media_type)


def failed(error: Exception) -> FetchResult[Any]:
    """Return the result for an exception raised while fetching."""
    if isinstance(error, Refused):
        return FetchResult(error=str(error), error_kind=error.kind, status_code=error.status_code)
    response = failure_of(error, OPERATION)
    text, kind = response["error"], response["error_kind"]
    if isinstance(error, ConfigurationException):
        text = str(error)
    elif isinstance(error, JwksException):
        kind = ErrorKind.INVALID_DOCUMENT
    if kind not in _SELF_EXPLAINED:
        text = f"Unhandled exception during {OPERATION}: {error}"
    return FetchResult(error=text, error_kind=kind)


def key_of(address: str, policy: DiscoveryPolicy) -> CacheKey:
    """Return the cache key of the keys at ``address`` for callers with this policy."""
    # Not the address alone: keys fetched over plain http, even on loopback, must not be served to a
    # caller that demands https.
    own = policy.own_key() if isinstance(policy, KeyAccess) else ()
    return address, policy.require_https, policy.allow_http_on_loopback, *own


def _entries(response: HttpResponse) -> list[dict[str, Any]]:
    if response.media_type in HTML:
        check_media_type(response.media_type)
    try:
        document = response.json()
    except ValueError as error:
        raise JwksException(f"invalid JSON: {error}") from None
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise JwksException("the body is not an object with a 'keys' array of objects")
    if len(entries) > MAX_JWKS_KEYS.read():
        raise JwksException(f"too many keys: {len(entries)}")
    return entries


def _usable(entry: dict[str, Any]) -> JsonWebKey | None:
    try:
        return jwks_from_dict(entry)
    except ConfigurationException as error:
        logger.warning("skipped the key %.100r: %s", entry.get("kid"), error)
        return None


_counters = get_cache_counters()


def _count_request(cached: bool) -> None:
    if cached:
        _counters.record_jwks_refresh()
    else:
        _counters.record_jwks_miss()


KEY_SET: DocumentKind[KeySnapshot] = DocumentKind(
    name="keys",
    label="key set",
    operation="fetching a key set",
    code="jwks_failed",
    ttl=JWKS_CACHE_TTL,
    build=build,
    parse=parse,
    failed=failed,
    key_of=key_of,
    is_empty=lambda snapshot: not snapshot.keys,
    count_hit=_counters.record_jwks_hit,
    count_request=_count_request,
    empty=FetchResult(error="No keys available in the provider's key set", code="no_keys"),
    first=True,  # a key that was withdrawn matters more than any other news
)
KEY_SET_IN_FULL = KEY_SET._replace(parse=parse_strictly)

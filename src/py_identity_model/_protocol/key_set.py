"""What a key set must be (RFC 7517 §5)."""

from __future__ import annotations

from typing import Any

from .._jose.jwk import JsonWebKey, jwks_from_dict
from .._logging import logger
from .._settings import MAX_JWKS_KEYS, MAX_JWKS_SIZE
from ..exceptions import (
    ConfigurationException,
    JwksException,
)
from .addresses import require_scheme
from .fetching import Judged
from .messages import ErrorKind, HttpRequest, HttpResponse, failure_of
from .policy import DiscoveryPolicy

OPERATION = "JWKS request"

_SELF_EXPLAINED = {
    ErrorKind.NETWORK_ERROR,
    ErrorKind.HTTPS_REQUIRED,
    ErrorKind.INVALID_CONFIGURATION,
}
_MEDIA_TYPES = frozenset({"application/json", "application/jwk-set+json"})


def build(address: str, policy: DiscoveryPolicy | None) -> HttpRequest:
    """Return the HTTP request; raises for an address that must not be fetched."""
    try:
        require_scheme(address, policy or DiscoveryPolicy())
    except ConfigurationException as error:
        text = f"Invalid JWKS endpoint URL: {error}"
        raise type(error)(text, error.details, code=error.code) from None
    return HttpRequest(
        "GET",
        address,
        headers={"Accept": "application/jwk-set+json, application/json"},
        max_body=lambda: int(MAX_JWKS_SIZE.read()),
    )


def keys_of(response: HttpResponse) -> Judged[list[JsonWebKey]]:
    """Return the usable keys of an answer; raises for one that is not a key set."""
    if not response.is_success:
        return Judged(
            False,
            f"JWKS request failed with status code: {response.status_code}. "
            f"Response Content: {response.quoted()}",
            error_kind=ErrorKind.UNEXPECTED_STATUS,
            status_code=response.status_code,
        )
    found = [_usable(entry) for entry in _entries(response)]
    keys = [key for key in found if key is not None]
    if found and not keys:
        raise JwksException("the key set has no usable keys", code="no_usable_keys")
    return Judged(True, value=keys, cache_control=response.headers.get("cache-control"))


def failed(error: Exception) -> Judged[list[JsonWebKey]]:
    """Return what is to be said of something raised while fetching."""
    response = failure_of(error, OPERATION)
    if isinstance(error, ConfigurationException):
        response["error"] = str(error)
    elif isinstance(error, JwksException):
        response["error_kind"] = ErrorKind.INVALID_DOCUMENT
    if response["error_kind"] not in _SELF_EXPLAINED:
        response["error"] = f"Unhandled exception during {OPERATION}: {error}"
    return Judged(**response)


def _entries(response: HttpResponse) -> list[dict[str, Any]]:
    if not response.media_type:
        raise JwksException("missing Content-Type")
    if response.media_type not in _MEDIA_TYPES:
        raise JwksException(f"Invalid content type: {response.media_type[:100]}")
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

"""Key sets (RFC 7517 §5)."""

from dataclasses import dataclass
from typing import Any, ClassVar

from .._jose.jwk import JsonWebKey, jwks_from_dict
from .._logging import logger
from .._settings import MAX_JWKS_KEYS, MAX_JWKS_SIZE
from ..exceptions import (
    ConfigurationException,
    JwksException,
)
from .addresses import require_scheme
from .base import BaseRequest, BaseResponse, ErrorKind
from .messages import HttpRequest, HttpResponse, failure_of
from .policy import DiscoveryPolicy

OPERATION = "JWKS request"

_SELF_EXPLAINED = {
    ErrorKind.NETWORK_ERROR,
    ErrorKind.HTTPS_REQUIRED,
    ErrorKind.INVALID_CONFIGURATION,
}
_MEDIA_TYPES = frozenset({"application/json", "application/jwk-set+json"})


@dataclass(repr=False)
class JwksRequest(BaseRequest):
    """Where the key set is, and how strictly its address is judged.

    Example::

        JwksRequest(address="https://op.example/jwks")
    """

    policy: DiscoveryPolicy | None = None


@dataclass(eq=False, repr=False)
class JwksResponse(BaseResponse):
    """A provider's keys; those that cannot be used are left out.

    ``keys`` may be empty.  ``cache_control`` is the answer's header.
    """

    _guarded_fields: ClassVar[frozenset[str]] = frozenset({"keys"})

    keys: list[JsonWebKey] | None = None
    cache_control: str | None = None


def build(request: JwksRequest) -> HttpRequest:
    """Return the HTTP request; raises for an address that must not be fetched."""
    try:
        require_scheme(request.address, request.policy or DiscoveryPolicy())
    except ConfigurationException as error:
        text = f"Invalid JWKS endpoint URL: {error}"
        raise type(error)(text, error.details, code=error.code) from None
    return HttpRequest(
        "GET",
        request.address,
        headers={"Accept": "application/jwk-set+json, application/json"},
        max_body=lambda: int(MAX_JWKS_SIZE.read()),
    )


def parse(response: HttpResponse) -> JwksResponse:
    """Return the usable keys of an answer; raises for one that is not a key set."""
    if not response.is_success:
        return JwksResponse(
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
    return JwksResponse(True, keys=keys, cache_control=response.headers.get("cache-control"))


def failed(error: Exception) -> JwksResponse:
    """Return the failed response for something raised by build, send or parse."""
    response = failure_of(error, OPERATION)
    if isinstance(error, ConfigurationException):
        response["error"] = str(error)
    elif isinstance(error, JwksException):
        response["error_kind"] = ErrorKind.INVALID_DOCUMENT
    if response["error_kind"] not in _SELF_EXPLAINED:
        response["error"] = f"Unhandled exception during {OPERATION}: {error}"
    return JwksResponse(**response)


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

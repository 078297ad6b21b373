"""Key sets (RFC 7517 §5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .._jose.jwk import JsonWebKey
from .._jose.keys import KeySnapshot
from .._validation.fetch_result import FetchResult
from .._wire.discovery_policy import DiscoveryPolicy
from .._wire.models import BaseRequest, BaseResponse


@dataclass(repr=False)
class JwksRequest(BaseRequest):
    """The address of a key set, and the strictness of its checks.

    Example::

        JwksRequest(address="https://op.example/jwks")
    """

    policy: DiscoveryPolicy | None = None


@dataclass(eq=False, repr=False)
class JwksResponse(BaseResponse):
    """The usable keys of a provider.

    ``keys`` may be empty.  ``cache_control`` is the header of the response.
    """

    _guarded_fields: ClassVar[frozenset[str]] = frozenset({"keys"})

    keys: list[JsonWebKey] | None = None
    cache_control: str | None = None


def response_of(result: FetchResult[KeySnapshot]) -> JwksResponse:
    """Return the response for the result of a fetch."""
    if result.value is not None:
        return JwksResponse(True, keys=list(result.value.keys), cache_control=result.cache_control)
    return JwksResponse(
        False, result.error, error_kind=result.error_kind, status_code=result.status_code
    )

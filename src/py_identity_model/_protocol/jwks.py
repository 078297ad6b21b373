"""Key sets (RFC 7517 §5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .._jose.jwk import JsonWebKey
from . import key_set
from .base import BaseRequest, BaseResponse
from .fetching import Judged
from .messages import HttpRequest
from .policy import DiscoveryPolicy


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
    return key_set.build(request.address, request.policy)


def response_of(judged: Judged[list[JsonWebKey]]) -> JwksResponse:
    """Return what callers are told."""
    if judged.is_successful:
        return JwksResponse(True, keys=judged.value, cache_control=judged.cache_control)
    return JwksResponse(
        False, judged.error, error_kind=judged.error_kind, status_code=judged.status_code
    )

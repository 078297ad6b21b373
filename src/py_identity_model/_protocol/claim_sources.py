"""Aggregated and distributed claims (OpenID Connect Core §5.6.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, NamedTuple

from .._jose.encoding import decode_base64url, parse_object
from .._validation.config import TokenValidationConfig, decrypt_token, policy_of
from .._wire.endpoint import Endpoint, refusal
from .._wire.messages import HttpRequest, HttpResponse, UnusableAnswer
from .._wire.models import BaseRequest, BaseResponse
from .._wire.urls import origin_of, require_scheme, split_url
from ..exceptions import (
    ConfigurationException,
    InvalidArgumentError,
    PyIdentityModelException,
    TokenValidationException,
)

_MOST = 16  # sources: each may cost a request
# Only the provider itself may say whom a token is about, and for whom it is.
_RESERVED = frozenset(
    {"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "azp", "nonce", "auth_time", "acr", "amr"}
    | {"at_hash", "c_hash", "s_hash", "sid", "cnf", "_claim_names", "_claim_sources"}
)

ClaimsProviders = Mapping[str, TokenValidationConfig]
"""The validation of each claims provider's tokens, by issuer."""


@dataclass(frozen=True)
class CollectedClaims:
    """The claims of other providers about a user, each verified with its provider's keys.

    :param claims: the values, by name
    :param issuers: the claims provider of each, by the same names
    :param failures: the reasons why sources brought nothing, by the names of the sources
    """

    claims: Mapping[str, Any] = field(repr=False)
    issuers: Mapping[str, str]
    failures: Mapping[str, PyIdentityModelException] = field(default_factory=dict)


class Source(NamedTuple):
    """A source of claims, the expected claims, and its location."""

    name: str
    claims: tuple[str, ...]
    members: Mapping[str, Any]


def check_providers(providers: object) -> None:
    """Raise InvalidArgumentError unless each issuer has its configuration."""
    if not isinstance(providers, Mapping) or not all(
        isinstance(issuer, str) and isinstance(config, TokenValidationConfig)
        for issuer, config in providers.items()
    ):
        raise InvalidArgumentError(
            "claims_providers must be a mapping from issuers to TokenValidationConfig"
        )


def sources_of(claims: Mapping[str, Any]) -> Iterator[Source]:
    """Yield the sources that ``claims`` refer to; unusable and surplus ones without members."""
    names, sources = claims.get("_claim_names"), claims.get("_claim_sources")
    if not isinstance(names, Mapping):
        return
    wanted: dict[str, list[str]] = {}
    for claim, source in names.items():
        if isinstance(source, str):
            wanted.setdefault(source, []).append(claim)
    for number, (source, of_source) in enumerate(wanted.items()):
        members = sources.get(source) if isinstance(sources, Mapping) else None
        usable = members if isinstance(members, Mapping) and number < _MOST else {}
        yield Source(source, tuple(of_source), usable)


def providers_at(endpoint: object, providers: ClaimsProviders) -> ClaimsProviders:
    """Return the claims providers that ``endpoint`` may belong to; raise if there are none."""
    found = {
        issuer: config for issuer, config in providers.items() if _is_at(endpoint, issuer, config)
    }
    if not found:
        raise _refused_error(
            "its endpoint is not on the authority of a configured claims provider; name "
            "it in that provider's DiscoveryPolicy.additional_endpoint_base_addresses",
            "unknown_claims_endpoint",
        )
    return found


def _is_at(endpoint: object, issuer: str, config: TokenValidationConfig) -> bool:
    policy = policy_of(config)
    try:
        origin = origin_of(require_scheme(endpoint, policy))
        bases = (issuer, *policy.additional_endpoint_base_addresses)
        return origin in {origin_of(split_url(base)) for base in bases}
    except ConfigurationException:
        return False


class Candidate(NamedTuple):
    """A token of a claims provider, to be verified."""

    issuer: str
    signed: str
    config: TokenValidationConfig


def candidate(jwt: object, providers: ClaimsProviders) -> Candidate:
    """Return how to verify ``jwt``: by the provider that it names, if that is configured."""
    for issuer, config in providers.items() if isinstance(jwt, str) else ():
        try:
            signed, rest = decrypt_token(str(jwt), config)
        except TokenValidationException:
            continue
        if _unverified_issuer(signed) == issuer:
            return Candidate(issuer, signed, replace(rest, issuer=issuer))
    raise _refused_error(
        "it does not come from a configured claims provider", "unknown_claims_provider"
    )


def _unverified_issuer(jwt: str) -> object:
    try:
        return parse_object(decode_base64url(jwt.split(".")[1].encode())).get("iss")
    except (ValueError, IndexError):
        return None


def claims_from(
    source: Source, verified: Mapping[str, Any], own: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the claims expected from ``source``; ``own`` are those of the provider itself."""
    for name in source.claims:
        if name in _RESERVED or name in own:
            raise _refused_error(f"it must not contain the claim {name[:200]}", "reserved_claim")
        if name not in verified:
            raise _refused_error(f"it lacks the claim {name[:200]}", "missing_claim")
    return {name: verified[name] for name in source.claims}


def _refused_error(text: str, code: str) -> TokenValidationException:
    return TokenValidationException(
        f"The claim source is refused: {text}", "payload", {"error": text}, code=code
    )


@dataclass(repr=False)
class ClaimSourceRequest(BaseRequest):
    """A request for distributed claims at ``address``, with ``access_token``.  Core §5.6.2.2."""

    _secret_fields: ClassVar[frozenset[str]] = frozenset({"access_token"})

    access_token: str | None = None


@dataclass(eq=False, repr=False)
class ClaimSourceResponse(BaseResponse):
    """A token with the claims, not verified yet."""

    _guarded_fields: ClassVar[frozenset[str]] = frozenset({"jwt"})
    _secret_fields: ClassVar[frozenset[str]] = frozenset({"jwt"})

    jwt: str | None = None


def build(request: ClaimSourceRequest) -> HttpRequest:
    """Return the HTTP request (OpenID Connect Core §5.6.2.2)."""
    return HttpRequest(
        "GET",
        request.address,
        headers={"Accept": "application/jwt"},
        access_token=request.access_token,
    )


def parse(request: ClaimSourceRequest, response: HttpResponse) -> ClaimSourceResponse:
    """Return the token; raise for any other body."""
    if not response.is_success:
        return refusal(ClaimSourceResponse, "Distributed claims request", request, response)
    try:
        text = response.content.decode("ascii").strip()
    except ValueError:
        text = ""
    if text.count(".") not in (2, 4):
        raise UnusableAnswer("the body is not a JWT")
    return ClaimSourceResponse(True, jwt=text)


ENDPOINT = Endpoint("distributed claims request", ClaimSourceResponse, build, parse)

"""Claims of other providers about a user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .._protocol.claim_sources import (
    ENDPOINT,
    ClaimSourceRequest,
    ClaimSourceResponse,
    ClaimsProviders,
    CollectedClaims,
    Source,
    candidate,
    check_providers,
    claims_from,
    providers_at,
    sources_of,
)
from .._settings import Settings
from ..exceptions import NetworkException, PyIdentityModelException
from ._transport.endpoint import ask
from ._transport.http import AsyncHTTPClient
from ._transport.opening import unwrap_keys
from .token_validation import validate_token


async def collect_claims(
    claims: Mapping[str, Any],
    claims_providers: ClaimsProviders,
    http_client: AsyncHTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> CollectedClaims:
    """Return the aggregated and distributed claims that ``claims`` refer to, verified.

    :param claims: those of a verified ID token, or of userinfo
    :param claims_providers: the validation of each issuer's tokens; with ``perform_disco`` the keys
        are discovered at the issuer; tokens of other issuers are refused, and nothing is fetched
        except from these issuers' authorities and the ``additional_endpoint_base_addresses`` of
        their policies
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    Returns what could be verified, with the reasons for the rest in ``failures``.  Raises
    :class:`InvalidArgumentError` (a ``ValueError``) for ``claims_providers`` of another form.
    OpenID Connect Core §5.6.2.

    Example::

        collected = await collect_claims(
            claims, {"https://op.example": TokenValidationConfig(perform_disco=True)}
        )
        print(collected.claims.get("credit_score"))
    """
    check_providers(claims_providers)
    found: dict[str, Any] = {}
    issuers: dict[str, str] = {}
    failures: dict[str, PyIdentityModelException] = {}
    for source in sources_of(claims):
        try:
            issuer, verified = await _verify_source(source, claims_providers, http_client, settings)
            brought = claims_from(source, verified, claims)
        except PyIdentityModelException as error:
            failures[source.name] = error
        else:
            found |= brought
            issuers |= dict.fromkeys(brought, issuer)
    return CollectedClaims(found, issuers, failures)


async def _verify_source(
    source: Source,
    providers: ClaimsProviders,
    http_client: AsyncHTTPClient | None,
    settings: Settings | None,
) -> tuple[str, dict[str, Any]]:
    """Return the claims provider of a source, and the verified claims."""
    jwt = source.members.get("JWT")
    if jwt is None:
        endpoint = source.members.get("endpoint")
        providers = providers_at(endpoint, providers)
        access_token = source.members.get("access_token")
        token = access_token if isinstance(access_token, str) else None
        request = ClaimSourceRequest(str(endpoint), token)
        response = await fetch_claims(request, http_client, settings=settings)
        if not response.is_successful:
            raise NetworkException(str(response.error))
        jwt = response.jwt
    if isinstance(jwt, str):
        providers = {
            issuer: replace(config, decryption_keys=await unwrap_keys(jwt, config.decryption_keys))
            for issuer, config in providers.items()
        }
    issuer, signed, config = candidate(jwt, providers)
    address = issuer if config.perform_disco else None
    verified = await validate_token(signed, config, address, http_client, settings=settings)
    return issuer, verified


async def fetch_claims(
    request: ClaimSourceRequest,
    http_client: AsyncHTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> ClaimSourceResponse:
    """Fetch a token of distributed claims (OpenID Connect Core §5.6.2.2)."""
    return await ask(ENDPOINT, request, http_client, settings)

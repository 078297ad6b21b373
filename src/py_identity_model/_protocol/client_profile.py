"""What a security profile demands of a client, looked at before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ..exceptions import ConfigurationException
from .client_authentication import ClientAuthentication
from .discovery import DiscoveryDocumentResponse
from .fapi import (
    FAPI2_ALLOWED_SIGNING_ALGORITHMS,
    validate_fapi_authorization_request,
    validate_fapi_client_config,
    validate_fapi_discovery,
)

ClientProfile = Literal["fapi2", "fapi2-message-signing"]
PROFILES = ("fapi2", "fapi2-message-signing")


def check_profile(
    profile: ClientProfile | None,
    authentication: ClientAuthentication,
    *,
    use_dpop: bool,
    signs_requests: str | None,
) -> None:
    """Raise ConfigurationException for a client that violates its profile.

    ``signs_requests`` is the algorithm of its signed requests, None if it signs none.
    """
    if profile is None:
        return
    if profile not in PROFILES:
        raise ConfigurationException(f"profile must be one of {', '.join(PROFILES)}")
    use_mtls = authentication.method in {"tls_client_auth", "self_signed_tls_client_auth"}
    result = validate_fapi_client_config(
        auth_method=authentication.method, use_dpop=use_dpop, use_mtls=use_mtls
    )
    found = list(result.violations)
    algorithm = getattr(authentication, "algorithm", None)
    if algorithm is not None and algorithm not in FAPI2_ALLOWED_SIGNING_ALGORITHMS:
        found.append(f"assertions must not be signed by {algorithm}")
    if profile == "fapi2-message-signing" and signs_requests is None:
        found.append("requests must be signed: give a request_signing_key")
    if signs_requests is not None and signs_requests not in FAPI2_ALLOWED_SIGNING_ALGORITHMS:
        found.append(f"requests must not be signed by {signs_requests}")
    _refuse(profile, found)


def check_provider(profile: ClientProfile | None, metadata: DiscoveryDocumentResponse) -> None:
    """Raise ConfigurationException for a provider that violates the profile."""
    if profile is not None:
        _refuse(profile, validate_fapi_discovery(metadata).violations)


def check_request(
    profile: ClientProfile | None, *, redirect_uri: str, response_type: str, use_par: bool
) -> None:
    """Raise ConfigurationException for a login that violates the profile."""
    if profile is None:
        return
    result = validate_fapi_authorization_request(
        response_type=response_type,
        code_challenge="made for each login",
        code_challenge_method="S256",
        redirect_uri=redirect_uri,
        use_par=use_par,
    )
    _refuse(profile, result.violations)


def signing_algorithms(
    profile: ClientProfile | None, chosen: Sequence[str] | None
) -> list[str] | None:
    """Return by what tokens may be signed; None leaves it to the keys."""
    if profile is None:
        return None if chosen is None else list(chosen)
    allowed = FAPI2_ALLOWED_SIGNING_ALGORITHMS
    return sorted(allowed if chosen is None else allowed.intersection(chosen))


def _refuse(profile: str, violations: Sequence[str]) -> None:
    if violations:
        raise ConfigurationException(
            f"{profile} is violated: {'; '.join(violations)}",
            {"violations": list(violations)},
            code="profile_violated",
        )

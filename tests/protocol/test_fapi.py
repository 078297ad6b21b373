"""FAPI 2.0: what the profile allows."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model import (
    FAPI2_ALLOWED_AUTH_METHODS,
    FAPI2_ALLOWED_SIGNING_ALGORITHMS,
    DiscoveryDocumentResponse,
    FAPIValidationResult,
    validate_fapi_authorization_request,
    validate_fapi_client_config,
    validate_fapi_discovery,
)


def test_the_profile_allows_two_algorithms_and_three_methods() -> None:
    assert frozenset({"PS256", "ES256"}) == FAPI2_ALLOWED_SIGNING_ALGORITHMS
    assert len(FAPI2_ALLOWED_AUTH_METHODS) == 3
    assert FAPIValidationResult().is_compliant
    assert not FAPIValidationResult(["no"]).is_compliant


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"response_type": "code id_token"}, "response_type"),
        ({"code_challenge": " "}, "code_challenge"),
        ({"code_challenge": None}, "code_challenge"),
        ({"code_challenge_method": "plain"}, "code_challenge_method"),
        ({"code_challenge_method": None}, "code_challenge_method"),
        ({"use_par": False}, "PAR"),
        ({"redirect_uri": "http://rp.example"}, "redirect_uri"),
        ({"redirect_uri": "https://"}, "redirect_uri"),
        ({"redirect_uri": "https://["}, "redirect_uri"),
        ({"redirect_uri": None}, "redirect_uri"),
        ({"algorithm": "RS256"}, "algorithm"),
    ],
)
def test_a_request_that_violates_the_profile_gets_the_reasons(
    more: dict[str, Any], word: str
) -> None:
    usual: dict[str, Any] = {
        "response_type": "code",
        "code_challenge": "c",
        "code_challenge_method": "S256",
        "redirect_uri": "https://rp.example/cb",
        "use_par": True,
        "algorithm": "PS256",
    }
    assert validate_fapi_authorization_request(**usual).is_compliant
    result = validate_fapi_authorization_request(**{**usual, **more})
    assert len(result.violations) == 1
    assert word in result.violations[0]


def test_a_client_that_violates_the_profile_gets_the_reasons() -> None:
    assert validate_fapi_client_config(auth_method="tls_client_auth", use_mtls=True).is_compliant
    assert len(validate_fapi_client_config(auth_method=None).violations) == 2
    assert len(validate_fapi_client_config(auth_method="client_secret_basic").violations) == 2


def test_a_provider_that_violates_the_profile_is_reported_with_the_reasons() -> None:
    good = DiscoveryDocumentResponse(
        True,
        grant_types_supported=["authorization_code"],
        response_types_supported=["code"],
        token_endpoint_auth_methods_supported=["private_key_jwt"],
        id_token_signing_alg_values_supported=["ES256"],
        code_challenge_methods_supported=["S256"],
    )
    assert validate_fapi_discovery(good).is_compliant
    bad = DiscoveryDocumentResponse(
        True,
        grant_types_supported=["implicit"],
        response_types_supported=["token"],
        id_token_signing_alg_values_supported=["RS256"],
        code_challenge_methods_supported=["plain"],
    )
    assert len(validate_fapi_discovery(bad).violations) == 5
    assert len(validate_fapi_discovery(DiscoveryDocumentResponse(False, "down")).violations) == 1


@pytest.mark.parametrize("algorithm", ["EdDSA", "Ed25519"])
def test_the_checks_permit_ed25519_and_the_constant_is_as_it_was(algorithm: str) -> None:
    disco = DiscoveryDocumentResponse(
        True,
        token_endpoint_auth_methods_supported=["private_key_jwt"],
        id_token_signing_alg_values_supported=[algorithm],
    )
    assert validate_fapi_discovery(disco).is_compliant
    request: dict[str, Any] = {
        "response_type": "code",
        "code_challenge": "c",
        "code_challenge_method": "S256",
        "redirect_uri": "https://rp.example/cb",
        "use_par": True,
    }
    assert validate_fapi_authorization_request(**request, algorithm=algorithm).is_compliant
    assert not validate_fapi_authorization_request(**request, algorithm="Ed448").is_compliant
    assert {"PS256", "ES256"} == FAPI2_ALLOWED_SIGNING_ALGORITHMS

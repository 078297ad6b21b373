# Generated from aio/test_fapi.py by scripts/make_sync.py; edit that file.
"""Clients under Keycloak's own policies for FAPI 2.0."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model.exceptions import TokenRequestException
from py_identity_model.sync import (
    AccessTokenVerifier,
    DPoPKey,
    HTTPClient,
    OAuthClient,
    PrivateKeyJwtAuthentication,
    TlsClientAuth,
    certificate_thumbprint_from_file,
    create_dpop_proof,
    validate_fapi_discovery,
)
from tests.keycloak.browser import KeycloakBrowser
from tests.keycloak.conftest import Running
from tests.keycloak.realm import API
from tests.keycloak.sync.login import client_of, log_in, trusting_client

URI = "https://api.example/accounts"


def signing(keycloak: Running) -> PrivateKeyJwtAuthentication:
    return PrivateKeyJwtAuthentication(keycloak.keys.signing, "ES256", "signing")


def fapi_client(
    keycloak: Running, client_id: str, http_client: HTTPClient, **options: Any
) -> OAuthClient:
    chosen: dict[str, Any] = {
        "issuer": keycloak.https_issuer,
        "http_client": http_client,
        "id_token_algorithms": ["ES256"],
        "profile": "fapi2",
    }
    if client_id == "fapi2-signed":
        chosen |= {
            "profile": "fapi2-message-signing",
            "request_signing_key": keycloak.keys.signing,
            "request_signing_kid": "signing",
        }
    authentication = TlsClientAuth() if client_id == "fapi2-mtls" else signing(keycloak)
    return client_of(keycloak, client_id, authentication, **{**chosen, **options})


@pytest.mark.parametrize("client_id", ["fapi2-dpop", "fapi2-signed"])
def test_a_profile_with_proofs(keycloak: Running, browser: KeycloakBrowser, client_id: str) -> None:
    key = DPoPKey()
    with trusting_client(keycloak) as http_client:
        client = fapi_client(keycloak, client_id, http_client, dpop_key=key)
        session = log_in(client, browser, userinfo=True)
        token = session.access_token
        verifier = AccessTokenVerifier(
            keycloak.https_issuer, API, dpop="required", http_client=http_client
        )
        proof = create_dpop_proof(key, "GET", URI, token)
        verified = verifier.verify(f"DPoP {token}", method="GET", uri=URI, dpop=proof)
        assert verified.subject == session.subject
        assert (client.refresh(session)).is_successful


def test_a_profile_with_certificates(keycloak: Running, browser: KeycloakBrowser) -> None:
    pem = (keycloak.certificates.folder / "client.pem").read_text()
    with trusting_client(keycloak, certificate=True) as http_client:
        client = fapi_client(keycloak, "fapi2-mtls", http_client)
        session = log_in(client, browser, userinfo=True)
        verifier = AccessTokenVerifier(
            keycloak.https_issuer, API, mtls="required", http_client=http_client
        )
        verified = verifier.verify(f"Bearer {session.access_token}", certificate=pem)
    thumbprint = certificate_thumbprint_from_file(keycloak.client_files[0])
    assert verified.claims["cnf"] == {"x5t#S256": thumbprint}


def test_the_metadata_is_fit_for_the_profile(keycloak: Running) -> None:
    with trusting_client(keycloak) as http_client:
        client = fapi_client(keycloak, "fapi2-dpop", http_client, dpop_key=DPoPKey())
        assert validate_fapi_discovery(client.metadata()).is_compliant


def test_keycloak_refuses_a_client_that_breaks_its_policy(
    keycloak: Running, browser: KeycloakBrowser
) -> None:
    with trusting_client(keycloak) as http_client:
        client = fapi_client(keycloak, "fapi2-dpop", http_client, profile=None, use_par=True)
        with pytest.raises(TokenRequestException):
            log_in(client, browser)

# Generated from aio/test_tokens.py by scripts/make_sync.py; edit that file.
"""Tokens of machines: how clients authenticate, what tokens are bound to, what they are worth."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from py_identity_model.exceptions import AccessTokenRefusedException
from py_identity_model.sync import (
    AccessTokenVerifier,
    ClientAuthentication,
    ClientCredentialsTokenRequest,
    ClientSecretJwt,
    ClientSecretPost,
    DPoPKey,
    PrivateKeyJwtAuthentication,
    TlsClientAuth,
    TokenIntrospector,
    TokenValidationConfig,
    create_dpop_proof,
    request_client_credentials_token,
    validate_token,
)
from tests.keycloak.browser import KeycloakBrowser
from tests.keycloak.conftest import Running
from tests.keycloak.realm import API, SECRET
from tests.keycloak.sync.login import BASIC, client_of, log_in, trusting_client

URI = "https://api.example/orders"
ALGORITHMS = ["ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA"]
Make = Callable[[Running], ClientAuthentication]
AUTHENTICATIONS: dict[str, tuple[str, Make]] = {
    "client_secret_basic": ("web", lambda keycloak: BASIC),
    "client_secret_post": ("web", lambda keycloak: ClientSecretPost(SECRET)),
    "client_secret_jwt": ("web-secret-jwt", lambda keycloak: ClientSecretJwt(SECRET)),
    "private_key_jwt": (
        "web-key",
        lambda keycloak: PrivateKeyJwtAuthentication(keycloak.keys.signing, "ES256", "signing"),
    ),
}


@pytest.mark.parametrize("method", AUTHENTICATIONS)
def test_a_machine_gets_a_token(keycloak: Running, method: str) -> None:
    client_id, make = AUTHENTICATIONS[method]
    source = client_of(keycloak, client_id, make(keycloak)).token_source()
    token = (source.get_token()).access_token
    verified = AccessTokenVerifier(keycloak.issuer, API).verify(f"Bearer {token}")
    assert verified.client_id == client_id


@pytest.mark.parametrize("client_id", ["web", "web-bound"])
def test_requests_of_an_injected_client_carry_the_token(
    keycloak: Running, browser: KeycloakBrowser, client_id: str
) -> None:
    key = DPoPKey() if client_id == "web-bound" else None
    client = client_of(keycloak, client_id, dpop_key=key)
    session = log_in(client, browser)
    auth = client.auth(session=session, origins=[keycloak.server.url])
    with httpx.Client(auth=auth, trust_env=False) as http:
        for _ in range(2):
            answer = http.get(client.endpoint("userinfo_endpoint"))
            assert answer.json()["sub"] == session.subject


def test_a_client_may_have_tokens_by_the_profile_of_rfc9068(keycloak: Running) -> None:
    strict = AccessTokenVerifier(keycloak.issuer, API, profile="rfc9068")
    for client_id, accepted in (("web-rfc9068", True), ("web", False)):
        source = client_of(keycloak, client_id).token_source()
        authorization = f"Bearer {(source.get_token()).access_token}"
        assert AccessTokenVerifier(keycloak.issuer, API).verify(authorization)
        if accepted:
            assert (strict.verify(authorization)).client_id == client_id
            continue
        with pytest.raises(AccessTokenRefusedException) as caught:
            strict.verify(authorization)
        assert caught.value.code == "wrong_typ"


def test_the_functions_do_so_too(keycloak: Running) -> None:
    client = client_of(keycloak)
    response = request_client_credentials_token(
        ClientCredentialsTokenRequest(
            client.endpoint("token_endpoint"), "web", SECRET, scope="email"
        )
    )
    assert response.is_successful, response.error
    assert response.token is not None
    config = TokenValidationConfig(perform_disco=True, audience=API)
    claims = validate_token(response.token["access_token"], config, keycloak.issuer)
    assert claims["azp"] == "web"


def test_tokens_of_other_realms_and_for_other_apis_are_refused(keycloak: Running) -> None:
    token = ((client_of(keycloak).token_source()).get_token()).access_token
    other_realm = AccessTokenVerifier(f"{keycloak.server.url}/realms/behind", API)
    for verifier, code in (
        (other_realm, "untrusted_issuer"),
        (AccessTokenVerifier(keycloak.issuer, "another-api"), "invalid_audience"),
    ):
        with pytest.raises(AccessTokenRefusedException) as caught:
            verifier.verify(f"Bearer {token}")
        assert (caught.value.code, caught.value.status_code) == (code, 401)


def test_a_certificate_authenticates_and_binds(keycloak: Running) -> None:
    pem = (keycloak.certificates.folder / "client.pem").read_text()
    other = (keycloak.certificates.folder / "server.pem").read_text()
    with trusting_client(keycloak, certificate=True) as http_client:
        client = client_of(
            keycloak,
            "web-certificate",
            TlsClientAuth(),
            issuer=keycloak.https_issuer,
            http_client=http_client,
        )
        token = ((client.token_source()).get_token()).access_token
        verifier = AccessTokenVerifier(keycloak.https_issuer, API, http_client=http_client)
        verified = verifier.verify(f"Bearer {token}", certificate=pem)
        assert verified.client_id == "web-certificate"
        for certificate in (other, None):
            with pytest.raises(AccessTokenRefusedException):
                verifier.verify(f"Bearer {token}", certificate=certificate)


def test_without_its_certificate_the_client_is_refused(keycloak: Running) -> None:
    with trusting_client(keycloak) as http_client:
        client = client_of(
            keycloak,
            "web-certificate",
            TlsClientAuth(),
            issuer=keycloak.https_issuer,
            http_client=http_client,
        )
        response = client.refresh("anything")
    assert response.oauth_error == "invalid_client"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_is_bound_to_a_key(keycloak: Running, algorithm: str) -> None:
    key = DPoPKey(algorithm)
    source = client_of(keycloak, "web-bound", dpop_key=key).token_source()
    token = (source.get_token()).access_token
    verifier = AccessTokenVerifier(keycloak.issuer, API)
    proof = create_dpop_proof(key, "GET", URI, token)
    verified = verifier.verify(f"DPoP {token}", method="GET", uri=URI, dpop=proof)
    assert verified.client_id == "web-bound"
    for authorization, sent in (
        (f"Bearer {token}", None),
        (f"DPoP {token}", proof),  # used before
        (f"DPoP {token}", create_dpop_proof(DPoPKey(), "GET", URI, token)),
    ):
        with pytest.raises(AccessTokenRefusedException):
            verifier.verify(authorization, method="GET", uri=URI, dpop=sent)


def test_a_login_is_bound_to_a_key_to_its_end(keycloak: Running, browser: KeycloakBrowser) -> None:
    client = client_of(keycloak, "web-bound", dpop_key=DPoPKey())
    session = log_in(client, browser, userinfo=True)
    assert session.token["token_type"] == "DPoP"
    renewed = client.refresh(session)
    assert renewed.token is not None
    assert renewed.token["token_type"] == "DPoP"


def introspecting(keycloak: Running) -> TokenIntrospector:
    return TokenIntrospector(
        f"{keycloak.issuer}/protocol/openid-connect/token/introspect", API, BASIC
    )


def test_a_lightweight_token_is_introspected(keycloak: Running, browser: KeycloakBrowser) -> None:
    session = log_in(client_of(keycloak, "web-light"), browser)
    authorization = f"Bearer {session.access_token}"
    verifier = AccessTokenVerifier(
        keycloak.issuer, API, opaque_tokens=introspecting(keycloak), introspect_jwts=True
    )
    verified = verifier.verify(authorization)
    assert (verified.subject, verified.client_id) == (session.subject, "web-light")
    with pytest.raises(AccessTokenRefusedException) as caught:
        AccessTokenVerifier(keycloak.issuer, API).verify(authorization)
    assert caught.value.code == "missing_claim"


def test_a_lightweight_token_for_another_api_is_refused(
    keycloak: Running, browser: KeycloakBrowser
) -> None:
    session = log_in(client_of(keycloak, "web-light"), browser)
    verifier = AccessTokenVerifier(
        keycloak.issuer, "another-api", opaque_tokens=introspecting(keycloak), introspect_jwts=True
    )
    with pytest.raises(AccessTokenRefusedException) as caught:
        verifier.verify(f"Bearer {session.access_token}")
    assert caught.value.status_code == 401


def test_a_revoked_token_is_not_active(keycloak: Running, browser: KeycloakBrowser) -> None:
    client, api = client_of(keycloak), client_of(keycloak, API)
    session = log_in(client, browser)
    before = api.introspect(session.access_token)
    assert before.claims is not None
    assert before.claims["active"] is True
    assert before.claims["username"] == "alice"
    assert (client.revoke(session.access_token)).is_successful
    after = api.introspect(session.access_token)
    assert after.claims == {"active": False}


def test_only_the_api_that_a_token_is_for_may_introspect_it(
    keycloak: Running, browser: KeycloakBrowser
) -> None:
    client = client_of(keycloak)
    session = log_in(client, browser)
    answer = client.introspect(session.access_token)
    assert answer.claims == {"active": False}


def test_a_token_is_exchanged_for_one_with_less(
    keycloak: Running, browser: KeycloakBrowser
) -> None:
    exchanging = client_of(keycloak, "exchange")
    session = log_in(client_of(keycloak, "web-exchanged"), browser)
    response = exchanging.exchange(session.access_token, audience=API)
    assert response.is_successful, response.error
    assert response.token is not None
    verifier = AccessTokenVerifier(keycloak.issuer, API)
    verified = verifier.verify(f"Bearer {response.token['access_token']}")
    assert (verified.subject, verified.client_id) == (session.subject, "exchange")


def test_a_token_that_is_not_for_the_client_is_not_exchanged(
    keycloak: Running, browser: KeycloakBrowser
) -> None:
    session = log_in(client_of(keycloak), browser)
    response = client_of(keycloak, "exchange").exchange(session.access_token, audience=API)
    assert not response.is_successful
    assert response.oauth_error == "access_denied"

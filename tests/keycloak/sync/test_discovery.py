# Generated from aio/test_discovery.py by scripts/make_sync.py; edit that file.
"""Keycloak at every kind of address, and how rarely it is asked."""

from __future__ import annotations

import pytest

from py_identity_model import providers
from py_identity_model.exceptions import AccessTokenRefusedException, DiscoveryException
from py_identity_model.sync import (
    AccessTokenVerifier,
    DiscoveryDocumentRequest,
    DiscoveryPolicy,
    JwksRequest,
    OAuthClient,
    TokenValidationConfig,
    get_discovery_document,
    get_jwks,
    health,
    prime,
    validate_token,
)
from tests.keycloak.browser import KeycloakBrowser
from tests.keycloak.conftest import Running
from tests.keycloak.realm import API, REALM, REDIRECT
from tests.keycloak.relay import Relay
from tests.keycloak.sync.login import BASIC, client_of, log_in, trusting_client

CONFIG = TokenValidationConfig(perform_disco=True, audience=API)
PLAIN_HTTP = DiscoveryPolicy(require_https=False)


def token_from(client: OAuthClient) -> str:
    return ((client.token_source()).get_token()).access_token


def test_the_preset_says_what_the_realm_does(keycloak: Running, browser: KeycloakBrowser) -> None:
    preset = providers.keycloak(keycloak.server.url, REALM)
    disco = get_discovery_document(DiscoveryDocumentRequest(str(preset.issuer)))
    assert disco.issuer == preset.issuer == keycloak.issuer
    session = log_in(client_of(keycloak), browser)
    assert preset.roles_claim is not None
    verifier = AccessTokenVerifier(str(preset.issuer), API, roles=tuple(preset.roles_claim))
    (verifier.verify(f"Bearer {session.access_token}")).require_roles("reader")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_needs_no_policy(keycloak: Running, browser: KeycloakBrowser, host: str) -> None:
    issuer = keycloak.issuer.replace("127.0.0.1", host)
    disco = get_discovery_document(DiscoveryDocumentRequest(issuer))
    assert disco.is_successful, disco.error
    assert disco.issuer == issuer
    assert (get_jwks(JwksRequest(str(disco.jwks_uri)))).is_successful
    session = log_in(client_of(keycloak, issuer=issuer), browser, userinfo=True)
    verified = AccessTokenVerifier(issuer, API).verify(f"Bearer {session.access_token}")
    assert verified.subject == session.subject
    assert (validate_token(session.access_token, CONFIG, issuer))["iss"] == issuer


def test_https_needs_the_authority_alone(keycloak: Running, browser: KeycloakBrowser) -> None:
    issuer = keycloak.https_issuer
    with trusting_client(keycloak) as http_client:
        client = client_of(keycloak, issuer=issuer, http_client=http_client)
        session = log_in(client, browser, userinfo=True)
        verifier = AccessTokenVerifier(issuer, API, http_client=http_client)
        assert verifier.verify(f"Bearer {session.access_token}")


def test_a_private_address_needs_a_policy_for_plain_http(
    keycloak: Running, browser: KeycloakBrowser, private_relay: Relay
) -> None:
    issuer = f"{private_relay.url}/realms/{REALM}"
    client = client_of(keycloak, issuer=issuer, discovery_policy=PLAIN_HTTP)
    session = log_in(client, browser, userinfo=True)
    verifier = AccessTokenVerifier(issuer, API, discovery_policy=PLAIN_HTTP)
    verified = verifier.verify(f"Bearer {session.access_token}")
    assert verified.subject == session.subject
    with pytest.raises(DiscoveryException, match="HTTPS"):
        client_of(keycloak, issuer=issuer).metadata()
    with pytest.raises(AccessTokenRefusedException) as caught:
        AccessTokenVerifier(issuer, API).verify(f"Bearer {session.access_token}")
    assert caught.value.status_code == 503


def test_ten_validations_cost_one_document_and_one_key_set(keycloak: Running, relay: Relay) -> None:
    issuer = f"{relay.url}/realms/{REALM}"
    token = token_from(client_of(keycloak, issuer=issuer))
    answer = get_discovery_document(DiscoveryDocumentRequest(issuer))
    assert answer.is_successful
    relay.paths.clear()
    verifier = AccessTokenVerifier(issuer, API)
    for _ in range(10):
        verifier.verify(f"Bearer {token}")
        validate_token(token, CONFIG, issuer)
    assert relay.count("/.well-known/openid-configuration") <= 1
    assert relay.count("/protocol/openid-connect/certs") == 1
    assert len(relay.paths) <= 2


def test_a_primed_program_is_ready(keycloak: Running, relay: Relay) -> None:
    issuer = f"{relay.url}/realms/{REALM}"
    assert (prime(issuer)).ready
    state = health(issuer)
    assert state.ready
    assert state.keys is not None
    assert state.keys.fresh_for > 0


def test_tokens_of_another_address_of_the_same_realm_are_refused(
    keycloak: Running, relay: Relay
) -> None:
    token = token_from(client_of(keycloak))
    verifier = AccessTokenVerifier(f"{relay.url}/realms/{REALM}", API)
    with pytest.raises(AccessTokenRefusedException) as caught:
        verifier.verify(f"Bearer {token}")
    assert caught.value.code == "untrusted_issuer"


def test_a_realm_that_is_not_there_is_our_mistake(keycloak: Running) -> None:
    issuer = f"{keycloak.server.url}/realms/absent"
    with pytest.raises(DiscoveryException, match="404"):
        OAuthClient(issuer, "web", BASIC, redirect_uri=REDIRECT).metadata()

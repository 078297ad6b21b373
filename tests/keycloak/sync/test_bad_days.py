# Generated from aio/test_bad_days.py by scripts/make_sync.py; edit that file.
"""Rotated keys, an outage, and a public name that is not the address that programs use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from py_identity_model.exceptions import (
    AccessTokenRefusedException,
    DiscoveryException,
    TokenRequestException,
)
from py_identity_model.sync import (
    AccessTokenVerifier,
    DiscoveryPolicy,
    HTTPClient,
    OAuthClient,
    PrivateKeyJwtAuthentication,
    TokenValidationConfig,
    TrustedIssuer,
    health,
    validate_token,
)
from tests.keycloak.browser import KeycloakBrowser
from tests.keycloak.conftest import Running
from tests.keycloak.realm import API, BEHIND
from tests.keycloak.relay import Relay
from tests.keycloak.sync.login import BASIC, client_of, log_in

PLAIN_HTTP = DiscoveryPolicy(require_https=False)
OTHER_NAME = DiscoveryPolicy(require_https=False, allow_issuer_mismatch=True)
CONFIG = TokenValidationConfig(perform_disco=True, audience=API)


def token_of(client: OAuthClient) -> str:
    return ((client.token_source()).get_token()).access_token


def test_a_rotation_is_followed(keycloak: Running) -> None:
    verifier = AccessTokenVerifier(keycloak.issuer, API)
    old = token_of(client_of(keycloak))
    assert verifier.verify(f"Bearer {old}")
    keycloak.rotate_keys()
    new = token_of(client_of(keycloak))
    assert new.partition(".")[0] != old.partition(".")[0]
    assert verifier.verify(f"Bearer {new}")
    assert verifier.verify(f"Bearer {old}")  # Keycloak publishes its older keys, too


def test_an_outage_is_not_noticed(keycloak: Running) -> None:
    verifier = AccessTokenVerifier(keycloak.issuer, API)
    client = client_of(keycloak)
    token = token_of(client)
    assert verifier.verify(f"Bearer {token}")
    with keycloak.outage():
        for _ in range(10):
            assert verifier.verify(f"Bearer {token}")
            assert validate_token(token, CONFIG, keycloak.issuer)
        assert health(keycloak.issuer).ready
        with pytest.raises(AccessTokenRefusedException):
            verifier.verify(f"Bearer {token}x")
        with pytest.raises(TokenRequestException):
            token_of(client_of(keycloak))
        with HTTPClient() as cold:
            unprimed = AccessTokenVerifier(keycloak.issuer, API, http_client=cold)
            with pytest.raises(AccessTokenRefusedException) as caught:
                unprimed.verify(f"Bearer {token}")
        assert caught.value.status_code == 503
    assert verifier.verify(f"Bearer {token_of(client_of(keycloak))}")


def behind_of(keycloak: Running, internal: Relay, issuer: str) -> AccessTokenVerifier:
    address = f"{internal.url}/realms/{BEHIND}/.well-known/openid-configuration"
    return AccessTokenVerifier(
        [TrustedIssuer(issuer, discovery_policy=OTHER_NAME, disco_doc_address=address)], API
    )


def test_a_realms_front_end_url_is_the_issuer_wherever_it_is_reached(
    keycloak: Running, internal: Relay
) -> None:
    public = f"http://localhost:{keycloak.server.port}/realms/{BEHIND}"
    token = token_of(OAuthClient(public, "web", BASIC))
    verified = behind_of(keycloak, internal, public).verify(f"Bearer {token}")
    assert verified.client_id == "web"
    assert internal.count("/.well-known/openid-configuration") == 1
    for other in (keycloak.issuer, f"{internal.url}/realms/{BEHIND}"):
        with pytest.raises(AccessTokenRefusedException) as caught:
            behind_of(keycloak, internal, other).verify(f"Bearer {token}")
        assert caught.value.status_code == 401


@pytest.fixture(scope="module")
def dynamic(running: Running) -> Iterator[None]:
    """Keycloak as in compose files: a public URL, and a back channel wherever it is called."""
    with running.hostname(f"http://localhost:{running.server.port}"):
        yield


@pytest.mark.usefixtures("dynamic")
def test_an_api_fetches_keys_by_the_internal_name(
    keycloak: Running, internal: Relay, browser: KeycloakBrowser
) -> None:
    public = keycloak.issuer.replace("127.0.0.1", "localhost")
    session = log_in(client_of(keycloak, issuer=public), browser)
    address = f"{internal.url}{keycloak.path}/.well-known/openid-configuration"
    trusted = TrustedIssuer(public, discovery_policy=OTHER_NAME, disco_doc_address=address)
    verifier = AccessTokenVerifier([trusted], API)
    verified = verifier.verify(f"Bearer {session.access_token}")
    assert verified.subject == session.subject
    assert internal.count("/protocol/openid-connect/certs") == 1
    with pytest.raises(AccessTokenRefusedException):  # the address alone is not the issuer
        AccessTokenVerifier(
            f"{internal.url}{keycloak.path}", API, discovery_policy=PLAIN_HTTP
        ).verify(f"Bearer {session.access_token}")


@pytest.mark.usefixtures("dynamic")
@pytest.mark.parametrize("client_id", ["web", "web-key"])
def test_an_application_logs_in_by_the_internal_name(
    keycloak: Running, internal: Relay, browser: KeycloakBrowser, client_id: str
) -> None:
    key = PrivateKeyJwtAuthentication(keycloak.keys.signing, "ES256", "signing")
    public = f"http://localhost:{keycloak.server.port}"
    client = client_of(
        keycloak,
        client_id,
        key if client_id == "web-key" else BASIC,
        issuer=f"{internal.url}{keycloak.path}",
        discovery_policy=replace(OTHER_NAME, additional_endpoint_base_addresses=[public]),
    )
    session = log_in(client, browser, userinfo=True)
    assert session.claims["iss"] == keycloak.issuer.replace("127.0.0.1", "localhost")
    for path in ("token", "certs", "userinfo"):
        assert internal.count(f"/protocol/openid-connect/{path}") == 1
    auth = client.auth(session=session, allow_tokens_over_plain_http=True)
    with httpx.Client(auth=auth, trust_env=False) as http:
        answer = http.get(f"{internal.url}{keycloak.path}/protocol/openid-connect/userinfo")
    assert answer.json()["sub"] == session.subject


@pytest.mark.usefixtures("dynamic")
def test_another_name_is_refused_unless_the_program_says_so(
    keycloak: Running, internal: Relay
) -> None:
    client = client_of(
        keycloak, issuer=f"{internal.url}{keycloak.path}", discovery_policy=PLAIN_HTTP
    )
    with pytest.raises(DiscoveryException, match="localhost"):
        client.metadata()

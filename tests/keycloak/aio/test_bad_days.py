"""Rotated keys, an outage, and a public name that is not the address that programs use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from py_identity_model.aio import (
    AsyncAccessTokenVerifier,
    AsyncHTTPClient,
    AsyncOAuthClient,
    DiscoveryPolicy,
    PrivateKeyJwtAuthentication,
    TokenValidationConfig,
    TrustedIssuer,
    health,
    validate_token,
)
from py_identity_model.exceptions import (
    AccessTokenRefusedException,
    DiscoveryException,
    TokenRequestException,
)
from tests.keycloak.aio.login import BASIC, client_of, log_in
from tests.keycloak.browser import KeycloakBrowser
from tests.keycloak.conftest import Running
from tests.keycloak.realm import API, BEHIND
from tests.keycloak.relay import Relay

PLAIN_HTTP = DiscoveryPolicy(require_https=False)
OTHER_NAME = DiscoveryPolicy(require_https=False, allow_issuer_mismatch=True)
CONFIG = TokenValidationConfig(perform_disco=True, audience=API)


async def token_of(client: AsyncOAuthClient) -> str:
    return (await (await client.token_source()).get_token()).access_token


async def test_a_rotation_is_followed(keycloak: Running) -> None:
    verifier = AsyncAccessTokenVerifier(keycloak.issuer, API)
    old = await token_of(client_of(keycloak))
    assert await verifier.verify(f"Bearer {old}")
    keycloak.rotate_keys()
    new = await token_of(client_of(keycloak))
    assert new.partition(".")[0] != old.partition(".")[0]
    assert await verifier.verify(f"Bearer {new}")
    assert await verifier.verify(f"Bearer {old}")  # Keycloak publishes its older keys, too


async def test_an_outage_is_not_noticed(keycloak: Running) -> None:
    verifier = AsyncAccessTokenVerifier(keycloak.issuer, API)
    client = client_of(keycloak)
    token = await token_of(client)
    assert await verifier.verify(f"Bearer {token}")
    with keycloak.outage():
        for _ in range(10):
            assert await verifier.verify(f"Bearer {token}")
            assert await validate_token(token, CONFIG, keycloak.issuer)
        assert health(keycloak.issuer).ready
        with pytest.raises(AccessTokenRefusedException):
            await verifier.verify(f"Bearer {token}x")
        with pytest.raises(TokenRequestException):
            await token_of(client_of(keycloak))
        async with AsyncHTTPClient() as cold:
            unprimed = AsyncAccessTokenVerifier(keycloak.issuer, API, http_client=cold)
            with pytest.raises(AccessTokenRefusedException) as caught:
                await unprimed.verify(f"Bearer {token}")
        assert caught.value.status_code == 503
    assert await verifier.verify(f"Bearer {await token_of(client_of(keycloak))}")


def behind_of(keycloak: Running, internal: Relay, issuer: str) -> AsyncAccessTokenVerifier:
    address = f"{internal.url}/realms/{BEHIND}/.well-known/openid-configuration"
    return AsyncAccessTokenVerifier(
        [TrustedIssuer(issuer, discovery_policy=OTHER_NAME, disco_doc_address=address)], API
    )


async def test_a_realms_front_end_url_is_the_issuer_wherever_it_is_reached(
    keycloak: Running, internal: Relay
) -> None:
    public = f"http://localhost:{keycloak.server.port}/realms/{BEHIND}"
    token = await token_of(AsyncOAuthClient(public, "web", BASIC))
    verified = await behind_of(keycloak, internal, public).verify(f"Bearer {token}")
    assert verified.client_id == "web"
    assert internal.count("/.well-known/openid-configuration") == 1
    for other in (keycloak.issuer, f"{internal.url}/realms/{BEHIND}"):
        with pytest.raises(AccessTokenRefusedException) as caught:
            await behind_of(keycloak, internal, other).verify(f"Bearer {token}")
        assert caught.value.status_code == 401


@pytest.fixture(scope="module")
def dynamic(running: Running) -> Iterator[None]:
    """Keycloak as in compose files: a public URL, and a back channel wherever it is called."""
    with running.hostname(f"http://localhost:{running.server.port}"):
        yield


@pytest.mark.usefixtures("dynamic")
async def test_an_api_fetches_keys_by_the_internal_name(
    keycloak: Running, internal: Relay, browser: KeycloakBrowser
) -> None:
    public = keycloak.issuer.replace("127.0.0.1", "localhost")
    session = await log_in(client_of(keycloak, issuer=public), browser)
    address = f"{internal.url}{keycloak.path}/.well-known/openid-configuration"
    trusted = TrustedIssuer(public, discovery_policy=OTHER_NAME, disco_doc_address=address)
    verifier = AsyncAccessTokenVerifier([trusted], API)
    verified = await verifier.verify(f"Bearer {session.access_token}")
    assert verified.subject == session.subject
    assert internal.count("/protocol/openid-connect/certs") == 1
    with pytest.raises(AccessTokenRefusedException):  # the address alone is not the issuer
        await AsyncAccessTokenVerifier(
            f"{internal.url}{keycloak.path}", API, discovery_policy=PLAIN_HTTP
        ).verify(f"Bearer {session.access_token}")


@pytest.mark.usefixtures("dynamic")
@pytest.mark.parametrize("client_id", ["web", "web-key"])
async def test_an_application_logs_in_by_the_internal_name(
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
    session = await log_in(client, browser, userinfo=True)
    assert session.claims["iss"] == keycloak.issuer.replace("127.0.0.1", "localhost")
    for path in ("token", "certs", "userinfo"):
        assert internal.count(f"/protocol/openid-connect/{path}") == 1
    auth = await client.auth(session=session, allow_tokens_over_plain_http=True)
    async with httpx.AsyncClient(auth=auth, trust_env=False) as http:
        answer = await http.get(f"{internal.url}{keycloak.path}/protocol/openid-connect/userinfo")
    assert answer.json()["sub"] == session.subject


@pytest.mark.usefixtures("dynamic")
async def test_another_name_is_refused_unless_the_program_says_so(
    keycloak: Running, internal: Relay
) -> None:
    client = client_of(
        keycloak, issuer=f"{internal.url}{keycloak.path}", discovery_policy=PLAIN_HTTP
    )
    with pytest.raises(DiscoveryException, match="localhost"):
        await client.metadata()

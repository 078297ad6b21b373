"""Logouts: by the client, and through Keycloak's back channel."""

from __future__ import annotations

import pytest

from py_identity_model.aio import (
    MemoryReplayStore,
    TokenValidationConfig,
    validate_logout_token,
    validate_post_logout_state,
)
from py_identity_model.exceptions import (
    InvalidAudienceException,
    LogoutTokenValidationException,
)
from tests.keycloak.aio.login import client_of, log_in
from tests.keycloak.browser import KeycloakBrowser
from tests.keycloak.conftest import Running
from tests.keycloak.realm import BYE
from tests.support import refused


async def test_a_logout_comes_back_with_its_state(
    keycloak: Running, browser: KeycloakBrowser
) -> None:
    client = client_of(keycloak)
    session = await log_in(client, browser)
    refresh_token = str(session.refresh_token)
    url = await client.end_session_url(session, post_logout_redirect_uri=BYE, state="after all")
    validate_post_logout_state("after all", browser.go(url, until=BYE).values["state"])
    assert (await client.refresh(refresh_token)).oauth_error == "invalid_grant"


async def test_a_logout_without_an_id_token_is_agreed_to(
    keycloak: Running, browser: KeycloakBrowser
) -> None:
    client = client_of(keycloak)
    session = await log_in(client, browser)
    refresh_token = str(session.refresh_token)
    url = await client.end_session_url(post_logout_redirect_uri=BYE, state="after all")
    assert browser.go(url, until=BYE).values["state"] == "after all"
    assert (await client.refresh(refresh_token)).oauth_error == "invalid_grant"


async def test_keycloak_reports_a_logout_by_a_token_that_works_once(
    keycloak: Running, browser: KeycloakBrowser
) -> None:
    client = client_of(keycloak, "web-logout")
    session = await log_in(client, browser)
    url = await client.end_session_url(id_token_hint=session.id_token, post_logout_redirect_uri=BYE)
    browser.go(url, until=BYE)
    token = keycloak.received.get(timeout=10).form["logout_token"]
    config = TokenValidationConfig(perform_disco=True, audience="web-logout")
    store = MemoryReplayStore()
    claims = await validate_logout_token(
        token, config, keycloak.issuer, replay_store=store, require_typ=True
    )
    assert (claims["sub"], claims["sid"]) == (session.subject, session.claims["sid"])
    with refused(LogoutTokenValidationException, "logout_token_replayed"):
        await validate_logout_token(token, config, keycloak.issuer, replay_store=store)
    foreign = TokenValidationConfig(perform_disco=True, audience="web")
    with refused(InvalidAudienceException, "invalid_audience"):
        await validate_logout_token(token, foreign, keycloak.issuer)


async def test_an_id_token_is_not_a_logout_token(
    keycloak: Running, browser: KeycloakBrowser
) -> None:
    session = await log_in(client_of(keycloak), browser)
    config = TokenValidationConfig(perform_disco=True, audience="web")
    with pytest.raises(LogoutTokenValidationException):
        await validate_logout_token(str(session.id_token), config, keycloak.issuer)

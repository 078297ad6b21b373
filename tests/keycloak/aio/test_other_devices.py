"""Logins that users finish on another device: device flow and CIBA."""

from __future__ import annotations

import pytest

from py_identity_model.aio import AsyncAccessTokenVerifier
from py_identity_model.exceptions import TokenRequestException
from tests.keycloak.aio.login import client_of
from tests.keycloak.browser import KeycloakBrowser
from tests.keycloak.conftest import Running
from tests.keycloak.realm import API


async def test_a_device_is_agreed_to_in_a_browser(
    keycloak: Running, browser: KeycloakBrowser
) -> None:
    client = client_of(keycloak, "device", None)
    device = await client.request_device_login()
    browser.go(device.verification_uri_complete or "")
    session = await client.wait_for_device_login(device)
    assert session.claims["preferred_username"] == "alice"
    assert (await client.refresh(session)).is_successful


async def test_a_device_is_refused_in_a_browser(
    keycloak: Running, browser: KeycloakBrowser
) -> None:
    browser.agrees = False
    client = client_of(keycloak, "device", None)
    device = await client.request_device_login()
    browser.go(device.verification_uri_complete or "")
    with pytest.raises(TokenRequestException) as caught:
        await client.wait_for_device_login(device)
    assert caught.value.details["oauth_error"] == "access_denied"


async def test_a_user_agrees_on_another_device(keycloak: Running) -> None:
    client = client_of(keycloak, "ciba")
    started = await client.request_backchannel_login(login_hint="bob", binding_message="W4SCT")
    question = keycloak.device.answer()
    assert (question["login_hint"], question["binding_message"]) == ("bob", "W4SCT")
    session = await client.wait_for_backchannel_login(started)
    assert session.claims["preferred_username"] == "bob"
    verifier = AsyncAccessTokenVerifier(keycloak.issuer, API)
    assert (await verifier.verify(f"Bearer {session.access_token}")).subject == session.subject


@pytest.mark.parametrize("status", ["CANCELLED", "UNAUTHORIZED"])
async def test_a_user_refuses_on_another_device(keycloak: Running, status: str) -> None:
    client = client_of(keycloak, "ciba")
    started = await client.request_backchannel_login(login_hint="bob")
    keycloak.device.answer(status)
    with pytest.raises(TokenRequestException) as caught:
        await client.wait_for_backchannel_login(started)
    assert caught.value.details["oauth_error"] == "access_denied"


async def test_a_signed_request_reaches_another_device(keycloak: Running) -> None:
    client = client_of(
        keycloak,
        "ciba-signed",
        request_signing_key=keycloak.keys.signing,
        request_signing_kid="signing",
    )
    started = await client.request_backchannel_login(login_hint="bob", binding_message="W4SCT")
    assert keycloak.device.answer()["binding_message"] == "W4SCT"
    session = await client.wait_for_backchannel_login(started)
    assert session.claims["preferred_username"] == "bob"


async def test_an_unknown_user_is_refused_at_once(keycloak: Running) -> None:
    with pytest.raises(TokenRequestException) as caught:
        await client_of(keycloak, "ciba").request_backchannel_login(login_hint="nobody")
    assert caught.value.details["oauth_error"] == "invalid_request"

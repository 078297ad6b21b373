"""What becomes of tokens; users who agree on another device."""

from __future__ import annotations

import pytest

from py_identity_model.aio import (
    BackchannelAuthenticationRequest,
    BackchannelTokenRequest,
    ClientCredentialsTokenRequest,
    DeviceAuthorizationRequest,
    DeviceTokenRequest,
    ExtensionTokenRequest,
    RefreshTokenRequest,
    TokenExchangeRequest,
    TokenIntrospectionRequest,
    TokenRevocationRequest,
    TokenValidationConfig,
    exchange_token,
    introspect_token,
    poll_backchannel_token,
    poll_device_token,
    refresh_token,
    request_backchannel_authentication,
    request_client_credentials_token,
    request_device_authorization,
    request_extension_token,
    revoke_token,
    validate_backchannel_notification,
    validate_token,
    wait_for_backchannel_token,
    wait_for_device_token,
)
from tests.op.aio.login import SECRET, log_in
from tests.op.browser import Browser
from tests.op.conftest import RelyingParty
from tests.op.driver import RealProvider

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


async def refreshed(
    op: RealProvider, client_id: str, token: str, secret: str | None = SECRET
) -> dict[str, str] | None:
    """Return the new tokens, None when they are refused."""
    response = await refresh_token(
        RefreshTokenRequest(f"{op.issuer}/token", client_id, token, client_secret=secret)
    )
    if response.is_successful:
        assert response.expires_at is not None
        return response.token
    assert response.oauth_error == "invalid_grant"
    return None


async def test_a_refresh_token_may_be_used_again_if_it_is_not_rotated(
    op: RealProvider, browser: Browser
) -> None:
    login = await log_in(op, browser, scope="openid offline_access", prompt="consent")
    for _ in range(2):
        assert await refreshed(op, "web", login.token["refresh_token"])


async def test_a_rotated_refresh_token_ends_with_its_use(
    op: RealProvider, browser: Browser
) -> None:
    login = await log_in(op, browser, "web-rotate")
    first = login.token["refresh_token"]
    second = await refreshed(op, "web-rotate", first)
    assert second is not None
    assert second["refresh_token"] != first
    assert await refreshed(op, "web-rotate", first) is None
    assert await refreshed(op, "web-rotate", second["refresh_token"]) is None  # all of them


async def test_a_token_that_was_revoked_is_not_active(op: RealProvider, browser: Browser) -> None:
    login = await log_in(op, browser)
    token = login.token["access_token"]
    ask = TokenIntrospectionRequest(
        login.disco.introspection_endpoint or "", token, "web", "access_token", SECRET
    )
    response = await introspect_token(ask)
    assert response.claims is not None
    assert response.claims["active"] is True
    assert response.claims["sub"] == "alice"
    revoked = await revoke_token(
        TokenRevocationRequest(
            login.disco.revocation_endpoint or "", token, "web", "access_token", SECRET
        )
    )
    assert revoked.is_successful
    response = await introspect_token(ask)
    assert response.claims == {"active": False}


async def test_a_wrong_secret_neither_asks_nor_revokes(op: RealProvider) -> None:
    asked = await introspect_token(
        TokenIntrospectionRequest(
            f"{op.issuer}/token/introspection", "t", "web", client_secret="no"
        )
    )
    revoked = await revoke_token(
        TokenRevocationRequest(f"{op.issuer}/token/revocation", "t", "web", client_secret="no")
    )
    assert asked.oauth_error == revoked.oauth_error == "invalid_client"


async def test_a_signed_introspection_is_verified(op: RealProvider, browser: Browser) -> None:
    login = await log_in(op, browser)
    request = TokenIntrospectionRequest(
        login.disco.introspection_endpoint or "",
        login.token["access_token"],
        "rs-introspect-jwt",
        client_secret=SECRET,
        token_validation_config=TokenValidationConfig(
            perform_disco=True, audience="rs-introspect-jwt", algorithms=["ES256"]
        ),
        disco_doc_address=op.issuer,
    )
    response = await introspect_token(request)
    assert response.is_successful, vars(response)
    assert response.claims is not None
    assert response.claims["active"] is True
    assert request.token_validation_config is not None
    request.token_validation_config.audience = "somebody-else"
    response = await introspect_token(request)
    assert "Invalid audience" in str(response.error)


async def machine_token(op: RealProvider, client_id: str) -> str:
    """Return a machine's opaque token."""
    response = await request_client_credentials_token(
        ClientCredentialsTokenRequest(f"{op.issuer}/token", client_id, SECRET)
    )
    assert response.is_successful, vars(response)
    assert response.token is not None
    return str(response.token["access_token"])


async def test_a_token_is_exchanged_for_another_audience(op: RealProvider) -> None:
    response = await exchange_token(
        TokenExchangeRequest(
            f"{op.issuer}/token",
            "m2m-exchange",
            await machine_token(op, "m2m-exchange"),
            ACCESS_TOKEN,
            resource="https://api.test/es256",
            scope=["api:read"],
            client_secret=SECRET,
        )
    )
    assert response.is_successful, vars(response)
    assert response.issued_token_type == ACCESS_TOKEN
    assert response.token is not None
    config = TokenValidationConfig(perform_disco=True, audience="https://api.test/es256")
    claims = await validate_token(response.token["access_token"], config, op.issuer)
    assert claims["scope"] == "api:read"


async def test_an_unknown_token_is_not_exchanged(op: RealProvider) -> None:
    response = await exchange_token(
        TokenExchangeRequest(
            f"{op.issuer}/token", "m2m-exchange", "e.y.J", ACCESS_TOKEN, client_secret=SECRET
        )
    )
    assert response.oauth_error == "invalid_grant"
    assert "status code: 400. Error: invalid_grant" in str(response.error)


async def test_any_grant_may_be_asked_for_by_its_name(op: RealProvider) -> None:
    request = ExtensionTokenRequest(
        f"{op.issuer}/token",
        "m2m-exchange",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        {
            "subject_token": await machine_token(op, "m2m-exchange"),
            "subject_token_type": ACCESS_TOKEN,
        },
        SECRET,
    )
    response = await request_extension_token(request)
    assert response.is_successful, vars(response)


async def test_a_device_gets_its_token_once_the_user_agrees(
    op: RealProvider, browser: Browser
) -> None:
    device = await request_device_authorization(
        DeviceAuthorizationRequest(f"{op.issuer}/device/auth", "device", "openid offline_access")
    )
    assert device.is_successful, vars(device)
    request = DeviceTokenRequest(f"{op.issuer}/token", "device", device.device_code or "")
    waiting = await poll_device_token(request)
    assert waiting.error_code == "authorization_pending"
    agree(browser, device.verification_uri_complete or "")
    device.interval = 1
    response = await wait_for_device_token(request, device)
    assert response.is_successful, vars(response)
    assert response.token is not None
    assert response.token["refresh_token"]


def agree(browser: Browser, url: str) -> None:
    """Log in on the device's page, and say yes."""
    with pytest.raises(AssertionError, match="stranded: 200"):
        browser.go(url, until="https://nowhere.example/")


async def test_a_user_agrees_on_another_device(op: RealProvider) -> None:
    started = await request_backchannel_authentication(
        BackchannelAuthenticationRequest(
            f"{op.issuer}/backchannel",
            "ciba-poll",
            client_secret=SECRET,
            login_hint="alice",
            binding_message="W4SCT",
            scope="openid",
        )
    )
    assert started.is_successful, vars(started)
    request = BackchannelTokenRequest(
        f"{op.issuer}/token", "ciba-poll", started.auth_req_id or "", SECRET
    )
    waiting = await poll_backchannel_token(request)
    assert waiting.oauth_error in {"authorization_pending", None}
    started.interval = 1
    response = await wait_for_backchannel_token(request, started)
    assert response.is_successful, vars(response)
    assert response.token is not None
    assert response.token["id_token"]


async def test_a_user_refuses_on_another_device(op: RealProvider) -> None:
    started = await request_backchannel_authentication(
        BackchannelAuthenticationRequest(
            f"{op.issuer}/backchannel", "ciba-poll", client_secret=SECRET, login_hint="deny"
        )
    )
    started.interval = 1
    request = BackchannelTokenRequest(
        f"{op.issuer}/token", "ciba-poll", started.auth_req_id or "", SECRET
    )
    response = await wait_for_backchannel_token(request, started)
    assert response.oauth_error == "access_denied"


async def test_the_provider_notifies_the_client(op: RealProvider, rp: RelyingParty) -> None:
    started = await request_backchannel_authentication(
        BackchannelAuthenticationRequest(
            f"{op.issuer}/backchannel",
            "ciba-ping",
            client_secret=SECRET,
            login_hint="alice",
            client_notification_token="a-token-of-ours-that-nobody-can-guess",
        )
    )
    assert started.is_successful, vars(started)
    notice = rp.received.get(timeout=10)
    name = validate_backchannel_notification(
        notice.headers.get("authorization"), notice.body, "a-token-of-ours-that-nobody-can-guess"
    )
    assert name == started.auth_req_id
    response = await poll_backchannel_token(
        BackchannelTokenRequest(f"{op.issuer}/token", "ciba-ping", name, SECRET)
    )
    assert response.is_successful, vars(response)


async def test_an_encrypted_access_token_is_opened(op: RealProvider) -> None:
    response = await request_client_credentials_token(
        ClientCredentialsTokenRequest(
            f"{op.issuer}/token", "m2m-basic", SECRET, resource="https://api.test/jwe-rsa"
        )
    )
    assert response.token is not None
    config = TokenValidationConfig(
        perform_disco=True,
        audience="https://api.test/jwe-rsa",
        decryption_keys=[op.key("encRsa")],
    )
    claims = await validate_token(response.token["access_token"], config, op.issuer)
    assert claims["client_id"] == "m2m-basic"

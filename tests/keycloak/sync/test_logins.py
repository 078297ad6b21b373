# Generated from aio/test_logins.py by scripts/make_sync.py; edit that file.
"""Logins at Keycloak: plain, pushed, signed, encrypted; and what renews them."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from py_identity_model._seam.sync import gather
from py_identity_model.exceptions import TokenRequestException, TokenValidationException
from py_identity_model.sync import (
    AccessTokenVerifier,
    ClientAuthentication,
    ClientSecretJwt,
    ClientSecretPost,
    PrivateKeyJwtAuthentication,
    TlsClientAuth,
)
from tests.keycloak.browser import KeycloakBrowser
from tests.keycloak.conftest import Running
from tests.keycloak.realm import API, REDIRECT, SECRET
from tests.keycloak.sync.login import BASIC, client_of, log_in, trusting_client

Make = Callable[[Running], ClientAuthentication | None]
AUTHENTICATIONS: dict[str, tuple[str, Make]] = {
    "client_secret_basic": ("web", lambda keycloak: BASIC),
    "client_secret_post": ("web", lambda keycloak: ClientSecretPost(SECRET)),
    "client_secret_jwt": ("web-secret-jwt", lambda keycloak: ClientSecretJwt(SECRET)),
    "private_key_jwt": (
        "web-key",
        lambda keycloak: PrivateKeyJwtAuthentication(keycloak.keys.signing, "ES256", "signing"),
    ),
    "none": ("spa", lambda keycloak: None),
}


@pytest.mark.parametrize("method", AUTHENTICATIONS)
def test_a_user_logs_in(keycloak: Running, browser: KeycloakBrowser, method: str) -> None:
    client_id, make = AUTHENTICATIONS[method]
    client = client_of(keycloak, client_id, make(keycloak), scope="openid profile email")
    session = log_in(client, browser, userinfo=True)
    assert session.claims["preferred_username"] == "alice"
    assert session.userinfo is not None
    assert session.userinfo["email"] == "alice@example.test"
    verifier = AccessTokenVerifier(keycloak.issuer, API, roles="realm_access.roles")
    token = verifier.verify(f"Bearer {session.access_token}", scopes="email")
    token.require_roles("reader")
    assert (token.subject, token.client_id) == (session.subject, client_id)


def test_an_id_token_is_not_an_access_token(keycloak: Running, browser: KeycloakBrowser) -> None:
    session = log_in(client_of(keycloak), browser)
    verifier = AccessTokenVerifier(keycloak.issuer, "web")
    with pytest.raises(TokenValidationException) as caught:
        verifier.verify(f"Bearer {session.id_token}")
    assert caught.value.code == "wrong_typ"


def test_a_user_logs_in_by_certificate(keycloak: Running, browser: KeycloakBrowser) -> None:
    with trusting_client(keycloak, certificate=True) as http_client:
        client = client_of(
            keycloak,
            "web-certificate",
            TlsClientAuth(),
            issuer=keycloak.https_issuer,
            http_client=http_client,
        )
        session = log_in(client, browser, userinfo=True)
    assert session.userinfo is not None


def test_a_wrong_secret_is_refused(keycloak: Running, browser: KeycloakBrowser) -> None:
    client = client_of(keycloak, "web", ClientSecretPost(SECRET[::-1]))
    with pytest.raises(TokenRequestException) as caught:
        log_in(client, browser)
    assert caught.value.details["oauth_error"] == "unauthorized_client"


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
def test_a_login_comes_back_in_any_mode(
    keycloak: Running, browser: KeycloakBrowser, mode: str
) -> None:
    session = log_in(client_of(keycloak), browser, response_mode=mode)
    assert session.refresh_token


@pytest.mark.parametrize(
    "response_type", ["code id_token", "code id_token token", "id_token token"]
)
def test_a_hybrid_or_implicit_login_is_checked(
    keycloak: Running, browser: KeycloakBrowser, response_type: str
) -> None:
    client = client_of(keycloak, "web-hybrid")
    assert (log_in(client, browser, response_type=response_type)).subject


OPTIONS: dict[str, dict[str, Any]] = {
    "web-pushed": {"use_par": True},
    "web-signed": {"request_signing_kid": "signing"},
    "web-jarm": {},
    "web-all-encrypted": {"decrypts": True},
    "web-encrypted": {"decrypts": True},
}
MODES = {"web-jarm": ["jwt", "query.jwt", "form_post.jwt"], "web-all-encrypted": ["jwt"]}


@pytest.mark.parametrize(
    ("client_id", "mode"),
    [(client_id, mode) for client_id in OPTIONS for mode in MODES.get(client_id, [None])],
)
def test_requests_and_answers_are_pushed_signed_and_encrypted(
    keycloak: Running, browser: KeycloakBrowser, client_id: str, mode: str | None
) -> None:
    options = dict(OPTIONS[client_id])
    if options.pop("decrypts", False):
        options["decryption_keys"] = keycloak.keys.encryption
    if "request_signing_kid" in options:
        options["request_signing_key"] = keycloak.keys.signing
    client = client_of(keycloak, client_id, **options)
    assert (log_in(client, browser, response_mode=mode)).subject


def test_a_signed_request_is_pushed_too(keycloak: Running, browser: KeycloakBrowser) -> None:
    client = client_of(
        keycloak,
        "web-signed",
        request_signing_key=keycloak.keys.signing,
        request_signing_kid="signing",
        use_par=True,
    )
    assert (log_in(client, browser)).subject


def test_an_encrypted_response_may_come_with_a_signed_id_token(
    keycloak: Running, browser: KeycloakBrowser
) -> None:
    client = client_of(keycloak, "web-jarm-encrypted", decryption_keys=keycloak.keys.encryption)
    assert (log_in(client, browser, response_mode="jwt")).subject


def test_an_encrypted_id_token_needs_its_key(keycloak: Running, browser: KeycloakBrowser) -> None:
    with pytest.raises(TokenValidationException) as caught:
        log_in(client_of(keycloak, "web-encrypted"), browser)
    assert caught.value.code == "malformed_token"


def test_a_refresh_token_works_once(keycloak: Running, browser: KeycloakBrowser) -> None:
    client = client_of(keycloak)
    session = log_in(client, browser)
    first = str(session.refresh_token)
    renewed = client.refresh(first)
    assert renewed.is_successful, renewed.error
    assert renewed.token is not None
    assert renewed.token["refresh_token"] != first
    assert (client.refresh(first)).oauth_error == "invalid_grant"


def test_many_callers_use_a_rotating_refresh_token_once(
    keycloak: Running, browser: KeycloakBrowser
) -> None:
    client = client_of(keycloak)
    session = log_in(client, browser)
    source = client.token_source(session=session)
    for minutes in range(0, 3, 2):  # a token that replaced one within a minute is not renewed
        source.clock = lambda ahead=60 * minutes: time.time() + ahead  # type: ignore[misc]
        tokens = gather([source.get_token for _ in range(10)])
        assert len({token.access_token for token in tokens}) == 1
        current = tokens[0].access_token
        renewals = gather([partial(source.renew, current) for _ in range(10)])
        assert {token.access_token for token in renewals} != {current}
        assert len({token.access_token for token in renewals}) == 1


def test_an_offline_token_outlives_the_users_session(
    keycloak: Running, browser: KeycloakBrowser
) -> None:
    client = client_of(keycloak)
    online = log_in(client, browser)
    offline = log_in(client, browser, scope="openid offline_access")
    keycloak.end_session(online.claims["sid"])
    assert (client.refresh(str(online.refresh_token))).oauth_error == "invalid_grant"
    renewed = client.refresh(str(offline.refresh_token))
    assert renewed.is_successful, renewed.error
    assert renewed.token is not None
    assert renewed.token["refresh_expires_in"] == 0  # Keycloak's word for: as long as it is used


def test_a_custom_provider_is_named(keycloak: Running) -> None:
    begun = client_of(keycloak).authorization_request(extra_parameters={"kc_idp_hint": "github"})
    assert "kc_idp_hint=github" in begun.url
    assert begun.url.startswith(f"{keycloak.issuer}/protocol/openid-connect/auth?")
    assert begun.redirect_uri == REDIRECT

"""What every test of a client does."""

from __future__ import annotations

from typing import Any

from py_identity_model.aio import (
    AsyncHTTPClient,
    AsyncOAuthClient,
    AsyncSession,
    ClientAuthentication,
    ClientSecretBasic,
    MtlsClientAuth,
)
from tests.keycloak.browser import KeycloakBrowser
from tests.keycloak.conftest import Running
from tests.keycloak.realm import REDIRECT, SECRET

BASIC = ClientSecretBasic(SECRET)


def client_of(
    keycloak: Running,
    client_id: str = "web",
    authentication: ClientAuthentication | None = BASIC,
    **options: Any,
) -> AsyncOAuthClient:
    """Return a client of the realm, over http unless ``issuer`` says otherwise."""
    issuer = options.pop("issuer", keycloak.issuer)
    return AsyncOAuthClient(issuer, client_id, authentication, redirect_uri=REDIRECT, **options)


def trusting_client(keycloak: Running, *, certificate: bool = False) -> AsyncHTTPClient:
    """Return an HTTP client that trusts the authority, and may present a certificate."""
    presented = MtlsClientAuth(*keycloak.client_files) if certificate else None
    return AsyncHTTPClient(verify=str(keycloak.certificates.authority), certificate=presented)


async def log_in(
    client: AsyncOAuthClient,
    browser: KeycloakBrowser,
    *,
    userinfo: bool = False,
    **parameters: Any,
) -> AsyncSession:
    """Return the session of a user who logged in in the browser."""
    begun = await client.authorization_request(**parameters)
    landing = browser.go(begun.url, until=REDIRECT)
    return await client.callback(landing.posted or landing.url, begun, userinfo=userinfo)

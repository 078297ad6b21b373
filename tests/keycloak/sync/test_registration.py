# Generated from aio/test_registration.py by scripts/make_sync.py; edit that file.
"""Clients registered with an initial access token, and managed."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model.sync import (
    ClientDeleteRequest,
    ClientReadRequest,
    ClientRegistrationRequest,
    ClientUpdateRequest,
    OAuthClient,
    delete_client,
    read_client,
    register_client,
    update_client,
)
from tests.keycloak.browser import KeycloakBrowser
from tests.keycloak.conftest import Running
from tests.keycloak.realm import REALM, REDIRECT
from tests.keycloak.sync.login import log_in

METADATA: list[dict[str, Any]] = [
    {},
    {"token_endpoint_auth_method": "client_secret_post"},
    {"token_endpoint_auth_method": "client_secret_jwt"},
    {"token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "ES256"},
    {"token_endpoint_auth_method": "none"},
    {"id_token_signed_response_alg": "ES256"},
    {"require_pushed_authorization_requests": True},
]


def address(keycloak: Running) -> str:
    return f"{keycloak.issuer}/clients-registrations/openid-connect"


def initial_token(keycloak: Running) -> str:
    return str(keycloak.admin.post(REALM, "clients-initial-access", {"count": 1})["token"])


@pytest.mark.parametrize("metadata", METADATA)
def test_a_client_logs_in_as_it_was_registered(
    keycloak: Running, browser: KeycloakBrowser, metadata: dict[str, Any]
) -> None:
    key = keycloak.keys.signing
    public = {name: value for name, value in key.items() if name != "d"}
    registered = register_client(
        ClientRegistrationRequest(
            address(keycloak),
            [REDIRECT],
            jwks={"keys": [public]},
            initial_access_token=initial_token(keycloak),
            **metadata,
        )
    )
    assert registered.is_successful, registered.error
    client = OAuthClient.from_registration(
        registered, keycloak.issuer, private_key=key, kid="signing"
    )
    assert (log_in(client, browser)).subject


def test_a_client_is_read_updated_and_deleted(keycloak: Running) -> None:
    created = register_client(
        ClientRegistrationRequest(
            address(keycloak),
            [REDIRECT],
            client_name="New",
            initial_access_token=initial_token(keycloak),
        )
    )
    assert created.is_successful, created.error
    where, token = str(created.registration_client_uri), str(created.registration_access_token)
    read = read_client(ClientReadRequest(where, token))
    assert read.is_successful, read.error
    assert read.client_id == created.client_id
    token = read.registration_access_token or token
    updated = update_client(
        ClientUpdateRequest(where, token, str(created.client_id), [f"{REDIRECT}/2"])
    )
    assert updated.is_successful, updated.error
    assert updated.redirect_uris == [f"{REDIRECT}/2"]
    token = updated.registration_access_token or token
    assert (delete_client(ClientDeleteRequest(where, token))).is_successful
    assert (read_client(ClientReadRequest(where, token))).status_code == 401


def test_an_initial_token_works_once(keycloak: Running) -> None:
    request = ClientRegistrationRequest(
        address(keycloak), [REDIRECT], initial_access_token=initial_token(keycloak)
    )
    assert (register_client(request)).is_successful
    assert (register_client(request)).oauth_error == "invalid_token"

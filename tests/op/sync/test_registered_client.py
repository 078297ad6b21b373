# Generated from aio/test_registered_client.py by scripts/make_sync.py; edit that file.
"""Clients made of a registration, against a certified provider."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model.sync import (
    ClientDeleteRequest,
    ClientRegistrationRequest,
    DiscoveryDocumentRequest,
    OAuthClient,
    delete_client,
    get_discovery_document,
    register_client,
)
from tests.op.browser import Browser
from tests.op.driver import RealProvider
from tests.op.sync.login import REDIRECT

BYE = "https://rp.example/bye"
REGISTRATIONS: list[dict[str, Any]] = [
    {},
    {"token_endpoint_auth_method": "client_secret_post"},
    {"token_endpoint_auth_method": "none"},
    {"token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "ES256"},
    {"id_token_signed_response_alg": "ES256"},
]


@pytest.mark.parametrize("members", REGISTRATIONS)
def test_a_client_logs_in_as_it_was_registered(
    op: RealProvider, browser: Browser, members: dict[str, Any]
) -> None:
    disco = get_discovery_document(DiscoveryDocumentRequest(op.issuer))
    key = op.key("es")
    public = {name: value for name, value in key.items() if name != "d"}
    registered = register_client(
        ClientRegistrationRequest(
            str(disco.registration_endpoint),
            [REDIRECT],
            post_logout_redirect_uris=[BYE],
            jwks={"keys": [public]},
            default_max_age=3600,
            **members,
        )
    )
    assert registered.is_successful, registered.error
    assert registered.post_logout_redirect_uris == [BYE]
    assert registered.default_max_age == 3600
    client = OAuthClient.from_registration(
        registered, op.issuer, private_key=key, kid=key.get("kid")
    )
    begun = client.authorization_request()
    landing = browser.go(begun.url, until=REDIRECT)
    session = client.callback(landing.url, begun)
    assert session.subject == "alice"
    delete_client(
        ClientDeleteRequest(
            str(registered.registration_client_uri), str(registered.registration_access_token)
        )
    )

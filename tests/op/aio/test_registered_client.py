"""Clients made of a registration, against a certified provider."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model.aio import (
    AsyncOAuthClient,
    ClientDeleteRequest,
    ClientRegistrationRequest,
    DiscoveryDocumentRequest,
    delete_client,
    get_discovery_document,
    register_client,
)
from tests.op.aio.login import REDIRECT
from tests.op.browser import Browser
from tests.op.driver import RealProvider

BYE = "https://rp.example/bye"
REGISTRATIONS: list[dict[str, Any]] = [
    {},
    {"token_endpoint_auth_method": "client_secret_post"},
    {"token_endpoint_auth_method": "none"},
    {"token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "ES256"},
    {"id_token_signed_response_alg": "ES256"},
]


@pytest.mark.parametrize("members", REGISTRATIONS)
async def test_a_client_logs_in_as_it_was_registered(
    op: RealProvider, browser: Browser, members: dict[str, Any]
) -> None:
    disco = await get_discovery_document(DiscoveryDocumentRequest(op.issuer))
    key = op.key("es")
    public = {name: value for name, value in key.items() if name != "d"}
    registered = await register_client(
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
    client = AsyncOAuthClient.from_registration(
        registered, op.issuer, private_key=key, kid=key.get("kid")
    )
    begun = await client.authorization_request()
    landing = browser.go(begun.url, until=REDIRECT)
    session = await client.callback(landing.url, begun)
    assert session.subject == "alice"
    await delete_client(
        ClientDeleteRequest(
            str(registered.registration_client_uri), str(registered.registration_access_token)
        )
    )

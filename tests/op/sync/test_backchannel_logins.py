# Generated from aio/test_backchannel_logins.py by scripts/make_sync.py; edit that file.
"""Logins on another device by signed requests, against a certified provider (CIBA Core §7.1.1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from joserfc.jwk import ECKey

from py_identity_model.sync import (
    BackchannelAuthenticationResponse,
    ClientRegistrationRequest,
    ClientSecretBasic,
    DiscoveryDocumentRequest,
    OAuthClient,
    TokenRequestException,
    get_discovery_document,
    register_client,
)
from tests.op.driver import RealProvider
from tests.op.sync.login import SECRET
from tests.support import refused

CIBA = "urn:openid:params:grant-type:ciba"


def client_of(op: RealProvider, key: Any = None, kid: str | None = None) -> OAuthClient:
    return OAuthClient(
        op.issuer,
        "ciba-signed",
        ClientSecretBasic(SECRET),
        request_signing_key=key,
        request_signing_kid=kid,
    )


def soon(started: BackchannelAuthenticationResponse) -> BackchannelAuthenticationResponse:
    return replace(started, interval=1)


def test_a_user_agrees_to_a_signed_request(op: RealProvider) -> None:
    key = op.key("es")
    client = client_of(op, key, key["kid"])
    started = client.request_backchannel_login(login_hint="alice", binding_message="W4SCT")
    session = client.wait_for_backchannel_login(soon(started))
    assert session.subject == "alice"


def test_a_user_who_refuses_a_signed_request_is_not_logged_in(op: RealProvider) -> None:
    key = op.key("es")
    client = client_of(op, key, key["kid"])
    started = client.request_backchannel_login(login_hint="deny")
    with refused(TokenRequestException, "token_request_error") as caught:
        client.wait_for_backchannel_login(soon(started))
    assert caught.value.details["oauth_error"] == "access_denied"


def test_a_request_that_another_key_signed_is_refused(op: RealProvider) -> None:
    forged = ECKey.generate_key("P-256").as_dict(private=True)
    client = client_of(op, forged, op.key("es")["kid"])
    with refused(TokenRequestException, "token_request_error") as caught:
        client.request_backchannel_login(login_hint="alice")
    assert caught.value.details["oauth_error"] == "invalid_request"


def test_an_unsigned_request_of_a_client_that_signs_is_refused(op: RealProvider) -> None:
    with refused(TokenRequestException, "token_request_error") as caught:
        client_of(op).request_backchannel_login(login_hint="alice")
    assert caught.value.details["oauth_error"] == "invalid_request"


def test_requests_are_signed_as_registered(op: RealProvider) -> None:
    disco = get_discovery_document(DiscoveryDocumentRequest(op.issuer))
    key = op.key("es")
    registered = register_client(
        ClientRegistrationRequest(
            str(disco.registration_endpoint),
            [],
            response_types=[],
            grant_types=[CIBA],
            jwks={"keys": [{name: value for name, value in key.items() if name != "d"}]},
            backchannel_token_delivery_mode="poll",
            backchannel_authentication_request_signing_alg="ES256",
        )
    )
    assert registered.is_successful, vars(registered)
    client = OAuthClient.from_registration(registered, op.issuer, private_key=key, kid=key["kid"])
    started = client.request_backchannel_login(login_hint="alice")
    assert (client.wait_for_backchannel_login(soon(started))).subject == "alice"

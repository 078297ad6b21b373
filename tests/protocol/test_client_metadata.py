"""Everything that a client registers about itself, and what comes back."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest

from py_identity_model import (
    ClientMetadata,
    ClientRegistrationRequest,
    ClientRegistrationResponse,
    ClientUpdateRequest,
    FailedResponseAccessError,
    build_client_id_metadata,
)
from py_identity_model._protocol.registration import build_register, build_update, parse
from py_identity_model._wire.messages import HttpResponse
from py_identity_model.exceptions import InvalidArgumentError
from py_identity_model.oidc_constants import ClientMetadata as Names
from tests.support import refused

NAMES = {one.name for one in fields(ClientMetadata)}
REDIRECT = "https://rp.example/cb"
PUBLIC = {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "x"}]}
SAID: dict[str, Any] = {
    "post_logout_redirect_uris": ["https://rp.example/bye"],
    "jwks": PUBLIC,
    "frontchannel_logout_uri": "https://rp.example/front",
    "frontchannel_logout_session_required": True,
    "backchannel_logout_uri": "https://rp.example/back",
    "backchannel_logout_session_required": False,
    "initiate_login_uri": "https://rp.example/login",
    "id_token_signed_response_alg": "ES256",
    "request_uris": ["https://rp.example/request"],
    "tls_client_auth_subject_dn": "CN=rp",
    "tls_client_auth_san_dns": "rp.example",
    "tls_client_auth_san_uri": "urn:rp",
    "tls_client_auth_san_ip": "192.0.2.1",
    "tls_client_auth_san_email": "rp@example.com",
    "tls_client_certificate_bound_access_tokens": True,
    "backchannel_token_delivery_mode": "ping",
    "backchannel_client_notification_endpoint": "https://rp.example/ping",
    "default_max_age": 0,
}


def test_every_registered_name_is_a_field() -> None:
    registered = {one.value for one in Names}
    assert len(registered) > 40
    assert registered - {"software_statement"} <= NAMES


@pytest.mark.parametrize(
    ("build", "request_"),
    [
        (build_register, ClientRegistrationRequest("https://op/register", [REDIRECT], **SAID)),
        (build_update, ClientUpdateRequest("https://op/c", "t", "c", [REDIRECT], **SAID)),
    ],
)
def test_what_is_said_is_sent_and_nothing_else(build: Any, request_: Any) -> None:
    sent = dict(build(request_).json)
    sent.pop("client_id", None)
    assert sent == {"redirect_uris": [REDIRECT], **SAID}


def test_extra_metadata_wins_still() -> None:
    request = ClientRegistrationRequest(
        "https://op/register",
        [REDIRECT],
        initiate_login_uri="https://rp.example/a",
        extra_metadata={"initiate_login_uri": "https://rp.example/b", "more": 1},
    )
    sent = build_register(request).json
    assert sent is not None
    assert (sent["initiate_login_uri"], sent["more"]) == ("https://rp.example/b", 1)


@pytest.mark.parametrize(
    "key", [{"kty": "EC", "d": "x"}, {"kty": "oct", "k": "x"}, {"kty": "RSA", "p": "x"}]
)
def test_private_keys_are_not_registered(key: dict[str, str]) -> None:
    jwks = {"keys": [{"kty": "EC"}, key]}
    request = ClientRegistrationRequest("https://op/register", [REDIRECT], jwks=jwks)
    with refused(InvalidArgumentError, "private_jwks"):
        build_register(request)
    with refused(InvalidArgumentError, "private_jwks"):
        build_client_id_metadata("https://app.example/c", [REDIRECT], ClientMetadata(jwks=jwks))


@pytest.mark.parametrize("jwks", [{}, {"keys": {}}, {"kty": "EC"}])
def test_keys_are_registered_as_a_set(jwks: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="JWK Set"):
        build_register(ClientRegistrationRequest("https://op/register", [REDIRECT], jwks=jwks))
    both = ClientRegistrationRequest("x", [REDIRECT], jwks=PUBLIC, jwks_uri="https://rp/jwks")
    with pytest.raises(InvalidArgumentError, match="exclude each other"):
        build_register(both)


def answered(**members: Any) -> ClientRegistrationResponse:
    request = ClientRegistrationRequest("https://op/register", [REDIRECT])
    body = json.dumps({"client_id": "c", **members}).encode()
    return parse(request, HttpResponse(201, {}, body))


def test_the_answer_has_the_same_fields() -> None:
    registered = answered(redirect_uris=[REDIRECT], client_name="App", **SAID)
    for name, value in SAID.items():
        assert getattr(registered, name) == value
    assert registered.client_name == "App"
    assert registered.redirect_uris == [REDIRECT]
    assert registered.logo_uri is None
    assert registered == answered(redirect_uris=[REDIRECT], client_name="App", **SAID)
    secret = answered(client_secret="a-secret-of-clients", **SAID)
    assert "a-secret-of-clients" not in repr(secret)
    failed = ClientRegistrationResponse(False, "no")
    with pytest.raises(FailedResponseAccessError):
        _ = failed.post_logout_redirect_uris


@pytest.mark.parametrize(
    "odd",
    [
        {"token_endpoint_auth_method": ["none"], "id_token_signed_response_alg": {"a": 1}},
        {"redirect_uris": "https://rp.example/cb", "request_uris": [1], "contacts": {"a": "b"}},
        {"default_max_age": True, "require_auth_time": "true", "jwks": []},
    ],
)
def test_a_member_of_another_type_is_none_and_as_it_came_in_metadata(odd: dict[str, Any]) -> None:
    registered = answered(**odd)
    for name, value in odd.items():
        assert getattr(registered, name) is None
        assert registered.metadata is not None
        assert registered.metadata[name] == value


def test_a_document_says_the_same() -> None:
    document = build_client_id_metadata(
        "https://app.example/c.json", [REDIRECT], ClientMetadata(**SAID), client_name="App"
    )
    assert document == {
        "client_id": "https://app.example/c.json",
        "redirect_uris": [REDIRECT],
        "client_name": "App",
        "token_endpoint_auth_method": "none",
        **SAID,
    }
    ours = ClientMetadata(redirect_uris=["https://else.example"], client_name="Old")
    document = build_client_id_metadata(
        "https://app.example/c", [REDIRECT], ours, client_name="New"
    )
    assert (document["redirect_uris"], document["client_name"]) == ([REDIRECT], "New")

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
    client_id_metadata_response,
)
from py_identity_model._protocol.client_metadata_fields import BasicMetadata, FurtherMetadata
from py_identity_model._protocol.registration import build_register, build_update, parse
from py_identity_model._wire.messages import HttpResponse
from py_identity_model.exceptions import (
    InvalidArgumentError,
)
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
def test_only_the_set_members_are_sent(build: Any, request_: Any) -> None:
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
    with pytest.raises(InvalidArgumentError, match="are mutually exclusive"):
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


REDIRECT = "https://rp.example/cb"


def test_a_client_may_be_named_by_its_document() -> None:
    document = build_client_id_metadata(
        "https://app.example/c.json", [REDIRECT], client_name="App", jwks_uri="https://app/jwks"
    )
    assert document == {
        "client_id": "https://app.example/c.json",
        "redirect_uris": [REDIRECT],
        "client_name": "App",
        "jwks_uri": "https://app/jwks",
        "token_endpoint_auth_method": "none",
    }


@pytest.mark.parametrize(
    ("client_id", "redirect_uris", "more"),
    [
        ("http://app.example/c", [REDIRECT], {}),
        ("http://localhost.evil.example/c", [REDIRECT], {}),
        ("https://app.example", [REDIRECT], {}),
        ("https://app.example/", [REDIRECT], {}),
        ("https://app.example/a/../c", [REDIRECT], {}),
        ("https://app.example/c#f", [REDIRECT], {}),
        ("https://user:pass@app.example/c", [REDIRECT], {}),
        ("https://app.example/c", [], {}),
        ("https://app.example/c", REDIRECT, {}),
        ("https://app.example/c", [REDIRECT], {"client_secret": "s"}),
        ("https://app.example/c", [REDIRECT], {"token_endpoint_auth_method": "client_secret_jwt"}),
        ("https://app.example/c", [REDIRECT], {"jwks": {"keys": [{"kty": "EC", "d": "secret"}]}}),
    ],
)
def test_a_document_that_no_provider_would_accept_is_refused(
    client_id: str, redirect_uris: Any, more: dict[str, Any]
) -> None:
    with pytest.raises(InvalidArgumentError):
        build_client_id_metadata(client_id, redirect_uris, **more)


def test_a_client_on_loopback_may_describe_itself_by_plain_http() -> None:
    document = build_client_id_metadata("http://localhost:8000/c", [REDIRECT])
    assert document["client_id"] == "http://localhost:8000/c"


def test_a_clients_document_is_served_as_json() -> None:
    document = build_client_id_metadata("https://app.example/c", [REDIRECT])
    headers, body = client_id_metadata_response(document, max_age=60)
    assert headers == {"Content-Type": "application/json", "Cache-Control": "max-age=60"}
    assert json.loads(body) == document


def test_metadata_is_the_same_by_position_and_by_keyword() -> None:
    """Requests take some of it by position, the contract's: so they declare it once more."""
    by_keyword = {one.name: str(one.type) for one in fields(ClientMetadata)}
    for kind in (BasicMetadata, FurtherMetadata):
        for one in fields(kind):
            assert by_keyword.pop(one.name).removesuffix(" | None") == str(one.type).removesuffix(
                " | None"
            )
    assert not by_keyword

"""Requests of clients: their fields, and which way of authenticating they ask for."""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import Any

import pytest

from py_identity_model import (
    AuthorizationCodeTokenRequest,
    BackchannelAuthenticationRequest,
    BackchannelTokenRequest,
    ChainedGrantRequest,
    ClientCredentialsTokenRequest,
    ClientSecretBasic,
    ClientSecretPost,
    DeviceAuthorizationRequest,
    DeviceTokenRequest,
    ExtensionTokenRequest,
    IdentityAssertionGrantRequest,
    JwtBearerTokenRequest,
    NoClientAuthentication,
    PushedAuthorizationRequest,
    RefreshTokenRequest,
    TokenExchangeRequest,
    TokenIntrospectionRequest,
    TokenRevocationRequest,
)
from py_identity_model._client_auth.resolve import ClientRequest, TokenRequest
from py_identity_model._protocol.device import refresh_request_for
from py_identity_model._protocol.token_endpoint import token_request
from py_identity_model._wire.endpoint import secrets_of
from py_identity_model._wire.messages import Replay

REQUESTS: list[type[ClientRequest]] = [
    AuthorizationCodeTokenRequest,
    BackchannelAuthenticationRequest,
    BackchannelTokenRequest,
    ChainedGrantRequest,
    ClientCredentialsTokenRequest,
    DeviceAuthorizationRequest,
    DeviceTokenRequest,
    ExtensionTokenRequest,
    IdentityAssertionGrantRequest,
    JwtBearerTokenRequest,
    PushedAuthorizationRequest,
    RefreshTokenRequest,
    TokenExchangeRequest,
    TokenIntrospectionRequest,
    TokenRevocationRequest,
]
BY_KEYWORD = [
    *("client_authentication", "resource", "audience", "authorization_details"),
    *("extra_parameters", "dpop_key"),
]


def test_a_class_of_requests_is_not_forgotten_here() -> None:
    def below(kind: type[ClientRequest]) -> set[type[ClientRequest]]:
        return {kind}.union(*(below(one) for one in kind.__subclasses__()))

    made = {one for one in below(ClientRequest) if "._protocol." in one.__module__}
    shared = {one for one in made if one.__name__.startswith("_")}  # bases that nobody can send
    assert made - shared == {*REQUESTS}


@pytest.mark.parametrize("kind", REQUESTS)
def test_what_is_passed_by_keyword_alone_comes_after_what_has_a_position(
    kind: type[ClientRequest],
) -> None:
    by_keyword = [bool(one.kw_only) for one in fields(kind)]
    assert by_keyword == sorted(by_keyword)
    assert kind.__match_args__ == tuple(one.name for one in fields(kind) if not one.kw_only)


def test_fields_that_requests_share_keep_their_order() -> None:
    names = [one.name for one in fields(ClientCredentialsTokenRequest)]
    own = ["address", "client_id", "client_secret", "scope", "private_key_jwt", "mtls"]
    assert names == [*own, *BY_KEYWORD]
    assert repr(ClientCredentialsTokenRequest("https://op", "c")) == (
        "ClientCredentialsTokenRequest(address='https://op', client_id='c', client_secret=None, "
        "scope=None, private_key_jwt=None, mtls=None, client_authentication=None, resource=None, "
        "audience=None, authorization_details=None, extra_parameters=None, dpop_key=None)"
    )


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (TokenIntrospectionRequest, "resource"),
        (TokenRevocationRequest, "dpop_key"),
        (BackchannelTokenRequest, "audience"),
        (DeviceTokenRequest, "authorization_details"),
        (ExtensionTokenRequest, "extra_parameters"),
    ],
)
def test_a_request_takes_no_field_that_means_nothing_to_it(kind: Any, name: str) -> None:
    positions = ["https://op", "c", "d"]
    kind(*positions)
    with pytest.raises(TypeError, match=name):
        kind(*positions, **{name: "x"})


@pytest.mark.parametrize("kind", REQUESTS)
def test_a_request_without_a_field_reads_as_one_that_leaves_it_out(kind: Any) -> None:
    parameters = inspect.signature(kind).parameters.values()
    request = kind(**{one.name: "x" for one in parameters if one.default is one.empty})
    read = ["client_secret", "private_key_jwt", "mtls", "client_authentication", "extra_parameters"]
    if isinstance(request, TokenRequest):
        read += BY_KEYWORD
    assert {getattr(request, name) for name in read} == {None}


def test_what_a_request_is_for_is_sent_only_by_requests_that_lead_to_tokens() -> None:
    asked = ClientCredentialsTokenRequest(
        "https://op", "c", "s", resource=["https://a", "https://b"], audience="api"
    )
    form = token_request(asked, {}, replay=Replay.SAFE).form
    assert form == {"resource": ["https://a", "https://b"], "audience": "api"}
    told = TokenRevocationRequest("https://op", "t", "c", client_secret="s")
    assert token_request(told, {}, replay=Replay.SAFE).form == {}


def test_secrets_of_a_request_are_its_own_those_of_its_client_and_what_it_sends_besides() -> None:
    request = RefreshTokenRequest(
        "https://op",
        "c",
        "refresh",
        client_secret="secret",
        client_authentication=ClientSecretPost("other"),
        extra_parameters={"a": ["b", "c"]},
    )
    assert {*secrets_of(request)} == {"refresh", "secret", "other", "b", "c"}


def test_a_secret_may_be_bytes() -> None:
    secret: Any = "s3cret-é".encode()
    request = ClientCredentialsTokenRequest("https://op", "c", secret)
    sent = token_request(request, {}, replay=Replay.SAFE).authentication
    assert sent == ClientSecretBasic("s3cret-é")
    assert secrets_of(request) == ("s3cret-é",)


def test_a_device_renews_its_tokens_as_it_got_them() -> None:
    device = DeviceTokenRequest(
        "https://op", "tv", "code", "s3cret", resource="https://api", extra_parameters={"a": "b"}
    )
    renewal = refresh_request_for(device)
    sent = token_request(renewal, {}, replay=Replay.UNSENT)
    polled = token_request(device, {}, replay=Replay.UNSENT, blank_is_none=True)
    assert sent.authentication == polled.authentication
    assert (sent.form, renewal.extra_parameters) == ({"resource": "https://api"}, None)


def test_a_device_without_a_secret_renews_its_tokens_without_one() -> None:
    renewal = refresh_request_for(DeviceTokenRequest("https://op", "tv", "code", " "))
    sent = token_request(renewal, {}, replay=Replay.UNSENT)
    assert sent.authentication == NoClientAuthentication()

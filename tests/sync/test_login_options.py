# Generated from aio/test_login_options.py by scripts/make_sync.py; edit that file.
"""Requests by reference, userinfo by POST, and what watches the session afterwards."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from py_identity_model._jose.encoding import decode_base64url
from py_identity_model.exceptions import ConfigurationException, InvalidArgumentError
from py_identity_model.sync import (
    ClientSecretBasic,
    DPoPKey,
    ErrorKind,
    OAuthClient,
    UserInfoRequest,
    get_userinfo,
    request_object_reference,
)
from py_identity_model.testing import Answer, EmbeddedProvider
from tests.support import answering

KEY = DPoPKey().private_key_pem.decode()


def client_of(provider: EmbeddedProvider, **more: Any) -> OAuthClient:
    secret = ClientSecretBasic(provider.client_secret)
    usual = {"redirect_uri": "https://rp.example/cb"}
    return OAuthClient(provider.issuer, provider.client_id, secret, **{**usual, **more})


def test_a_signed_request_is_published_and_named(provider: EmbeddedProvider) -> None:
    served: dict[str, str] = {}

    def publish(request_object: str) -> str:
        url = f"https://rp.example/requests/{len(served)}"
        served[url] = request_object
        return request_object_reference(url, request_object)

    client = client_of(provider, request_signing_key=KEY, publish_request_object=publish)
    begun = client.authorization_request()
    query = parse_qs(urlsplit(begun.url).query)
    assert {*query} == {"client_id", "request_uri", "scope", "response_type"}
    url, _, digest = query["request_uri"][0].partition("#")
    assert digest
    claims = json.loads(decode_base64url(served[url].split(".")[1].encode()))
    assert (claims["aud"], claims["iss"]) == (provider.issuer, provider.client_id)
    assert begun.state not in begun.url


@pytest.mark.parametrize("url", ["http://rp.example/1", "", None, 7])
def test_a_request_published_at_a_forbidden_url_is_refused(
    provider: EmbeddedProvider, url: Any
) -> None:
    client = client_of(provider, request_signing_key=KEY, publish_request_object=lambda made: url)
    with pytest.raises(InvalidArgumentError, match="request_uri"):
        client.authorization_request()


def test_only_signed_requests_are_published() -> None:
    with pytest.raises(ConfigurationException, match="request_signing_key"):
        OAuthClient("https://op.example", "web", publish_request_object=str)


def test_userinfo_is_asked_for_by_post(provider: EmbeddedProvider) -> None:
    provider.intercept = answering("/userinfo", Answer.of_json({"sub": "alice"}))
    address = f"{provider.issuer}/userinfo"
    request = UserInfoRequest(address, "the-token", "alice", method="POST")
    assert (get_userinfo(request)).is_successful
    received = provider.requests[-1]
    assert (received.method, received.body) == ("POST", b"")
    assert received.headers["authorization"] == "Bearer the-token"
    request.token_in_body = True
    assert (get_userinfo(request)).is_successful
    received = provider.requests[-1]
    assert received.form == {"access_token": "the-token"}
    assert "authorization" not in received.headers
    client = client_of(provider)
    client.userinfo("the-token", expected_sub="alice", method="POST")
    assert provider.requests[-1].method == "POST"
    client.userinfo("the-token", expected_sub="alice")
    assert provider.requests[-1].method == "GET"


@pytest.mark.parametrize(
    "options",
    [
        {"method": "PUT"},
        {"token_in_body": True},
        {"token_in_body": True, "method": "POST", "dpop_key": DPoPKey()},
        {"token_in_body": True, "method": "POST", "token": "a\nb"},
    ],
)
def test_userinfo_is_not_asked_for_in_unsound_ways(
    provider: EmbeddedProvider, options: dict[str, Any]
) -> None:
    usual = {"address": f"{provider.issuer}/userinfo", "token": "the-token"}
    response = get_userinfo(UserInfoRequest(**{**usual, **options}))
    assert response.error_kind is ErrorKind.INVALID_CONFIGURATION
    assert provider.requests == []


def test_a_session_says_what_watches_it(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    begun = client.authorization_request()
    landing = str(httpx.get(begun.url, trust_env=False).headers["location"])
    session = client.callback(f"{landing}&session_state=hash.salt", begun)
    assert session.session_state == "hash.salt"
    assert "hash.salt" not in repr(session)
    begun = client.authorization_request()
    landing = str(httpx.get(begun.url, trust_env=False).headers["location"])
    assert (client.callback(landing, begun)).session_state is None

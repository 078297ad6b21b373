# Generated from aio/test_registered_client.py by scripts/make_sync.py; edit that file.
"""Clients that act as they were registered."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from py_identity_model.exceptions import (
    ConfigurationException,
    FailedResponseAccessError,
    TokenValidationException,
)
from py_identity_model.sync import (
    ClientRegistrationRequest,
    ClientRegistrationResponse,
    ClientSecretBasic,
    ClientSecretJwt,
    ClientSecretPost,
    DPoPKey,
    HTTPClient,
    NoClientAuthentication,
    OAuthClient,
    PrivateKeyJwtAuthentication,
    TlsClientAuth,
    register_client,
)
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.support import answering, refused

OP = "https://op.example"
REDIRECT = "https://rp.example/cb"
KEY = DPoPKey().private_key_pem.decode()
SECRET = "s" * 40


def registered(**members: Any) -> ClientRegistrationResponse:
    usual: dict[str, Any] = {"client_id": "web", "client_secret": SECRET}
    return ClientRegistrationResponse(True, **{**usual, **members})


def made(*, of: dict[str, Any], **arguments: Any) -> OAuthClient:
    return OAuthClient.from_registration(registered(**of), OP, **arguments)


def test_a_registered_client_logs_users_in(provider: EmbeddedProvider) -> None:
    def respond(received: Received) -> Answer | None:
        if received.path != "/register":
            return None
        members = {"client_id": provider.client_id, "client_secret": provider.client_secret}
        return Answer.of_json(members | {"redirect_uris": [REDIRECT]}, 201)

    provider.intercept = respond
    response = register_client(ClientRegistrationRequest(f"{provider.issuer}/register", [REDIRECT]))
    client = OAuthClient.from_registration(response, provider.issuer)
    begun = client.authorization_request()
    landing = str(httpx.get(begun.url, trust_env=False).headers["location"])
    assert (client.callback(landing, begun)).subject == "alice"


METHODS: list[tuple[str | None, dict[str, Any], type]] = [
    (None, {}, ClientSecretBasic),
    ("client_secret_basic", {}, ClientSecretBasic),
    ("client_secret_post", {}, ClientSecretPost),
    ("client_secret_jwt", {}, ClientSecretJwt),
    ("none", {}, NoClientAuthentication),
    ("private_key_jwt", {"private_key": KEY, "kid": "k"}, PrivateKeyJwtAuthentication),
    ("tls_client_auth", {"client_authentication": TlsClientAuth("c.pem")}, TlsClientAuth),
]


@pytest.mark.parametrize(("method", "arguments", "kind"), METHODS)
def test_it_authenticates_as_registered(
    method: str | None, arguments: dict[str, Any], kind: type
) -> None:
    algorithm = "ES256" if method == "private_key_jwt" else None  # as the key is
    members = {"token_endpoint_auth_method": method, "token_endpoint_auth_signing_alg": algorithm}
    client = made(of=members, **arguments)
    assert type(client.client_authentication) is kind


def test_an_assertion_is_signed_as_registered(provider: EmbeddedProvider) -> None:
    provider.intercept = answering("/token", Answer.of_json({"access_token": "t"}))
    members = {"token_endpoint_auth_method": "private_key_jwt"}
    of = registered(**members, token_endpoint_auth_signing_alg="ES256", client_secret=None)
    client = OAuthClient.from_registration(of, provider.issuer, private_key=KEY)
    assert (client.refresh("r")).is_successful
    assert "client_assertion" in provider.requests[-1].form


def test_a_certificate_may_be_that_of_the_http_client() -> None:
    with HTTPClient() as http_client:
        assert made(of={"token_endpoint_auth_method": "tls_client_auth"}, http_client=http_client)
    with refused(ConfigurationException, "missing_client_certificate"):
        made(of={"token_endpoint_auth_method": "tls_client_auth"})


WRONG: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"client_secret": None}, {}, "no client_secret"),
    ({"token_endpoint_auth_method": "private_key_jwt"}, {}, "give private_key"),
    ({"token_endpoint_auth_method": "spiffe_jwt"}, {}, "give client_authentication"),
    ({}, {"client_authentication": ClientSecretPost("s")}, "client_secret_basic is registered"),
    (
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"client_authentication": NoClientAuthentication()},
        "private_key_jwt is registered",
    ),
    ({"redirect_uris": [REDIRECT]}, {"redirect_uri": "https://evil.example"}, "redirect_uri"),
    ({"dpop_bound_access_tokens": True}, {}, "give a dpop_key"),
    ({"require_signed_request_object": True}, {}, "give private_key"),
    (
        {"require_signed_request_object": True, "request_object_signing_alg": "none"},
        {"private_key": KEY},
        "require_signed",
    ),
    (
        {
            "grant_types": ["urn:openid:params:grant-type:ciba"],
            "backchannel_authentication_request_signing_alg": "ES256",
        },
        {},
        "backchannel_authentication_request_signing_alg is registered: give private_key",
    ),
    ({"id_token_signed_response_alg": "none"}, {}, "cannot be taken"),
    ({"id_token_signed_response_alg": "XS256"}, {}, "cannot be taken"),
    (
        {
            "id_token_signed_response_alg": "HS256",
            "token_endpoint_auth_method": "none",
            "client_secret": None,
        },
        {},
        "cannot be taken",
    ),
]


@pytest.mark.parametrize(("members", "arguments", "text"), WRONG)
def test_arguments_that_contradict_the_registration_are_refused(
    members: dict[str, Any], arguments: dict[str, Any], text: str
) -> None:
    with pytest.raises(ConfigurationException, match=text) as caught:
        made(of=members, **arguments)
    assert caught.value.code == "registration_mismatch"
    assert SECRET not in str(caught.value)


def test_a_secret_that_expired_is_refused() -> None:
    assert made(of={"client_secret_expires_at": 0})
    assert made(of={"client_secret_expires_at": 99_999_999_999})
    with refused(ConfigurationException, "client_secret_expired"):
        made(of={"client_secret_expires_at": 1})


def test_a_registration_that_failed_makes_no_client() -> None:
    failed = ClientRegistrationResponse(False, "no")
    with pytest.raises(FailedResponseAccessError):
        OAuthClient.from_registration(failed, OP)


@pytest.mark.parametrize(
    ("algorithm", "taken"), [(None, "RS256"), ("ES256", "ES256"), ("EdDSA", "EdDSA")]
)
def test_id_tokens_are_signed_as_registered(
    provider: EmbeddedProvider, algorithm: str | None, taken: str
) -> None:
    of = registered(
        client_id=provider.client_id,
        client_secret=provider.client_secret,
        redirect_uris=[REDIRECT],
        id_token_signed_response_alg=algorithm,
    )
    client = OAuthClient.from_registration(of, provider.issuer)
    for used in ("RS256", "ES256", "EdDSA"):
        begun = client.authorization_request()
        landing = str(httpx.get(begun.url, trust_env=False).headers["location"])
        claims = {"aud": provider.client_id, "sub": "alice", "nonce": begun.nonce}
        id_token = provider.mint(algorithm=used, header={"typ": "JWT"}, **claims, client_id=None)
        token = {"access_token": "t", "token_type": "Bearer", "id_token": id_token}
        provider.intercept = answering("/token", Answer.of_json(token))
        if used == taken:
            assert (client.callback(landing, begun)).subject == "alice"
        else:
            with refused(TokenValidationException, "algorithm_not_allowed"):
                client.callback(landing, begun)


def test_requests_are_signed_and_pushed_as_registered(provider: EmbeddedProvider) -> None:
    document = {
        **provider.document(),
        "pushed_authorization_request_endpoint": f"{provider.issuer}/par",
    }

    def respond(received: Received) -> Answer | None:
        if received.path == "/par":
            return Answer.of_json({"request_uri": "urn:1", "expires_in": 60}, 201)
        if received.path == "/.well-known/openid-configuration":
            return Answer.of_json(document)
        return None

    provider.intercept = respond
    pushed = registered(redirect_uris=[REDIRECT], require_pushed_authorization_requests=True)
    OAuthClient.from_registration(pushed, provider.issuer).authorization_request()
    assert "request" not in provider.requests[-1].form
    for members in (
        {"request_object_signing_alg": "ES256"},
        {"require_signed_request_object": True},
    ):
        of = registered(redirect_uris=[REDIRECT], **members)
        client = OAuthClient.from_registration(of, provider.issuer, private_key=KEY)
        assert "request=" in (client.authorization_request()).url
    of = registered(redirect_uris=[REDIRECT])
    client = OAuthClient.from_registration(of, provider.issuer, private_key=KEY)
    assert "request=" not in (client.authorization_request()).url

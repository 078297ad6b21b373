"""Logins that users finish on another device, by the client that is kept."""

from __future__ import annotations

import time
from typing import Any

import pytest

from py_identity_model._jose.encoding import decode_base64url, parse_object
from py_identity_model.aio import (
    AsyncMemorySessionStore,
    AsyncOAuthClient,
    BackchannelAuthenticationResponse,
    ClientSecretBasic,
    DeviceAuthorizationResponse,
    DPoPKey,
    JsonWebKeySet,
    PrivateKeyJwtAuthentication,
    verify_jws,
)
from py_identity_model.exceptions import (
    ConfigurationException,
    IdTokenValidationException,
    InvalidAudienceException,
    PyIdentityModelException,
    SignatureVerificationException,
    TokenRequestException,
    TokenValidationException,
)
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.support import answering, refused

REQUEST_KEY = DPoPKey()
KEY = REQUEST_KEY.private_key_pem.decode()
SIGNING = "backchannel_authentication_request_signing_alg_values_supported"
STARTED = BackchannelAuthenticationResponse(True, auth_req_id="r1", expires_in=60, interval=0)


class Ciba:
    """A provider of the back channel: its users agree at once, and it answers in ``answers``."""

    def __init__(self, provider: EmbeddedProvider, **members: Any) -> None:
        self.provider = provider
        self.document = {
            "issuer": provider.issuer,
            "jwks_uri": provider.jwks_uri,
            "token_endpoint": provider.token_endpoint,
            "backchannel_authentication_endpoint": f"{provider.issuer}/bc",
            **members,
        }
        self.begun: list[dict[str, str]] = []
        self.id_token: str | None = self.mint()
        self.answers: list[Answer] = []
        provider.intercept = self

    def mint(self, **claims: Any) -> str:
        usual: dict[str, Any] = {"aud": self.provider.client_id, "sub": "alice", "client_id": None}
        return self.provider.mint(header={"typ": "JWT"}, **(usual | claims))

    def __call__(self, received: Received) -> Answer | None:
        if received.path == "/.well-known/openid-configuration":
            return Answer.of_json(self.document)
        if received.path == "/bc":
            self.begun.append(received.form)
            return Answer.of_json({"auth_req_id": "r1", "expires_in": 60, "interval": 1})
        if received.path != "/token":
            return None
        if self.answers:
            return self.answers.pop(0)
        token = {"access_token": "t", "token_type": "Bearer", "expires_in": 60}
        return Answer.of_json(token | {"id_token": self.id_token} if self.id_token else token)


def client_of(provider: EmbeddedProvider, **more: Any) -> AsyncOAuthClient:
    usual = {"client_authentication": ClientSecretBasic(provider.client_secret)}
    return AsyncOAuthClient(provider.issuer, provider.client_id, **{**usual, **more})


async def test_a_user_logs_in_on_another_device(provider: EmbeddedProvider) -> None:
    ciba = Ciba(provider)
    client = client_of(provider)
    started = await client.request_backchannel_login(
        login_hint="alice", binding_message="W4SCT", requested_expiry=30
    )
    started.interval = 0
    session = await client.wait_for_backchannel_login(started)
    assert (session.subject, session.access_token) == ("alice", "t")
    assert ciba.begun == [
        {
            "scope": "openid",
            "login_hint": "alice",
            "binding_message": "W4SCT",
            "requested_expiry": "30",
        }
    ]


async def test_one_question_may_find_the_user_undecided(provider: EmbeddedProvider) -> None:
    ciba = Ciba(provider)
    ciba.answers = [Answer.of_json({"error": e}, 400) for e in ("authorization_pending",)]
    client = client_of(provider)
    assert await client.poll_backchannel_login(STARTED) is None
    session = await client.poll_backchannel_login(STARTED)
    assert session is not None
    assert session.subject == "alice"


@pytest.mark.parametrize("error", ["access_denied", "expired_token", "invalid_grant"])
async def test_a_user_who_refuses_is_not_logged_in(provider: EmbeddedProvider, error: str) -> None:
    ciba = Ciba(provider)
    ciba.answers = [Answer.of_json({"error": error}, 400) for _ in range(2)]
    client = client_of(provider)
    for ask in (client.poll_backchannel_login, client.wait_for_backchannel_login):
        with pytest.raises(TokenRequestException) as caught:
            await ask(STARTED)
        assert caught.value.details["oauth_error"] == error


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"aud": "another"}, InvalidAudienceException, "audience"),
    ({"azp": "another"}, IdTokenValidationException, "azp"),
    ({"iat": int(time.time()) - 700}, IdTokenValidationException, "too long ago"),
    (
        {"urn:openid:params:jwt:claim:auth_req_id": "r2"},
        IdTokenValidationException,
        "another authentication request",
    ),
    ({"at_hash": "wrong"}, IdTokenValidationException, "at_hash"),
]


@pytest.mark.parametrize(("claims", "error", "text"), WRONG)
async def test_the_id_token_is_validated(
    provider: EmbeddedProvider, claims: dict[str, Any], error: type[Exception], text: str
) -> None:
    ciba = Ciba(provider)
    ciba.id_token = ciba.mint(**claims)
    with pytest.raises(error, match=text):
        await client_of(provider, max_id_token_age=600).poll_backchannel_login(STARTED)


@pytest.mark.parametrize("claims", [one for one, *_ in WRONG])
async def test_a_login_that_is_refused_is_not_stored(
    provider: EmbeddedProvider, claims: dict[str, Any]
) -> None:
    ciba, store = Ciba(provider), AsyncMemorySessionStore()
    ciba.id_token = ciba.mint(**claims)
    client = client_of(provider, max_id_token_age=600, session_store=store)
    with pytest.raises(TokenValidationException):
        await client.poll_backchannel_login(STARTED)
    assert len(store) == 0


async def test_a_forged_id_token_does_not_log_in(provider: EmbeddedProvider) -> None:
    ciba = Ciba(provider)
    head, body, signature = ciba.mint().split(".")
    ciba.id_token = f"{head}.{body}.{signature[8:16]}{signature[:8]}{signature[16:]}"
    with pytest.raises(SignatureVerificationException):
        await client_of(provider).poll_backchannel_login(STARTED)
    ciba.id_token = None
    with refused(TokenRequestException, "missing_id_token"):
        await client_of(provider).poll_backchannel_login(STARTED)


async def test_an_id_token_of_any_age_is_accepted_by_default(provider: EmbeddedProvider) -> None:
    ciba = Ciba(provider)
    ciba.id_token = ciba.mint(iat=int(time.time()) - 100_000)
    assert await client_of(provider).poll_backchannel_login(STARTED)


async def test_a_request_is_signed_where_the_provider_takes_signed_ones(
    provider: EmbeddedProvider,
) -> None:
    ciba = Ciba(provider, **{SIGNING: ["ES256"]})
    client = client_of(provider, request_signing_key=KEY, request_signing_kid="k")
    await client.request_backchannel_login(
        login_hint="alice",
        binding_message="W4SCT",
        requested_expiry=30,
        extra_parameters={"request_context": "x"},
    )
    (form,) = ciba.begun
    assert [*form] == ["request"]
    header = parse_object(decode_base64url(form["request"].split(".")[0].encode()))
    assert header == {"alg": "ES256", "kid": "k"}
    keys = JsonWebKeySet([{**REQUEST_KEY.public_jwk, "kid": "k"}])
    claims = parse_object(verify_jws(form["request"], keys, ["ES256"]))
    assert claims["iss"] == provider.client_id
    assert claims["aud"] == provider.issuer
    assert {*claims} == {
        *("iss", "aud", "iat", "nbf", "exp", "jti"),
        *("scope", "login_hint", "binding_message", "requested_expiry", "request_context"),
    }


async def test_a_request_is_plain_where_the_provider_takes_no_signed_ones(
    provider: EmbeddedProvider,
) -> None:
    ciba = Ciba(provider, **{SIGNING: ["PS256"]})
    await client_of(provider, request_signing_key=KEY).request_backchannel_login(login_hint="a")
    assert ciba.begun == [{"scope": "openid", "login_hint": "a"}]


async def test_a_profile_of_signed_requests_sends_no_others(provider: EmbeddedProvider) -> None:
    ciba = Ciba(provider, token_endpoint_auth_methods_supported=["private_key_jwt"])
    client = client_of(
        provider,
        client_authentication=PrivateKeyJwtAuthentication(KEY, "ES256"),
        dpop_key=DPoPKey(),
        profile="fapi2-message-signing",
        request_signing_key=KEY,
    )
    with refused(ConfigurationException, "profile_violated"):
        await client.request_backchannel_login(login_hint="alice")
    assert ciba.begun == []
    with refused(TokenRequestException, "token_not_bound_to_key"):
        await client.poll_backchannel_login(STARTED)


async def test_a_request_without_or_with_two_hints_is_refused(provider: EmbeddedProvider) -> None:
    ciba = Ciba(provider)
    client = client_of(provider)
    several: list[dict[str, Any]] = [{}, {"login_hint": "a", "id_token_hint": "b"}]
    for hints in several:
        with pytest.raises(TokenRequestException, match="exactly one of"):
            await client.request_backchannel_login(**hints)
    assert ciba.begun == []


async def test_a_device_logs_its_user_in(provider: EmbeddedProvider) -> None:
    client = AsyncOAuthClient(provider.issuer, provider.public_client_id)
    device = await client.request_device_login()
    device.interval = 0
    provider.decide_device(str(device.user_code))
    token = provider.mint(aud="native", sub="alice", client_id=None, header={"typ": "JWT"})

    def add_id_token(received: Received) -> Answer | None:
        if received.path != "/token":
            return None
        return Answer.of_json({"access_token": "t", "token_type": "Bearer", "id_token": token})

    provider.intercept = add_id_token
    assert (await client.wait_for_device_login(device)).subject == "alice"
    (polled,) = [one for one in provider.requests if one.path == "/token"]
    assert polled.form["client_id"] == "native"


@pytest.mark.parametrize("id_token", ["rubbish", "eyJhbGciOiJub25lIn0.e30.", None])
async def test_a_device_whose_id_token_proves_nothing_logs_nobody_in(
    provider: EmbeddedProvider, id_token: str | None
) -> None:
    client = AsyncOAuthClient(provider.issuer, provider.public_client_id)
    device = await client.request_device_login()
    device.interval = 0
    tokens = Answer.of_json({"access_token": "t", "token_type": "Bearer", "id_token": id_token})
    provider.intercept = answering("/token", tokens)
    with pytest.raises(PyIdentityModelException):
        await client.wait_for_device_login(device)


async def test_a_device_that_asks_for_no_openid_gets_no_claims(provider: EmbeddedProvider) -> None:
    client = AsyncOAuthClient(provider.issuer, provider.public_client_id)
    device = await client.request_device_login("api")
    device.interval = 0
    provider.decide_device(str(device.user_code))
    session = await client.wait_for_device_login(device, "api")
    assert session.claims == {}
    assert session.access_token


async def test_a_device_whose_user_refuses_is_not_logged_in(provider: EmbeddedProvider) -> None:
    client = AsyncOAuthClient(provider.issuer, provider.public_client_id)
    device = await client.request_device_login()
    device.interval = 0
    provider.decide_device(str(device.user_code), agree=False)
    with pytest.raises(TokenRequestException) as caught:
        await client.wait_for_device_login(device)
    assert caught.value.details["oauth_error"] == "access_denied"
    unknown = DeviceAuthorizationResponse(True, device_code="none", expires_in=5, interval=0)
    with pytest.raises(TokenRequestException):
        await client.wait_for_device_login(unknown)


async def test_a_provider_without_the_endpoint_is_refused(provider: EmbeddedProvider) -> None:
    with refused(ConfigurationException, "missing_endpoint"):
        await client_of(provider).request_backchannel_login(login_hint="alice")

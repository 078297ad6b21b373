"""What else the embedded provider can do: users, pushed requests, logouts, CORS."""

from __future__ import annotations

import socket
from typing import Any

import httpx
import pytest

from py_identity_model import (
    InvalidArgumentError,
    NetworkException,
    TokenValidationConfig,
    generate_pkce_pair,
    validate_logout_token,
)
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.support import refused
from tests.testing.support import (
    CALLBACK,
    authorize,
    get,
    log_in,
    parts,
    post,
    redeem,
    renew,
    request,
    userinfo,
)

USERS: dict[str, dict[str, Any]] = {
    "alice": {"email": "alice@example.com", "sid": "s-1", "roles": ["admin"]},
    "bob": {},
}


def test_users_have_claims_of_their_own() -> None:
    with EmbeddedProvider(users=USERS, user_claims={"locale": "en"}) as provider:
        answer = log_in(provider).json()
        assert userinfo(provider, answer["access_token"]).json() == {
            "sub": "alice",
            "email": "alice@example.com",
            "roles": ["admin"],
            "locale": "en",
        }
        read = parts(answer["id_token"])[1]
        assert (read["sid"], read["roles"]) == ("s-1", ["admin"])
        read = parts(answer["access_token"])[1]
        assert read["roles"] == ["admin"]
        assert "sid" not in read
        assert "roles" not in parts(log_in(provider, login_hint="bob").json()["id_token"])[1]


def test_only_the_users_can_log_in() -> None:
    with EmbeddedProvider(users=USERS) as provider:
        found = authorize(provider, scope="openid", login_hint="mallory", state="s")
        assert (found["error"], found["state"]) == ("access_denied", "s")
        assert authorize(provider, scope="openid", login_hint="bob").keys() == {"code"}


@pytest.mark.parametrize(
    ("user", "expected"), [("alice", "alice"), ("bob", "bob"), ("x", "alice"), (None, None)]
)
def test_the_first_user_logs_in_unless_another_is_named(
    user: str | None, expected: str | None
) -> None:
    with EmbeddedProvider(users=USERS, user=user) as provider:
        assert provider.user == expected


def test_offline_access_is_what_brings_a_refresh_token_where_it_is_a_scope() -> None:
    with EmbeddedProvider(scopes=["openid", "api", "offline_access"]) as provider:
        assert "refresh_token" not in log_in(provider).json()
        offline = log_in(provider, scope="openid offline_access").json()
        assert "refresh_token" in renew(provider, offline["refresh_token"]).json()
        machine = post(provider, {"grant_type": "client_credentials"}).json()
        assert machine["scope"] == "api"


def test_a_port_may_be_chosen_and_a_taken_one_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with refused(InvalidArgumentError, "invalid_argument"):
            EmbeddedProvider(port=port)
    with EmbeddedProvider(port=port) as provider:
        assert provider.issuer == f"http://127.0.0.1:{port}"
        assert get(provider.jwks_uri).status_code == 200


@pytest.mark.parametrize(
    "wrong", [{"scopes": "openid"}, {"redirect_uris": CALLBACK}, {"port": 70_000}]
)
def test_invalid_arguments_are_refused(wrong: dict[str, Any]) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        EmbeddedProvider(**wrong)


PUSHED = {"response_type": "code", "redirect_uri": CALLBACK, "scope": "openid", "state": "s"}


def test_a_pushed_request_is_followed_once_by_its_client() -> None:
    with EmbeddedProvider(require_pushed_authorization_requests=True) as provider:
        assert provider.document()["require_pushed_authorization_requests"] is True
        verifier, challenge = generate_pkce_pair()
        pkce = {"code_challenge": challenge, "code_challenge_method": "S256"}
        answer = post(provider, PUSHED | pkce | {"login_hint": "bob"}, path="/par")
        assert (answer.status_code, answer.json()["expires_in"]) == (201, 60)
        reference = answer.json()["request_uri"]
        url = f"{provider.issuer}/authorize"
        asked = {"client_id": provider.client_id, "request_uri": reference}
        there = get(url, params=asked).headers["location"]
        found = dict(httpx.URL(there).params)
        assert found["state"] == "s"
        tokens = redeem(provider, found["code"], verifier).json()
        assert parts(tokens["id_token"])[1]["sub"] == "bob"
        assert get(url, params=asked).status_code == 400


def test_a_pushed_request_of_another_client_is_refused(provider: EmbeddedProvider) -> None:
    reference = post(provider, PUSHED, path="/par").json()["request_uri"]
    url = f"{provider.issuer}/authorize"
    asked = {"client_id": provider.public_client_id, "request_uri": reference}
    assert get(url, params=asked).status_code == 400


def test_a_request_that_was_not_pushed_is_refused_where_that_is_required() -> None:
    with EmbeddedProvider(require_pushed_authorization_requests=True) as provider:
        url = f"{provider.issuer}/authorize"
        asked = {**PUSHED, "client_id": provider.client_id}
        assert get(url, params=asked).status_code == 400


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"request_uri": "urn:x"}, "invalid_request"),
        ({"scope": "galaxy"}, "invalid_scope"),
        ({"response_type": "odd"}, "unsupported_response_type"),
    ],
)
def test_a_request_that_cannot_be_granted_is_not_pushed(
    provider: EmbeddedProvider, change: dict[str, str], error: str
) -> None:
    answer = post(provider, PUSHED | change, path="/par")
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_only_a_client_that_proves_itself_pushes(provider: EmbeddedProvider) -> None:
    answer = request("POST", f"{provider.issuer}/par", data=PUSHED, auth=("machine", "wrong"))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_logout_ends_the_tokens_and_notifies_the_client() -> None:
    arrived: list[Received] = []

    def note(received: Received) -> Answer | None:
        if received.path != "/backchannel":
            return None
        arrived.append(received)
        return Answer(204)

    with EmbeddedProvider() as client:
        client.intercept = note
        uri = f"{client.issuer}/backchannel"
        with EmbeddedProvider(users=USERS, backchannel_logout_uri=uri) as provider:
            assert provider.document()["backchannel_logout_session_supported"] is True
            tokens, other = log_in(provider).json(), log_in(provider, login_hint="bob").json()
            assert provider.log_out("alice") == [204]
            assert userinfo(provider, tokens["access_token"]).status_code == 401
            assert renew(provider, tokens["refresh_token"]).status_code == 400
            assert userinfo(provider, other["access_token"]).status_code == 200
            assert provider.log_out("alice") == []
            claims = validate_logout_token(
                arrived[0].form["logout_token"],
                TokenValidationConfig(perform_disco=True, audience=provider.client_id),
                provider.issuer,
            )
            assert (claims["sub"], claims["sid"]) == ("alice", "s-1")


def test_a_logout_without_an_address_ends_the_tokens_alone(provider: EmbeddedProvider) -> None:
    token = log_in(provider).json()["access_token"]
    assert provider.log_out("alice") == []
    assert userinfo(provider, token).status_code == 401


def test_a_client_that_does_not_answer_is_reported() -> None:
    with EmbeddedProvider(backchannel_logout_uri="http://127.0.0.1:9/x") as provider:
        log_in(provider)
        with refused(NetworkException, "network_error"):
            provider.log_out("alice")


def test_scripts_of_an_allowed_origin_may_read_answers() -> None:
    here = {"origin": "https://spa.example"}
    with EmbeddedProvider(allowed_origins=["https://spa.example"]) as provider:
        answer = get(provider.jwks_uri, headers=here)
        assert answer.headers["access-control-allow-origin"] == "https://spa.example"
        asked = {**here, "access-control-request-headers": "dpop, authorization"}
        answer = request("OPTIONS", provider.token_endpoint, headers=asked)
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-headers"] == "dpop, authorization"
        for headers, path in (
            ({"origin": "https://evil.example"}, "/jwks"),
            ({}, "/jwks"),
            (here, "/authorize"),
        ):
            answer = get(provider.issuer + path, headers=headers)
            assert "access-control-allow-origin" not in answer.headers
        stranger = {"origin": "https://evil.example"}
        answer = request("OPTIONS", provider.token_endpoint, headers=stranger)
        assert "access-control-allow-methods" not in answer.headers


def test_a_reset_forgets_what_one_test_left_behind() -> None:
    with EmbeddedProvider(users=USERS) as provider:
        tokens = log_in(provider).json()
        renewed = renew(provider, tokens["refresh_token"]).json()
        renew(provider, tokens["refresh_token"])
        provider.user = None
        provider.users["alice"]["roles"].append("root")
        provider.intercept = lambda received: Answer(503)
        provider.audience, provider.lifetime, provider.allowed_origins = "other", 5, ("*",)
        provider.login_claims["alice"] = {"roles": []}
        keys = {key.kid for key in provider.keys}
        provider.reset()
        assert (provider.audience, provider.lifetime) == ("api", 3600)
        assert not provider.allowed_origins
        assert (provider.requests, provider.reused_refresh_tokens) == ([], 0)
        assert renew(provider, renewed["refresh_token"]).status_code == 400
        assert parts(log_in(provider).json()["id_token"])[1]["roles"] == ["admin"]
        assert {key.kid for key in provider.keys} == keys

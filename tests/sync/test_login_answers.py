# Generated from aio/test_login_answers.py by scripts/make_sync.py; edit that file.
"""Answers from the browser: what came with them is judged like what comes from the provider."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from py_identity_model._validation.id_token import half_hash
from py_identity_model.exceptions import (
    AuthorizeCallbackException,
    IdTokenValidationException,
    InvalidArgumentError,
    TokenRequestException,
)
from py_identity_model.sync import (
    AuthorizationRequest,
    ClientSecretBasic,
    DPoPKey,
    MemoryReplayStore,
    OAuthClient,
    Session,
)
from py_identity_model.testing import Answer, EmbeddedProvider, Received, freeze_clocks
from tests.support import answering, refused

REDIRECT = "https://rp.example/cb"


def client_of(provider: EmbeddedProvider, **more: Any) -> OAuthClient:
    secret = ClientSecretBasic(provider.client_secret)
    return OAuthClient(provider.issuer, provider.client_id, secret, redirect_uri=REDIRECT, **more)


def browsed(url: str) -> str:
    """Log in at ``url``, and return where the browser is sent."""
    return str(httpx.get(url, trust_env=False).headers["location"])


def implicit(
    provider: EmbeddedProvider,
    begun: AuthorizationRequest,
    claims: dict[str, Any] | None = None,
    **answer: Any,
) -> str:
    """Return the answer of a login that brings both tokens at once."""
    usual = {"sub": "alice", "nonce": begun.nonce, "at_hash": half_hash("t", "RS256")}
    members = {name: one for name, one in {**usual, **(claims or {})}.items() if one is not None}
    token = provider.mint_id_token(**members)
    fields = {"access_token": "t", "token_type": "Bearer", "expires_in": "60", "id_token": token}
    return "#" + urlencode({**fields, "state": begun.state, **answer})


def test_tokens_may_come_without_a_code(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    begun = client.authorization_request(response_type="id_token token")
    session = client.callback(implicit(provider, begun), begun)
    assert (session.subject, session.access_token) == ("alice", "t")
    assert "state" not in session.token
    assert provider.count("/token") == 0


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"token_type": "mac"}, "unsupported_token_type"),
        ({"expires_in": "-1"}, "invalid_expires_in"),
    ],
)
def test_a_token_from_the_browser_must_be_one_that_can_be_used(
    provider: EmbeddedProvider, answer: dict[str, Any], code: str
) -> None:
    client = client_of(provider)
    begun = client.authorization_request(response_type="id_token token")
    with refused(TokenRequestException, code):
        client.callback(implicit(provider, begun, **answer), begun)


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"at_hash": None}, "missing_hash"),
        ({"at_hash": half_hash("another", "RS256")}, "hash_mismatch"),
        ({"nonce": None}, "nonce_mismatch"),
        ({"nonce": "another"}, "nonce_mismatch"),
    ],
)
def test_tokens_from_the_browser_belong_together_and_to_the_login(
    provider: EmbeddedProvider, claims: dict[str, Any], code: str
) -> None:
    client = client_of(provider)
    begun = client.authorization_request(response_type="id_token token")
    with refused(IdTokenValidationException, code):
        client.callback(implicit(provider, begun, claims), begun)


def test_tokens_for_a_code_belong_together(provider: EmbeddedProvider) -> None:
    def log_in(access_token: str) -> Session:
        client = client_of(provider)
        begun = client.authorization_request()
        id_token = provider.mint_id_token(
            sub="alice", nonce=begun.nonce, at_hash=half_hash("t", "RS256")
        )
        answer = {"access_token": access_token, "token_type": "Bearer", "id_token": id_token}
        provider.intercept = answering("/token", Answer.of_json(answer))
        return client.callback(browsed(begun.url), begun)

    assert (log_in("t")).access_token == "t"
    with refused(IdTokenValidationException, "hash_mismatch"):
        log_in("another")


def test_a_code_is_exchanged_for_the_resource_that_was_asked_for(
    provider: EmbeddedProvider,
) -> None:
    client = client_of(provider)
    begun = client.authorization_request(resource="https://api.example")
    client.callback(browsed(begun.url), begun)
    exchanged = [one for one in provider.requests if one.path == "/token"]
    assert [one.form["resource"] for one in exchanged] == ["https://api.example"]


def test_a_code_from_the_browser_must_be_named_by_the_id_token_beside_it(
    provider: EmbeddedProvider,
) -> None:
    client = client_of(provider)
    begun = client.authorization_request(response_type="code id_token")
    token = provider.mint_id_token(sub="alice", nonce=begun.nonce)
    answer = urlencode({"code": "c", "id_token": token, "state": begun.state})
    with refused(IdTokenValidationException, "missing_hash"):
        client.callback(f"#{answer}", begun)
    assert provider.count("/token") == 0


def test_a_code_is_exchanged_with_a_proof_of_the_key(provider: EmbeddedProvider) -> None:
    client = client_of(provider, dpop_key=DPoPKey())
    begun = client.authorization_request()
    session = client.callback(browsed(begun.url), begun)
    assert session.token["token_type"] == "DPoP"
    (exchange,) = [one for one in provider.requests if one.path == "/token"]
    assert exchange.headers["dpop"].count(".") == 2


def test_userinfo_without_an_id_token_is_refused_before_the_code_is_spent(
    provider: EmbeddedProvider,
) -> None:
    client = client_of(provider, scope="read")
    begun = client.authorization_request()
    url = browsed(begun.url)
    with refused(InvalidArgumentError, "invalid_argument"):
        client.callback(url, begun, userinfo=True)
    assert (client.callback(url, begun)).access_token


class Down(MemoryReplayStore):
    """A store that cannot be reached."""

    def add(self, key: str, expires_at: float) -> bool:
        raise ConnectionError("down")


def test_a_login_says_what_its_replay_store_failed_with(provider: EmbeddedProvider) -> None:
    client = client_of(provider, replay_store=Down())
    begun = client.authorization_request()
    with refused(AuthorizeCallbackException, "store_unavailable") as caught:
        client.callback(browsed(begun.url), begun)
    assert "failed with ConnectionError" in str(caught.value)
    assert provider.count("/token") == 0


def test_a_login_is_no_replay_where_the_store_is_full(provider: EmbeddedProvider) -> None:
    store = MemoryReplayStore(max_entries=1)
    store.add("another", time.time() + 60)
    client = client_of(provider, replay_store=store)
    begun = client.authorization_request()
    answer = browsed(begun.url)
    with refused(AuthorizeCallbackException, "store_unavailable"):
        client.callback(answer, begun)
    store.discard("another")
    assert (client.callback(answer, begun)).subject == "alice"
    with refused(AuthorizeCallbackException, "callback_replayed"):
        client.callback(answer, begun)


class Recording(MemoryReplayStore):
    """A store that lists the keys it was asked to remember, and for how long."""

    def __init__(self) -> None:
        super().__init__()
        self.added: list[tuple[str, float]] = []

    def add(self, key: str, expires_at: float) -> bool:
        self.added.append((key, expires_at - self.clock()))
        return super().add(key, expires_at)


def test_an_answer_is_remembered_for_an_hour_by_issuer_and_state(
    provider: EmbeddedProvider,
) -> None:
    store = Recording()
    client = client_of(provider, replay_store=store)
    begun = client.authorization_request()
    client.callback(browsed(begun.url), begun)
    ((key, seconds),) = store.added
    assert key == f"login:{provider.issuer}:{begun.state}"
    assert 3500 < seconds <= 3600


def test_a_token_ends_as_counted_from_its_response(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    begun = client.authorization_request()
    answer = browsed(begun.url)
    with freeze_clocks() as clock:
        due = clock.time() + 3600

        def delay(received: Received) -> None:
            clock.tick(5 if received.path == "/userinfo" else 0)

        provider.intercept = delay
        session = client.callback(answer, begun, userinfo=True)
        assert session.expires_at is not None
        assert session.expires_at.timestamp() == pytest.approx(due, rel=0, abs=1)


@pytest.mark.parametrize(
    ("wanted", "response_type"), [("read", "code id_token"), ("openid", "code")]
)
def test_an_id_token_is_expected_by_scope_and_by_response_type(
    provider: EmbeddedProvider, wanted: str, response_type: str
) -> None:
    client = client_of(provider)
    begun = client.authorization_request(scope=wanted, response_type=response_type)
    assert begun.has_id_token
    assert begun.nonce


def test_no_id_token_is_expected_that_was_not_asked_for(provider: EmbeddedProvider) -> None:
    begun = client_of(provider).authorization_request(scope="read")
    assert not begun.has_id_token

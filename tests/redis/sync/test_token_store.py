# Generated from aio/test_token_store.py by scripts/make_sync.py; edit that file.
"""Tokens in a real Redis: what a token store promises, and its locks."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet
from redis.exceptions import ResponseError

from py_identity_model._jose.encoding import decode_base64url
from py_identity_model.exceptions import (
    ConfigurationException,
    InvalidArgumentError,
    TokenRequestException,
)
from py_identity_model.sync import (
    ClientCredentialsTokenRequest,
    DPoPKey,
    DPoPNonceCache,
    HTTPClient,
    RedisSessionStore,
    RedisTokenStore,
    RefreshTokenRequest,
    SessionRecord,
    TokenSource,
    TokenStore,
    request_client_credentials_token,
    validate_token,
)
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.families import Families
from tests.redis.clients.sync import Redis
from tests.support import CONFIG, DISCOVERY, refused

PREFIX = "py_identity_model:"


def request_of(provider: EmbeddedProvider) -> ClientCredentialsTokenRequest:
    return ClientCredentialsTokenRequest(
        provider.token_endpoint, provider.client_id, provider.client_secret
    )


def decoded(token: str) -> str:
    """Return the claims of a token as text."""
    return decode_base64url(token.split(".")[1].encode()).decode().replace(" ", "")


def encrypted(client: Redis) -> RedisTokenStore:
    """Return a store with a key of its own."""
    fernet = Fernet(Fernet.generate_key())
    return RedisTokenStore(client, encrypt=fernet.encrypt, decrypt=fernet.decrypt)


def test_values_come_back_until_they_expire_or_are_deleted(client: Redis) -> None:
    store = RedisTokenStore(client, prefix="p:")
    assert isinstance(store, TokenStore)
    store.set("a", "wört", 60)
    store.set("b", "2", None)
    assert [store.get(key) for key in "abc"] == ["wört", "2", None]
    assert 59_000 < int(client.pttl("p:a")) <= 60_000
    assert client.pttl("p:b") == -1
    store.delete("b")
    assert store.get("b") is None


def test_a_value_that_expires_at_once_is_stored_for_a_millisecond(client: Redis) -> None:
    RedisTokenStore(client, prefix="p:").set("a", "1", 0)
    while client.exists("p:a"):
        pass  # for a millisecond


def test_values_are_encrypted_before_they_leave_the_process(client: Redis) -> None:
    store = encrypted(client)
    store.set("a", "hidden", None)
    assert "hidden" not in str(client.get(f"{PREFIX}a"))
    assert store.get("a") == "hidden"


def test_a_value_that_another_key_encrypted_is_a_typed_error(client: Redis) -> None:
    encrypted(client).set("a", "hidden", None)
    with refused(ConfigurationException, "unreadable_value"):
        encrypted(client).get("a")


def test_a_client_that_decodes_is_accepted(port: int, client: Redis) -> None:
    with Redis(port=port, decode_responses=True) as decoding:
        store = RedisTokenStore(decoding)
        store.set("a", "1", None)
        assert store.get("a") == "1"


@pytest.mark.parametrize("store", [RedisTokenStore, RedisSessionStore])
@pytest.mark.parametrize(
    "settings",
    [{"encrypt": bytes}, {"decrypt": bytes}, {"lock_timeout": 0}, {"lock_timeout": float("inf")}],
)
def test_invalid_settings_are_refused(client: Redis, store: Any, settings: dict[str, Any]) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        store(client, **settings)


def test_a_lock_is_held_by_one_and_given_back(client: Redis) -> None:
    store = RedisTokenStore(client, lock_timeout=5)
    with store.lock("a"):
        assert 0 < int(client.pttl(f"{PREFIX}lock:a")) <= 5_000
        assert not client.lock(f"{PREFIX}lock:a").acquire(blocking=False)
    assert not client.exists(f"{PREFIX}lock:a")


def test_a_lost_lock_fails_no_caller(client: Redis, caplog: pytest.LogCaptureFixture) -> None:
    with RedisTokenStore(client).lock("a"):
        client.flushall()
    assert "a lock in Redis was lost: LockNotOwnedError" in caplog.text


def test_a_redis_without_scripts_is_refused_at_the_first_use(port: int, client: Redis) -> None:
    class NoScripts(Redis):
        def eval(self, *arguments: Any, **options: Any) -> Any:
            raise ResponseError("unknown command 'EVAL'")

    with NoScripts(port=port) as plain:
        for store in (RedisTokenStore(plain), RedisSessionStore(plain)):
            with refused(ConfigurationException, "redis_scripting_required"):
                with store.lock("key"):
                    raise AssertionError("nobody may hold a lock that cannot be given back")
        with refused(ConfigurationException, "redis_scripting_required"):
            RedisSessionStore(plain).set("name", SessionRecord(version=1), None, 60)
    assert client.keys() == []


def test_sources_that_share_a_store_ask_once(client: Redis, provider: EmbeddedProvider) -> None:
    sources = [TokenSource(request_of(provider), store=RedisTokenStore(client)) for _ in "ab"]
    first, second = [source.get_token() for source in sources]
    assert first == second
    assert provider.count("/token") == 1


def test_a_machine_gets_its_tokens_although_another_key_encrypted_them(
    client: Redis, provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in "ab":
        TokenSource(request_of(provider), store=encrypted(client)).get_token()
    assert provider.count("/token") == 2
    assert caplog.text.count("written under another name, or with another key") == 1


def test_a_refresh_token_under_another_name_is_not_presented(
    client: Redis, provider: EmbeddedProvider
) -> None:
    families, store = Families(provider), encrypted(client)
    requests = [
        RefreshTokenRequest(provider.token_endpoint, "web", f"{name}-0")
        for name in ("alice", "bob")
    ]
    for request in requests:
        TokenSource(request, store=store).get_token()
    first, second = client.keys()
    for name, other in ((first, "exchanged"), (second, first), ("exchanged", second)):
        client.rename(name, other)
    for request in requests:
        with refused(TokenRequestException, "login_required"):
            TokenSource(request, store=store).get_token()
    assert sorted(families.presented) == ["alice-0", "bob-0"]


def test_documents_and_keys_are_shared_encrypted(client: Redis, provider: EmbeddedProvider) -> None:
    store = encrypted(client)
    for _ in "ab":
        with HTTPClient(document_store=store) as process:
            validate_token(provider.mint(), CONFIG, provider.issuer, process)
    assert (provider.count(DISCOVERY), provider.count("/jwks")) == (1, 1)
    values = [str(client.get(key)) for key in client.keys(f"{PREFIX}document-*")]
    assert len(values) == 2
    assert not any("keys" in one or "issuer" in one for one in values)


def test_documents_that_were_written_without_the_key_are_not_believed(
    client: Redis, provider: EmbeddedProvider
) -> None:
    for store in (RedisTokenStore(client), encrypted(client)):
        with HTTPClient(document_store=store) as process:
            validate_token(provider.mint(), CONFIG, provider.issuer, process)
    assert (provider.count(DISCOVERY), provider.count("/jwks")) == (2, 2)


def test_a_nonce_that_one_process_was_given_is_used_by_another(
    client: Redis, provider: EmbeddedProvider
) -> None:
    proofs: list[str] = []

    def respond(received: Received) -> Answer:
        proofs.append(received.headers["dpop"])
        if '"nonce":"n1"' in decoded(proofs[-1]):
            return Answer.of_json({"access_token": "t", "token_type": "DPoP"})
        return Answer.of_json({"error": "use_dpop_nonce"}, 400, dpop_nonce="n1")

    provider.intercept = respond
    for store in [encrypted(client)] * 2:
        request = ClientCredentialsTokenRequest(provider.token_endpoint, "a", dpop_key=DPoPKey())
        cache = DPoPNonceCache(store, lifetime=60)
        with HTTPClient(dpop_nonce_cache=cache) as process:
            assert (request_client_credentials_token(request, process)).is_successful
    assert len(proofs) == 3
    (name,) = client.keys(f"{PREFIX}dpop-nonce-*")
    assert 59_000 < int(client.pttl(name)) <= 60_000


def test_a_redis_that_is_down_costs_a_request_with_a_proof_nothing_but_its_nonce(
    provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.intercept = lambda received: Answer.of_json({"access_token": "t"}, dpop_nonce="n1")
    request = ClientCredentialsTokenRequest(provider.token_endpoint, "a", dpop_key=DPoPKey())
    with Redis(port=9) as nowhere:
        cache = DPoPNonceCache(RedisTokenStore(nowhere))
        with HTTPClient(dpop_nonce_cache=cache) as process:
            for _ in range(3):
                assert (request_client_credentials_token(request, process)).is_successful
    assert caplog.text.count("a shared store cannot be") == 1

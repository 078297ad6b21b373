"""Tokens in a real Redis: what a token store promises, and its locks."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet
from redis.exceptions import ResponseError

from py_identity_model._jose.encoding import decode_base64url
from py_identity_model.aio import (
    AsyncDPoPNonceCache,
    AsyncHTTPClient,
    AsyncRedisSessionStore,
    AsyncRedisTokenStore,
    AsyncTokenSource,
    AsyncTokenStore,
    ClientCredentialsTokenRequest,
    DPoPKey,
    RefreshTokenRequest,
    SessionRecord,
    request_client_credentials_token,
    validate_token,
)
from py_identity_model.exceptions import (
    ConfigurationException,
    InvalidArgumentError,
    TokenRequestException,
)
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.families import Families
from tests.redis.clients.aio import Redis
from tests.support import CONFIG, DISCOVERY, refused

PREFIX = "py_identity_model:"


def request_of(provider: EmbeddedProvider) -> ClientCredentialsTokenRequest:
    return ClientCredentialsTokenRequest(
        provider.token_endpoint, provider.client_id, provider.client_secret
    )


def decoded(token: str) -> str:
    """Return the claims of a token as text."""
    return decode_base64url(token.split(".")[1].encode()).decode().replace(" ", "")


def encrypted(client: Redis) -> AsyncRedisTokenStore:
    """Return a store with a key of its own."""
    fernet = Fernet(Fernet.generate_key())
    return AsyncRedisTokenStore(client, encrypt=fernet.encrypt, decrypt=fernet.decrypt)


async def test_values_come_back_until_they_expire_or_are_deleted(client: Redis) -> None:
    store = AsyncRedisTokenStore(client, prefix="p:")
    assert isinstance(store, AsyncTokenStore)
    await store.set("a", "wört", 60)
    await store.set("b", "2", None)
    assert [await store.get(key) for key in "abc"] == ["wört", "2", None]
    assert 59_000 < int(await client.pttl("p:a")) <= 60_000
    assert await client.pttl("p:b") == -1
    await store.delete("b")
    assert await store.get("b") is None


async def test_a_value_that_expires_at_once_is_stored_for_a_millisecond(client: Redis) -> None:
    await AsyncRedisTokenStore(client, prefix="p:").set("a", "1", 0)
    while await client.exists("p:a"):
        pass  # for a millisecond


async def test_values_are_encrypted_before_they_leave_the_process(client: Redis) -> None:
    store = encrypted(client)
    await store.set("a", "hidden", None)
    assert "hidden" not in str(await client.get(f"{PREFIX}a"))
    assert await store.get("a") == "hidden"


async def test_a_value_that_another_key_encrypted_is_a_typed_error(client: Redis) -> None:
    await encrypted(client).set("a", "hidden", None)
    with refused(ConfigurationException, "unreadable_value"):
        await encrypted(client).get("a")


async def test_a_client_that_decodes_is_accepted(port: int, client: Redis) -> None:
    async with Redis(port=port, decode_responses=True) as decoding:
        store = AsyncRedisTokenStore(decoding)
        await store.set("a", "1", None)
        assert await store.get("a") == "1"


@pytest.mark.parametrize("store", [AsyncRedisTokenStore, AsyncRedisSessionStore])
@pytest.mark.parametrize(
    "settings",
    [{"encrypt": bytes}, {"decrypt": bytes}, {"lock_timeout": 0}, {"lock_timeout": float("inf")}],
)
async def test_invalid_settings_are_refused(
    client: Redis, store: Any, settings: dict[str, Any]
) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        store(client, **settings)


async def test_a_lock_is_held_by_one_and_given_back(client: Redis) -> None:
    store = AsyncRedisTokenStore(client, lock_timeout=5)
    async with store.lock("a"):
        assert 0 < int(await client.pttl(f"{PREFIX}lock:a")) <= 5_000
        assert not await client.lock(f"{PREFIX}lock:a").acquire(blocking=False)
    assert not await client.exists(f"{PREFIX}lock:a")


async def test_a_lost_lock_fails_no_caller(client: Redis, caplog: pytest.LogCaptureFixture) -> None:
    async with AsyncRedisTokenStore(client).lock("a"):
        await client.flushall()
    assert "a lock in Redis was lost: LockNotOwnedError" in caplog.text


async def test_a_redis_without_scripts_is_refused_at_the_first_use(
    port: int, client: Redis
) -> None:
    class NoScripts(Redis):
        def eval(self, *arguments: Any, **options: Any) -> Any:
            raise ResponseError("unknown command 'EVAL'")

    async with NoScripts(port=port) as plain:
        for store in (AsyncRedisTokenStore(plain), AsyncRedisSessionStore(plain)):
            with refused(ConfigurationException, "redis_scripting_required"):
                async with store.lock("key"):
                    raise AssertionError("nobody may hold a lock that cannot be given back")
        with refused(ConfigurationException, "redis_scripting_required"):
            await AsyncRedisSessionStore(plain).set("name", SessionRecord(version=1), None, 60)
    assert await client.keys() == []


async def test_sources_that_share_a_store_ask_once(
    client: Redis, provider: EmbeddedProvider
) -> None:
    sources = [
        AsyncTokenSource(request_of(provider), store=AsyncRedisTokenStore(client)) for _ in "ab"
    ]
    first, second = [await source.get_token() for source in sources]
    assert first == second
    assert provider.count("/token") == 1


async def test_a_machine_gets_its_tokens_although_another_key_encrypted_them(
    client: Redis, provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in "ab":
        await AsyncTokenSource(request_of(provider), store=encrypted(client)).get_token()
    assert provider.count("/token") == 2
    assert caplog.text.count("written under another name, or with another key") == 1


async def test_a_refresh_token_under_another_name_is_not_presented(
    client: Redis, provider: EmbeddedProvider
) -> None:
    families, store = Families(provider), encrypted(client)
    requests = [
        RefreshTokenRequest(provider.token_endpoint, "web", f"{name}-0")
        for name in ("alice", "bob")
    ]
    for request in requests:
        await AsyncTokenSource(request, store=store).get_token()
    first, second = await client.keys()
    for name, other in ((first, "exchanged"), (second, first), ("exchanged", second)):
        await client.rename(name, other)
    for request in requests:
        with refused(TokenRequestException, "login_required"):
            await AsyncTokenSource(request, store=store).get_token()
    assert sorted(families.presented) == ["alice-0", "bob-0"]


async def test_documents_and_keys_are_shared_encrypted(
    client: Redis, provider: EmbeddedProvider
) -> None:
    store = encrypted(client)
    for _ in "ab":
        async with AsyncHTTPClient(document_store=store) as process:
            await validate_token(provider.mint(), CONFIG, provider.issuer, process)
    assert (provider.count(DISCOVERY), provider.count("/jwks")) == (1, 1)
    values = [str(await client.get(key)) for key in await client.keys(f"{PREFIX}document-*")]
    assert len(values) == 2
    assert not any("keys" in one or "issuer" in one for one in values)


async def test_documents_that_were_written_without_the_key_are_not_believed(
    client: Redis, provider: EmbeddedProvider
) -> None:
    for store in (AsyncRedisTokenStore(client), encrypted(client)):
        async with AsyncHTTPClient(document_store=store) as process:
            await validate_token(provider.mint(), CONFIG, provider.issuer, process)
    assert (provider.count(DISCOVERY), provider.count("/jwks")) == (2, 2)


async def test_a_nonce_that_one_process_was_given_is_used_by_another(
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
        cache = AsyncDPoPNonceCache(store, lifetime=60)
        async with AsyncHTTPClient(dpop_nonce_cache=cache) as process:
            assert (await request_client_credentials_token(request, process)).is_successful
    assert len(proofs) == 3
    (name,) = await client.keys(f"{PREFIX}dpop-nonce-*")
    assert 59_000 < int(await client.pttl(name)) <= 60_000


async def test_a_redis_that_is_down_costs_a_request_with_a_proof_nothing_but_its_nonce(
    provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.intercept = lambda received: Answer.of_json({"access_token": "t"}, dpop_nonce="n1")
    request = ClientCredentialsTokenRequest(provider.token_endpoint, "a", dpop_key=DPoPKey())
    async with Redis(port=9) as nowhere:
        cache = AsyncDPoPNonceCache(AsyncRedisTokenStore(nowhere))
        async with AsyncHTTPClient(dpop_nonce_cache=cache) as process:
            for _ in range(3):
                assert (await request_client_credentials_token(request, process)).is_successful
    assert caplog.text.count("a shared store cannot be") == 1

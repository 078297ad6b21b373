"""Sessions in a real Redis: what a session store promises."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet

from py_identity_model.aio import (
    AsyncOAuthClient,
    AsyncRedisSessionStore,
    AsyncRedisTokenStore,
    AsyncSession,
    AsyncSessionStore,
    AsyncTokenSource,
    ClientSecretBasic,
    RefreshTokenRequest,
    SessionRecord,
    Settings,
)
from py_identity_model.exceptions import (
    ConfigurationException,
    InvalidArgumentError,
    TokenRequestException,
)
from py_identity_model.testing import EmbeddedProvider
from tests.families import Families
from tests.redis.clients.aio import Redis
from tests.support import refused

PREFIX = "py_identity_model:session"
RECORD = SessionRecord(version=1, refresh_token="hidden", claims={"sub": "alice", "sid": "s1"})
OTHER = replace(RECORD, claims={"sub": "alice", "sid": "s2"}, issuer="https://op.example")


def encrypted(client: Redis) -> AsyncRedisSessionStore:
    """Return a store with a key of its own."""
    fernet = Fernet(Fernet.generate_key())
    return AsyncRedisSessionStore(client, encrypt=fernet.encrypt, decrypt=fernet.decrypt)


async def session_of(
    provider: EmbeddedProvider, store: AsyncSessionStore, name: str = "alice"
) -> AsyncSession:
    session = AsyncSession({"refresh_token": f"{name}-0"}, {"sub": name, "sid": f"sid-{name}"})
    proof = ClientSecretBasic(provider.client_secret)
    client = AsyncOAuthClient(provider.issuer, provider.client_id, proof, session_store=store)
    await client.bind(session)
    return session


async def test_a_record_is_replaced_only_where_its_version_is_the_expected_one(
    client: Redis,
) -> None:
    store = AsyncRedisSessionStore(client)
    assert isinstance(store, AsyncSessionStore)
    newer = replace(RECORD, version=2)
    attempts = [(RECORD, 1), (RECORD, None), (RECORD, None), (newer, 2), (newer, 1)]
    stored = [await store.set("n", record, expected, 60) for record, expected in attempts]
    assert stored == [False, True, False, False, True]
    assert await store.get("n") == newer


async def test_a_record_lasts_until_it_expires_or_is_deleted(client: Redis) -> None:
    store = AsyncRedisSessionStore(client)
    assert await store.get("n") is None
    assert await store.set("n", RECORD, None, 60)
    assert 59_000 < int(await client.pttl(f"{PREFIX}:n")) <= 60_000
    await store.delete("n")
    assert await store.get("n") is None
    assert await store.set("n", RECORD, None, 0.001)
    while await client.exists(f"{PREFIX}:n"):
        pass  # for a millisecond


async def test_records_are_found_by_user_session_and_issuer(client: Redis) -> None:
    store = AsyncRedisSessionStore(client)
    assert await store.set("a", RECORD, None, 60)
    assert await store.set("b", OTHER, None, 60)
    assert sorted(await store.find_by(sub="alice")) == ["a", "b"]
    assert await store.find_by(sub="alice", sid="s1") == ["a"]
    assert await store.find_by(sid="s2") == ["b"]
    assert await store.find_by(sub="bob", sid="s1") == []
    assert "b" in await store.find_by(sub="alice", issuer="https://op.example")
    assert await store.find_by(sid="s2", issuer="https://other.example") == []
    with refused(InvalidArgumentError, "invalid_argument"):
        await store.find_by()


async def test_a_record_that_changed_its_user_is_not_found_by_the_former(client: Redis) -> None:
    store = AsyncRedisSessionStore(client)
    assert await store.set("a", RECORD, None, 60)
    assert await store.set("a", replace(RECORD, version=2, claims={"sub": "bob"}), 1, 60)
    assert await store.find_by(sub="alice") == []
    assert await store.find_by(sub="bob") == ["a"]


async def test_a_record_that_was_deleted_is_not_found(client: Redis) -> None:
    store = AsyncRedisSessionStore(client)
    assert await store.set("a", RECORD, None, 60)
    await store.delete("a")
    assert await store.find_by(sub="alice") == []


async def test_expired_names_do_not_pile_up_in_an_index(client: Redis) -> None:
    store = AsyncRedisSessionStore(client)
    assert await store.set("a", RECORD, None, 0.001)
    while await client.exists(f"{PREFIX}:a"):
        pass  # for a millisecond
    assert await store.set("b", RECORD, None, 60)
    (index,) = await client.keys(f"{PREFIX}-sub:*")
    assert await client.zrange(index, 0, -1) == [b"b"]


async def test_an_index_lasts_as_long_as_its_last_record(client: Redis) -> None:
    store = AsyncRedisSessionStore(client)
    assert await store.set("a", RECORD, None, 60)
    assert await store.set("b", RECORD, None, 30)
    for index in await client.keys(f"{PREFIX}-*"):
        assert 59_000 < int(await client.pttl(index)) <= 60_000


async def test_a_user_is_not_named_in_redis(client: Redis) -> None:
    assert await encrypted(client).set("a", RECORD, None, 60)
    assert not any(b"alice" in name for name in await client.keys("*"))
    assert "alice" not in str(await client.hgetall(f"{PREFIX}:a"))


async def test_a_client_that_decodes_is_accepted(port: int, client: Redis) -> None:
    async with Redis(port=port, decode_responses=True) as decoding:
        store = AsyncRedisSessionStore(decoding)
        assert await store.set("a", RECORD, None, 60)
        assert await store.get("a") == RECORD
        assert await store.find_by(sub="alice") == ["a"]


async def test_a_record_that_another_key_encrypted_is_a_typed_error(client: Redis) -> None:
    assert await encrypted(client).set("a", RECORD, None, 60)
    other = encrypted(client)
    with refused(ConfigurationException, "unreadable_value"):
        await other.get("a")
    assert await other.set("b", RECORD, None, 60)
    assert await other.find_by(sub="alice") == ["a", "b"]  # who ends it hears of the first


async def without_version(client: Redis) -> None:
    await client.hdel(f"{PREFIX}:b", "version")


async def with_another_version(client: Redis) -> None:
    await client.hset(f"{PREFIX}:b", "version", "7")


async def of_another_name(client: Redis) -> None:
    theirs = await client.hget(f"{PREFIX}:a", "record")
    await client.hset(f"{PREFIX}:b", "record", theirs or b"")


async def with_rubbish(client: Redis) -> None:
    await client.hset(f"{PREFIX}:b", "record", b"rubbish")


@pytest.mark.parametrize(
    "forge", [without_version, with_another_version, of_another_name, with_rubbish]
)
async def test_a_record_changed_in_redis_is_a_typed_error(
    client: Redis, forge: Callable[[Redis], Any]
) -> None:
    store = encrypted(client)
    assert await store.set("a", RECORD, None, 60)
    assert await store.set("b", RECORD, None, 60)
    await forge(client)
    with refused(ConfigurationException, "unreadable_value"):
        await store.get("b")


def name_of(session: AsyncSession) -> str:
    """Return the name of a session's record."""
    return str(json.loads(session.to_json())["name"])


async def test_a_login_whose_record_was_exchanged_presents_nothing(
    client: Redis, provider: EmbeddedProvider
) -> None:
    families = Families(provider)
    store = encrypted(client)
    alice, mallory = [await session_of(provider, store, name) for name in ("alice", "mallory")]
    theirs = await client.hget(f"{PREFIX}:{name_of(alice)}", "record")
    await client.hset(f"{PREFIX}:{name_of(mallory)}", "record", theirs or b"")
    with refused(TokenRequestException, "login_required"):
        await mallory.get_access_token()
    assert families.presented == []


async def test_clients_that_share_a_store_renew_a_login_once(
    client: Redis, provider: EmbeddedProvider
) -> None:
    families = Families(provider)
    session = await session_of(provider, AsyncRedisSessionStore(client))
    assert await session.get_access_token() == "login/alice-1"
    proof = ClientSecretBasic(provider.client_secret)
    other = AsyncOAuthClient(
        *(provider.issuer, provider.client_id, proof), session_store=AsyncRedisSessionStore(client)
    )
    found = await AsyncSession.from_json(session.to_json(), other)
    assert await found.get_access_token() == "login/alice-1"
    assert families.presented == ["alice-0"]


async def test_a_flushed_redis_ends_logins_and_replays_nothing(
    client: Redis, provider: EmbeddedProvider
) -> None:
    families = Families(provider)
    session = await session_of(provider, AsyncRedisSessionStore(client))
    request = RefreshTokenRequest(provider.token_endpoint, "web", "bob-0")
    source = AsyncTokenSource(request, store=AsyncRedisTokenStore(client))
    first = await source.get_token()
    await session.refresh()
    await client.flushall()
    with refused(TokenRequestException, "login_required"):
        await session.refresh()
    with refused(TokenRequestException, "login_required"):
        await source.renew(first.access_token)
    assert sorted(families.presented) == ["alice-0", "bob-0"]


@pytest.mark.parametrize("timeout", [60, 59])
async def test_a_lock_that_opens_before_a_request_is_over_is_refused(
    client: Redis, provider: EmbeddedProvider, timeout: float
) -> None:
    families = Families(provider)
    session = await session_of(provider, AsyncRedisSessionStore(client, lock_timeout=timeout))
    with refused(InvalidArgumentError, "lock_timeout_too_short"):
        await session.refresh()
    source = AsyncTokenSource(
        RefreshTokenRequest(provider.token_endpoint, "web", "bob-0"),
        store=AsyncRedisTokenStore(client, lock_timeout=timeout),
    )
    with refused(InvalidArgumentError, "lock_timeout_too_short"):
        await source.get_token()
    assert families.presented == []


async def test_a_killed_holder_of_the_lock_stops_no_session_whose_token_is_valid(
    client: Redis, provider: EmbeddedProvider
) -> None:
    families = Families(provider)
    store = AsyncRedisSessionStore(client)
    proof = ClientSecretBasic(provider.client_secret)
    settings = Settings(http_timeout=0.1)
    op = AsyncOAuthClient(
        provider.issuer, provider.client_id, proof, session_store=store, settings=settings
    )
    session = AsyncSession(
        {"access_token": "old", "refresh_token": "alice-0"},
        {"sub": "alice"},
        datetime.now(UTC) + timedelta(seconds=60),
    )
    await op.bind(session)
    name = json.loads(session.to_json())["name"]
    late = time.time() + 45  # it should be renewed, but has not expired
    op.clock = lambda: late
    killed = client.lock(f"py_identity_model:lock:{name}", timeout=120)
    assert await killed.acquire()
    assert await session.get_access_token() == "old"
    with refused(TokenRequestException, "renewal_pending") as caught:
        await session.refresh()
    assert caught.value.details == {"retry_after": 120.0}
    assert families.presented == []
    await killed.release()
    assert await session.refresh() == "login/alice-1"
    assert families.presented == ["alice-0"]

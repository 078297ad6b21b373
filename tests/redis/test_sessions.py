"""Sessions in a real Redis: what a store promises, and what processes that share one do."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import redis
import redis.asyncio
from cryptography.fernet import Fernet

from py_identity_model import (
    ClientSecretBasic,
    OAuthClient,
    RedisSessionStore,
    RedisTokenStore,
    RefreshTokenRequest,
    Session,
    SessionRecord,
    SessionStore,
    Settings,
    TokenSource,
)
from py_identity_model.aio import AsyncOAuthClient, AsyncRedisSessionStore, AsyncSession
from py_identity_model.exceptions import (
    ConfigurationException,
    InvalidArgumentError,
    TokenRequestException,
)
from py_identity_model.testing import Answer, EmbeddedProvider
from tests.families import Families
from tests.support import refused

WORKER = Path(__file__).with_name("session_worker.py")
ROOT = Path(__file__).parents[2]
RECORD = SessionRecord(version=1, refresh_token="hidden", claims={"sub": "alice", "sid": "s1"})


def client_of(provider: EmbeddedProvider, store: SessionStore) -> OAuthClient:
    proof = ClientSecretBasic(provider.client_secret)
    return OAuthClient(provider.issuer, provider.client_id, proof, session_store=store)


def session_of(name: str = "alice") -> Session:
    return Session({"refresh_token": f"{name}-0"}, {"sub": name, "sid": f"sid-{name}"})


def bound(provider: EmbeddedProvider, store: SessionStore, name: str = "alice") -> Session:
    session = session_of(name)
    client_of(provider, store).bind(session)
    return session


def name_of(session: Session) -> str:
    """Return the name of a session's record."""
    return str(json.loads(session.to_json())["name"])


def worker(port: int, provider: EmbeddedProvider, text: str, how: str) -> subprocess.Popen[str]:
    arguments = [str(port), provider.issuer, provider.client_secret, text, how]
    return subprocess.Popen(
        [sys.executable, str(WORKER), *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def test_a_record_is_replaced_only_where_its_version_is_the_expected_one(
    client: redis.Redis,
) -> None:
    store = RedisSessionStore(client, prefix="p:")
    assert isinstance(store, SessionStore)
    assert not store.set("n", RECORD, 1, 60)
    assert store.set("n", RECORD, None, 60)
    assert not store.set("n", RECORD, None, 60)
    newer = replace(RECORD, version=2)
    assert not store.set("n", newer, 2, 60)
    assert store.set("n", newer, 1, 60)
    assert store.get("n") == newer
    assert 0 < int(client.pttl("p:session:n")) <= 60_000
    store.delete("n")
    assert store.get("n") is None
    assert store.set("n", RECORD, None, 0.001)
    while client.exists("p:session:n"):
        pass  # for a millisecond


def test_records_are_found_by_user_and_session_until_they_expire(client: redis.Redis) -> None:
    store = RedisSessionStore(client)
    other = replace(RECORD, claims={"sub": "alice", "sid": "s2"}, issuer="https://op")
    assert store.set("a", RECORD, None, 60)
    assert store.set("b", other, None, 0.001)
    assert store.set("c", other, None, 60)
    assert sorted(store.find_by(sub="alice")) in (["a", "c"], ["a", "b", "c"])
    assert store.find_by(sub="alice", sid="s1") == ["a"]
    assert store.find_by(sub="alice", issuer="https://op")[-1] == "c"
    assert store.find_by(sid="s3") == []
    store.delete("c")
    store.set("d", other, None, 60)
    index = next(name for name in client.keys("*session-sub:*"))
    assert b"b" not in client.zrange(index, 0, -1)  # what expired does not pile up
    assert not any(b"alice" in name for name in client.scan_iter())
    with refused(InvalidArgumentError, "invalid_argument"):
        store.find_by()


def test_both_apis_share_sessions(
    port: int, client: redis.Redis, provider: EmbeddedProvider
) -> None:
    families = Families(provider)
    session = bound(provider, RedisSessionStore(client))

    async def main() -> str:
        async with redis.asyncio.Redis(port=port) as awaited:
            store = AsyncRedisSessionStore(awaited)
            proof = ClientSecretBasic(provider.client_secret)
            theirs = AsyncOAuthClient(
                provider.issuer, provider.client_id, proof, session_store=store
            )
            found = await AsyncSession.from_json(session.to_json(), theirs)
            assert len(await store.find_by(sub="alice")) == 1
            return await found.get_access_token()

    assert asyncio.run(main()) == "login/alice-1" == session.get_access_token()
    assert families.presented == ["alice-0"]


def test_a_record_is_encrypted_and_bound_to_its_name(
    client: redis.Redis, provider: EmbeddedProvider
) -> None:
    families = Families(provider)
    fernet = Fernet(Fernet.generate_key())
    store = RedisSessionStore(client, encrypt=fernet.encrypt, decrypt=fernet.decrypt)
    alice, mallory = bound(provider, store), bound(provider, store, "mallory")
    places = [f"py_identity_model:session:{name_of(one)}" for one in (alice, mallory)]
    values = [client.hget(place, "record") for place in places]
    assert not any(b"alice" in value for value in values if isinstance(value, bytes))
    for value in (values[0], fernet.encrypt(b"{}"), b"garbage"):
        assert value is not None
        client.hset(places[1], "record", value)
        with refused(TokenRequestException, "login_required"):
            mallory.get_access_token()
        with refused(ConfigurationException, "unreadable_value"):
            store.get(name_of(mallory))
    assert values[1] is not None
    client.hset(places[1], mapping={"record": values[1], "version": "7"})
    with refused(TokenRequestException, "login_required"):
        mallory.get_access_token()
    assert families.presented == []


def test_a_token_of_a_source_is_bound_to_its_name(
    client: redis.Redis, provider: EmbeddedProvider
) -> None:
    families = Families(provider)
    fernet = Fernet(Fernet.generate_key())
    store = RedisTokenStore(client, encrypt=fernet.encrypt, decrypt=fernet.decrypt)
    requests = {
        name: RefreshTokenRequest(provider.token_endpoint, "web", f"{name}-0")
        for name in ("alice", "bob")
    }
    for request in requests.values():
        TokenSource(request, store=store).get_token()
    first, second = client.keys("py_identity_model:*")
    values = client.get(first), client.get(second)
    client.set(first, values[1] or b"")
    client.set(second, values[0] or b"")
    for request in requests.values():
        with refused(TokenRequestException, "login_required"):
            TokenSource(request, store=store).get_token()
    assert len(families.presented) == 2


def test_a_flushed_redis_ends_logins_and_replays_nothing(
    client: redis.Redis, provider: EmbeddedProvider
) -> None:
    families = Families(provider)
    store = RedisSessionStore(client)
    session = bound(provider, store)
    source = TokenSource(
        RefreshTokenRequest(provider.token_endpoint, "web", "bob-0"), store=RedisTokenStore(client)
    )
    first = source.get_token()
    session.refresh()
    client.flushall()
    with refused(TokenRequestException, "login_required"):
        session.refresh()
    with refused(TokenRequestException, "login_required"):
        source.renew(first.access_token)
    assert sorted(families.presented) == ["alice-0", "bob-0"]


@pytest.mark.parametrize("timeout", [60, 59])
def test_a_lock_that_opens_before_a_request_is_over_is_refused(
    client: redis.Redis, provider: EmbeddedProvider, timeout: float
) -> None:
    families = Families(provider)
    session = session_of()
    client_of(provider, RedisSessionStore(client, lock_timeout=timeout)).bind(session)
    with refused(InvalidArgumentError, "lock_timeout_too_short"):
        session.refresh()
    source = TokenSource(
        RefreshTokenRequest(provider.token_endpoint, "web", "bob-0"),
        store=RedisTokenStore(client, lock_timeout=timeout),
    )
    with refused(InvalidArgumentError, "lock_timeout_too_short"):
        source.get_token()
    assert families.presented == []


def test_processes_that_share_a_session_present_each_token_once(
    port: int, client: redis.Redis, provider: EmbeddedProvider
) -> None:
    families = Families(provider, expires_in=600)
    session = bound(provider, RedisSessionStore(client))
    processes = [worker(port, provider, session.to_json(), how) for how in ("", "", "tasks")]
    found = [process.communicate(timeout=120)[0].split() for process in processes]
    assert found[0] == found[1]
    assert len(found[0]) == 3
    assert len(found[2]) == 1
    assert len(families.presented) == 4  # one for each resource, however many asked
    assert not families.revoked


@pytest.mark.parametrize("applied", [True, False])
def test_a_killed_process_takes_at_most_its_own_answer_with_it(
    port: int, client: redis.Redis, provider: EmbeddedProvider, applied: bool
) -> None:
    families = Families(provider)
    store = RedisSessionStore(client, lock_timeout=25)
    session = session_of()
    proof = ClientSecretBasic(provider.client_secret)
    settings = Settings(http_timeout=10)
    OAuthClient(
        provider.issuer, provider.client_id, proof, session_store=store, settings=settings
    ).bind(session)
    arrived, gone = threading.Event(), threading.Event()

    def hold(token: str) -> Answer:
        arrived.set()
        assert gone.wait(60)
        return Answer.of_json({}, 503)  # to nobody

    setattr(families, "after" if applied else "before", hold)
    with worker(port, provider, session.to_json(), "hang") as dying:
        assert arrived.wait(60)
        dying.send_signal(signal.SIGKILL)
        assert dying.wait(10) == -signal.SIGKILL
    gone.set()
    families.before = families.after = lambda token: None
    if not applied:
        assert session.get_access_token() == "login/alice-1"
        assert families.presented == ["alice-0"]
        return
    with refused(TokenRequestException, "login_required"):
        session.get_access_token()
    assert families.presented == ["alice-0"] * 2  # once more, and no more
    for _ in range(2):
        with refused(TokenRequestException, "login_required"):
            session.get_access_token()
    assert families.presented == ["alice-0"] * 2

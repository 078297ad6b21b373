"""Sessions in a real Redis: what a store promises, and what processes that share one do."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import redis
import redis.asyncio

from py_identity_model import (
    ClientSecretBasic,
    OAuthClient,
    RedisSessionStore,
    Session,
    SessionRecord,
    SessionStore,
    Settings,
)
from py_identity_model.aio import AsyncOAuthClient, AsyncRedisSessionStore, AsyncSession
from py_identity_model.exceptions import (
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


def worker(port: int, provider: EmbeddedProvider, text: str, how: str) -> subprocess.Popen[str]:
    arguments = [str(port), provider.issuer, provider.client_secret, text, how]
    return subprocess.Popen(
        [sys.executable, str(WORKER), *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


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

"""Stores that several processes share, on a real Redis, in both APIs."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

from py_identity_model import (
    ClientCredentialsTokenRequest,
    DPoPKey,
    FederatedAssertion,
    RedisReplayStore,
    RedisTokenStore,
    ReplayStore,
    TokenSource,
    create_dpop_proof,
    verify_dpop_proof,
)
from py_identity_model.aio import (
    AsyncHTTPClient,
    AsyncRedisTokenStore,
    AsyncTokenSource,
    AsyncTokenStore,
)
from py_identity_model.aio import validate_token as validate_in_aio
from py_identity_model.aio import verify_dpop_proof as verify_in_aio
from py_identity_model.exceptions import (
    DPoPProofException,
    InvalidArgumentError,
)
from py_identity_model.testing import EmbeddedProvider
from tests.support import CONFIG, DISCOVERY, refused

WORKER = Path(__file__).with_name("worker.py")
ROOT = Path(__file__).parents[2]
URI = "https://api.example/orders"


def request_of(provider: EmbeddedProvider) -> ClientCredentialsTokenRequest:
    return ClientCredentialsTokenRequest(
        provider.token_endpoint, provider.client_id, provider.client_secret
    )


def worker(port: int, provider: EmbeddedProvider, *how: str) -> subprocess.Popen[str]:
    arguments = [str(port), provider.issuer, provider.client_id, provider.client_secret, *how]
    return subprocess.Popen(
        [sys.executable, str(WORKER), *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_both_apis_share_one_token(
    port: int, client: redis.Redis, provider: EmbeddedProvider
) -> None:
    blocking = TokenSource(request_of(provider), store=RedisTokenStore(client)).get_token()

    async def main() -> str:
        async with redis.asyncio.Redis(port=port) as awaited:
            store = AsyncRedisTokenStore(awaited)
            assert isinstance(store, AsyncTokenStore)
            sources = [AsyncTokenSource(request_of(provider), store=store) for _ in range(20)]
            tokens = await asyncio.gather(*[source.get_token() for source in sources])
            await store.set("x", "1", 1)
            assert await store.get("x") == "1"
            await store.delete("x")
            assert await store.get("x") is None
            return "".join({token.access_token for token in tokens})

    assert asyncio.run(main()) == blocking.access_token
    assert provider.count("/token") == 1


def test_processes_with_many_threads_ask_once(
    port: int, client: redis.Redis, provider: EmbeddedProvider
) -> None:
    processes = [worker(port, provider) for _ in range(3)]
    told = [process.communicate(timeout=30)[0].split() for process in processes]
    assert len({token for tokens in told for token in tokens}) == 1
    assert provider.count("/token") == 1


def test_a_process_that_dies_with_the_lock_does_not_keep_it(
    port: int, client: redis.Redis, provider: EmbeddedProvider
) -> None:
    dying = worker(port, provider, "die")
    assert dying.stdout is not None
    assert dying.stdout.readline() == "held\n"
    dying.communicate("now\n", timeout=10)
    assert dying.returncode == 1
    token = TokenSource(request_of(provider), store=RedisTokenStore(client)).get_token()
    assert token.access_token.count(".") == 2
    assert provider.count("/token") == 1


def test_a_machine_gets_its_tokens_while_redis_is_down(
    provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    with redis.Redis(port=9, retry=Retry(NoBackoff(), 0)) as nowhere:
        source = TokenSource(request_of(provider), store=RedisTokenStore(nowhere))
        token = source.get_token()
        for _ in range(3):
            token = source.renew(token.access_token)
    assert provider.count("/token") == 2  # the first, and one for the refusals within the gap
    assert caplog.text.count("requesting a token from the provider instead") == 1


def test_a_function_has_no_name_in_other_processes(
    client: redis.Redis, provider: EmbeddedProvider
) -> None:
    request = ClientCredentialsTokenRequest(
        provider.token_endpoint, "gateway", client_authentication=FederatedAssertion(lambda: "a")
    )
    with refused(InvalidArgumentError, "unnamed_request"):
        TokenSource(request, store=RedisTokenStore(client))
    keys = [TokenSource(request, store=RedisTokenStore(client), key=k)._key for k in "aab"]
    assert keys[0] == keys[1] != keys[2]
    other = replace(request, scope="read")
    assert TokenSource(other, store=RedisTokenStore(client), key="a")._key != keys[0]


def test_a_proof_is_refused_in_every_process(
    port: int, client: redis.Redis, provider: EmbeddedProvider
) -> None:
    key = DPoPKey()
    proof = create_dpop_proof(key, "GET", URI)
    replays = RedisReplayStore(client)
    assert isinstance(replays, ReplayStore)
    assert verify_dpop_proof(proof, "GET", URI, replay_store=replays)
    with refused(DPoPProofException, "dpop_proof_replayed"):
        verify_dpop_proof(proof, "GET", URI, replay_store=RedisReplayStore(client))

    async def main() -> None:
        async with redis.asyncio.Redis(port=port) as awaited:
            store = RedisReplayStore(awaited)
            with refused(DPoPProofException, "dpop_proof_replayed"):
                await verify_in_aio(proof, "GET", URI, replay_store=store)
            fresh = create_dpop_proof(key, "GET", URI)
            assert await verify_in_aio(fresh, "GET", URI, replay_store=store)

    asyncio.run(main())
    names = list(client.scan_iter("py_identity_model:replay:*"))
    assert len(names) == 2
    assert all(65_000 < int(client.pttl(name)) < 76_000 for name in names)  # accepted for 65 s


def test_documents_and_keys_are_shared_by_event_loops(
    port: int, client: redis.Redis, provider: EmbeddedProvider
) -> None:
    async def main() -> None:
        async with redis.asyncio.Redis(port=port) as awaited:
            store = AsyncRedisTokenStore(awaited)
            async with AsyncHTTPClient(document_store=store) as process:
                await validate_in_aio(provider.mint(), CONFIG, provider.issuer, process)

    asyncio.run(main())
    asyncio.run(main())
    assert (provider.count(DISCOVERY), provider.count("/jwks")) == (1, 1)

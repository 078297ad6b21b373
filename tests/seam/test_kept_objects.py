"""The objects that are kept, in many threads and tasks, and when callers go away."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import anyio
import pytest
from sqlalchemy import create_engine

from py_identity_model import (
    AccessTokenVerifier,
    ClientCredentialsTokenRequest,
    ClientSecretBasic,
    DeviceAuthorizationResponse,
    DeviceTokenRequest,
    MemoryReplayStore,
    MemoryTokenStore,
    RefreshTokenRequest,
    TokenSource,
)
from py_identity_model.aio import (
    AsyncAccessTokenVerifier,
    AsyncHTTPClient,
    AsyncMemoryTokenStore,
    AsyncSQLTokenStore,
    AsyncTokenIntrospector,
    AsyncTokenSource,
    AsyncTokenStoreReplayStore,
    token_source,
    validate_token,
    wait_for_device_token,
)
from py_identity_model.aio._transport import stores as best_effort
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.support import CONFIG, DISCOVERY, Gate


def request_of(provider: EmbeddedProvider) -> ClientCredentialsTokenRequest:
    return ClientCredentialsTokenRequest(
        provider.token_endpoint, provider.client_id, provider.client_secret
    )


def test_64_threads_with_an_expired_token_ask_once(provider: EmbeddedProvider) -> None:
    source = TokenSource(request_of(provider))
    source.get_token()
    ahead = time.time() + 4000
    source.clock = lambda: ahead
    barrier = threading.Barrier(64)

    def need(number: int) -> str:
        barrier.wait()
        return source.get_token().access_token

    with ThreadPoolExecutor(64) as pool:
        tokens = set(pool.map(need, range(64)))
    assert len(tokens) == 1
    assert provider.count("/token") == 2


def test_a_thousand_tasks_with_an_expired_token_ask_once(provider: EmbeddedProvider) -> None:
    async def main() -> int:
        source = AsyncTokenSource(request_of(provider))
        await source.get_token()
        ahead = time.time() + 4000
        source.clock = lambda: ahead
        tokens = await asyncio.gather(*[source.get_token() for _ in range(1000)])
        return len({token.access_token for token in tokens})

    assert asyncio.run(main()) == 1
    assert provider.count("/token") == 2


def test_threads_of_many_sources_rotate_a_refresh_token_once(provider: EmbeddedProvider) -> None:
    used: list[str] = []

    def respond(received: Received) -> Answer:
        used.append(received.form["refresh_token"])
        number = len(used)
        return Answer.of_json(
            {"access_token": f"a{number}", "expires_in": 60, "refresh_token": f"r{number}"}
        )

    provider.intercept = respond
    store = MemoryTokenStore()
    request = RefreshTokenRequest(provider.token_endpoint, "web", "r0")
    for round_ in range(3):
        sources = [TokenSource(request, store=store) for _ in range(32)]
        ahead = time.time() + 100 * round_
        for source in sources:
            source.clock = lambda ahead=ahead: ahead  # type: ignore[misc]
        barrier = threading.Barrier(32)

        def need(source: TokenSource, barrier: threading.Barrier = barrier) -> str:
            barrier.wait()
            return source.get_token().access_token

        with ThreadPoolExecutor(32) as pool:
            assert set(pool.map(need, sources)) == {f"a{round_ + 1}"}
    assert used == ["r0", "r1", "r2"]


def test_a_caller_that_goes_away_takes_no_token_with_it(provider: EmbeddedProvider) -> None:
    gate = Gate("/token")
    provider.intercept = gate

    async def main() -> str:
        source = AsyncTokenSource(request_of(provider))
        first = asyncio.create_task(source.get_token())
        others = [asyncio.create_task(source.get_token()) for _ in range(5)]
        await asyncio.to_thread(gate.arrived.wait, 10)
        first.cancel()
        gate.open.set()
        tokens = await asyncio.gather(*others)
        with pytest.raises(asyncio.CancelledError):
            await first
        return tokens[0].access_token

    assert asyncio.run(main()).count(".") == 2
    assert provider.count("/token") == 1


def test_waiting_for_a_user_ends_when_the_caller_does(provider: EmbeddedProvider) -> None:
    async def main() -> float:
        device = DeviceAuthorizationResponse(True, device_code="d", expires_in=600, interval=300)
        request = DeviceTokenRequest(provider.token_endpoint, "native", "d")
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(wait_for_device_token(request, device), 0.05)
        return time.monotonic() - began

    assert asyncio.run(main()) < 5
    assert provider.requests == []


def test_one_verifier_serves_threads_and_loops(provider: EmbeddedProvider) -> None:
    verifier = AccessTokenVerifier(provider.issuer, "api")
    tokens = [provider.mint(sub=f"user-{number}") for number in range(64)]
    with ThreadPoolExecutor(16) as pool:
        found = pool.map(lambda token: verifier.verify(f"Bearer {token}").subject, tokens)
        assert list(found) == [f"user-{number}" for number in range(64)]
    assert provider.count("/jwks") == 1
    awaited = AsyncAccessTokenVerifier(provider.issuer, "api")
    for _ in range(3):  # each with a loop of its own

        async def main() -> str | None:
            return (await awaited.verify(f"Bearer {tokens[0]}")).subject

        assert asyncio.run(main()) == "user-0"
    assert provider.count("/jwks") == 2


def test_an_identifier_is_accepted_from_one_of_many_threads() -> None:
    store = MemoryReplayStore()
    until = time.time() + 60
    with ThreadPoolExecutor(32) as pool:
        taken = list(pool.map(lambda number: store.add(f"{number % 10}", until), range(1000)))
    assert sum(taken) == 10


def test_a_store_that_hangs_does_not_hold_tasks(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hanging(AsyncMemoryTokenStore):
        async def get(self, key: str) -> str | None:
            asked.append(key)
            await asyncio.Event().wait()
            return None

        async def set(self, key: str, value: str, expires_in: float | None) -> None:
            await asyncio.Event().wait()

    monkeypatch.setattr(best_effort, "BEST_EFFORT_SECONDS", 0.01)
    asked: list[str] = []

    async def main() -> None:
        async with AsyncHTTPClient(document_store=Hanging()) as client:
            await validate_token(provider.mint(), CONFIG, provider.issuer, client)
        provider.intercept = lambda received: Answer.of_json({"active": True, "sub": "alice"})
        tokens = AsyncTokenIntrospector(
            f"{provider.issuer}/i", "api", ClientSecretBasic("s"), store=Hanging()
        )
        assert (await tokens.claims("t"))["sub"] == "alice"
        assert (await tokens.claims("u"))["sub"] == "alice"

    asyncio.run(main())
    assert len(asked) == 2  # each store once: then it is left alone


@pytest.mark.parametrize("library", ["asyncio", "trio"])
@pytest.mark.parametrize("where", ["before", "after"])
def test_a_lock_that_hangs_does_not_hold_a_machine(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch, where: str, library: str
) -> None:
    class Hanging(AsyncMemoryTokenStore):
        @asynccontextmanager
        async def lock(self, key: str) -> AsyncIterator[None]:
            if where == "before":
                await anyio.sleep(60)
            yield
            await anyio.sleep(60)

    monkeypatch.setattr(token_source, "STORE_SECONDS", 0.02)

    async def main() -> None:
        source = AsyncTokenSource(request_of(provider), store=Hanging())
        with anyio.fail_after(20):
            assert (await source.get_token()).access_token

    anyio.run(main, backend=library)
    assert provider.count("/token") == 1


@pytest.mark.parametrize("library", ["asyncio", "trio"])
def test_a_database_that_hangs_does_not_hold_tasks(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    store = AsyncSQLTokenStore(create_engine("sqlite://"))
    over = threading.Event()
    monkeypatch.setattr(store._tables, "get", lambda *_: over.wait(10) and None)

    async def main() -> None:
        async with AsyncHTTPClient(document_store=store) as client:
            await validate_token(provider.mint(), CONFIG, provider.issuer, client)
        done.append(over.is_set())
        over.set()

    done: list[bool] = []
    watch = threading.Timer(9, over.set)
    watch.start()
    anyio.run(main, backend=library)
    watch.cancel()
    assert done == [False]
    assert provider.count(DISCOVERY) == 1


def test_loops_share_what_a_memory_store_must_not_accept_twice() -> None:
    replays = AsyncTokenStoreReplayStore(AsyncMemoryTokenStore())
    until, accepted = time.time() + 60, list[bool]()
    start = threading.Barrier(4)

    async def use() -> None:
        start.wait()
        for number in range(200):
            accepted.append(await replays.add(f"k{number}", until))

    threads = [threading.Thread(target=lambda: asyncio.run(use())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(accepted) == 800
    assert sum(accepted) == 200

"""Logins in many loops, in forked children, and when callers, loops and processes end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import anyio
import httpx
import pytest
import trio

from py_identity_model import (
    ClientCredentialsTokenRequest,
    ClientSecretBasic,
    ClientSecretPost,
    HTTPClient,
    MemoryTokenStore,
    OAuthClient,
    RefreshTokenRequest,
    Session,
    TokenAuth,
    TokenSource,
)
from py_identity_model._seam import aio as seam
from py_identity_model.aio import (
    AsyncHTTPClient,
    AsyncMCPAuth,
    AsyncMemorySessionStore,
    AsyncMemoryTokenStore,
    AsyncOAuthClient,
    AsyncSession,
    AsyncTokenAuth,
    AsyncTokenSource,
    AsyncTokenStoreReplayStore,
    SessionRecord,
    token_store,
)
from py_identity_model.aio.record_storage import AsyncRecordStorage
from py_identity_model.exceptions import (
    ConfigurationException,
    NetworkException,
    TokenRequestException,
)
from py_identity_model.testing import EmbeddedProvider, Received
from tests.families import Families
from tests.support import refused

TOKEN = {"access_token": "old", "refresh_token": "alice-0"}


def in_loops(number: int, main: Callable[[], Any]) -> list[Any]:
    """Return the outcomes of ``main``, in so many loops at once."""
    found: list[Any] = []
    barrier = threading.Barrier(number)

    def work() -> None:
        async def run() -> Any:
            barrier.wait()
            return await main()

        found.append(asyncio.run(run()))

    threads = [threading.Thread(target=work) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_four_loops_on_one_token_store_present_a_token_once(provider: EmbeddedProvider) -> None:
    families = Families(provider)
    store = AsyncMemoryTokenStore()
    request = RefreshTokenRequest(provider.token_endpoint, "web", "alice-0")

    async def main() -> str:
        return (await AsyncTokenSource(request, store=store).get_token()).access_token

    assert in_loops(4, main) == ["login/alice-1"] * 4
    assert families.presented == ["alice-0"]


def test_four_loops_on_one_session_store_present_a_token_once(provider: EmbeddedProvider) -> None:
    families = Families(provider)
    store = AsyncMemorySessionStore()

    async def main() -> str:
        proof = ClientSecretBasic(provider.client_secret)
        client = AsyncOAuthClient(provider.issuer, provider.client_id, proof, session_store=store)
        session = AsyncSession({"refresh_token": "alice-0"}, {"sub": "alice"}, client=client)
        return await session.get_access_token()

    assert in_loops(4, main) == ["login/alice-1"] * 4
    assert families.presented == ["alice-0"]


def test_an_identifier_is_accepted_once_by_four_loops() -> None:
    replays = AsyncTokenStoreReplayStore(AsyncMemoryTokenStore())

    async def main() -> int:
        until = time.time() + 60
        return sum([await replays.add(f"{number}", until) for number in range(100)])

    assert sum(in_loops(4, main)) == 100


def test_a_lock_is_held_by_one_of_all_loops_and_freed_by_one_that_ends() -> None:
    lock = seam.SharedLock()
    inside: list[int] = []
    most: list[int] = []

    async def main() -> None:
        async def use() -> None:
            async with lock:
                inside.append(1)
                most.append(len(inside))
                await asyncio.sleep(0)
                inside.pop()

        await asyncio.gather(*[use() for _ in range(20)])

    in_loops(4, main)
    assert max(most) == 1

    async def end_inside() -> None:
        async def hold() -> None:
            async with lock:
                await asyncio.Event().wait()

        task = asyncio.create_task(hold())
        await asyncio.sleep(0)
        assert not task.done()

    asyncio.run(end_inside())

    async def wait_in_vain() -> None:
        async with lock:
            task = asyncio.create_task(lock.__aenter__())
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        async with lock:
            pass

    asyncio.run(wait_in_vain())


def renew_in_child(call: Callable[[], str]) -> str:
    """Return what ``call`` returns, or the code of its error, in a forked child."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            said = call()
        except TokenRequestException as error:
            said = error.code
        except BaseException as error:
            said = repr(error)
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    with os.fdopen(reader) as pipe:
        return pipe.read()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("kind", ["own store", "token store", "session"])
@pytest.mark.parametrize("used", [True, False])
def test_forked_children_leave_the_refresh_token_to_their_parent(
    provider: EmbeddedProvider, kind: str, used: bool
) -> None:
    families = Families(provider)
    request = RefreshTokenRequest(provider.token_endpoint, "web", "alice-0")
    source = TokenSource(request, store=MemoryTokenStore() if kind == "token store" else None)
    if kind == "session":
        proof = ClientSecretBasic(provider.client_secret)
        client = OAuthClient(provider.issuer, provider.client_id, proof)
        source = client.token_source(session=Session({"refresh_token": "alice-0"}, {"sub": "a"}))
    if used:
        source.get_token()

    def use() -> str:
        return source.get_token().access_token

    def renew() -> str:
        source.clock = lambda: time.time() + 200
        return source.get_token().access_token

    usable = "login/alice-1" if used else "login_required"
    assert [renew_in_child(use) for _ in range(2)] == [usable] * 2
    assert [renew_in_child(renew) for _ in range(3)] == ["login_required"] * 3
    assert families.presented == ["alice-0"] * used
    renew()
    assert not families.revoked


def held(provider: EmbeddedProvider) -> tuple[Families, threading.Event, threading.Event]:
    """Let answers wait; return what says that one does, and what lets it go."""
    families = Families(provider)
    arrived, gate = threading.Event(), threading.Event()

    def hold(token: str) -> None:
        arrived.set()
        assert gate.wait(10)

    families.after = hold
    return families, arrived, gate


def test_a_cancelled_caller_loses_no_successor(provider: EmbeddedProvider) -> None:
    families, arrived, gate = held(provider)
    request = RefreshTokenRequest(provider.token_endpoint, "web", "alice-0")

    async def main() -> str:
        source = AsyncTokenSource(request)
        for _ in range(3):
            task = asyncio.create_task(source.get_token())
            while not arrived.is_set():
                await asyncio.sleep(0.001)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        gate.set()
        return (await source.get_token()).access_token

    assert asyncio.run(main()) == "login/alice-1"
    assert families.presented == ["alice-0"]


class Distant(AsyncMemorySessionStore):
    """A store whose locks are given back by a call that takes its time, as over a network."""

    def __init__(self) -> None:
        super().__init__()
        self.held = 0

    def lock(self, name: str) -> AbstractAsyncContextManager[Any]:
        return self._held()

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[None]:
        self.held += 1
        await anyio.sleep(0)
        try:
            yield
        finally:
            await anyio.sleep(0)
            self.held -= 1


@pytest.mark.parametrize("steps", range(12))
def test_a_cancelled_logout_gives_its_lock_back(provider: EmbeddedProvider, steps: int) -> None:
    async def main() -> int:
        store = Distant()
        client = AsyncOAuthClient(provider.issuer, "web", session_store=store)
        session = AsyncSession({"access_token": "a", "refresh_token": "r"}, {"sub": "alice"})
        await client.bind(session)
        task = asyncio.create_task(client.revoke(session))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return store.held

    assert asyncio.run(main()) == 0


@pytest.mark.parametrize("library", ["asyncio", "trio"])
def test_a_login_whose_begin_was_cancelled_ends_with_its_logout_elsewhere(library: str) -> None:
    class Silent(AsyncMemorySessionStore):
        """A store that stores records, and never says so."""

        async def set(
            self, name: str, record: SessionRecord, expected: int | None, expires_in: float
        ) -> bool:
            await super().set(name, record, expected, expires_in)
            stored.set()
            await anyio.Event().wait()
            return True

    async def main() -> None:
        storage = AsyncRecordStorage(Silent(), 60.0)
        async with anyio.create_task_group() as group:
            group.start_soon(storage.begin, "n", SessionRecord(refresh_token="r-0"))
            await stored.wait()
            group.cancel_scope.cancel()
        assert (await storage.load("n")).refresh_token == "r-0"
        await storage.store.delete("n")  # as another process does
        with refused(TokenRequestException, "login_required"):
            await storage.load("n")

    stored = anyio.Event()
    anyio.run(main, backend=library)


class DistantTokens(AsyncMemoryTokenStore):
    """A token store with such locks."""

    def __init__(self) -> None:
        super().__init__()
        self.locks = Distant()

    def lock(self, key: str) -> AbstractAsyncContextManager[Any]:
        return self.locks.lock(key)

    async def set(self, key: str, value: str, expires_in: float | None) -> None:
        await super().set(key, value, expires_in)


@pytest.mark.parametrize("steps", range(1, 8))
def test_a_cancelled_use_gives_its_lock_back(steps: int) -> None:
    async def main() -> int:
        store = DistantTokens()
        task = asyncio.create_task(AsyncTokenStoreReplayStore(store).add("key", time.time() + 60))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return store.locks.held

    assert asyncio.run(main()) == 0


@pytest.mark.parametrize("library", ["asyncio", "trio"])
def test_a_use_that_a_store_holds_up_gives_its_lock_back(
    monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    class Hanging(DistantTokens):
        async def get(self, key: str) -> str | None:
            await anyio.Event().wait()
            return None

    async def main() -> int:
        store = Hanging()
        with anyio.fail_after(20), refused(NetworkException, "store_unavailable"):
            await AsyncTokenStoreReplayStore(store).add("key", time.time() + 60)
        return store.locks.held

    monkeypatch.setattr(token_store, "STORE_SECONDS", 0.05)
    assert anyio.run(main, backend=library) == 0


@pytest.mark.parametrize("library", ["asyncio", "trio"])
@pytest.mark.parametrize("steps", range(1, 8))
def test_a_cancelled_end_of_an_mcp_login_gives_its_lock_back(steps: int, library: str) -> None:
    async def main() -> int:
        store = DistantTokens()
        named: dict[str, Any] = {"redirect_uri": "http://127.0.0.1:3000/cb", "account": "alice"}
        auth = AsyncMCPAuth("http://127.0.0.1:9/mcp", lambda url: url, store=store, **named)
        async with anyio.create_task_group() as group:
            group.start_soon(auth.forget)
            for _ in range(steps):
                await anyio.sleep(0)
            group.cancel_scope.cancel()
        return store.locks.held

    assert anyio.run(main, backend=library) == 0


def test_the_end_of_a_loop_lets_a_renewal_end(provider: EmbeddedProvider) -> None:
    families, arrived, gate = held(provider)
    store = AsyncMemoryTokenStore()
    request = RefreshTokenRequest(provider.token_endpoint, "web", "alice-0")

    async def begin() -> None:
        task = asyncio.create_task(AsyncTokenSource(request, store=store).get_token())
        while not arrived.is_set():
            await asyncio.sleep(0.001)
        asyncio.get_running_loop().call_later(0.05, gate.set)
        assert not task.done()

    async def go_on() -> str:
        return (await AsyncTokenSource(request, store=store).get_token()).access_token

    asyncio.run(begin())
    assert asyncio.run(go_on()) == "login/alice-1"
    assert families.presented == ["alice-0"]


def test_the_end_of_trio_lets_a_renewal_end(provider: EmbeddedProvider) -> None:
    families, arrived, gate = held(provider)
    store = AsyncMemoryTokenStore()
    request = RefreshTokenRequest(provider.token_endpoint, "web", "alice-0")

    async def begin() -> None:
        source = AsyncTokenSource(request, store=store)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(source.get_token)
            while not arrived.is_set():
                await trio.sleep(0.001)
            nursery.cancel_scope.cancel()
        threading.Timer(0.05, gate.set).start()

    async def go_on() -> str:
        return (await AsyncTokenSource(request, store=store).get_token()).access_token

    trio.run(begin)
    assert trio.run(go_on) == "login/alice-1"
    assert families.presented == ["alice-0"]


def test_a_renewal_that_outlasts_its_loop_may_be_presented_once_more(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from py_identity_model.aio import session_records

    monkeypatch.setattr(session_records, "SECONDS_AT_THE_END", 0.05)
    families = Families(provider)
    arrived, gate = threading.Event(), threading.Event()

    def hold(token: str) -> None:
        arrived.set()
        assert gate.wait(10)

    families.before = hold
    store = AsyncMemoryTokenStore()
    request = RefreshTokenRequest(provider.token_endpoint, "web", "alice-0")

    async def begin() -> None:
        task = asyncio.create_task(AsyncTokenSource(request, store=store).get_token())
        while not arrived.is_set():
            await asyncio.sleep(0.001)
        assert not task.done()

    async def go_on() -> str:
        with pytest.raises(TokenRequestException):
            await AsyncTokenSource(request, store=store).get_token()
        return "over"

    asyncio.run(begin())
    gate.set()
    while not families.presented:
        time.sleep(0.001)
    assert asyncio.run(go_on()) == "over"
    assert families.presented == ["alice-0"] * 2  # its successor was lost with the loop


@pytest.mark.parametrize("library", ["asyncio", "trio"])
def test_a_call_with_time_to_end_gets_that_time_and_no_more(library: str) -> None:
    ended: list[str] = []

    async def main() -> None:
        import anyio

        async def work() -> str:
            await anyio.sleep(0.05)
            ended.append("in time")
            return "done"

        async def hang() -> None:
            try:
                await anyio.sleep(10)
            finally:
                ended.append("stopped")

        assert await seam.finish(work, 1.0) == "done"
        with pytest.raises(ZeroDivisionError):
            await seam.finish(fail, 1.0)
        for one, seconds in ((work, 5.0), (hang, 0.01)):
            with anyio.move_on_after(0.01):
                await seam.finish(one, seconds)

    async def fail() -> None:
        raise ZeroDivisionError

    if library == "trio":
        trio.run(main)
    else:
        asyncio.run(main())
    assert ended == ["in time", "in time", "stopped"]


def test_the_end_of_a_process_lets_a_renewal_end() -> None:
    program = textwrap.dedent(
        """
        import threading, time
        from py_identity_model._seam.sync import finish, spawn

        begun = threading.Event()

        def work():
            begun.set()
            time.sleep(0.3)
            print("ended", flush=True)

        spawn("work", lambda: finish(work, 5.0))
        begun.wait()
        """
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.stdout == "ended\n"
    assert ran.stderr == ""


def test_a_source_does_not_wait_for_itself(provider: EmbeddedProvider) -> None:
    request = ClientCredentialsTokenRequest(
        provider.token_endpoint,
        provider.client_id,
        client_authentication=ClientSecretPost(provider.client_secret),
    )
    with httpx.Client() as http:
        http.auth = TokenAuth(TokenSource(request, HTTPClient(http)))
        with refused(ConfigurationException, "client_waits_for_itself"):
            http.get(provider.jwks_uri)

    async def main() -> None:
        async with httpx.AsyncClient() as http:
            http.auth = AsyncTokenAuth(AsyncTokenSource(request, AsyncHTTPClient(http)))
            with refused(ConfigurationException, "client_waits_for_itself"):
                await http.get(provider.jwks_uri)

    asyncio.run(main())
    assert provider.count("/token") == 0


class Replays:
    """A replay store that is elsewhere: removing takes its time."""

    def __init__(self) -> None:
        self.known: set[str] = set()

    def add(self, key: str, expires_at: float) -> bool:
        self.known.add(key)
        return True

    async def discard(self, key: str) -> None:
        await trio.lowlevel.checkpoint()
        self.known.discard(key)


def test_a_login_that_trio_cancels_may_be_completed_again(provider: EmbeddedProvider) -> None:
    arrived, gate, replays = threading.Event(), threading.Event(), Replays()

    def hold(received: Received) -> None:
        if received.path == "/token":
            arrived.set()
            assert gate.wait(10)

    async def main() -> None:
        client = AsyncOAuthClient(
            provider.issuer,
            provider.client_id,
            ClientSecretBasic(provider.client_secret),
            redirect_uri="https://rp.example/cb",
            replay_store=replays,
        )
        begun = await client.authorization_request()
        answer = f"?code=any&state={begun.state}"
        provider.intercept = hold
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.callback, answer, begun)
            while not arrived.is_set():
                await trio.sleep(0.001)
            assert replays.known
            nursery.cancel_scope.cancel()
        gate.set()

    trio.run(main)
    assert replays.known == set()

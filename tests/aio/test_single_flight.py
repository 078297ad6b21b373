"""One call at a time for each key, whatever becomes of its callers."""

from __future__ import annotations

from typing import Any

import httpx
import httpx2
import pytest

from py_identity_model._seam.aio import Event, gather, sleep
from py_identity_model.aio import (
    AsyncHTTPClient,
    AsyncTokenAuth,
    AsyncTokenSource,
    ClientCredentialsTokenRequest,
    ClientSecretPost,
)
from py_identity_model.aio._cache import single_flight as module
from py_identity_model.aio._cache.single_flight import AsyncSingleFlight
from py_identity_model.exceptions import (
    ConfigurationException,
    NetworkException,
    PyIdentityModelException,
)
from py_identity_model.testing import EmbeddedProvider
from tests.support import refused


class Stopped(BaseException):
    """What a cancelled task, or Ctrl-C, looks like."""


@pytest.fixture
def flights() -> AsyncSingleFlight[int]:
    return AsyncSingleFlight("test")


async def until_waiting(flights: AsyncSingleFlight[int], key: str, count: int) -> None:
    while flights.waiting(key) < count:
        await sleep(0.001)


async def test_concurrent_calls_become_one(flights: AsyncSingleFlight[int]) -> None:
    calls = []

    async def fetch() -> int:
        await until_waiting(flights, "key", 20)
        calls.append(1)
        return 42

    async def one() -> tuple[int, bool] | None:
        return await flights.run("key", fetch)

    outcomes = await gather([one] * 20)
    assert sorted(outcomes, key=str) == [(42, False)] * 19 + [(42, True)]
    assert len(calls) == 1
    assert flights.waiting("key") == 0


async def test_a_failure_is_shared_as_fresh_exceptions_and_not_remembered(
    flights: AsyncSingleFlight[int],
) -> None:
    async def fail() -> int:
        await until_waiting(flights, "key", 3)
        raise NetworkException("down", "https://op.example", 503)

    async def one() -> NetworkException:
        with refused(NetworkException, "network_error") as caught:
            await flights.run("key", fail)
        assert isinstance(caught.value, NetworkException)
        return caught.value

    errors = await gather([one] * 3)
    assert len({id(error) for error in errors}) == 3
    assert {(str(error), error.url, error.status_code) for error in errors} == {
        ("down", "https://op.example", 503)
    }

    async def succeed() -> int:
        return 1

    assert await flights.run("key", succeed) == (1, True)


async def test_an_unforeseen_error_is_wrapped(flights: AsyncSingleFlight[int]) -> None:
    async def fail() -> int:
        raise LookupError("bug")

    with refused(PyIdentityModelException, "identity_error") as caught:
        await flights.run("key", fail)
    assert isinstance(caught.value.__cause__, LookupError)


async def test_a_call_that_is_not_admitted_is_not_made(flights: AsyncSingleFlight[int]) -> None:
    async def fetch() -> int:
        raise AssertionError("must not be called")

    assert await flights.run("key", fetch, lambda: False) is None


async def test_a_running_call_is_joined_without_asking_for_admission(
    flights: AsyncSingleFlight[int],
) -> None:
    async def fetch() -> int:
        await until_waiting(flights, "key", 2)
        return 7

    async def first() -> object:
        return await flights.run("key", fetch)

    async def second() -> object:
        await until_waiting(flights, "key", 1)
        return await flights.run("key", fetch, lambda: False)

    assert await gather([first, second]) == [(7, True), (7, False)]


async def test_different_keys_do_not_wait_for_each_other(flights: AsyncSingleFlight[int]) -> None:
    async def never() -> int:
        await until_waiting(flights, "slow", 2)
        return 1

    async def fetch() -> int:
        return 2

    async def slow() -> object:
        return await flights.run("slow", never)

    async def quick() -> object:
        await until_waiting(flights, "slow", 1)
        outcome = await flights.run("quick", fetch)
        await flights.run("slow", fetch)
        return outcome

    assert await gather([slow, quick]) == [(1, True), (2, True)]


async def test_a_call_started_in_the_background_is_joined_by_later_callers(
    flights: AsyncSingleFlight[int],
) -> None:
    async def fetch() -> int:
        await until_waiting(flights, "key", 1)
        return 3

    flights.run_in_background("key", fetch)
    flights.run_in_background("key", fetch)
    assert await flights.run("key", fetch) == (3, False)


async def test_a_call_in_the_background_starts_only_if_it_is_admitted(
    flights: AsyncSingleFlight[int],
) -> None:
    async def never() -> int:
        raise AssertionError("it was started")

    flights.run_in_background("key", never, lambda: False)
    assert len(flights) == 0


async def test_without_a_thread_or_task_to_spare_the_caller_makes_the_call_itself(
    flights: AsyncSingleFlight[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "spawn", lambda name, one: False)

    async def fetch() -> int:
        return 5

    assert await flights.run("key", fetch) == (5, True)
    flights.run_in_background("key", fetch)
    assert flights.waiting("key") == 0


async def test_stopped_calls_raise_in_their_callers(
    flights: AsyncSingleFlight[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    async def stop() -> int:
        tries.append(1)
        raise Stopped

    def spawn_and_stop(name: str, one: object) -> bool:
        return False

    monkeypatch.setattr(module, "spawn", spawn_and_stop)
    real = flights._execute

    async def fly(*arguments: object) -> None:
        try:
            await real(*arguments)  # type: ignore[arg-type]
        except Stopped:
            return

    monkeypatch.setattr(flights, "_execute", fly)
    with refused(NetworkException, "call_stopped"):
        await flights.run("key", stop)
    assert len(tries) == 3


async def test_waiters_outlive_a_stopped_call(
    flights: AsyncSingleFlight[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    doomed = [True]

    async def fetch() -> int:
        if doomed.pop():
            doomed.append(False)
            raise Stopped
        return 9

    real = flights._execute

    async def fly(*arguments: object) -> None:
        try:
            await real(*arguments)  # type: ignore[arg-type]
        except Stopped:
            return

    monkeypatch.setattr(flights, "_execute", fly)
    assert await flights.run("key", fetch) == (9, True)


async def test_an_event_wakes_all_waiters() -> None:
    event = Event()

    async def wait() -> str:
        await event.wait()
        return "woken"

    async def wake() -> str:
        event.set()
        return "woke"

    assert await gather([wait, wait, wake]) == ["woken", "woken", "woke"]


def test_a_forked_child_has_a_lock_of_its_own(flights: AsyncSingleFlight[int]) -> None:
    lock = flights._lock
    flights._forget_parent()
    assert flights._lock is not lock


async def test_a_caller_leaves_when_its_patience_ends_and_the_call_continues(
    flights: AsyncSingleFlight[int],
) -> None:
    gate = Event()

    async def fetch() -> int:
        await gate.wait()
        return 42

    with pytest.raises(TimeoutError):
        await flights.run("key", fetch, patience=0.01)
    assert len(flights) == 1

    async def one() -> object:
        return await flights.run("key", fetch)

    async def open_gate() -> None:
        await until_waiting(flights, "key", 2)
        gate.set()

    assert (await gather([one, open_gate]))[0] == (42, False)
    assert len(flights) == 0


async def test_a_caller_leaves_in_time_however_often_the_call_is_stopped(
    flights: AsyncSingleFlight[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "spawn", lambda name, one: True)  # it never even begins

    async def fetch() -> int:
        raise AssertionError("must not be called")

    with pytest.raises(TimeoutError):
        await flights.run("key", fetch, patience=0.01)


async def test_a_call_that_would_wait_for_itself_is_refused(
    flights: AsyncSingleFlight[int],
) -> None:
    other: AsyncSingleFlight[int] = AsyncSingleFlight("other")

    async def first() -> int:
        joined = await other.run("key", second)
        assert joined is not None
        return joined[0]

    async def second() -> int:
        joined = await flights.run("key", first)
        assert joined is not None
        return joined[0]

    with refused(ConfigurationException, "client_waits_for_itself"):
        await flights.run("key", first)
    assert await other.run("key", succeed) == (6, True)
    assert await flights.run("key", succeed) == (6, True)


async def succeed() -> int:
    return 6


async def test_equal_keys_of_two_objects_do_not_wait_for_themselves(
    flights: AsyncSingleFlight[int],
) -> None:
    other: AsyncSingleFlight[int] = AsyncSingleFlight("test")

    async def outer() -> int:
        joined = await other.run("key", succeed)
        assert joined is not None
        return joined[0]

    assert await flights.run("key", outer) == (6, True)


@pytest.mark.parametrize("library", [httpx, httpx2])
async def test_a_client_that_needs_its_own_token_to_ask_for_it_is_refused(
    provider: EmbeddedProvider, library: Any
) -> None:
    async with library.AsyncClient() as client:
        request = ClientCredentialsTokenRequest(
            provider.token_endpoint,
            "machine",
            client_authentication=ClientSecretPost(provider.client_secret),
        )
        auth = AsyncTokenAuth(AsyncTokenSource(request, AsyncHTTPClient(client)))
        client.auth = auth if library is httpx else auth.for_httpx2()
        with refused(ConfigurationException, "client_waits_for_itself"):
            await client.get(f"{provider.issuer}/userinfo")
    assert provider.requests == []


async def test_a_client_that_sends_its_token_to_the_api_alone_may_ask_for_it(
    provider: EmbeddedProvider,
) -> None:
    async with httpx.AsyncClient() as client:
        request = ClientCredentialsTokenRequest(
            provider.token_endpoint, "machine", provider.client_secret
        )
        source = AsyncTokenSource(request, AsyncHTTPClient(client))
        client.auth = AsyncTokenAuth(source, origins=["https://api.example"])
        assert (await source.get_token()).access_token

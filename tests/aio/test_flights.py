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
from py_identity_model.aio import flights as module
from py_identity_model.aio.flights import AsyncFlights
from py_identity_model.exceptions import (
    ConfigurationException,
    DeadlineExceededException,
    NetworkException,
    PyIdentityModelException,
)
from py_identity_model.testing import EmbeddedProvider
from tests.support import refused


class Stopped(BaseException):
    """What a cancelled task, or Ctrl-C, looks like."""


@pytest.fixture
def flights() -> AsyncFlights[int]:
    return AsyncFlights("test")


async def until_waiting(flights: AsyncFlights[int], key: str, count: int) -> None:
    while flights.waiting(key) < count:
        await sleep(0.001)


async def test_concurrent_calls_become_one(flights: AsyncFlights[int]) -> None:
    calls = []

    async def fetch() -> int:
        await until_waiting(flights, "key", 20)
        calls.append(1)
        return 42

    async def one() -> tuple[int, bool] | None:
        return await flights.join("key", fetch)

    outcomes = await gather([one] * 20)
    assert sorted(outcomes, key=str) == [(42, False)] * 19 + [(42, True)]
    assert len(calls) == 1
    assert flights.waiting("key") == 0


async def test_a_failure_is_shared_as_fresh_exceptions_and_not_remembered(
    flights: AsyncFlights[int],
) -> None:
    async def fail() -> int:
        await until_waiting(flights, "key", 3)
        raise NetworkException("down", "https://op.example", 503)

    async def one() -> NetworkException:
        with refused(NetworkException, "network_error") as caught:
            await flights.join("key", fail)
        assert isinstance(caught.value, NetworkException)
        return caught.value

    errors = await gather([one] * 3)
    assert len({id(error) for error in errors}) == 3
    assert {(str(error), error.url, error.status_code) for error in errors} == {
        ("down", "https://op.example", 503)
    }

    async def succeed() -> int:
        return 1

    assert await flights.join("key", succeed) == (1, True)


async def test_an_unforeseen_error_is_wrapped(flights: AsyncFlights[int]) -> None:
    async def fail() -> int:
        raise LookupError("bug")

    with refused(PyIdentityModelException, "identity_error") as caught:
        await flights.join("key", fail)
    assert isinstance(caught.value.__cause__, LookupError)


async def test_a_call_that_is_not_admitted_is_not_made(flights: AsyncFlights[int]) -> None:
    async def fetch() -> int:
        raise AssertionError("must not be called")

    assert await flights.join("key", fetch, lambda: False) is None


async def test_a_call_under_way_is_joined_without_asking_for_admission(
    flights: AsyncFlights[int],
) -> None:
    async def fetch() -> int:
        await until_waiting(flights, "key", 2)
        return 7

    async def first() -> object:
        return await flights.join("key", fetch)

    async def second() -> object:
        await until_waiting(flights, "key", 1)
        return await flights.join("key", fetch, lambda: False)

    assert await gather([first, second]) == [(7, True), (7, False)]


async def test_different_keys_do_not_wait_for_each_other(flights: AsyncFlights[int]) -> None:
    async def never() -> int:
        await until_waiting(flights, "slow", 2)
        return 1

    async def fetch() -> int:
        return 2

    async def slow() -> object:
        return await flights.join("slow", never)

    async def quick() -> object:
        await until_waiting(flights, "slow", 1)
        outcome = await flights.join("quick", fetch)
        await flights.join("slow", fetch)
        return outcome

    assert await gather([slow, quick]) == [(1, True), (2, True)]


async def test_a_call_begun_behind_is_joined_by_whoever_comes(flights: AsyncFlights[int]) -> None:
    async def fetch() -> int:
        await until_waiting(flights, "key", 2)
        return 3

    flights.start("key", fetch)
    flights.start("key", fetch)
    assert await flights.join("key", fetch) == (3, False)


async def test_without_a_thread_or_task_to_spare_the_caller_makes_the_call_itself(
    flights: AsyncFlights[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "spawn", lambda name, one: False)

    async def fetch() -> int:
        return 5

    assert await flights.join("key", fetch) == (5, True)
    flights.start("key", fetch)
    assert flights.waiting("key") == 0


async def test_when_every_call_is_stopped_the_callers_are_told(
    flights: AsyncFlights[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    async def stop() -> int:
        tries.append(1)
        raise Stopped

    def spawn_and_stop(name: str, one: object) -> bool:
        return False

    monkeypatch.setattr(module, "spawn", spawn_and_stop)
    real = flights._fly

    async def fly(*arguments: object) -> None:
        try:
            await real(*arguments)  # type: ignore[arg-type]
        except Stopped:
            return

    monkeypatch.setattr(flights, "_fly", fly)
    with refused(NetworkException, "call_stopped"):
        await flights.join("key", stop)
    assert len(tries) == 3


async def test_waiters_outlive_a_stopped_call(
    flights: AsyncFlights[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    doomed = [True]

    async def fetch() -> int:
        if doomed.pop():
            doomed.append(False)
            raise Stopped
        return 9

    real = flights._fly

    async def fly(*arguments: object) -> None:
        try:
            await real(*arguments)  # type: ignore[arg-type]
        except Stopped:
            return

    monkeypatch.setattr(flights, "_fly", fly)
    assert await flights.join("key", fetch) == (9, True)


async def test_an_event_wakes_everybody() -> None:
    event = Event()

    async def wait() -> str:
        await event.wait()
        return "woken"

    async def wake() -> str:
        event.set()
        return "woke"

    assert await gather([wait, wait, wake]) == ["woken", "woken", "woke"]


def test_a_forked_child_has_a_lock_of_its_own(flights: AsyncFlights[int]) -> None:
    lock = flights._lock
    flights._forget_parent()
    assert flights._lock is not lock


async def test_a_call_that_lost_its_place_leaves_its_successor_alone(
    flights: AsyncFlights[int],
) -> None:
    async def fetch() -> int:
        table = flights._table.get()
        table["key"] = module.AsyncFlight(table)
        return 1

    assert await flights.join("key", fetch) == (1, True)
    assert "key" in flights._table.get()


async def test_what_outcomes_are_used_with_is_made_once_while_the_first_is_waited_for() -> None:
    made: list[int] = []
    flights: AsyncFlights[int] = AsyncFlights("test", lambda: made.append(1))

    async def fetch() -> int:
        while not made:
            await sleep(0.001)
        return 42

    assert await flights.join("key", fetch) == (42, True)
    assert await flights.join("key", fetch) == (42, True)
    assert made == [1]


async def test_an_impatient_caller_leaves_and_the_call_goes_on(flights: AsyncFlights[int]) -> None:
    over = Event()

    async def fetch() -> int:
        await over.wait()
        return 4

    for _ in range(2):
        with refused(DeadlineExceededException, "deadline_exceeded"):
            await flights.join("key", fetch, patience=0.01)

    async def patient() -> object:
        return await flights.join("key", fetch, patience=10)

    async def end() -> None:
        await until_waiting(flights, "key", 3)
        over.set()

    assert (await gather([patient, end]))[0] == (4, False)


async def test_a_caller_leaves_in_time_however_often_the_call_is_stopped(
    flights: AsyncFlights[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "spawn", lambda name, one: True)  # it never even begins

    async def fetch() -> int:
        raise AssertionError("must not be called")

    with refused(DeadlineExceededException, "deadline_exceeded"):
        await flights.join("key", fetch, patience=0.01)


async def test_a_call_that_would_wait_for_itself_is_refused(flights: AsyncFlights[int]) -> None:
    other: AsyncFlights[int] = AsyncFlights("other")

    async def first() -> int:
        joined = await other.join("key", second)
        assert joined is not None
        return joined[0]

    async def second() -> int:
        joined = await flights.join("key", first)
        assert joined is not None
        return joined[0]

    with refused(ConfigurationException, "client_waits_for_itself"):
        await flights.join("key", first)
    assert await other.join("key", succeed) == (6, True)
    assert await flights.join("key", succeed) == (6, True)


async def succeed() -> int:
    return 6


async def test_equal_keys_of_two_objects_do_not_wait_for_themselves(
    flights: AsyncFlights[int],
) -> None:
    other: AsyncFlights[int] = AsyncFlights("test")

    async def outer() -> int:
        joined = await other.join("key", succeed)
        assert joined is not None
        return joined[0]

    assert await flights.join("key", outer) == (6, True)


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

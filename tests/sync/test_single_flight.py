# Generated from aio/test_single_flight.py by scripts/make_sync.py; edit that file.
"""One call at a time for each key, whatever becomes of its callers."""

from __future__ import annotations

from typing import Any

import httpx
import httpx2
import pytest

from py_identity_model._seam.sync import Event, gather, sleep
from py_identity_model.exceptions import (
    ConfigurationException,
    NetworkException,
    PyIdentityModelException,
)
from py_identity_model.sync import (
    ClientCredentialsTokenRequest,
    ClientSecretPost,
    HTTPClient,
    TokenAuth,
    TokenSource,
)
from py_identity_model.sync._cache import single_flight as module
from py_identity_model.sync._cache.single_flight import SingleFlight
from py_identity_model.testing import EmbeddedProvider
from tests.support import refused


class Stopped(BaseException):
    """What a cancelled task, or Ctrl-C, looks like."""


@pytest.fixture
def flights() -> SingleFlight[int]:
    return SingleFlight("test")


def until_waiting(flights: SingleFlight[int], key: str, count: int) -> None:
    while flights.waiting(key) < count:
        sleep(0.001)


def test_concurrent_calls_become_one(flights: SingleFlight[int]) -> None:
    calls = []

    def fetch() -> int:
        until_waiting(flights, "key", 20)
        calls.append(1)
        return 42

    def one() -> tuple[int, bool] | None:
        return flights.run("key", fetch)

    outcomes = gather([one] * 20)
    assert sorted(outcomes, key=str) == [(42, False)] * 19 + [(42, True)]
    assert len(calls) == 1
    assert flights.waiting("key") == 0


def test_a_failure_is_shared_as_fresh_exceptions_and_not_remembered(
    flights: SingleFlight[int],
) -> None:
    def fail() -> int:
        until_waiting(flights, "key", 3)
        raise NetworkException("down", "https://op.example", 503)

    def one() -> NetworkException:
        with refused(NetworkException, "network_error") as caught:
            flights.run("key", fail)
        assert isinstance(caught.value, NetworkException)
        return caught.value

    errors = gather([one] * 3)
    assert len({id(error) for error in errors}) == 3
    assert {(str(error), error.url, error.status_code) for error in errors} == {
        ("down", "https://op.example", 503)
    }

    def succeed() -> int:
        return 1

    assert flights.run("key", succeed) == (1, True)


def test_an_unforeseen_error_is_wrapped(flights: SingleFlight[int]) -> None:
    def fail() -> int:
        raise LookupError("bug")

    with refused(PyIdentityModelException, "identity_error") as caught:
        flights.run("key", fail)
    assert isinstance(caught.value.__cause__, LookupError)


def test_a_call_that_is_not_admitted_is_not_made(flights: SingleFlight[int]) -> None:
    def fetch() -> int:
        raise AssertionError("must not be called")

    assert flights.run("key", fetch, lambda: False) is None


def test_a_running_call_is_joined_without_asking_for_admission(
    flights: SingleFlight[int],
) -> None:
    def fetch() -> int:
        until_waiting(flights, "key", 2)
        return 7

    def first() -> object:
        return flights.run("key", fetch)

    def second() -> object:
        until_waiting(flights, "key", 1)
        return flights.run("key", fetch, lambda: False)

    assert gather([first, second]) == [(7, True), (7, False)]


def test_different_keys_do_not_wait_for_each_other(flights: SingleFlight[int]) -> None:
    def never() -> int:
        until_waiting(flights, "slow", 2)
        return 1

    def fetch() -> int:
        return 2

    def slow() -> object:
        return flights.run("slow", never)

    def quick() -> object:
        until_waiting(flights, "slow", 1)
        outcome = flights.run("quick", fetch)
        flights.run("slow", fetch)
        return outcome

    assert gather([slow, quick]) == [(1, True), (2, True)]


def test_a_call_started_in_the_background_is_joined_by_later_callers(
    flights: SingleFlight[int],
) -> None:
    def fetch() -> int:
        until_waiting(flights, "key", 1)
        return 3

    flights.run_in_background("key", fetch)
    flights.run_in_background("key", fetch)
    assert flights.run("key", fetch) == (3, False)


def test_a_call_in_the_background_starts_only_if_it_is_admitted(
    flights: SingleFlight[int],
) -> None:
    def never() -> int:
        raise AssertionError("it was started")

    flights.run_in_background("key", never, lambda: False)
    assert len(flights) == 0


def test_without_a_thread_or_task_to_spare_the_caller_makes_the_call_itself(
    flights: SingleFlight[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "spawn", lambda name, one: False)

    def fetch() -> int:
        return 5

    assert flights.run("key", fetch) == (5, True)
    flights.run_in_background("key", fetch)
    assert flights.waiting("key") == 0


def test_stopped_calls_raise_in_their_callers(
    flights: SingleFlight[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def stop() -> int:
        tries.append(1)
        raise Stopped

    def spawn_and_stop(name: str, one: object) -> bool:
        return False

    monkeypatch.setattr(module, "spawn", spawn_and_stop)
    real = flights._execute

    def fly(*arguments: object) -> None:
        try:
            real(*arguments)  # type: ignore[arg-type]
        except Stopped:
            return

    monkeypatch.setattr(flights, "_execute", fly)
    with refused(NetworkException, "call_stopped"):
        flights.run("key", stop)
    assert len(tries) == 3


def test_waiters_outlive_a_stopped_call(
    flights: SingleFlight[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    doomed = [True]

    def fetch() -> int:
        if doomed.pop():
            doomed.append(False)
            raise Stopped
        return 9

    real = flights._execute

    def fly(*arguments: object) -> None:
        try:
            real(*arguments)  # type: ignore[arg-type]
        except Stopped:
            return

    monkeypatch.setattr(flights, "_execute", fly)
    assert flights.run("key", fetch) == (9, True)


def test_an_event_wakes_all_waiters() -> None:
    event = Event()

    def wait() -> str:
        event.wait()
        return "woken"

    def wake() -> str:
        event.set()
        return "woke"

    assert gather([wait, wait, wake]) == ["woken", "woken", "woke"]


def test_a_forked_child_has_a_lock_of_its_own(flights: SingleFlight[int]) -> None:
    lock = flights._lock
    flights._forget_parent()
    assert flights._lock is not lock


def test_a_caller_leaves_when_its_patience_ends_and_the_call_continues(
    flights: SingleFlight[int],
) -> None:
    gate = Event()

    def fetch() -> int:
        gate.wait()
        return 42

    with pytest.raises(TimeoutError):
        flights.run("key", fetch, patience=0.01)
    assert len(flights) == 1

    def one() -> object:
        return flights.run("key", fetch)

    def open_gate() -> None:
        until_waiting(flights, "key", 2)
        gate.set()

    assert (gather([one, open_gate]))[0] == (42, False)
    assert len(flights) == 0


def test_a_caller_leaves_in_time_however_often_the_call_is_stopped(
    flights: SingleFlight[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "spawn", lambda name, one: True)  # it never even begins

    def fetch() -> int:
        raise AssertionError("must not be called")

    with pytest.raises(TimeoutError):
        flights.run("key", fetch, patience=0.01)


def test_a_call_that_would_wait_for_itself_is_refused(
    flights: SingleFlight[int],
) -> None:
    other: SingleFlight[int] = SingleFlight("other")

    def first() -> int:
        joined = other.run("key", second)
        assert joined is not None
        return joined[0]

    def second() -> int:
        joined = flights.run("key", first)
        assert joined is not None
        return joined[0]

    with refused(ConfigurationException, "client_waits_for_itself"):
        flights.run("key", first)
    assert other.run("key", succeed) == (6, True)
    assert flights.run("key", succeed) == (6, True)


def succeed() -> int:
    return 6


def test_equal_keys_of_two_objects_do_not_wait_for_themselves(
    flights: SingleFlight[int],
) -> None:
    other: SingleFlight[int] = SingleFlight("test")

    def outer() -> int:
        joined = other.run("key", succeed)
        assert joined is not None
        return joined[0]

    assert flights.run("key", outer) == (6, True)


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_a_client_that_needs_its_own_token_to_ask_for_it_is_refused(
    provider: EmbeddedProvider, library: Any
) -> None:
    with library.Client() as client:
        request = ClientCredentialsTokenRequest(
            provider.token_endpoint,
            "machine",
            client_authentication=ClientSecretPost(provider.client_secret),
        )
        auth = TokenAuth(TokenSource(request, HTTPClient(client)))
        client.auth = auth if library is httpx else auth.for_httpx2()
        with refused(ConfigurationException, "client_waits_for_itself"):
            client.get(f"{provider.issuer}/userinfo")
    assert provider.requests == []


def test_a_client_that_sends_its_token_to_the_api_alone_may_ask_for_it(
    provider: EmbeddedProvider,
) -> None:
    with httpx.Client() as client:
        request = ClientCredentialsTokenRequest(
            provider.token_endpoint, "machine", provider.client_secret
        )
        source = TokenSource(request, HTTPClient(client))
        client.auth = TokenAuth(source, origins=["https://api.example"])
        assert (source.get_token()).access_token

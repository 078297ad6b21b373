"""Locks of session stores: which one is entered, how it is left, and for how long it is held."""

from __future__ import annotations

import logging

import pytest

from py_identity_model._seam.aio import gather
from py_identity_model.aio import AsyncHTTPClient, AsyncMemorySessionStore, Settings
from py_identity_model.aio.session_locks import AsyncSessionLocks, enter, leave, request_seconds
from py_identity_model.exceptions import InvalidArgumentError, TokenRequestException
from tests.support import refused


class Lock:
    """A lock that notes how it was left, and may fail."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.left: list[tuple[object, ...]] = []

    async def __aenter__(self) -> None:
        if self.error is not None:
            raise self.error

    async def __aexit__(self, *exception: object) -> None:
        self.left.append(exception)
        if self.error is not None:
            raise self.error


async def test_a_lock_is_left_without_an_exception(caplog: pytest.LogCaptureFixture) -> None:
    lock = Lock()
    await leave(lock)
    assert lock.left == [(None, None, None)]
    assert caplog.messages == []


async def test_a_lost_lock_is_logged_and_raises_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        await leave(Lock(OSError("secret")))
    assert caplog.messages == ["the lock of a store was lost: OSError"]


async def test_a_store_that_cannot_lock_is_unavailable() -> None:
    with refused(TokenRequestException, "store_unavailable") as caught:
        await enter(Lock(OSError("secret")))
    assert str(caught.value) == "The session store is unavailable: OSError"
    with refused(InvalidArgumentError, "invalid_argument"):
        await enter(Lock(InvalidArgumentError("x", code="invalid_argument")))


async def test_the_lock_of_each_name_is_its_own() -> None:
    locks = AsyncSessionLocks(AsyncMemorySessionStore(), lambda: 0.1)

    async def enter_elsewhere() -> None:
        async with locks.held("n"):
            pass

    async with locks.held("n"):
        async with locks.held("m"):
            pass
        with refused(TokenRequestException, "renewal_pending") as caught:
            await gather([enter_elsewhere])
    assert caught.value.details == {"retry_after": 0.1}
    await gather([enter_elsewhere])


async def test_a_lock_is_held_for_longer_than_a_request_may_take() -> None:
    class Locking(AsyncMemorySessionStore):
        lock_timeout = 10.0

    store = Locking()
    locks = AsyncSessionLocks(store, lambda: 10.0)
    with refused(InvalidArgumentError, "lock_timeout_too_short"):
        async with locks.held("n"):
            raise AssertionError("its time may end before a request does")
    store.lock_timeout = 10.5
    async with locks.held("n"):
        assert locks.lease() == 10.5


async def test_a_request_takes_twice_its_timeout_at_most() -> None:
    assert request_seconds(None, None) == 60.0
    assert request_seconds(None, Settings(http_timeout=3)) == 6.0
    async with AsyncHTTPClient(timeout=4) as client:
        assert request_seconds(client, None) == client.total_timeout
        assert request_seconds(client, Settings(http_timeout=3)) == 6.0

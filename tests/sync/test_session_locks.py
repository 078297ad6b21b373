# Generated from aio/test_session_locks.py by scripts/make_sync.py; edit that file.
"""Locks of session stores: which one is entered, how it is left, and for how long it is held."""

from __future__ import annotations

import logging

import pytest

from py_identity_model._seam.sync import gather
from py_identity_model.exceptions import InvalidArgumentError, TokenRequestException
from py_identity_model.sync import HTTPClient, MemorySessionStore, Settings
from py_identity_model.sync.session_locks import SessionLocks, enter, leave, request_seconds
from tests.support import refused


class Lock:
    """A lock that notes how it was left, and may fail."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.left: list[tuple[object, ...]] = []

    def __enter__(self) -> None:
        if self.error is not None:
            raise self.error

    def __exit__(self, *exception: object) -> None:
        self.left.append(exception)
        if self.error is not None:
            raise self.error


def test_a_lock_is_left_without_an_exception(caplog: pytest.LogCaptureFixture) -> None:
    lock = Lock()
    leave(lock)
    assert lock.left == [(None, None, None)]
    assert caplog.messages == []


def test_a_lost_lock_is_logged_and_raises_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        leave(Lock(OSError("secret")))
    assert caplog.messages == ["the lock of a store was lost: OSError"]


def test_a_store_that_cannot_lock_is_unavailable() -> None:
    with refused(TokenRequestException, "store_unavailable") as caught:
        enter(Lock(OSError("secret")))
    assert str(caught.value) == "The session store is unavailable: OSError"
    with refused(InvalidArgumentError, "invalid_argument"):
        enter(Lock(InvalidArgumentError("x", code="invalid_argument")))


def test_the_lock_of_each_name_is_its_own() -> None:
    locks = SessionLocks(MemorySessionStore(), lambda: 0.1)

    def enter_elsewhere() -> None:
        with locks.held("n"):
            pass

    with locks.held("n"):
        with locks.held("m"):
            pass
        with refused(TokenRequestException, "renewal_pending") as caught:
            gather([enter_elsewhere])
    assert caught.value.details == {"retry_after": 0.1}
    gather([enter_elsewhere])


def test_a_lock_is_held_for_longer_than_a_request_may_take() -> None:
    class Locking(MemorySessionStore):
        lock_timeout = 10.0

    store = Locking()
    locks = SessionLocks(store, lambda: 10.0)
    with refused(InvalidArgumentError, "lock_timeout_too_short"):
        with locks.held("n"):
            raise AssertionError("its time may end before a request does")
    store.lock_timeout = 10.5
    with locks.held("n"):
        assert locks.lease() == 10.5


def test_a_request_takes_twice_its_timeout_at_most() -> None:
    assert request_seconds(None, None) == 60.0
    assert request_seconds(None, Settings(http_timeout=3)) == 6.0
    with HTTPClient(timeout=4) as client:
        assert request_seconds(client, None) == client.total_timeout
        assert request_seconds(client, Settings(http_timeout=3)) == 6.0

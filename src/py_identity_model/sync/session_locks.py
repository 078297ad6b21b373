# Generated from aio/session_locks.py by scripts/make_sync.py; edit that file.
"""Locks of session stores: how they are entered and left, and for how long they are waited for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from .._logging import logger
from .._seam.lock_waits import LockHeldError, waiting_at_most
from .._sessions.session_record import renewal_pending_error, store_unavailable_error
from .._settings import HTTP_TIMEOUT, Settings, in_force
from ..exceptions import InvalidArgumentError, PyIdentityModelException
from ._transport.http import HTTPClient
from .session_store import SessionStore


class SessionLocks:
    """The locks of one session store.

    ``request_seconds`` returns for how long a token request may take.
    """

    def __init__(self, store: SessionStore, request_seconds: Callable[[], float]) -> None:
        self._store = store
        self.request_seconds = request_seconds

    @contextmanager
    def held(self, name: str, patience: float | None = None) -> Iterator[None]:
        """Hold the lock of ``name``; a lock that is lost meanwhile raises nothing.

        Wait for it at most for ``patience`` seconds, by default those of a token request.

        Calls that hold it are completed: when cancelled, they could not release it over the
        network.
        """
        self._check_timeout()
        context = self._store.lock(name)
        with waiting_at_most(self.request_seconds() if patience is None else patience):
            enter(context, self.lease())
        try:
            with waiting_at_most(None):  # what is done meanwhile may need other locks
                yield
        finally:
            leave(context)

    def _check_timeout(self) -> None:
        lock_timeout = getattr(self._store, "lock_timeout", None)
        if lock_timeout is not None and lock_timeout <= self.request_seconds():
            raise InvalidArgumentError(
                f"the store's lock_timeout of {lock_timeout:g} s must be more than a token "
                f"request may take, {self.request_seconds():g} s (twice http_timeout)",
                code="lock_timeout_too_short",
            )

    def lease(self) -> float:
        """Return for how many seconds a silent holder may still be active."""
        seconds: float = getattr(self._store, "lock_timeout", None) or self.request_seconds()
        return seconds


def request_seconds(http_client: HTTPClient | None, settings: Settings | None) -> float:
    """Return for how many seconds a request may take in total, its retries included."""
    with in_force(settings):
        if HTTP_TIMEOUT.given() is None and http_client is not None:
            return http_client.total_timeout
        return 2 * HTTP_TIMEOUT.read()


def enter(context: AbstractContextManager[Any], lease: float = 0.0) -> None:
    """Enter the lock of a store; raise ``store_unavailable`` for its exceptions.

    Raises ``renewal_pending`` if others hold it for longer than the running block waits; it opens
    by itself in ``lease`` seconds at most.
    """
    try:
        context.__enter__()
    except PyIdentityModelException:
        raise
    except LockHeldError as error:
        raise renewal_pending_error(lease) from error
    except Exception as error:
        raise store_unavailable_error(error) from error


def leave(context: AbstractContextManager[Any]) -> None:
    """Leave the lock of a store; a lock that was lost meanwhile raises nothing."""
    try:
        context.__exit__(None, None, None)
    except Exception as error:
        logger.warning("the lock of a store was lost: %s", type(error).__name__)

"""Token stores: their interface, and best-effort access that only logs failures."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from time import monotonic
from typing import Any, Protocol, runtime_checkable

from ..._logging import logger
from ..._seam.aio import deadline
from ..._settings import BEST_EFFORT_SECONDS
from ...exceptions import PyIdentityModelException

_PAUSE = 5.0  # seconds


@runtime_checkable
class AsyncTokenStore(Protocol):
    """A store for the tokens of sources: strings by key.

    Share one between processes, and they share tokens.  The ``lock`` of a key
    must be exclusive among all users of the store.
    """

    async def get(self, key: str) -> str | None:
        """Return the value of ``key``."""

    async def set(self, key: str, value: str, expires_in: float | None) -> None:
        """Store ``value``, for ``expires_in`` seconds unless that is None."""

    # By position: stores of tokens and of sessions, which share these, call it otherwise.
    async def delete(self, key: str, /) -> None:
        """Delete the value of ``key``."""

    def lock(self, key: str, /) -> AbstractAsyncContextManager[Any]:
        """Return the lock of ``key``, exclusive among all users of the store, as a context."""


class AsyncBestEffortStore:
    """A store that spares requests while it is fast.

    Callers wait for the provider two seconds at most, which a store that hangs must not use up.  So
    it gets half a second, once; then it is skipped for a while.  Where it fails, only reading or
    only writing is: a value that cannot be read must be replaced.
    """

    def __init__(self, store: AsyncTokenStore) -> None:
        self._store = store
        self._paused_until = {"read": 0.0, "written": 0.0}
        self._silent_until = 0.0

    async def get(self, key: str) -> str | None:
        """Return the value of ``key``; None also if the store does not respond."""
        began = monotonic()
        if began < self._paused_until["read"]:
            return None
        try:
            with deadline(BEST_EFFORT_SECONDS):
                return await self._store.get(key)
        except Exception as error:
            self._failed("read", error)
            return None
        finally:
            self._pause_if_slow(began)

    async def set(self, key: str, value: str, seconds: float) -> None:
        """Store ``value`` for ``seconds``, if the store responds."""
        began = monotonic()
        if began < self._paused_until["written"]:
            return
        try:
            with deadline(BEST_EFFORT_SECONDS):
                await self._store.set(key, value, seconds)
        except Exception as error:
            self._failed("written", error)
        finally:
            self._pause_if_slow(began)

    def _failed(self, what: str, error: Exception) -> None:
        now = monotonic()
        if now >= self._silent_until:
            self._silent_until = now + _PAUSE
            logger.warning("a shared store cannot be %s: %s", what, type(error).__name__)
        if not isinstance(error, PyIdentityModelException):  # one value of many is unreadable
            self._paused_until[what] = now + _PAUSE

    def _pause_if_slow(self, began: float) -> None:
        # By the clock, not by the exception: a thread cannot be interrupted.
        now = monotonic()
        if now - began >= BEST_EFFORT_SECONDS:
            self._paused_until = dict.fromkeys(self._paused_until, now + _PAUSE)

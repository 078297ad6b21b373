"""Token stores: their interface, and best-effort access that logs failures and raises nothing."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from time import monotonic
from typing import Any, Protocol, runtime_checkable

from ..._logging import logger
from ..._seam.aio import deadline
from ..._settings import BEST_EFFORT_SECONDS

_PAUSE = 5.0  # seconds


@runtime_checkable
class AsyncTokenStore(Protocol):
    """Where a source keeps its tokens: text by key.

    Share one between processes, and they share tokens.  ``lock`` must keep everybody else who
    shares the store from holding it for the same key.
    """

    async def get(self, key: str) -> str | None:
        """Return what is kept under ``key``."""

    async def set(self, key: str, value: str, expires_in: float | None) -> None:
        """Keep ``value``, for ``expires_in`` seconds if that is not None."""

    async def delete(self, key: str) -> None:
        """Forget what is kept under ``key``."""

    def lock(self, key: str) -> AbstractAsyncContextManager[Any]:
        """Return a context in which nobody else holds the lock of ``key``."""


class AsyncBestEffortStore:
    """A store that spares requests while it is quick.

    Callers wait for the provider two seconds at most: a store that hangs must not use them up.  So
    it has half a second, once; then it is left alone for a while.
    """

    def __init__(self, store: AsyncTokenStore) -> None:
        self._store = store
        self._paused_until = 0.0

    async def get(self, key: str) -> str | None:
        """Return what is stored under ``key``; None also where the store does not answer."""
        began = monotonic()
        if began < self._paused_until:
            return None
        try:
            with deadline(BEST_EFFORT_SECONDS):
                return await self._store.get(key)
        except Exception as error:
            logger.warning("a shared store cannot be read: %s", type(error).__name__)
            return None
        finally:
            self._pause_if_slow(began)

    async def set(self, key: str, value: str, seconds: float) -> None:
        """Store ``value`` for so many seconds, if the store takes it."""
        began = monotonic()
        if began < self._paused_until:
            return
        try:
            with deadline(BEST_EFFORT_SECONDS):
                await self._store.set(key, value, seconds)
        except Exception as error:
            logger.warning("a shared store cannot be written: %s", type(error).__name__)
        finally:
            self._pause_if_slow(began)

    def _pause_if_slow(self, began: float) -> None:
        # By the clock, not by the exception: a thread cannot be interrupted.
        now = monotonic()
        if now - began >= BEST_EFFORT_SECONDS:
            self._paused_until = now + _PAUSE

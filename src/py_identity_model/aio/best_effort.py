"""Best-effort store access: failures and timeouts are logged, never raised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._logging import logger
from .._seam.aio import deadline
from .._settings import STORE_SECONDS

if TYPE_CHECKING:
    from .token_store import AsyncTokenStore


async def try_get(store: AsyncTokenStore, key: str) -> str | None:
    """Return what is stored under ``key``; None also where the store does not answer."""
    try:
        with deadline(STORE_SECONDS):
            return await store.get(key)
    except Exception as error:
        logger.warning("a shared store cannot be read: %s", type(error).__name__)
        return None


async def try_set(store: AsyncTokenStore, key: str, value: str, seconds: float) -> None:
    """Store ``value`` for so many seconds, if the store takes it."""
    try:
        with deadline(STORE_SECONDS):
            await store.set(key, value, seconds)
    except Exception as error:
        logger.warning("a shared store cannot be written: %s", type(error).__name__)

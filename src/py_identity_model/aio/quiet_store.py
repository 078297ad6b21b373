"""Stores that spare a request: one that is out, or hangs, costs a warning and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._logging import logger
from .._seam.aio import deadline
from .._settings import STORE_SECONDS

if TYPE_CHECKING:
    from .token_store import AsyncTokenStore


async def ask_store(store: AsyncTokenStore, key: str) -> str | None:
    """Return what is kept under ``key``; None also where the store does not say."""
    try:
        with deadline(STORE_SECONDS):
            return await store.get(key)
    except Exception as error:
        logger.warning("a shared store cannot be read: %s", type(error).__name__)
        return None


async def tell_store(store: AsyncTokenStore, key: str, value: str, seconds: float) -> None:
    """Keep ``value`` for so many seconds, if the store takes it."""
    try:
        with deadline(STORE_SECONDS):
            await store.set(key, value, seconds)
    except Exception as error:
        logger.warning("a shared store cannot be written: %s", type(error).__name__)

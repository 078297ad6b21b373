# Generated from aio/best_effort.py by scripts/make_sync.py; edit that file.
"""Best-effort store access: failures and timeouts are logged, never raised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._logging import logger
from .._seam.sync import deadline
from .._settings import STORE_SECONDS

if TYPE_CHECKING:
    from .token_store import TokenStore


def try_get(store: TokenStore, key: str) -> str | None:
    """Return what is stored under ``key``; None also where the store does not answer."""
    try:
        with deadline(STORE_SECONDS):
            return store.get(key)
    except Exception as error:
        logger.warning("a shared store cannot be read: %s", type(error).__name__)
        return None


def try_set(store: TokenStore, key: str, value: str, seconds: float) -> None:
    """Store ``value`` for so many seconds, if the store takes it."""
    try:
        with deadline(STORE_SECONDS):
            store.set(key, value, seconds)
    except Exception as error:
        logger.warning("a shared store cannot be written: %s", type(error).__name__)

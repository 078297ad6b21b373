# Generated from aio/quiet_store.py by scripts/make_sync.py; edit that file.
"""Stores that spare a request: one that is out, or hangs, costs a warning and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._logging import logger
from .._seam.sync import deadline
from .._settings import STORE_SECONDS

if TYPE_CHECKING:
    from .token_store import TokenStore


def ask_store(store: TokenStore, key: str) -> str | None:
    """Return what is kept under ``key``; None also where the store does not say."""
    try:
        with deadline(STORE_SECONDS):
            return store.get(key)
    except Exception as error:
        logger.warning("a shared store cannot be read: %s", type(error).__name__)
        return None


def tell_store(store: TokenStore, key: str, value: str, seconds: float) -> None:
    """Keep ``value`` for so many seconds, if the store takes it."""
    try:
        with deadline(STORE_SECONDS):
            store.set(key, value, seconds)
    except Exception as error:
        logger.warning("a shared store cannot be written: %s", type(error).__name__)

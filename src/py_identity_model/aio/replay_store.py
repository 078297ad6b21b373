"""Refusal of replays."""

from __future__ import annotations

from time import time

from .._logging import logger
from .._resource_server.replay import STORE_MARGIN, ReplayStore
from .._seam.aio import call
from ..exceptions import TokenValidationException


async def remember_once(
    store: ReplayStore,
    key: str,
    good_until: float,
    *,
    replayed: TokenValidationException,
    unavailable: TokenValidationException,
) -> None:
    """Remember ``key`` until ``good_until``; raise one of the given errors if it was known.

    The store reads its clock later than the caller, and forgets by it.  So the key is remembered
    for an additional margin; if the store takes longer than that to respond, it may have forgotten
    an earlier use, and the key is refused as if it had been used.
    """
    until = good_until + STORE_MARGIN
    try:
        added = await call(store.add, key, until)
    except Exception as error:
        logger.error("the replay store is unavailable: %s", type(error).__name__)
        raise unavailable from error
    if not added or time() >= until:
        raise replayed

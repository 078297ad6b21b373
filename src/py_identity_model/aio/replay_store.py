"""Refuse what was used before."""

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
    """Remember ``key``, which is good until then; raise one of the errors if it was known.

    The store reads its clock after the caller did, and forgets by it.  So the key is remembered
    for a margin more; if the store took longer than that to answer, nobody can say whether it
    had forgotten an earlier use, and the key is refused as if it had been used.
    """
    until = good_until + STORE_MARGIN
    try:
        added = await call(store.add, key, until)
    except Exception as error:
        logger.error("a replay cannot be ruled out: %s", type(error).__name__)
        raise unavailable from error
    if not added or time() >= until:
        raise replayed

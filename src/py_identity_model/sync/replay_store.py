# Generated from aio/replay_store.py by scripts/make_sync.py; edit that file.
"""Refusal of replays."""

from __future__ import annotations

from functools import partial
from time import time

from .._logging import logger
from .._resource_server.replay import STORE_MARGIN, ReplayStore
from .._seam.sync import call, finish
from ..exceptions import TokenValidationException

_SECONDS_TO_FORGET = 5.0


def remember_once(
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
        added = call(store.add, key, until)
    except Exception as error:
        logger.error("the replay store is unavailable: %s", type(error).__name__)
        raise unavailable from error
    if not added or time() >= until:
        raise replayed


def forget_use(store: ReplayStore | None, key: str) -> None:
    """Let a token or response come again that was remembered, and could not be processed.

    It is done although the caller is cancelled: a sender that hangs up would otherwise find it
    known at the next attempt.  Nothing is raised: the reason of the failure matters more.
    """
    discard = getattr(store, "discard", None)
    if discard is None:
        return
    try:
        finish(partial(call, discard, key), _SECONDS_TO_FORGET)
    except Exception as error:
        logger.warning("a use cannot be removed from the replay store: %s", type(error).__name__)

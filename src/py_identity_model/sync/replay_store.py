# Generated from aio/replay_store.py by scripts/make_sync.py; edit that file.
"""Refusal of replays."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import time
from typing import Any, TypeVar

from .._logging import logger
from .._resource_server.replay import STORE_MARGIN, ReplayStore
from .._seam.sync import Result, call, deadline, finish, sleep
from .._settings import STORE_SECONDS
from ..exceptions import PyIdentityModelException

T = TypeVar("T")

_SECONDS_TO_PROCESS = 60.0
"""For how long a token is claimed: one whose process was killed may come again then."""
_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)


def remember_once(
    store: ReplayStore,
    key: str,
    good_until: float,
    *,
    replayed: PyIdentityModelException,
    unavailable: PyIdentityModelException,
) -> None:
    """Remember ``key`` until ``good_until``; raise one of the given errors if it was known.

    The store reads its clock later than the caller, and forgets by it.  So the key is remembered
    for an additional margin; if the store takes longer than that to respond, it may have forgotten
    an earlier use, and the key is refused as if it had been used.  One that takes longer than
    ``STORE_SECONDS`` is unavailable (but a thread cannot be interrupted).  So is a store that is
    full and refuses a key that it does not know: nobody can say whether it was used.
    """
    until = good_until + STORE_MARGIN
    try:
        with deadline(STORE_SECONDS):
            added = call(store.add, key, until)
            is_known = added or knows(store, key)
    except Exception as error:
        logger.error("the replay store is unavailable: %s", type(error).__name__)
        raise unavailable from error
    if not is_known:
        raise unavailable
    if not added or time() >= until:
        raise replayed


def knows(store: ReplayStore, key: str) -> bool:
    """Return whether a store that refused a key knows it; others refuse nothing else."""
    ask = getattr(store, "knows", None)
    return ask is None or bool(call(ask, key))


def process_once(
    store: ReplayStore,
    key: str,
    good_until: float,
    process: Callable[[], Result[T]],
    *,
    replayed: PyIdentityModelException,
    pending: PyIdentityModelException,
    unavailable: PyIdentityModelException,
) -> T:
    """Return the result of ``process``, once for each ``key``; raise ``replayed`` for a known one.

    A sender takes ``replayed`` for "it is done", so a key is remembered for long only after it is.
    Until then it is claimed: a copy that arrives meanwhile waits a moment, and then raises
    ``pending``, since the first one may fail.  A claim ends by itself, for its process may be
    killed.

    A store without ``discard`` cannot claim: there, copies are processed, too, and recognized
    afterwards.
    """
    if not hasattr(store, "discard"):
        result = process()
        remember_once(store, key, good_until, replayed=replayed, unavailable=unavailable)
        return result
    claim = f"claim:{key}"
    until = _claim(store, claim, pending, unavailable) - 1.0
    try:
        remember_once(store, key, until, replayed=replayed, unavailable=unavailable)
    except BaseException as error:
        # A store that failed may have remembered the key all the same: copies wait for its end.
        if error is replayed:
            forget_use(store, claim)
        raise
    try:
        result = process()
        try:
            _discard(store, key)
        except Exception as error:
            raise unavailable from error
        remember_once(store, key, good_until, replayed=replayed, unavailable=unavailable)
    except BaseException:
        forget_use(store, key)
        raise
    finally:
        forget_use(store, claim)
    return result


def _claim(
    store: ReplayStore,
    claim: str,
    pending: PyIdentityModelException,
    unavailable: PyIdentityModelException,
) -> float:
    """Claim a key, and return until when; wait a moment for another one who does."""
    pauses = iter(_PAUSES)
    while True:
        until = time() + _SECONDS_TO_PROCESS
        try:
            remember_once(store, claim, until, replayed=pending, unavailable=unavailable)
        except PyIdentityModelException as error:
            pause = next(pauses, None)
            if error is not pending or pause is None:
                raise
            sleep(pause)
        else:
            return until


def forget_use(store: ReplayStore | None, key: str) -> None:
    """Let a token or response come again that was remembered, and could not be processed.

    It is done although the caller is cancelled: a sender that hangs up would otherwise find it
    known at the next attempt.  Nothing is raised: the reason of the failure matters more.
    """
    if not hasattr(store, "discard"):
        return
    try:
        finish(partial(_discard, store, key), STORE_SECONDS)
    except Exception as error:
        logger.warning("a use cannot be removed from the replay store: %s", type(error).__name__)


def _discard(store: Any, key: str) -> None:
    with deadline(STORE_SECONDS):
        call(store.discard, key)

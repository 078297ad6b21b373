"""Replay stores: identifiers of proofs, logout tokens and responses that may be used once."""

from __future__ import annotations

import hashlib
import heapq
import json
import threading
import time
from collections.abc import Awaitable, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from .._fork import forget_in_child
from .._logging import logger
from ..exceptions import InvalidArgumentError

STORE_MARGIN = 5.0
"""Seconds for which an identifier is remembered beyond its validity: the time a store may take."""


def replay_key(kind: str, owner: str, identifier: str) -> str:
    """Return the key of an identifier: ASCII, whatever its sender chose."""
    if not identifier.isascii() or not owner.isascii():
        text = f"{owner}\0{identifier}".encode("utf-8", "surrogatepass")
        owner, identifier = "sha256", hashlib.sha256(text).hexdigest()
    return f"{kind}:{owner}:{identifier}"


def received_key(
    kind: str, issuer: str, receiver: str | Sequence[str] | None, identifier: str
) -> str:
    """Return the key of a token that each of its receivers uses once.

    They are named by the audience that they expect: some tokens are for several, which may share
    a store, and the second one must not take it for a replay.
    """
    names = [receiver] if isinstance(receiver, str) else sorted(receiver or [])
    # As JSON: a name with a space must not read like two names. But no other spaces: memcached
    # takes no keys with them.
    return replay_key(kind, json.dumps([issuer, *names], separators=(",", ":")), identifier)


def replay_store_of(given: ReplayStore | None) -> ReplayStore:
    """Return the given store, or one in this process; raise InvalidArgumentError for others."""
    if given is None:
        return MemoryReplayStore()
    check_replay_store(given)
    return given


def check_replay_store(given: object) -> None:
    """Raise InvalidArgumentError for anything but a replay store."""
    refusal = f"replay_store must be a ReplayStore, not {type(given).__name__}"
    if all(hasattr(given, name) for name in ("get", "set", "lock")):
        # One of them has an `add`, but of a key and its lifetime: nothing would ever expire.
        raise InvalidArgumentError(f"{refusal}: wrap it, TokenStoreReplayStore(store)")
    if not isinstance(given, ReplayStore):
        raise InvalidArgumentError(f"{refusal}: it needs add()")


_SLACK = 64  # entries of the queue that may outlive their keys


@runtime_checkable
class ReplayStore(Protocol):
    """A memory of used identifiers; share it between processes to refuse replays in all."""

    def add(self, key: str, expires_at: float) -> bool | Awaitable[bool]:
        """Remember ``key`` until ``expires_at``, a wall clock time; return False if it was known.

        It must be atomic for all users of the store.  The awaitable API accepts awaitable results.

        A store may also have ``discard(key)``, which removes a key.  Logins, logout tokens and
        security events use it where what was remembered fails afterwards; without it they are
        remembered only once they succeeded.  One that refuses what it does not know, because it is
        full, says so by ``knows(key)``: it is unavailable then.
        """


class _Times(NamedTuple):
    """When an identifier expires, by the wall clock and by the monotonic one, which nobody sets."""

    expires_at: float
    due: float


class MemoryReplayStore:
    """Remembers up to ``max_entries`` identifiers in this process, and refuses more.

    :param max_entries: the maximum number of identifiers

    Refusing is safe: forgetting early would let a replay pass.  Safe to share between threads and
    event loops.

    Example::

        store = MemoryReplayStore(max_entries=10_000)
        assert store.add("1", 4102444800.0)
        assert not store.add("1", 4102444800.0)
    """

    def __init__(self, max_entries: int = 100_000) -> None:
        if not isinstance(max_entries, int) or max_entries < 1:
            raise InvalidArgumentError("max_entries must be at least 1")
        self._most = max_entries
        # The heap finds expired identifiers without a pass over all of them at each request.
        self._known: dict[str, _Times] = {}
        self._queue: list[tuple[_Times, str]] = []
        self._lock = threading.Lock()
        self.clock = time.time
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._known)

    def add(self, key: str, expires_at: float) -> bool:
        """Remember ``key`` until ``expires_at``; return False if it was known, or the store is
        full.

        Example::

            store.add(claims["jti"], claims["iat"] + 120)
        """
        now = self.clock()
        with self._lock:
            while self._queue and self._queue[0][0].expires_at <= now:
                self._forget(*heapq.heappop(self._queue), now)
            if key in self._known:
                return False
            if len(self._known) >= self._most:
                logger.error("the replay store is full: refusing until entries expire")
                return False
            self._put(key, expires_at, time.monotonic() + expires_at - now)
            return True

    def knows(self, key: str) -> bool:
        """Return whether ``key`` is remembered; one that was refused and is not met a full store.

        Example::

            store.knows(claims["jti"])
        """
        with self._lock:
            return key in self._known

    def _forget(self, times: _Times, key: str, now: float) -> None:
        if self._known.get(key) != times:  # it was discarded, and added again
            return
        # A clock of the program itself decides alone.
        left = times.due - time.monotonic() if self.clock is time.time else 0.0
        if left < 1:
            del self._known[key]
        else:  # the clock was set ahead, and may be set back: then it is good again
            self._put(key, now + left, times.due)

    def _put(self, key: str, expires_at: float, due: float) -> None:
        self._known[key] = times = _Times(expires_at, due)
        heapq.heappush(self._queue, (times, key))

    def discard(self, key: str) -> None:
        """Remove ``key``, which was not used after all.

        Example::

            store.discard(claims["jti"])
        """
        with self._lock:
            self._known.pop(key, None)
            # Rebuilt from time to time: removing one key from a heap takes a pass over it.
            if len(self._queue) > 2 * len(self._known) + _SLACK:
                self._queue = [(times, name) for name, times in self._known.items()]
                heapq.heapify(self._queue)

# Generated from aio/token_store.py by scripts/make_sync.py; edit that file.
"""Stores of tokens."""

from __future__ import annotations

import hashlib
import threading
import time
from contextlib import AbstractContextManager
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

from .._fork import forget_in_child
from .._logging import logger
from .._resource_server.replay import MemoryReplayStore
from .._seam.sync import SharedLock, deadline, finish
from .._settings import STORE_SECONDS
from .._wire.arguments import check_store
from ..exceptions import InvalidArgumentError, NetworkException
from ._transport.stores import TokenStore


class OnlyCopy:
    """The newest record of a login, retained because a store in memory may evict its own."""

    def __init__(self) -> None:
        self.text: str | None = None


class MemoryTokenStore:
    """Stores tokens in this process, up to ``max_entries``; the oldest are evicted.

    It serves all threads and event loops.  A forked child can use the access tokens of its parent's
    logins until they expire, but not their refresh tokens, which can be used once.

    Example::

        tokens = MemoryTokenStore(max_entries=100)
        tokens.set("key", "value", 60)
        assert tokens.get("key") == "value"
    """

    def __init__(self, max_entries: int = 1000) -> None:
        if max_entries < 1:
            raise InvalidArgumentError("max_entries must be at least 1")
        self._most = max_entries
        self._values: dict[str, tuple[str, float | None]] = {}
        self.only_copies: WeakValueDictionary[str, OnlyCopy] = WeakValueDictionary()
        self.inherited: frozenset[str] = frozenset()
        self._once = MemoryReplayStore()
        self._once.clock = lambda: self.clock()
        self._forget_locks()
        forget_in_child(self)
        self.clock = time.monotonic

    def _forget_locks(self) -> None:
        self._guard = threading.Lock()
        self._locks: WeakValueDictionary[str, SharedLock] = WeakValueDictionary()

    def _forget_parent(self) -> None:
        self._forget_locks()
        self.inherited = frozenset([*self._values, *self.only_copies])

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: str) -> str | None:
        """Return the value of ``key``, if it has not expired.

        Example::

            value = MemoryTokenStore().get("key")
        """
        found = self._values.get(key)
        if found is None or (found[1] is not None and self.clock() >= found[1]):
            return None
        return found[0]

    def set(self, key: str, value: str, expires_in: float | None) -> None:
        """Store ``value``, for ``expires_in`` seconds unless that is None.

        Example::

            MemoryTokenStore().set("key", "value", None)
        """
        until = None if expires_in is None else self.clock() + expires_in
        with self._guard:
            self._values.pop(key, None)
            while len(self._values) >= self._most:
                del self._values[next(iter(self._values))]
            self._values[key] = (value, until)
            self.inherited -= {key}

    def add(self, key: str, expires_in: float) -> bool:
        """Remember ``key`` for ``expires_in`` seconds; return False if it was known, or the store
        is full.

        Unlike the values of :meth:`set`, it is never evicted.

        Example::

            assert MemoryTokenStore().add("key", 60)
        """
        return self._once.add(key, self.clock() + expires_in)

    def discard(self, key: str) -> None:
        """Remove a key of :meth:`add`, which was not used after all.

        Example::

            MemoryTokenStore().discard("key")
        """
        self._once.discard(key)

    def knows(self, key: str) -> bool:
        """Return whether a key of :meth:`add` is remembered.

        Example::

            assert not MemoryTokenStore().knows("key")
        """
        return self._once.knows(key)

    def delete(self, key: str) -> None:
        """Delete the value of ``key``.

        Example::

            MemoryTokenStore().delete("key")
        """
        with self._guard:  # not while entries are being evicted
            self._values.pop(key, None)

    def lock(self, key: str) -> AbstractContextManager[Any]:
        """Return the lock of ``key``, exclusive within this process, as a context manager.

        Example::

            with MemoryTokenStore().lock("key"):
                print("alone")
        """
        with self._guard:  # a lock lives as long as it is held or waited for
            lock = self._locks.get(key)
            if lock is None:
                lock = self._locks[key] = SharedLock()
            return lock


class TokenStoreReplayStore:
    """Remembers used identifiers in an :class:`TokenStore`: a :class:`ReplayStore`.

    For stores of your own that hold values until they expire: one that evicts them early would
    accept a replay.  For Redis, :class:`RedisReplayStore` does the same atomically.  An
    :class:`MemoryTokenStore` separates identifiers from tokens and never evicts them; it
    refuses when it is full.

    Example::

        replays = TokenStoreReplayStore(MemoryTokenStore())
        assert replays.add("1", 4102444800.0)
        assert not replays.add("1", 4102444800.0)
    """

    def __init__(self, store: TokenStore) -> None:
        check_store("store", store, TokenStore)
        self._store = store
        self._memory: MemoryTokenStore | None = None
        if isinstance(store, MemoryTokenStore) and _keeps_in_memory(store):
            self._memory = store
        self.clock = time.time

    def add(self, key: str, expires_at: float) -> bool:
        """Remember ``key`` until ``expires_at``, a wall clock time; return False if it was known.

        Raises :class:`NetworkException`, with the code ``store_unavailable``, if the store does not
        respond; the caller then refuses as well.

        Example::

            TokenStoreReplayStore(MemoryTokenStore()).add("1", 4102444800.0)
        """
        name = self._name(key)
        if self._memory is not None:
            return self._memory.add(name, expires_at - self.clock())
        try:
            # Completed for a cancelled caller, too: the lock of a shared store would stay closed
            # for a while, and the next attempt with this key wait for it.
            return finish(partial(self._add, name, expires_at), STORE_SECONDS)
        except Exception as error:
            raise NetworkException(
                f"the replay store is unavailable: {type(error).__name__}", code="store_unavailable"
            ) from error

    def _add(self, name: str, expires_at: float) -> bool:
        # Limited here, too: a caller's deadline is followed by the time to complete.  The end of
        # the lock is not: it would be cut off by the same deadline.
        context = self._store.lock(name)
        with deadline(STORE_SECONDS):
            context.__enter__()
        try:
            with deadline(STORE_SECONDS):
                return self._add_alone(name, expires_at)
        finally:
            context.__exit__(None, None, None)

    def _add_alone(self, name: str, expires_at: float) -> bool:
        if self._store.get(name) is not None:
            return False
        self._store.set(name, "1", max(0.0, expires_at - self.clock()))
        return True

    def discard(self, key: str) -> None:
        """Remove ``key``, which was not used after all.  A store that is down retains it.

        Example::

            TokenStoreReplayStore(MemoryTokenStore()).discard("1")
        """
        name = self._name(key)
        if self._memory is not None:
            self._memory.discard(name)
            return
        try:
            self._store.delete(name)
        except Exception as error:
            logger.error(
                "an identifier cannot be removed from the replay store: %s", type(error).__name__
            )

    def knows(self, key: str) -> bool:
        """Return whether ``key`` is remembered; one that was refused and is not met a full store.

        Example::

            assert not TokenStoreReplayStore(MemoryTokenStore()).knows("1")
        """
        name = self._name(key)
        if self._memory is not None:
            return self._memory.knows(name)
        return self._store.get(name) is not None

    def _name(self, key: str) -> str:
        return f"replay-{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _keeps_in_memory(store: MemoryTokenStore) -> bool:
    return type(store).set is MemoryTokenStore.set  # a subclass may store things elsewhere

"""A replay store on Redis, shared by all processes of a service."""

from __future__ import annotations

import math
import time
from typing import Any

_LONGEST = 100 * 366 * 86400  # seconds: Redis counts milliseconds in 64 bits


class RedisReplayStore:
    """Remembers identifiers in Redis: a :class:`ReplayStore` for several processes.

    :param client: a redis-py client: ``redis.asyncio.Redis`` for the awaitable API, otherwise
        ``redis.Redis``; the caller closes it
    :param prefix: the beginning of every key

    Example::

        replays = RedisReplayStore(redis_client)
    """

    def __init__(self, client: Any, *, prefix: str = "py_identity_model:replay:") -> None:
        self._client = client
        self._prefix = prefix
        self.clock = time.time

    def add(self, key: str, expires_at: float) -> Any:
        """Remember ``key`` until ``expires_at``; the result is false if it was known.

        Example::

            replays.add("1", 4102444800.0)
        """
        milliseconds = math.ceil(min(expires_at - self.clock(), _LONGEST) * 1000)
        milliseconds = max(1, milliseconds)
        return self._client.set(self._prefix + key, b"1", px=milliseconds, nx=True)

    def discard(self, key: str) -> Any:
        """Remove ``key``, which was not used after all.

        Example::

            replays.discard("1")
        """
        return self._client.delete(self._prefix + key)

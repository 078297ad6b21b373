"""The common part of all stores in Redis: client, names, encryption and locks."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from .._logging import logger
from .._seam.aio import Result
from .._seam.lock_waits import LockHeldError, wait_left
from .._wire.stored_value import ValueHooks
from ..exceptions import ConfigurationException, InvalidArgumentError


class AsyncRedisValues:
    """A Redis client with a prefix for its keys, hooks for its values, and locks."""

    def __init__(
        self,
        client: Any,
        *,
        prefix: str = "py_identity_model:",
        encrypt: Callable[[bytes], bytes] | None = None,
        decrypt: Callable[[bytes], bytes] | None = None,
        lock_timeout: float = 120.0,
    ) -> None:
        self._hooks = ValueHooks(encrypt, decrypt)
        if not 0 < lock_timeout < math.inf:
            raise InvalidArgumentError("lock_timeout must be positive seconds")
        self.lock_timeout = lock_timeout
        self._client = client
        self._prefix = prefix
        self._has_scripts = False

    def lock(self, key: str) -> AbstractAsyncContextManager[Any]:
        """Return the lock of ``key``, as a context manager; it opens by itself after
        ``lock_timeout``.

        Entering raises :class:`ConfigurationException` if Redis does not run scripts: then the lock
        could be taken, but not released.

        Example::

            async with redis_store.lock("key"):
                print("alone")
        """
        name = f"{self._prefix}lock:{key}"
        return _AsyncRedisLock(
            self.check_scripts, self._client.lock(name, timeout=self.lock_timeout)
        )

    async def check_scripts(self) -> None:
        """Raise ConfigurationException unless Redis runs scripts."""
        if self._has_scripts:
            return
        from redis.exceptions import ResponseError

        try:
            await self._client.eval("return 1", 0)
        except ResponseError as error:
            raise ConfigurationException(
                "this Redis does not run scripts (EVAL), which the stores require",
                code="redis_scripting_required",
            ) from error
        self._has_scripts = True

    def _to_stored(self, text: str) -> bytes:
        return self._hooks.seal(text)

    def _from_stored(self, found: Any) -> str:
        return self._hooks.open(found.encode() if isinstance(found, str) else bytes(found))


class _AsyncRedisLock:
    """A lock of redis-py that is checked first, and whose loss is only logged afterwards."""

    def __init__(self, check: Callable[[], Result[None]], lock: Any) -> None:
        self._check = check
        self._lock = lock

    async def __aenter__(self) -> None:
        await self._check()
        if not await self._lock.acquire(blocking_timeout=wait_left()):
            raise LockHeldError

    async def __aexit__(self, *details: object) -> None:
        try:
            await self._lock.release()
        except Exception as error:  # it was lost, or Redis is down: the work is done
            logger.warning("a lock in Redis was lost: %s", type(error).__name__)


def milliseconds(seconds: float) -> int:
    """Return the seconds in the unit of Redis, at least one."""
    return max(1, math.ceil(seconds * 1000))

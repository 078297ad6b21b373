"""Tokens shared between processes, in Redis."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from ..exceptions import InvalidArgumentError


class AsyncRedisTokenStore:
    """Keeps tokens in Redis, for all processes that use it: an :class:`AsyncTokenStore`.

    ``client`` is redis-py's, of the kind that goes with this API; closing it is yours, and so are
    its timeouts: give it some (``socket_timeout``), or a server that hangs holds its callers.
    ``prefix`` begins every key.  Tokens are secrets: ``encrypt`` gets each text before it leaves
    the process, and ``decrypt`` what comes back, as bytes.  A lock that is held by a process that
    died opens after ``lock_timeout`` seconds; it must be longer than a token request may take.

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for hooks that come alone.

    Example::

        store = AsyncRedisTokenStore(redis_client, encrypt=fernet.encrypt, decrypt=fernet.decrypt)
    """

    def __init__(
        self,
        client: Any,
        *,
        prefix: str = "py_identity_model:",
        encrypt: Callable[[bytes], bytes] | None = None,
        decrypt: Callable[[bytes], bytes] | None = None,
        lock_timeout: float = 120.0,
    ) -> None:
        if (encrypt is None) != (decrypt is None):
            raise InvalidArgumentError("encrypt and decrypt go together")
        if not 0 < lock_timeout < math.inf:
            raise InvalidArgumentError("lock_timeout must be positive seconds")
        self._client = client
        self._prefix = prefix
        self._encrypt = encrypt
        self._decrypt = decrypt
        self._lock_timeout = lock_timeout

    async def get(self, key: str) -> str | None:
        """Return what is kept under ``key``.

        Example::

            value = await redis_store.get("key")
        """
        found = await self._client.get(self._prefix + key)
        if found is None:
            return None
        data = found.encode() if isinstance(found, str) else bytes(found)
        return (data if self._decrypt is None else self._decrypt(data)).decode()

    async def set(self, key: str, value: str, expires_in: float | None) -> None:
        """Keep ``value``, for ``expires_in`` seconds if that is not None.

        Example::

            await redis_store.set("key", "value", 60)
        """
        data = value.encode()
        kept = data if self._encrypt is None else self._encrypt(data)
        milliseconds = None if expires_in is None else max(1, math.ceil(expires_in * 1000))
        await self._client.set(self._prefix + key, kept, px=milliseconds)

    async def delete(self, key: str) -> None:
        """Forget what is kept under ``key``.

        Example::

            await redis_store.delete("key")
        """
        await self._client.delete(self._prefix + key)

    def lock(self, key: str) -> AbstractAsyncContextManager[Any]:
        """Return a context in which nobody else holds the lock of ``key``.

        Example::

            async with redis_store.lock("key"):
                print("alone")
        """
        held: AbstractAsyncContextManager[Any] = self._client.lock(
            f"{self._prefix}lock:{key}", timeout=self._lock_timeout
        )
        return held

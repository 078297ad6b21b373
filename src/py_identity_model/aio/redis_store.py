"""Tokens shared between processes, in Redis."""

from __future__ import annotations

from .redis_values import AsyncRedisValues, milliseconds


class AsyncRedisTokenStore(AsyncRedisValues):
    """Keeps tokens in Redis, for all processes that use it: an :class:`AsyncTokenStore`.

    Parameters:
        client: redis-py's, of the kind that goes with this API; closing it is yours, and so are
            its timeouts: give it some (``socket_timeout``), or a server that hangs holds its
            callers.  It must run scripts.
        prefix: begins every key.
        encrypt: gets each text before it leaves the process, as bytes: tokens are secrets.
        decrypt: gets what comes back.
        lock_timeout: seconds after which the lock of a process that died opens; it must be more
            than a token request may take, which is twice ``http_timeout``.

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for hooks that come alone.  At the
    first lock :class:`ConfigurationException` is raised, ``redis_scripting_required``, where
    Redis runs no scripts; by :meth:`get`, ``unreadable_value``, where ``decrypt`` fails.

    Example::

        store = AsyncRedisTokenStore(redis_client, encrypt=fernet.encrypt, decrypt=fernet.decrypt)
    """

    async def get(self, key: str) -> str | None:
        """Return what is kept under ``key``.

        Example::

            value = await redis_store.get("key")
        """
        found = await self._client.get(self._prefix + key)
        return None if found is None else self._opened(found)

    async def set(self, key: str, value: str, expires_in: float | None) -> None:
        """Keep ``value``, for ``expires_in`` seconds if that is not None.

        Example::

            await redis_store.set("key", "value", 60)
        """
        px = None if expires_in is None else milliseconds(expires_in)
        await self._client.set(self._prefix + key, self._sealed(value), px=px)

    async def delete(self, key: str) -> None:
        """Forget what is kept under ``key``.

        Example::

            await redis_store.delete("key")
        """
        await self._client.delete(self._prefix + key)

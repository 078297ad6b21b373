"""Tokens in Redis, shared between processes."""

from __future__ import annotations

from .redis_values import AsyncRedisValues, milliseconds


class AsyncRedisTokenStore(AsyncRedisValues):
    """Stores tokens in Redis, for all processes that use it: an :class:`AsyncTokenStore`.

    :param client: a redis-py client, of the kind that goes with this API, which the caller closes
        and sets timeouts for (``socket_timeout``): without them a server that hangs blocks its
        callers; it must run scripts
    :param prefix: the beginning of every key
    :param encrypt: converts each value to bytes before it leaves the process: tokens are secrets
    :param decrypt: reverses it
    :param lock_timeout: seconds after which the lock of a dead process opens; it must exceed the
        duration of a token request, which is at most twice ``http_timeout``

    Raises :class:`InvalidArgumentError` (a ``ValueError``) if only one of the hooks is given.  At
    the first lock :class:`ConfigurationException` is raised, ``redis_scripting_required``, if Redis
    does not run scripts; by :meth:`get`, ``unreadable_value``, if ``decrypt`` fails.

    Example::

        store = AsyncRedisTokenStore(redis_client, encrypt=fernet.encrypt, decrypt=fernet.decrypt)
    """

    async def get(self, key: str) -> str | None:
        """Return the value of ``key``.

        Example::

            value = await redis_store.get("key")
        """
        found = await self._client.get(self._prefix + key)
        return None if found is None else self._from_stored(found)

    async def set(self, key: str, value: str, expires_in: float | None) -> None:
        """Store ``value``, for ``expires_in`` seconds unless that is None.

        Example::

            await redis_store.set("key", "value", 60)
        """
        px = None if expires_in is None else milliseconds(expires_in)
        await self._client.set(self._prefix + key, self._to_stored(value), px=px)

    async def delete(self, key: str) -> None:
        """Delete the value of ``key``.

        Example::

            await redis_store.delete("key")
        """
        await self._client.delete(self._prefix + key)

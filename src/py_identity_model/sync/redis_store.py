# Generated from aio/redis_store.py by scripts/make_sync.py; edit that file.
"""Tokens in Redis, shared between processes."""

from __future__ import annotations

from .redis_values import RedisValues, milliseconds


class RedisTokenStore(RedisValues):
    """Stores tokens in Redis, for all processes that use it: an :class:`TokenStore`.

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

        store = RedisTokenStore(redis_client, encrypt=fernet.encrypt, decrypt=fernet.decrypt)
    """

    def get(self, key: str) -> str | None:
        """Return the value of ``key``.

        Example::

            value = redis_store.get("key")
        """
        found = self._client.get(self._prefix + key)
        return None if found is None else self._from_stored(found)

    def set(self, key: str, value: str, expires_in: float | None) -> None:
        """Store ``value``, for ``expires_in`` seconds unless that is None.

        Example::

            redis_store.set("key", "value", 60)
        """
        px = None if expires_in is None else milliseconds(expires_in)
        self._client.set(self._prefix + key, self._to_stored(value), px=px)

    def delete(self, key: str) -> None:
        """Delete the value of ``key``.

        Example::

            redis_store.delete("key")
        """
        self._client.delete(self._prefix + key)

"""Tokens shared between processes, in a relational database."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

from .._seam.aio import in_thread, work
from .._wire.stored_value import ValueHooks
from .row_session_store import AsyncRowLock
from .sql_tables import AsyncSQLStore, SQLTables, positive_seconds

if TYPE_CHECKING:
    from sqlalchemy import Engine


_NEVER = 1e15  # not every database knows infinity


class _Tables(SQLTables):
    """The values and their locks."""

    def __init__(self, engine: Engine, prefix: str) -> None:
        from sqlalchemy import Column, Float, LargeBinary, String, Table

        super().__init__(engine, f"{prefix}token_locks")
        self._values = Table(
            f"{prefix}tokens",
            self.metadata,
            Column("name", String(255), primary_key=True),
            Column("value", LargeBinary, nullable=False),
            Column("until", Float(53), nullable=False, index=True),
        )

    def get(self, name: str, now: float) -> bytes | None:
        from sqlalchemy import select

        columns = self._values.c
        wanted = select(columns.value).where(columns.name == name, columns.until > now)
        with self.transaction() as connection:
            found: bytes | None = connection.execute(wanted).scalar_one_or_none()
        return found

    def set(self, name: str, value: bytes, until: float, now: float) -> None:
        from sqlalchemy import delete, insert
        from sqlalchemy.exc import IntegrityError

        if self._replace(name, value, until):
            return
        try:
            with self.transaction() as connection:
                connection.execute(delete(self._values).where(self._values.c.until <= now))
                connection.execute(insert(self._values).values(name=name, value=value, until=until))
        except IntegrityError:  # another process was quicker: the last one to write wins
            self._replace(name, value, until)

    def _replace(self, name: str, value: bytes, until: float) -> bool:
        from sqlalchemy import update

        changed = update(self._values).where(self._values.c.name == name)
        with self.transaction() as connection:
            return connection.execute(changed.values(value=value, until=until)).rowcount == 1

    def delete(self, name: str) -> None:
        from sqlalchemy import delete

        with self.transaction() as connection:
            connection.execute(delete(self._values).where(self._values.c.name == name))


class AsyncSQLTokenStore(AsyncSQLStore):
    """Stores tokens in a relational database, for all processes that use it.

    It is an :class:`AsyncTokenStore` on SQLAlchemy (install the extra ``sql``), for a machine's
    tokens, documents and keys, and the nonces of an :class:`AsyncDPoPNonceCache`.

    :param engine: an engine of SQLAlchemy, one that blocks; calls that wait run it in threads
    :param prefix: of the names of its tables
    :param encrypt: what seals a value, such as ``Fernet(key).encrypt``
    :param decrypt: what opens it
    :param lock_timeout: after how many seconds a lock opens by itself

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for a hook without the other, and for a
    ``lock_timeout`` that is not positive; by :meth:`get`, :class:`ConfigurationException`
    (``unreadable_value``), if ``decrypt`` fails.

    Example::

        sql_store = AsyncSQLTokenStore(engine)  # create_engine("postgresql+psycopg://…")
        await sql_store.create_tables()
    """

    _tables: _Tables

    def __init__(
        self,
        engine: Engine,
        *,
        prefix: str = "oidc_",
        encrypt: Callable[[bytes], bytes] | None = None,
        decrypt: Callable[[bytes], bytes] | None = None,
        lock_timeout: float = 120.0,
    ) -> None:
        self._hooks = ValueHooks(encrypt, decrypt)
        self.lock_timeout = positive_seconds(lock_timeout)
        self.clock = time.time
        self._tables = _Tables(engine, prefix)

    async def get(self, key: str) -> str | None:
        """Return the value of ``key``, if it has not expired.

        Example::

            value = await sql_store.get("key")
        """
        # Not `in_thread`: a caller in a hurry leaves a database that hangs.
        found = await work(self._tables.get, key, self.clock())
        return None if found is None else self._hooks.open(bytes(found))

    async def set(self, key: str, value: str, expires_in: float | None) -> None:
        """Store ``value``, for ``expires_in`` seconds unless that is None.

        Example::

            await sql_store.set("key", "value", 60)
        """
        now = self.clock()
        until = _NEVER if expires_in is None else now + expires_in
        await work(self._tables.set, key, self._hooks.seal(value), until, now)

    async def delete(self, key: str) -> None:
        """Delete the value of ``key``.

        Example::

            await sql_store.delete("key")
        """
        await in_thread(self._tables.delete, key)

    def lock(self, key: str) -> AbstractAsyncContextManager[Any]:
        """Return the lock of ``key``, as a context; it opens by itself after ``lock_timeout``.

        Example::

            async with sql_store.lock("key"):
                print("alone")
        """
        return AsyncRowLock(self._tables, key, self.lock_timeout, self.clock)

# Generated from aio/sql_values.py by scripts/make_sync.py; edit that file.
"""What the stores on SQLAlchemy share: hooks for values, tables, and locks."""

from __future__ import annotations

import math
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .._seam.lock_waits import wait_left
from .._seam.sync import in_thread, sleep
from ..exceptions import InvalidArgumentError
from .redis_values import unreadable_error

if TYPE_CHECKING:
    from sqlalchemy import Engine, MetaData

_POLL = 0.05


class SQLTables:
    """The tables of a store, and the statements on its locks; each call is one transaction."""

    def __init__(self, engine: Engine, locks: str) -> None:
        from sqlalchemy import Column, Float, MetaData, String, Table

        self.metadata = MetaData()
        self._engine = engine
        self._locks = Table(
            locks,
            self.metadata,
            Column("name", String(255), primary_key=True),
            Column("holder", String(64), nullable=False),
            Column("until", Float(53), nullable=False),
        )

    def create(self) -> None:
        """Create the tables where they are missing."""
        self.metadata.create_all(self._engine)

    def take_lock(self, name: str, holder: str, now: float, until: float) -> bool:
        """Write a holder into the row of a lock; return whether nobody else is in it."""
        from sqlalchemy import delete, insert
        from sqlalchemy.exc import IntegrityError

        columns = self._locks.c
        try:
            with self._engine.begin() as connection:
                lost = delete(self._locks).where(columns.name == name, columns.until <= now)
                connection.execute(lost)
                connection.execute(
                    insert(self._locks).values(name=name, holder=holder, until=until)
                )
        except IntegrityError:
            return False
        return True

    def leave_lock(self, name: str, holder: str) -> None:
        """Delete the row of a lock, if the holder is still in it."""
        from sqlalchemy import delete

        columns = self._locks.c
        with self._engine.begin() as connection:
            connection.execute(
                delete(self._locks).where(columns.name == name, columns.holder == holder)
            )


T = TypeVar("T", bound=SQLTables)


class SQLValues(ABC, Generic[T]):
    """Tables of a relational database, hooks for what is in them, and locks."""

    def __init__(
        self,
        engine: Engine,
        *,
        prefix: str = "oidc_",
        encrypt: Callable[[bytes], bytes] | None = None,
        decrypt: Callable[[bytes], bytes] | None = None,
        lock_timeout: float = 120.0,
    ) -> None:
        if (encrypt is None) != (decrypt is None):
            raise InvalidArgumentError("encrypt and decrypt go together")
        if not 0 < lock_timeout < math.inf:
            raise InvalidArgumentError("lock_timeout must be positive seconds")
        self.lock_timeout = lock_timeout
        self.clock = time.time
        self._tables = self._open(engine, prefix)
        self._encrypt = encrypt
        self._decrypt = decrypt

    @abstractmethod
    def _open(self, engine: Engine, prefix: str) -> T:
        """Return the tables of this kind of store."""

    @property
    def metadata(self) -> MetaData:
        """The tables, for migrations (Alembic's ``target_metadata``)."""
        return self._tables.metadata

    def create_tables(self) -> None:
        """Create the tables where they are missing.

        Example::

            SQLSessionStore(engine).create_tables()
        """
        in_thread(self._tables.create)

    def lock(self, name: str) -> AbstractContextManager[Any]:
        """Return the lock of ``name``, as a context; it opens by itself after ``lock_timeout``.

        Example::

            with sessions.lock("name"):
                print("alone")
        """
        return _SQLLock(self._tables, name, self.lock_timeout, self.clock)

    def _to_stored(self, text: str) -> bytes:
        data = text.encode()
        return data if self._encrypt is None else self._encrypt(data)

    def _from_stored(self, found: bytes) -> str:
        try:
            data = bytes(found)
            return (data if self._decrypt is None else self._decrypt(data)).decode()
        except Exception as error:
            raise unreadable_error() from error


class _SQLLock:
    """A row that one holder has at a time, until its time is up."""

    def __init__(
        self, tables: SQLTables, name: str, seconds: float, clock: Callable[[], float]
    ) -> None:
        self._tables = tables
        self._name = name
        self._seconds = seconds
        self._clock = clock
        self._holder = secrets.token_hex(16)

    def __enter__(self) -> None:
        while True:
            now = self._clock()
            taken = (self._name, self._holder, now, now + self._seconds)
            if in_thread(self._tables.take_lock, *taken):
                return
            wait_left()
            sleep(_POLL)

    def __exit__(self, *details: object) -> None:
        in_thread(self._tables.leave_lock, self._name, self._holder)

# Generated from aio/sql_tables.py by scripts/make_sync.py; edit that file.
"""Tables of the stores on SQLAlchemy, and the locks in them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .._seam.sync import in_thread
from ..exceptions import InvalidArgumentError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, MetaData

_BUSY = 30_000  # milliseconds


class SQLTables:
    """The tables of a store, and the statements on its locks; each call is one transaction.

    :param engine: an engine of SQLAlchemy, one that blocks
    :param locks: the name of the table of locks
    """

    def __init__(self, engine: Engine, locks: str) -> None:
        from sqlalchemy import Column, Engine, Float, MetaData, String, Table

        if not isinstance(engine, Engine):  # one that waits itself would fail as if it were down
            raise InvalidArgumentError(
                f"engine must be an Engine of create_engine(), not {type(engine).__name__}"
            )
        self.metadata = MetaData()
        self._engine = engine
        self._locks = Table(
            locks,
            self.metadata,
            Column("name", String(255), primary_key=True),
            Column("holder", String(64), nullable=False),
            Column("until", Float(53), nullable=False),
        )

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Begin a transaction.

        SQLite has one writer, and waits five seconds for its turn unless the program says
        otherwise: with a few busy processes that is too short, and locks would be left behind.
        """
        with self._engine.begin() as connection:
            if self._engine.dialect.name == "sqlite":
                busy = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
                if busy < _BUSY:
                    connection.exec_driver_sql(f"PRAGMA busy_timeout = {_BUSY}")
            yield connection

    def create(self) -> None:
        """Create the tables where they are missing."""
        self.metadata.create_all(self._engine)

    def take_lock(self, name: str, holder: str, now: float, until: float) -> bool:
        """Add the row of a lock, unless one that has not expired is there; return whether."""
        from sqlalchemy import delete, insert
        from sqlalchemy.exc import IntegrityError

        columns = self._locks.c
        try:
            with self.transaction() as connection:
                lost = delete(self._locks).where(columns.name == name, columns.until <= now)
                connection.execute(lost)
                connection.execute(
                    insert(self._locks).values(name=name, holder=holder, until=until)
                )
        except IntegrityError:
            return False
        return True

    def leave_lock(self, name: str, holder: str) -> None:
        """Delete the row of a lock, if it is this holder's."""
        from sqlalchemy import delete

        columns = self._locks.c
        with self.transaction() as connection:
            connection.execute(
                delete(self._locks).where(columns.name == name, columns.holder == holder)
            )


class SQLStore:
    """A store with tables in a relational database."""

    _tables: SQLTables

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


def positive_seconds(lock_timeout: float) -> float:
    """Return ``lock_timeout``; raise unless it is positive and finite."""
    if not 0 < lock_timeout < math.inf:
        raise InvalidArgumentError("lock_timeout must be positive seconds")
    return lock_timeout

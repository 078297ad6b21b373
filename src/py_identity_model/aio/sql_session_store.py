"""Records of logins shared between processes, in a relational database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .._wire.stored_value import ValueHooks
from .row_session_store import AsyncRowSessionStore, Seal
from .sql_tables import AsyncSQLStore, SQLTables, positive_seconds

if TYPE_CHECKING:
    from sqlalchemy import Engine


class AsyncSQLSessionStore(AsyncSQLStore, AsyncRowSessionStore):
    """Keeps logins in a relational database, for all processes that use it.

    It is an :class:`AsyncSessionStore` on SQLAlchemy (install the extra ``sql``).  Each record is a
    row; a row is replaced where its version is the expected one.  Users and provider sessions are
    looked up by the hashes of their names.

    :param engine: an engine of SQLAlchemy, one that blocks; calls that wait run it in threads; on
        SQLite, its connections wait at least 30 seconds for their turn to write
    :param prefix: of the names of its tables
    :param encrypt: what seals a record, such as ``Fernet(key).encrypt``
    :param decrypt: what opens it
    :param lock_timeout: after how many seconds a lock opens by itself

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for a hook without the other, and for a
    ``lock_timeout`` that is not positive.

    Example::

        sessions = AsyncSQLSessionStore(engine)  # create_engine("postgresql+psycopg://…")
        await sessions.create_tables()
    """

    def __init__(
        self,
        engine: Engine,
        *,
        prefix: str = "oidc_",
        encrypt: Callable[[bytes], bytes] | None = None,
        decrypt: Callable[[bytes], bytes] | None = None,
        lock_timeout: float = 120.0,
    ) -> None:
        hooks = ValueHooks(encrypt, decrypt)
        self.lock_timeout = positive_seconds(lock_timeout)
        tables = self._tables = _Tables(engine, prefix)
        super().__init__(tables, Seal(hooks.seal, lambda stored: hooks.open(bytes(stored))))


class _Tables(SQLTables):
    """The records and their locks."""

    def __init__(self, engine: Engine, prefix: str) -> None:
        from sqlalchemy import Column, Float, Integer, LargeBinary, String, Table

        super().__init__(engine, f"{prefix}locks")
        self._sessions = Table(
            f"{prefix}sessions",
            self.metadata,
            Column("name", String(255), primary_key=True),
            Column("version", Integer, nullable=False),
            Column("record", LargeBinary, nullable=False),
            Column("sub", String(64), index=True),
            Column("sid", String(64), index=True),
            Column("until", Float(53), nullable=False, index=True),
        )

    def get(self, name: str, now: float) -> tuple[int, bytes] | None:
        from sqlalchemy import select

        columns = self._sessions.c
        wanted = select(columns.version, columns.record).where(
            columns.name == name, columns.until > now
        )
        with self.transaction() as connection:
            row = connection.execute(wanted).one_or_none()
        return None if row is None else (row.version, row.record)

    def update(self, name: str, row: Mapping[str, Any], expected: int, now: float) -> bool:
        from sqlalchemy import update

        columns = self._sessions.c
        is_expected = (columns.name == name, columns.version == expected, columns.until > now)
        with self.transaction() as connection:
            changed = update(self._sessions).where(*is_expected).values(**row)
            return connection.execute(changed).rowcount == 1

    def insert(self, name: str, row: Mapping[str, Any], now: float) -> bool:
        from sqlalchemy import delete, insert
        from sqlalchemy.exc import IntegrityError

        try:
            with self.transaction() as connection:
                connection.execute(delete(self._sessions).where(self._sessions.c.until <= now))
                connection.execute(insert(self._sessions).values(name=name, **row))
        except IntegrityError:
            return False
        return True

    def delete(self, name: str) -> None:
        from sqlalchemy import delete

        with self.transaction() as connection:
            connection.execute(delete(self._sessions).where(self._sessions.c.name == name))

    def find(self, named: Mapping[str, str], now: float) -> list[tuple[str, int, bytes]]:
        from sqlalchemy import select

        columns = self._sessions.c
        wanted = select(columns.name, columns.version, columns.record).where(columns.until > now)
        wanted = wanted.where(*[columns[column] == value for column, value in named.items()])
        with self.transaction() as connection:
            rows = connection.execute(wanted.order_by(columns.name)).all()
        return [(row.name, row.version, row.record) for row in rows]

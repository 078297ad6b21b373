# Generated from aio/sql_session_store.py by scripts/make_sync.py; edit that file.
"""Records of logins shared between processes, in a relational database."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from .._seam.sync import in_thread
from .._sessions.session_record import SessionRecord
from .redis_values import unreadable_error
from .session_store import index_keys, is_from
from .sql_values import SQLTables, SQLValues

if TYPE_CHECKING:
    from sqlalchemy import Engine


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
        with self._engine.connect() as connection:
            row = connection.execute(wanted).one_or_none()
        return None if row is None else (row.version, row.record)

    def set(self, name: str, row: dict[str, Any], expected: int | None, now: float) -> bool:
        from sqlalchemy import delete, insert, update
        from sqlalchemy.exc import IntegrityError

        columns = self._sessions.c
        if expected is not None:
            is_expected = (
                columns.name == name,
                columns.version == expected,
                columns.until > now,
            )
            with self._engine.begin() as connection:
                changed = update(self._sessions).where(*is_expected).values(**row)
                return connection.execute(changed).rowcount == 1
        try:
            with self._engine.begin() as connection:
                connection.execute(delete(self._sessions).where(columns.until <= now))
                connection.execute(insert(self._sessions).values(name=name, **row))
        except IntegrityError:
            return False
        return True

    def delete(self, name: str) -> None:
        from sqlalchemy import delete

        with self._engine.begin() as connection:
            connection.execute(delete(self._sessions).where(self._sessions.c.name == name))

    def find(self, named: dict[str, str | None], now: float) -> list[tuple[str, int, bytes]]:
        from sqlalchemy import select

        columns = self._sessions.c
        wanted = select(columns.name, columns.version, columns.record).where(columns.until > now)
        for column, value in named.items():
            if value is not None:
                wanted = wanted.where(columns[column] == value)
        with self._engine.connect() as connection:
            rows = connection.execute(wanted.order_by(columns.name)).all()
        return [(row.name, row.version, row.record) for row in rows]


class SQLSessionStore(SQLValues[_Tables]):
    """Keeps logins in a relational database, for all processes that use it.

    It is an :class:`SessionStore` on SQLAlchemy (install the extra ``sql``).  Each record is a
    row; a row is replaced where its version is the expected one.  Users and provider sessions are
    looked up by the hashes of their names.

    :param engine: an engine of SQLAlchemy, one that blocks; calls that wait run it in threads
    :param prefix: of the names of its tables
    :param encrypt: what seals a record, such as ``Fernet(key).encrypt``
    :param decrypt: what opens it
    :param lock_timeout: after how many seconds a lock opens by itself

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for a hook without the other, and for a
    ``lock_timeout`` that is not positive.

    Example::

        sessions = SQLSessionStore(engine)  # create_engine("postgresql+psycopg://…")
        sessions.create_tables()
    """

    def _open(self, engine: Engine, prefix: str) -> _Tables:
        return _Tables(engine, prefix)

    def get(self, name: str) -> SessionRecord | None:
        """Return the record, or None if there is none.

        Example::

            record = sessions.get("name")
        """
        row = in_thread(self._tables.get, name, self.clock())
        return None if row is None else self._record(name, *row)

    def set(
        self, name: str, record: SessionRecord, expected: int | None, expires_in: float
    ) -> bool:
        """Store ``record`` if the stored one has the version ``expected``; return whether it had.

        Example::

            stored = sessions.set("name", SessionRecord(version=1), None, 60)
        """
        now = self.clock()
        row = {
            "version": record.version,
            "record": self._to_stored(record.pack(name)),
            "sub": _hashed(record.subject),
            "sid": _hashed(record.session_id),
            "until": now + expires_in,
        }
        return in_thread(self._tables.set, name, row, expected, now)

    def delete(self, name: str) -> None:
        """Delete the record.

        Example::

            sessions.delete("name")
        """
        in_thread(self._tables.delete, name)

    def find_by(
        self, *, sub: str | None = None, sid: str | None = None, issuer: str | None = None
    ) -> list[str]:
        """Return the names of the records of a user, of a provider's session, or of both.

        Example::

            names = sessions.find_by(sub="alice")
        """
        index_keys(sub, sid)
        named = {"sub": _hashed(sub), "sid": _hashed(sid)}
        rows = in_thread(self._tables.find, named, self.clock())
        records = {name: self._record(name, version, sealed) for name, version, sealed in rows}
        return [name for name, one in records.items() if is_from(one, issuer)]

    def _record(self, name: str, version: int, sealed: bytes) -> SessionRecord:
        try:
            record = SessionRecord.unpack(name, self._from_stored(sealed))
        except ValueError as error:
            raise unreadable_error() from error
        if record.version != version:
            raise unreadable_error()
        return record


def _hashed(value: str | None) -> str | None:
    if value is None:
        return None
    return hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()

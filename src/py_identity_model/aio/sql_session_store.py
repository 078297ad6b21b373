"""Records of logins shared between processes, in a relational database."""

from __future__ import annotations

import hashlib
import math
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from .._seam.aio import in_thread, sleep
from .._seam.lock_waits import wait_left
from .._sessions.session_record import SessionRecord
from ..exceptions import InvalidArgumentError
from .redis_values import unreadable_error
from .session_store import index_keys, is_from

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, MetaData

_POLL = 0.05
_BUSY = 30_000  # milliseconds


class AsyncSQLSessionStore:
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
        if (encrypt is None) != (decrypt is None):
            raise InvalidArgumentError("encrypt and decrypt go together")
        if not 0 < lock_timeout < math.inf:
            raise InvalidArgumentError("lock_timeout must be positive seconds")
        self.lock_timeout = lock_timeout
        self.clock = time.time
        self._tables = _Tables(engine, prefix)
        self._encrypt = encrypt
        self._decrypt = decrypt

    @property
    def metadata(self) -> MetaData:
        """The tables, for migrations (Alembic's ``target_metadata``)."""
        return self._tables.metadata

    async def create_tables(self) -> None:
        """Create the tables where they are missing.

        Example::

            await AsyncSQLSessionStore(engine).create_tables()
        """
        await in_thread(self._tables.create)

    async def get(self, name: str) -> SessionRecord | None:
        """Return the record, or None if there is none.

        Example::

            record = await sessions.get("name")
        """
        row = await in_thread(self._tables.get, name, self.clock())
        return None if row is None else self._record(name, *row)

    async def set(
        self, name: str, record: SessionRecord, expected: int | None, expires_in: float
    ) -> bool:
        """Store ``record`` if the stored one has the version ``expected``; return whether it had.

        Example::

            stored = await sessions.set("name", SessionRecord(version=1), None, 60)
        """
        now = self.clock()
        row = {
            "version": record.version,
            "record": self._sealed(record.pack(name)),
            "sub": _hashed(record.subject),
            "sid": _hashed(record.session_id),
            "until": now + expires_in,
        }
        return await in_thread(self._tables.set, name, row, expected, now)

    async def delete(self, name: str) -> None:
        """Delete the record.

        Example::

            await sessions.delete("name")
        """
        await in_thread(self._tables.delete, name)

    def lock(self, name: str) -> AbstractAsyncContextManager[Any]:
        """Return the lock of ``name``, as a context; it opens by itself after ``lock_timeout``.

        Example::

            async with sessions.lock("name"):
                print("alone")
        """
        return _AsyncSQLLock(self._tables, name, self.lock_timeout, self.clock)

    async def find_by(
        self, *, sub: str | None = None, sid: str | None = None, issuer: str | None = None
    ) -> list[str]:
        """Return the names of the records of a user, of a provider's session, or of both.

        Example::

            names = await sessions.find_by(sub="alice")
        """
        index_keys(sub, sid)
        named = {"sub": _hashed(sub), "sid": _hashed(sid)}
        rows = await in_thread(self._tables.find, named, self.clock())
        records = {name: self._record(name, version, sealed) for name, version, sealed in rows}
        return [name for name, one in records.items() if is_from(one, issuer)]

    def _sealed(self, text: str) -> bytes:
        data = text.encode()
        return data if self._encrypt is None else self._encrypt(data)

    def _record(self, name: str, version: int, sealed: bytes) -> SessionRecord:
        try:
            data = bytes(sealed)
            text = (data if self._decrypt is None else self._decrypt(data)).decode()
            record = SessionRecord.unpack(name, text)
        except Exception as error:
            raise unreadable_error() from error
        if record.version != version:
            raise unreadable_error()
        return record


class _Tables:
    """The tables, and the statements on them; each call is one transaction."""

    def __init__(self, engine: Engine, prefix: str) -> None:
        from sqlalchemy import Column, Engine, Float, Integer, LargeBinary, MetaData, String, Table

        if not isinstance(engine, Engine):  # one that waits itself would fail as if it were down
            raise InvalidArgumentError(
                f"engine must be an Engine of create_engine(), not {type(engine).__name__}"
            )
        self.metadata = MetaData()
        self._engine = engine
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
        self._locks = Table(
            f"{prefix}locks",
            self.metadata,
            Column("name", String(255), primary_key=True),
            Column("holder", String(64), nullable=False),
            Column("until", Float(53), nullable=False),
        )

    @contextmanager
    def _begun(self) -> Iterator[Connection]:
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
        self.metadata.create_all(self._engine)

    def get(self, name: str, now: float) -> tuple[int, bytes] | None:
        from sqlalchemy import select

        columns = self._sessions.c
        wanted = select(columns.version, columns.record).where(
            columns.name == name, columns.until > now
        )
        with self._begun() as connection:
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
            with self._begun() as connection:
                changed = update(self._sessions).where(*is_expected).values(**row)
                return connection.execute(changed).rowcount == 1
        try:
            with self._begun() as connection:
                connection.execute(delete(self._sessions).where(columns.until <= now))
                connection.execute(insert(self._sessions).values(name=name, **row))
        except IntegrityError:
            return False
        return True

    def delete(self, name: str) -> None:
        from sqlalchemy import delete

        with self._begun() as connection:
            connection.execute(delete(self._sessions).where(self._sessions.c.name == name))

    def find(self, named: dict[str, str | None], now: float) -> list[tuple[str, int, bytes]]:
        from sqlalchemy import select

        columns = self._sessions.c
        wanted = select(columns.name, columns.version, columns.record).where(columns.until > now)
        for column, value in named.items():
            if value is not None:
                wanted = wanted.where(columns[column] == value)
        with self._begun() as connection:
            rows = connection.execute(wanted.order_by(columns.name)).all()
        return [(row.name, row.version, row.record) for row in rows]

    def take_lock(self, name: str, holder: str, now: float, until: float) -> bool:
        from sqlalchemy import delete, insert
        from sqlalchemy.exc import IntegrityError

        columns = self._locks.c
        try:
            with self._begun() as connection:
                lost = delete(self._locks).where(columns.name == name, columns.until <= now)
                connection.execute(lost)
                connection.execute(
                    insert(self._locks).values(name=name, holder=holder, until=until)
                )
        except IntegrityError:
            return False
        return True

    def leave_lock(self, name: str, holder: str) -> None:
        from sqlalchemy import delete

        columns = self._locks.c
        with self._begun() as connection:
            connection.execute(
                delete(self._locks).where(columns.name == name, columns.holder == holder)
            )


class _AsyncSQLLock:
    """A row that one holder has at a time, until its time is up."""

    def __init__(
        self, tables: _Tables, name: str, seconds: float, clock: Callable[[], float]
    ) -> None:
        self._tables = tables
        self._name = name
        self._seconds = seconds
        self._clock = clock
        self._holder = secrets.token_hex(16)

    async def __aenter__(self) -> None:
        while True:
            now = self._clock()
            taken = (self._name, self._holder, now, now + self._seconds)
            if await in_thread(self._tables.take_lock, *taken):
                return
            wait_left()
            await sleep(_POLL)

    async def __aexit__(self, *details: object) -> None:
        await in_thread(self._tables.leave_lock, self._name, self._holder)


def _hashed(value: str | None) -> str | None:
    if value is None:
        return None
    return hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()

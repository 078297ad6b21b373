"""Records of logins in Django's database."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, connections, router, transaction

from ..._seam.lock_waits import wait_left
from ..._sessions.session_record import SessionRecord
from ..._web.sealing import Sealer
from ...exceptions import ConfigurationException
from ...sync.session_store import index_keys, is_from
from .models import LockRow, SessionRow

_PURPOSE, _FOREVER = "django session record", 10**9
_POLL = 0.05


class DjangoSessionStore:
    """A session store on the ORM: a row is replaced where its version is the expected one.

    Records are sealed with ``SECRET_KEY``: read access to the database reveals nothing.  What is
    written is committed at once, also within a transaction of the program: rolled back, a record
    would have a refresh token again that was presented before.
    """

    lock_timeout = 120.0

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def get(self, name: str) -> SessionRecord | None:
        """Return the record, or None if there is none."""
        with _own_transaction():
            row = SessionRow.objects.filter(name=name, until__gt=time.time()).first()
        return None if row is None else self._opened(row.name, row.version, row.record)

    def set(
        self, name: str, record: SessionRecord, expected: int | None, expires_in: float
    ) -> bool:
        """Store ``record`` if the stored one has the version ``expected``; say whether it had."""
        now = time.time()
        row = {
            "version": record.version,
            "record": self._sealer.seal(_PURPOSE, record.pack(name)),
            "sub": _hashed(record.subject),
            "sid": _hashed(record.session_id),
            "until": now + expires_in,
        }
        with _own_transaction():
            if expected is not None:
                same = SessionRow.objects.filter(name=name, version=expected, until__gt=now)
                return same.update(**row) == 1
            SessionRow.objects.filter(until__lte=now).delete()
            return _inserted(SessionRow, name=name, **row)

    def delete(self, name: str) -> None:
        """Delete the record."""
        with _own_transaction():
            SessionRow.objects.filter(name=name).delete()

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold the lock of ``name``; it opens by itself after ``lock_timeout`` seconds."""
        holder = secrets.token_hex(16)
        with _own_transaction():  # one connection for all that is done meanwhile
            while not self._take(name, holder):
                wait_left()
                time.sleep(_POLL)
            try:
                yield
            finally:
                LockRow.objects.filter(name=name, holder=holder).delete()

    def _take(self, name: str, holder: str) -> bool:
        now = time.time()
        with _own_transaction():
            LockRow.objects.filter(name=name, until__lte=now).delete()
            return _inserted(LockRow, name=name, holder=holder, until=now + self.lock_timeout)

    def find_by(
        self, *, sub: str | None = None, sid: str | None = None, issuer: str | None = None
    ) -> list[str]:
        """Return the names of the records of a user, of a provider's session, or of both."""
        wanted = {kind: _hashed(value) for kind, value in index_keys(sub, sid)}
        with _own_transaction():
            rows = list(SessionRow.objects.filter(until__gt=time.time(), **wanted).order_by("name"))
        records = {row.name: self._opened(row.name, row.version, row.record) for row in rows}
        return [name for name, record in records.items() if is_from(record, issuer)]

    def _opened(self, name: str, version: int, sealed: str) -> SessionRecord:
        text = self._sealer.open(_PURPOSE, sealed, _FOREVER)
        try:
            record = SessionRecord.unpack(name, text or "")
        except ValueError:
            record = None
        if record is None or record.version != version:
            raise ConfigurationException(
                "a stored session was written under another name, or with another SECRET_KEY",
                code="unreadable_value",
            )
        return record


def _hashed(value: str | None) -> str | None:
    return None if value is None else hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()


def _inserted(model: Any, **row: Any) -> bool:
    try:
        with transaction.atomic(using=router.db_for_write(model)):
            model.objects.create(**row)
    except IntegrityError:
        return False
    return True


@contextmanager
def _own_transaction() -> Iterator[None]:
    """Use a connection whose writes are committed at once, and leave none open.

    Within a transaction (``ATOMIC_REQUESTS``) that is another one; reads leave it, too: its
    snapshot may be older than what other processes have stored.  The transaction around a test of
    Django's ``TestCase`` stays: nothing outside sees its data.
    """
    alias = router.db_for_write(SessionRow)
    outer = connections[alias]
    blocks = getattr(outer, "atomic_blocks", [])
    if outer.in_atomic_block and not (blocks and getattr(blocks[0], "_from_testcase", False)):
        connections[alias] = outer.copy()
    own, is_open = connections[alias], connections[alias].connection is not None
    try:
        own.ensure_connection()
        yield
    finally:
        connections[alias] = outer
        if not is_open:  # renewals run in threads of their own, at whose end nobody closes it
            own.close()

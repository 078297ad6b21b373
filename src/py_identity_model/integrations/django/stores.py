"""Records of logins in Django's database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.db import IntegrityError, connections, router, transaction

from ..._web.sealing import Sealer
from ...sync.row_session_store import RowSessionStore, Seal
from .models import LockRow, SessionRow

_PURPOSE, _FOREVER = "django session record", 10**9


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


class _Rows:
    """The statements of a store, by the ORM."""

    @_own_transaction()
    def get(self, name: str, now: float) -> tuple[int, str] | None:
        found = SessionRow.objects.filter(name=name, until__gt=now)
        return found.values_list("version", "record").first()

    @_own_transaction()
    def find(self, named: Mapping[str, str], now: float) -> list[tuple[str, int, str]]:
        found = SessionRow.objects.filter(until__gt=now, **named).order_by("name")
        return list(found.values_list("name", "version", "record"))

    @_own_transaction()
    def update(self, name: str, row: Mapping[str, Any], expected: int, now: float) -> bool:
        same = SessionRow.objects.filter(name=name, version=expected, until__gt=now)
        return same.update(**row) == 1

    @_own_transaction()
    def insert(self, name: str, row: Mapping[str, Any], now: float) -> bool:
        SessionRow.objects.filter(until__lte=now).delete()
        return _inserted(SessionRow, name=name, **row)

    @_own_transaction()
    def delete(self, name: str) -> None:
        SessionRow.objects.filter(name=name).delete()

    @_own_transaction()
    def take_lock(self, name: str, holder: str, now: float, until: float) -> bool:
        LockRow.objects.filter(name=name, until__lte=now).delete()
        return _inserted(LockRow, name=name, holder=holder, until=until)

    @_own_transaction()
    def leave_lock(self, name: str, holder: str) -> None:
        LockRow.objects.filter(name=name, holder=holder).delete()


def _inserted(model: Any, **row: Any) -> bool:
    try:
        with transaction.atomic(using=router.db_for_write(model)):
            model.objects.create(**row)
    except IntegrityError:
        return False
    return True


class DjangoSessionStore(RowSessionStore):
    """A session store on the ORM: a row is replaced where its version is the expected one.

    Records are sealed with ``SECRET_KEY``: read access to the database reveals nothing.  What is
    written is committed at once, also within a transaction of the program: rolled back, a record
    would have a refresh token again that was presented before.
    """

    def __init__(self, sealer: Sealer) -> None:
        opened = partial(sealer.open, _PURPOSE, seconds=_FOREVER)
        super().__init__(_Rows(), Seal(partial(sealer.seal, _PURPOSE), opened))

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold the lock of ``name``; it opens by itself after ``lock_timeout`` seconds."""
        with _own_transaction(), super().lock(name):  # one connection for all that is done there
            yield

"""Locks in Django's database whose holder may have been killed."""

from __future__ import annotations

import time

import pytest

from py_identity_model._seam.lock_waits import LockHeldError, waiting_at_most
from py_identity_model._web.sealing import Sealer
from py_identity_model.integrations.django.models import LockRow
from py_identity_model.integrations.django.stores import DjangoSessionStore


def test_the_wait_for_a_lock_has_its_limit() -> None:
    store = DjangoSessionStore(Sealer("0123456789abcdef" * 2))
    LockRow.objects.create(name="n", holder="killed", until=time.time() + 120)
    with waiting_at_most(0.0), pytest.raises(LockHeldError), store.lock("n"):
        raise AssertionError("it is held")
    LockRow.objects.all().delete()
    with waiting_at_most(0.0), store.lock("n"):  # one that is free is taken
        assert LockRow.objects.get().name == "n"

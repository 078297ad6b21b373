# Generated from aio/test_lock_waits.py by scripts/make_sync.py; edit that file.
"""Locks whose holder may have been killed: for how long others wait, and what they do then."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from py_identity_model import StoredToken
from py_identity_model._seam.lock_waits import LockHeldError, wait_left, waiting_at_most
from py_identity_model._seam.sync import gather
from py_identity_model._sessions.session_record import (
    LOGIN_TARGET,
    Pending,
    Renewal,
    SessionRecord,
)
from py_identity_model.exceptions import TokenRequestException
from py_identity_model.sync import (
    ClientCredentialsTokenRequest,
    FileTokenStore,
    MemorySessionStore,
    MemoryTokenStore,
    RefreshTokenRequest,
    TokenSource,
    session_locks,
    session_records,
    token_source,
)
from py_identity_model.sync.session_records import SessionRecords
from py_identity_model.testing import EmbeddedProvider
from tests.support import refused

NOW = 1000.0
LONG = 600.0


def token(expires_at: float) -> StoredToken:
    return StoredToken("old", expires_at=expires_at, renew_at=NOW - 1)


def records_of(
    *,
    expires_at: float = NOW + 30,
    pending: Pending | None = None,
    written_at: float = NOW,
    seconds: float = LONG,
) -> SessionRecords:
    """Return records with one named "n", whose access token should have been renewed."""
    record = SessionRecord(
        version=1,
        stamp="s",
        refresh_token="r-0",
        access_tokens={LOGIN_TARGET: token(expires_at)},
        pending=pending,
        written_at=written_at,
    )
    store = MemorySessionStore()
    assert store.set("n", record, None, 60.0)
    records = SessionRecords(store, 60.0, lambda: seconds)
    records.storage.clock = lambda: NOW
    return records


class Presented:
    """A provider that accepts each refresh token, and notes it."""

    def __init__(self) -> None:
        self.tokens: list[str | None] = []

    def present(self, record: SessionRecord) -> Renewal:
        self.tokens.append(record.refresh_token)
        fresh = StoredToken("new", expires_at=NOW + 60, renew_at=NOW + 60)
        return Renewal(SessionRecord(refresh_token="r-1", access_tokens={LOGIN_TARGET: fresh}))

    def renew(self, records: SessionRecords, refused: str | None = None) -> str:
        record = records.renew(
            "n",
            refused,
            self.present,
            where="here",
            serves=lambda record: _token(record).serves(NOW, refused),
            spares=lambda record: _token(record).spares(NOW, refused),
            seen=1,
        )
        return _token(record).access_token


def _token(record: SessionRecord) -> StoredToken:
    found = record.token_for(LOGIN_TARGET)
    assert found is not None
    return found


def test_a_valid_token_is_served_while_a_killed_holder_has_the_lock() -> None:
    records, provider = records_of(), Presented()
    with records.storage.store.lock("n"):
        assert provider.renew(records) == "old"
    assert provider.tokens == []
    assert provider.renew(records) == "new"
    assert provider.tokens == ["r-0"]


@pytest.mark.parametrize("age", [2.0, 3.0])
def test_a_valid_token_is_served_while_another_may_have_presented_the_refresh_token(
    age: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    def enter(*_: object) -> None:
        raise AssertionError("nothing is gained by the lock")

    monkeypatch.setattr(session_locks, "enter", enter)
    pending = Pending("killed", NOW + LONG)
    records, provider = records_of(pending=pending, written_at=NOW - age), Presented()
    assert provider.renew(records) == "old"
    assert provider.tokens == []


def test_a_refused_token_is_not_served_instead_of_waiting() -> None:
    records, provider = records_of(seconds=0.1), Presented()
    with records.storage.store.lock("n"):
        with refused(TokenRequestException, "renewal_pending"):
            provider.renew(records, refused="old")
    assert provider.renew(records, refused="old") == "new"


def test_an_expired_token_waits_for_as_long_as_a_request_takes() -> None:
    records, provider = records_of(expires_at=NOW, seconds=0.15), Presented()
    began = monotonic()
    with records.storage.store.lock("n"):
        with refused(TokenRequestException, "renewal_pending") as caught:
            provider.renew(records)
    assert monotonic() - began >= 0.15
    assert caught.value.details == {"retry_after": 0.15}
    assert provider.tokens == []
    assert provider.renew(records) == "new"


def test_nobody_waits_for_a_holder_who_must_have_been_killed() -> None:
    pending = Pending("killed", NOW + 1)
    records = records_of(expires_at=NOW, pending=pending, written_at=NOW - LONG)
    provider = Presented()
    with records.storage.store.lock("n"):
        with refused(TokenRequestException, "renewal_pending"):
            provider.renew(records)
    assert provider.tokens == []
    records.storage.clock = lambda: NOW + 1
    assert provider.renew(records) == "new"
    assert provider.tokens == ["r-0"]


def test_many_who_wait_share_one_failure_and_then_one_renewal() -> None:
    records, provider = records_of(expires_at=NOW, seconds=0.1), Presented()

    def renew() -> str:
        try:
            return provider.renew(records)
        except TokenRequestException as error:
            return error.code

    with records.storage.store.lock("n"):
        assert gather([renew] * 10) == ["renewal_pending"] * 10
    assert gather([renew] * 10) == ["new"] * 10
    assert provider.tokens == ["r-0"]


def test_what_is_done_under_the_lock_waits_for_other_locks_as_long_as_needed() -> None:
    records = records_of()
    with waiting_at_most(0.0):
        assert wait_left() is not None
        with records.locks.held("n"):
            assert wait_left() is None
        assert wait_left() is not None
        with waiting_at_most(LONG):
            assert (wait_left() or LONG) <= 0.1
    assert wait_left() is None


def enter_with_limit(lock: AbstractContextManager[Any]) -> None:
    with waiting_at_most(0.0):
        with lock:
            raise AssertionError("it is held")


def enter_elsewhere(lock: AbstractContextManager[Any]) -> None:
    gather([partial(enter_with_limit, lock)])


def test_a_logout_does_not_wait_for_a_killed_holder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_records, "_MOST_WAITED", 0.1)
    records = records_of()
    with records.storage.store.lock("n"):
        record = records.remove("n", 1)
        assert record is not None
        assert record.refresh_token == "r-0"
        assert records.storage.store.get("n") is None


def test_a_holder_who_lives_cannot_bring_back_a_session_that_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(session_records, "_MOST_WAITED", 0.1)
    records, provider = records_of(expires_at=NOW), Presented()
    other = SessionRecords(records.storage.store, 60.0, lambda: LONG)

    def present(record: SessionRecord) -> Renewal:
        other.remove("n", 1)
        return Presented.present(provider, record)

    monkeypatch.setattr(provider, "present", present)
    with refused(TokenRequestException, "login_required"):
        provider.renew(records)
    assert records.storage.store.get("n") is None


def source_of(provider: EmbeddedProvider, store: MemoryTokenStore) -> TokenSource:
    request = ClientCredentialsTokenRequest(
        provider.token_endpoint, provider.client_id, provider.client_secret
    )
    return TokenSource(request, store=store)


def test_a_machine_uses_its_valid_token_while_others_hold_the_lock(
    provider: EmbeddedProvider,
) -> None:
    store = MemoryTokenStore()
    source = source_of(provider, store)
    first = source.get_token()
    assert first.renew_at is not None
    late = first.renew_at + 1
    for one in (source, source_of(provider, store)):  # the second has only read the store
        one.clock = lambda: late
        with store.lock(source._key):
            assert one.get_token() == first
            assert one.get_token() == first
    assert provider.count("/token") == 1
    assert (source.get_token()).access_token != first.access_token


def test_a_machine_requests_a_token_beside_a_killed_holder(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_source, "STORE_SECONDS", 0.1)
    store = MemoryTokenStore()
    source = source_of(provider, store)
    with store.lock(source._key):
        assert (source.get_token()).access_token
        assert store.get(source._key) is not None
    assert provider.count("/token") == 1


def test_a_source_of_a_login_serves_its_valid_token_beside_a_killed_holder(
    provider: EmbeddedProvider,
) -> None:
    store = MemoryTokenStore()
    request = RefreshTokenRequest(provider.token_endpoint, "web", "r-0")
    source = TokenSource(request, store=store)
    source.clock = lambda: NOW
    record = SessionRecord(
        version=1,
        stamp="s",
        refresh_token="r-0",
        access_tokens={LOGIN_TARGET: token(NOW + 30)},
    )
    store.set(source._key, record.pack(source._key), None)
    with store.lock(source._key):
        assert (source.get_token()).access_token == "old"
    assert provider.count("/token") == 0


Made = Callable[[Path], Any]


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: MemorySessionStore(),
        lambda folder: MemoryTokenStore(),
        lambda folder: FileTokenStore(folder / "tokens"),
    ],
    ids=["sessions", "tokens", "files"],
)
def test_the_wait_for_a_lock_of_each_store_has_its_limit(make: Made, tmp_path: Path) -> None:
    store = make(tmp_path)
    with store.lock("n"):
        with pytest.raises(LockHeldError):
            enter_elsewhere(store.lock("n"))
    with waiting_at_most(0.0):  # one that is free is taken
        with store.lock("n"):
            pass

# Generated from aio/test_session.py by scripts/make_sync.py; edit that file.
"""Sessions own their tokens: whatever happens, a spent refresh token is not presented."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import pytest

from py_identity_model._seam.sync import gather, sleep
from py_identity_model.exceptions import (
    ConfigurationException,
    IdTokenValidationException,
    InvalidArgumentError,
    PyIdentityModelException,
    TokenRequestException,
    TokenValidationException,
)
from py_identity_model.sync import (
    ClientSecretBasic,
    DPoPKey,
    MemorySessionStore,
    OAuthClient,
    Session,
    SessionRecord,
    SessionStore,
    TokenAuth,
    record_storage,
    token_source,
)
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.families import Families
from tests.support import Clock, Gate, answering, failing, refused

PAST = datetime(2020, 1, 1, tzinfo=UTC)
REDIRECT = "https://rp.example/cb"


class Wall(Clock):
    """A wall clock that moves on command."""

    def __init__(self) -> None:
        import time

        self.now = time.time()


def client_of(provider: EmbeddedProvider, **more: Any) -> OAuthClient:
    client = OAuthClient(
        provider.issuer,
        provider.client_id,
        ClientSecretBasic(provider.client_secret),
        redirect_uri=REDIRECT,
        **more,
    )
    client.clock = Wall()
    return client


def forward(client: OAuthClient, seconds: float) -> None:
    assert isinstance(client.clock, Wall)
    client.clock.now += seconds


def session_of(name: str = "alice", **more: Any) -> Session:
    """Return a session with an access token that has expired."""
    token = {"access_token": "old", "token_type": "Bearer", "refresh_token": f"{name}-0"}
    return Session({**token, **more}, {"sub": name, "sid": f"sid-{name}"}, PAST)


def backup_of(store: MemorySessionStore) -> tuple[str, SessionRecord]:
    (name,) = store.find_by(sub="alice")
    record = store.get(name)
    assert record is not None
    return name, record


def restore(store: MemorySessionStore, backup: tuple[str, SessionRecord]) -> None:
    name, record = backup
    store.delete(name)
    assert store.set(name, record, None, 600.0)


def flush(store: MemorySessionStore) -> None:
    for name in store.find_by(sub="alice"):
        store.delete(name)


def test_a_session_renews_itself_and_shows_its_newest_tokens(
    provider: EmbeddedProvider,
) -> None:
    families = Families(provider, session_state="s2")
    client = client_of(provider)
    session = session_of(session_state="s1")
    client.bind(session)
    for number in (1, 2):
        assert session.get_access_token() == f"login/alice-{number}"
        assert session.access_token == f"login/alice-{number}"
        assert session.refresh_token == f"alice-{number}"
        assert session.token["session_state"] == "s2"
        assert session.expires_at is not None
        forward(client, 60)
    assert families.presented == ["alice-0", "alice-1"]


def test_an_access_token_that_is_fresh_is_used(provider: EmbeddedProvider) -> None:
    families = Families(provider)
    client = client_of(provider)
    session = Session(
        {"access_token": "a", "refresh_token": "alice-0", "expires_in": 600}, {"sub": "alice"}
    )
    source = client.token_source(session=session)
    assert (source.get_token()).access_token == "a"
    assert session.get_access_token() == "a"
    client.refresh(session)
    assert (source.get_token()).access_token == "login/alice-1" == session.access_token
    assert families.presented == ["alice-0"]


def test_a_usable_token_of_a_session_is_not_held_up_by_a_provider_that_hangs(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_source, "SECONDS_WITH_A_TOKEN", 0.05)
    families, gate = Families(provider), Gate("/token")
    usual = provider.intercept
    assert usual is not None
    client = client_of(provider)
    session = Session(
        {"access_token": "a", "refresh_token": "alice-0", "expires_in": 600}, {"sub": "alice"}
    )
    client.bind(session)
    provider.intercept = lambda received: gate(received) or usual(received)
    forward(client, 565)
    assert session.get_access_token() == "a"
    gate.open.set()
    assert not gate.gave_up
    monkeypatch.setattr(token_source, "SECONDS_WITH_A_TOKEN", 10.0)
    assert session.get_access_token() == "login/alice-1"
    assert families.presented == ["alice-0"]


def test_two_apis_of_one_user_share_one_refresh_token(provider: EmbeddedProvider) -> None:
    families = Families(provider)
    client = client_of(provider)
    session = session_of()
    orders = client.token_source(session=session, resource="orders")
    users = client.token_source(session=session, resource="users")
    tokens = gather([orders.get_token, users.get_token] * 10)
    assert {token.access_token.split("/")[0] for token in tokens} == {"orders", "users"}
    assert len({token.access_token for token in tokens}) == 2
    assert sorted(families.presented) == ["alice-0", "alice-1"]
    assert (session.get_access_token(resource=["orders"])).startswith("orders/")
    assert (session.get_access_token(scope="b a")) == "b a/alice-3"
    assert (session.get_access_token(scope=["a", "b"])) == "b a/alice-3"
    assert (session.get_access_token(scope=(one for one in "ab"))) == "b a/alice-3"
    assert (session.get_access_token(scope=(one for one in "c"))).startswith("c/")
    assert not families.revoked


def test_workers_that_share_a_store_share_a_session(provider: EmbeddedProvider) -> None:
    families = Families(provider)
    store = MemorySessionStore()
    assert isinstance(store, SessionStore)
    clients = [client_of(provider, session_store=store) for _ in range(4)]
    session = session_of()
    clients[0].bind(session)
    text = session.to_json()
    for round_ in (1, 2, 3):
        sessions = [client.session(text) for client in clients for _ in range(5)]
        tokens = gather([one.get_access_token for one in sessions])
        assert {*tokens} == {f"login/alice-{round_}"}
        for client in clients:
            forward(client, 60)
    assert families.presented == ["alice-0", "alice-1", "alice-2"]


def test_a_restart_continues_the_session(provider: EmbeddedProvider) -> None:
    families = Families(provider)
    store = MemorySessionStore()
    client = client_of(provider, session_store=store)
    session = session_of()
    client.bind(session)
    first = session.to_json()
    session.refresh()
    assert "alice" not in first
    for text in (first, session.to_json()):
        again = Session.from_json(text, client_of(provider, session_store=store))
        assert again.access_token == "login/alice-1"
        assert again.subject == "alice"
    again.refresh()
    assert session.refresh() == "login/alice-3"
    assert not families.revoked


def test_the_same_tokens_lead_to_the_same_record(provider: EmbeddedProvider) -> None:
    families = Families(provider)
    store = MemorySessionStore()
    for number in (1, 2, 3):
        client = client_of(provider, session_store=store)
        source = client.token_source(session=session_of())
        forward(client, 60 * number)
        assert (source.get_token()).access_token == f"login/alice-{number}"
    assert len(store) == 1
    assert not families.revoked


def test_two_logins_never_share_a_record(provider: EmbeddedProvider) -> None:
    store = MemorySessionStore()
    client = client_of(provider, session_store=store)
    logins: list[dict[str, Any]] = [
        {"access_token": "a", "id_token": "1"},
        {"access_token": "a", "id_token": "2"},
        {"id_token": "1"},
        {},
        {},
    ]
    for token in logins:
        client.bind(Session({**token, "expires_in": 60}, {"sub": "alice"}))
    assert len(store) == len(logins)


def test_a_session_that_was_pickled_finds_its_record(provider: EmbeddedProvider) -> None:
    families = Families(provider)
    client = client_of(provider)
    session = session_of()
    client.bind(session)
    copy: Session = pickle.loads(pickle.dumps(session))
    session.refresh()
    with refused(ConfigurationException, "session_without_client"):
        copy.get_access_token()
    client.bind(copy)
    assert copy.access_token == "login/alice-1"
    elsewhere = client_of(provider)
    with refused(TokenRequestException, "login_required"):
        elsewhere.bind(pickle.loads(pickle.dumps(session)))
    assert families.presented == ["alice-0"]


def test_ten_thousand_users_stay_logged_in_on_the_default_store(
    provider: EmbeddedProvider,
) -> None:
    families = Families(provider)
    client = client_of(provider)
    sessions = [session_of(f"u{number}") for number in range(10_000)]
    for session in sessions:
        client.bind(session)
    for session in sessions[::1000]:
        session.refresh()
        session.refresh()
    assert len(families.presented) == 20
    assert not families.revoked


def test_a_lost_record_is_not_replaced_by_older_tokens(provider: EmbeddedProvider) -> None:
    families = Families(provider)
    store = MemorySessionStore()
    client = client_of(provider, session_store=store)
    session = session_of()
    source = client.token_source(session=session)
    source.get_token()
    flush(store)
    assert (source.get_token()).access_token == "login/alice-1"  # it is still fresh
    forward(client, 61)
    for call in (source.get_token, session.refresh, session.get_access_token):
        with refused(TokenRequestException, "login_required"):
            call()
    with refused(TokenRequestException, "login_required"):
        client.session(session.to_json())
    assert families.presented == ["alice-0"]


def test_a_store_that_went_back_is_not_believed(provider: EmbeddedProvider) -> None:
    families = Families(provider)
    store = MemorySessionStore()
    client = client_of(provider, session_store=store)
    session = session_of()
    client.bind(session)
    backup = backup_of(store)
    session.refresh()
    restore(store, backup)
    with refused(TokenRequestException, "login_required"):
        session.refresh()
    with refused(TokenRequestException, "login_required"):
        client.session(session.to_json())
    assert families.presented == ["alice-0"]


def test_a_backup_is_not_believed_while_an_object_knows_better(
    provider: EmbeddedProvider,
) -> None:
    families = Families(provider)
    store = MemorySessionStore()
    client, other = [client_of(provider, session_store=store) for _ in range(2)]
    session = session_of()
    client.bind(session)
    text, backup = session.to_json(), backup_of(store)
    session.refresh()
    restore(store, backup)
    for one in (client, other):
        with refused(TokenRequestException, "login_required"):
            one.session(text)
    assert families.presented == ["alice-0"]


def test_a_lost_record_is_not_begun_again_by_spent_tokens(provider: EmbeddedProvider) -> None:
    families = Families(provider)
    store = MemorySessionStore()
    client, other = [client_of(provider, session_store=store) for _ in range(2)]
    session = session_of()
    client.bind(session)
    session.refresh()
    flush(store)
    for one in (client, other):
        with refused(TokenRequestException, "login_required"):
            one.bind(session_of())
    assert families.presented == ["alice-0"]
    renewed = Session(session.token, session.claims, PAST)
    client.bind(renewed)
    assert renewed.refresh() == "login/alice-2"


def test_a_login_may_have_the_tokens_of_one_that_ended(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    first = session_of()
    client.bind(first)
    first.revoke()
    again = session_of()
    client.bind(again)
    assert (client.session(again.to_json())).subject == "alice"


class Faulty(MemorySessionStore):
    """A store whose calls may fail, before or after they did something."""

    def __init__(self) -> None:
        super().__init__()
        self.down = False
        self.fail_set: list[str] = []

    def get(self, name: str) -> SessionRecord | None:
        if self.down:
            raise ConnectionError("down")
        return super().get(name)

    def set(
        self, name: str, record: SessionRecord, expected: int | None, expires_in: float
    ) -> bool:
        how = self.fail_set.pop(0) if self.fail_set else ""
        if self.down or how == "before":
            raise ConnectionError("down")
        stored = super().set(name, record, expected, expires_in)
        if how == "after":
            raise TimeoutError("the answer was lost")
        return stored

    def delete(self, name: str) -> None:
        if self.down:
            raise ConnectionError("down")
        super().delete(name)


@pytest.mark.parametrize("faults", [["after"], ["", "after"], ["after", "after"]])
def test_a_write_applied_despite_a_timeout_loses_nothing(
    provider: EmbeddedProvider, faults: list[str]
) -> None:
    families = Families(provider)
    store = Faulty()
    clients = [client_of(provider, session_store=store) for _ in range(2)]
    session = session_of()
    clients[0].bind(session)
    store.fail_set = faults
    assert session.refresh() == "login/alice-1"
    other = clients[1].session(session.to_json())
    assert other.refresh() == "login/alice-2"
    assert session.refresh() == "login/alice-3"
    assert not families.revoked


def test_nothing_is_presented_while_the_store_takes_no_writes(
    provider: EmbeddedProvider,
) -> None:
    families = Families(provider)
    store = Faulty()
    session = session_of()
    client_of(provider, session_store=store).bind(session)
    store.fail_set = ["before"] * 3
    for _ in range(3):
        with refused(TokenRequestException, "store_unavailable"):
            session.refresh()
    assert families.presented == []
    assert session.refresh() == "login/alice-1"


def test_others_wait_for_a_successor_that_could_not_be_stored(
    provider: EmbeddedProvider,
) -> None:
    families = Families(provider)
    store = Faulty()
    elsewhere = copy(store)  # the same records, as another process sees them
    clients = [client_of(provider, session_store=one) for one in (store, elsewhere)]
    session = session_of()
    clients[0].bind(session)
    other = clients[1].session(session.to_json())
    store.fail_set = ["", *["before"] * 9]
    assert session.refresh() == "login/alice-1"
    with refused(TokenRequestException, "renewal_pending"):
        other.refresh()
    assert families.presented == ["alice-0"]
    store.fail_set = []
    assert session.refresh() == "login/alice-2"  # it stores what it has, and goes on
    assert other.refresh() == "login/alice-3"
    assert not families.revoked


def test_others_of_a_process_use_a_successor_that_could_not_be_stored(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_storage.RecordStorage, "_save_later", lambda *_: None)
    families = Families(provider)
    store = Faulty()
    clients = [client_of(provider, session_store=store) for _ in range(2)]
    session = session_of()
    clients[0].bind(session)
    other = clients[1].session(session.to_json())
    store.fail_set = ["", "before"]
    assert session.refresh() == "login/alice-1"
    forward(clients[1], 1000)  # other processes would take it for lost
    assert other.refresh() == "login/alice-2"
    assert session.refresh() == "login/alice-3"
    assert families.presented == ["alice-0", "alice-1", "alice-2"]
    assert not families.revoked


def test_a_successor_is_stored_as_soon_as_the_store_takes_it(
    provider: EmbeddedProvider,
) -> None:
    families = Families(provider)
    store = Faulty()
    elsewhere = copy(store)  # the same records, as another process sees them
    clients = [client_of(provider, session_store=one) for one in (store, elsewhere)]
    session = session_of()
    clients[0].bind(session)
    text = session.to_json()
    store.fail_set = ["", "before"]
    session.refresh()
    with refused(TokenRequestException, "renewal_pending"):
        clients[1].session(session.to_json())
    while (clients[1].session(text)).access_token != "login/alice-1":
        sleep(0.01)
    assert families.presented == ["alice-0"]


def test_a_login_that_cannot_be_stored_is_not_lost(provider: EmbeddedProvider) -> None:
    families = Families(provider)
    store = Faulty()
    client, other = [client_of(provider, session_store=store) for _ in range(2)]
    store.down = True
    session = session_of()
    client.bind(session)
    text = session.to_json()
    with refused(TokenRequestException, "store_unavailable"):
        session.refresh()
    store.down = False
    assert (client.session(text)).subject == "alice"
    assert session.refresh() == "login/alice-1"
    assert (other.session(text)).refresh() == "login/alice-2"
    assert families.presented == ["alice-0", "alice-1"]


def test_a_login_that_could_not_be_stored_replaces_none_that_is(
    provider: EmbeddedProvider,
) -> None:
    families = Families(provider)
    store = Faulty()
    elsewhere = copy(store)  # the same records, as another process sees them
    client, other = [client_of(provider, session_store=one) for one in (elsewhere, store)]
    session, late = session_of(), session_of()
    other.bind(session)
    session.refresh()
    elsewhere.down = True
    client.bind(late)
    elsewhere.down = False
    assert late.refresh() == "login/alice-2"
    assert families.presented == ["alice-0", "alice-1"]


def test_a_login_that_could_not_be_stored_can_be_ended(provider: EmbeddedProvider) -> None:
    Families(provider)
    store = Faulty()
    client = client_of(provider, session_store=store)
    store.down = True
    session = session_of()
    client.bind(session)
    store.down = False
    session.revoke()
    with refused(TokenRequestException, "login_required"):
        client.session(session.to_json())
    assert len(store) == 0


def test_a_store_that_is_down_is_an_error_of_its_own(provider: EmbeddedProvider) -> None:
    families = Families(provider)
    store = Faulty()
    client = client_of(provider, session_store=store)
    session = session_of()
    client.bind(session)
    store.down = True
    for call in (session.refresh, session.get_access_token, session.revoke):
        with refused(TokenRequestException, "store_unavailable"):
            call()
    with refused(TokenRequestException, "store_unavailable"):
        client.session(session.to_json())
    assert families.presented == []
    store.down = False
    assert session.get_access_token() == "login/alice-1"


def test_a_session_without_a_refresh_token_lives_as_long_as_its_access_token(
    provider: EmbeddedProvider,
) -> None:
    client = client_of(provider)
    session = Session({"access_token": "a", "expires_in": 60}, {"sub": "alice"})
    source = client.token_source(session=session)
    assert (source.get_token()).access_token == "a"
    forward(client, 59)
    assert (source.get_token()).access_token == "a"
    with refused(TokenRequestException, "login_required"):
        session.get_access_token(resource="orders")
    forward(client, 2)
    with refused(TokenRequestException, "login_required"):
        source.get_token()
    assert provider.count("/token") == 0


def test_a_refused_refresh_token_is_not_presented_again(provider: EmbeddedProvider) -> None:
    families = Families(provider)
    families.revoked.add("alice")
    store = MemorySessionStore()
    for _ in range(2):
        session = session_of()
        client_of(provider, session_store=store).bind(session)
        for _ in range(2):
            with refused(TokenRequestException, "login_required") as caught:
                session.get_access_token()
    assert families.presented == ["alice-0"]
    assert caught.value.details.get("oauth_error") in {None, "invalid_grant"}


@pytest.mark.parametrize("status", [500, 503, 401])
def test_a_provider_that_fails_ends_no_login(provider: EmbeddedProvider, status: int) -> None:
    families = Families(provider)
    session = session_of()
    client_of(provider).bind(session)
    families.before = lambda token: Answer.of_json({"error": "down"}, status)
    for _ in range(2):
        with refused(TokenRequestException, "token_request_error"):
            session.get_access_token()
    families.before = lambda token: None
    assert session.get_access_token() == "login/alice-1"


def test_an_answer_that_was_lost_lets_the_token_be_presented_once_more(
    provider: EmbeddedProvider,
) -> None:
    families = Families(provider)
    session = session_of()
    client_of(provider).bind(session)
    families.before = lambda token: Answer(200, b"cut off", {})
    with refused(TokenRequestException, "token_request_error"):
        session.get_access_token()
    families.before = lambda token: None
    assert session.get_access_token() == "login/alice-1"


def test_ending_a_session_deletes_it_everywhere(provider: EmbeddedProvider) -> None:
    Families(provider)
    revoked: list[str] = []
    store = MemorySessionStore()
    clients = [client_of(provider, session_store=store) for _ in range(2)]
    session = session_of()
    clients[0].bind(session)
    other = clients[1].session(session.to_json())
    other.refresh()

    def refuse(received: Received) -> Answer | None:
        if received.path != "/revoke":
            return None
        revoked.append(received.form["token"])
        return Answer.of_json({"error": "down"}, 503)

    provider.intercept = refuse
    assert not (session.revoke()).is_successful
    assert revoked[0] == "alice-1"
    assert len(store) == 0
    for call in (session.get_access_token, session.refresh, other.refresh, session.revoke):
        with refused(TokenRequestException, "login_required"):
            call()
    assert other.get_access_token() == "login/alice-1"  # until it ends
    with refused(TokenRequestException, "login_required"):
        clients[1].session(session.to_json())


def test_a_logout_during_a_renewal_is_final(provider: EmbeddedProvider) -> None:
    families = Families(provider)
    store = MemorySessionStore()
    session = session_of()
    client_of(provider, session_store=store).bind(session)

    def log_out(token: str) -> None:
        store._entries.clear()

    families.after = log_out
    with refused(TokenRequestException, "login_required"):
        session.refresh()
    assert len(store) == 0


def test_sessions_are_found_by_user_and_by_the_providers_session(
    provider: EmbeddedProvider,
) -> None:
    store = MemorySessionStore()
    client = client_of(provider, session_store=store)
    phone, laptop, bob = session_of(), session_of(), session_of("bob")
    laptop = Session({"refresh_token": "other-0"}, {"sub": "alice", "sid": "sid-2"}, PAST)
    for session in (phone, laptop, bob):
        client.bind(session)
    assert len(store.find_by(sub="alice")) == 2
    (name,) = store.find_by(sid="sid-2", sub="alice", issuer=provider.issuer)
    assert store.find_by(sub="bob", sid="sid-2") == []
    assert store.find_by(sub="alice", issuer="https://other") == []
    store.delete(name)
    assert store.find_by(sid="sid-2") == []
    assert len(store.find_by(sub="alice")) == 1
    with refused(InvalidArgumentError, "invalid_argument"):
        store.find_by()


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ({"refresh_token": "r", "refresh_expires_in": 1800}, 1800),
        ({"refresh_token": "r", "refresh_expires_in": 0}, 30 * 86400),  # as for offline tokens
        ({"refresh_token": "r"}, 30 * 86400),
        ({"access_token": "a", "expires_in": 90}, 90),
        ({"access_token": "a"}, 30 * 86400),
    ],
)
def test_a_record_lives_as_long_as_its_tokens(
    provider: EmbeddedProvider, token: dict[str, Any], expected: float
) -> None:
    store = MemorySessionStore()
    client = client_of(provider, session_store=store)
    now = store.clock()
    session = Session(token, {"sub": "alice"})
    client.bind(session)
    (name,) = store.find_by(sub="alice")
    store.clock = lambda: now + expected - 5
    assert store.get(name) is not None
    store.clock = lambda: now + expected + 5
    assert store.get(name) is None


def test_a_session_in_use_is_not_forgotten(provider: EmbeddedProvider) -> None:
    store = MemorySessionStore()
    client = client_of(provider, session_store=store, session_lifetime=1000.0)
    now = store.clock()
    session = Session({"access_token": "a", "refresh_token": "r"}, {"sub": "alice"})
    client.bind(session)
    name, before = backup_of(store)
    assert session.get_access_token() == "a"
    assert store.get(name) == before  # nothing is written for every use
    forward(client, 900)
    store.clock = lambda: now + 900
    assert session.get_access_token() == "a"
    store.clock = lambda: now + 1800
    assert store.find_by(sub="alice")
    store.clock = lambda: now + 2000
    client.bind(session_of("bob"))
    assert store.find_by(sub="alice") == []
    for lifetime in (0, -1, float("inf"), float("nan")):
        with refused(InvalidArgumentError, "invalid_argument"):
            client_of(provider, session_lifetime=lifetime)


def test_a_store_in_memory_sweeps_what_expired() -> None:
    store = MemorySessionStore()
    now = store.clock()
    for number in range(999):
        store.set(f"n{number}", SessionRecord(version=1, claims={"sub": "a"}), None, 10)
    store.clock = lambda: now + 60
    store.set("last", SessionRecord(version=1), None, 10)
    assert len(store) == 1
    assert store.find_by(sub="a") == []


def test_a_session_says_nothing_of_its_user(provider: EmbeddedProvider) -> None:
    session = Session(
        {"access_token": "hidden", "refresh_token": "hidden", "id_token": "hidden"},
        {"sub": "hidden", "email": "hidden"},
        userinfo={"name": "hidden"},
        client=client_of(provider),
    )
    store = MemorySessionStore()
    client_of(provider, session_store=store).bind(session)
    (name,) = store.find_by(sub="hidden")
    for shown in (repr(session), repr(store.get(name)), session.to_json()):
        assert "hidden" not in shown


def test_a_session_belongs_to_one_client(provider: EmbeddedProvider) -> None:
    store = MemorySessionStore()
    client = client_of(provider, session_store=store)
    session = session_of()
    client.bind(session)
    other = OAuthClient(provider.issuer, "other", session_store=store)
    with refused(TokenRequestException, "login_required"):
        other.session(session.to_json())
    with refused(InvalidArgumentError, "session_of_another_client"):
        other.refresh(session)
    source = other.token_source(session=session_of())
    with refused(TokenRequestException, "token_request_error"):
        source.get_token()  # a record of its own: this client is unknown to the provider
    assert len(store) == 2


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", '{"name": 1, "version": 1}', '{"name": "n", "version": true}']
)
def test_a_text_that_names_no_session_is_refused(provider: EmbeddedProvider, text: str) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        client_of(provider).session(text)


def test_a_session_is_used_with_a_client(provider: EmbeddedProvider) -> None:
    Families(provider)
    session = session_of()
    with refused(ConfigurationException, "session_not_stored"):
        session.to_json()
    with refused(ConfigurationException, "session_without_client"):
        session.get_access_token()
    client = client_of(provider)
    with pytest.raises(TypeError):
        client.token_source(session=session, nonsense="x")  # type: ignore[call-arg]
    with refused(InvalidArgumentError, "invalid_argument"):
        client.bind("text")  # type: ignore[arg-type]
    with refused(InvalidArgumentError, "invalid_argument"):
        client.bind(Session({"access_token": "a"}, {"sub": "a", "when": PAST}))
    token = {"access_token": "a", "refresh_token": "alice-0"}
    owned = Session(token, {"sub": "alice"}, PAST, client=client)
    assert owned.get_access_token() == "login/alice-1"


def test_a_session_puts_its_tokens_on_requests(provider: EmbeddedProvider) -> None:
    families = Families(provider)
    session = session_of()
    client_of(provider).bind(session)
    carried: list[str] = []

    def serve(request: httpx.Request) -> httpx.Response:
        carried.append(request.headers["authorization"])
        return httpx.Response(200 if carried[-1].endswith("-2") else 401)

    auth = session.auth(resource="orders", origins=["https://api.example"])
    assert isinstance(auth, TokenAuth)
    with httpx.Client(transport=httpx.MockTransport(serve), auth=auth) as api:
        for _ in range(2):
            assert (api.get("https://api.example/")).status_code == 200
    assert carried == ["Bearer orders/alice-1", *["Bearer orders/alice-2"] * 2]
    assert not families.revoked


def test_an_api_that_refuses_everything_costs_one_token_per_gap(
    provider: EmbeddedProvider,
) -> None:
    families = Families(provider)
    client = client_of(provider)
    session = session_of()
    known = (client.token_source(session=session)).get_token()
    for _ in range(20):  # each with a source of its own
        source = client.token_source(session=session)
        known = source.renew(known.access_token)
    assert families.presented == ["alice-0", "alice-1"]
    forward(client, 59)
    assert (source.get_token()).access_token == "login/alice-3"
    forward(client, 30)
    source.renew("login/alice-3")
    assert families.presented == ["alice-0", "alice-1", "alice-2", "alice-3"]


def test_answers_that_cannot_be_used_do_not_lose_the_successor(
    provider: EmbeddedProvider,
) -> None:
    families = Families(provider)
    client = client_of(provider)
    session = session_of()
    client.bind(session)
    unusable: list[tuple[dict[str, Any], str]] = [
        ({"token_type": "N_A"}, "unsupported_token_type"),
        ({"token_type": "DPoP"}, "unsupported_token_type"),
        ({"expires_in": 0}, "invalid_expires_in"),
        ({"access_token": ["a"]}, "invalid_access_token"),
        ({"access_token": None}, "token_request_error"),
    ]
    for number, (more, code) in enumerate(unusable, 1):
        families.more = more
        with refused(TokenRequestException, code):
            session.refresh()
        newest = client.session(session.to_json())
        assert newest.refresh_token == f"alice-{number}"
    families.more = {}
    assert session.refresh() == "login/alice-6"
    assert not families.revoked


def test_a_bearer_token_for_a_key_is_refused(provider: EmbeddedProvider) -> None:
    Families(provider)
    client = client_of(provider, dpop_key=DPoPKey())
    source = client.token_source(session=session_of())
    with refused(TokenRequestException, "token_not_bound_to_key"):
        source.get_token()


def login_claims(provider: EmbeddedProvider) -> dict[str, Any]:
    return {
        "iss": provider.issuer,
        "sub": "alice",
        "aud": provider.client_id,
        "auth_time": 1000,
        "nonce": "n",
        "iat": 1000,
        "roles": ["admin"],
    }


GOOD: list[dict[str, Any]] = [
    {},
    {"nonce": "n"},
    {"aud": ["machine"]},
    {"auth_time": None},
    {"roles": ["user"]},
]


@pytest.mark.parametrize("changes", GOOD)
def test_a_new_id_token_of_the_same_login_is_accepted(
    provider: EmbeddedProvider, changes: dict[str, Any]
) -> None:
    families = Families(provider)
    client = client_of(provider)
    first = login_claims(provider)
    session = Session({"refresh_token": "alice-0", "id_token": "first"}, first)
    claims = {**first, "nonce": None, "roles": None, **changes}
    families.more["id_token"] = provider.mint(header={"typ": "JWT"}, **claims)
    assert (client.refresh(session)).is_successful
    assert session.id_token == families.more["id_token"]
    assert session.claims.get("roles") == changes.get("roles")
    assert session.claims["auth_time"] == 1000
    assert session.claims["nonce"] == "n"


BAD: list[dict[str, Any]] = [
    {"sub": "mallory"},
    {"azp": "machine"},
    {"auth_time": 2000},
    {"nonce": "other"},
    {"iat": 999},
]


def unsigned(provider: EmbeddedProvider) -> str:
    from py_identity_model._jose.encoding import encode_base64url

    payload = provider.mint(header={"typ": "JWT"}, **login_claims(provider)).split(".")[1]
    return ".".join([encode_base64url(b'{"alg":"none"}').decode(), payload, ""])


def expect_refused(
    provider: EmbeddedProvider, id_token: str, kind: type[PyIdentityModelException], code: str
) -> None:
    families = Families(provider, id_token=id_token)
    client = client_of(provider)
    first = login_claims(provider)
    for call in ("refresh", "source", "session"):
        token = {"access_token": "old", "refresh_token": f"{call}-0", "id_token": "first"}
        session = Session(token, first, PAST)
        source = client.token_source(session=session)
        calls: dict[str, Callable[[], Any]] = {
            "refresh": partial(client.refresh, session),
            "source": source.get_token,
            "session": session.get_access_token,
        }
        client.bind(session)
        with pytest.raises(kind) as caught:
            calls[call]()
        assert caught.value.code == code
        newest = client.session(session.to_json())
        assert newest.id_token == "first"
        assert newest.claims == first
        assert newest.access_token == "old"
        assert newest.refresh_token == f"{call}-1"
    assert not families.revoked


@pytest.mark.parametrize("changes", BAD)
def test_an_id_token_of_another_login_is_refused(
    provider: EmbeddedProvider, changes: dict[str, Any]
) -> None:
    claims = {**login_claims(provider), **changes}
    expect_refused(
        provider,
        provider.mint(header={"typ": "JWT"}, **claims),
        IdTokenValidationException,
        "refreshed_id_token_mismatch",
    )


def test_a_refreshed_id_token_for_strangers_too_is_refused(
    provider: EmbeddedProvider,
) -> None:
    claims = {**login_claims(provider), "aud": [provider.client_id, "other"]}
    claims["azp"] = provider.client_id
    expect_refused(
        provider,
        provider.mint(header={"typ": "JWT"}, **claims),
        IdTokenValidationException,
        "untrusted_audience",
    )


def test_an_unsigned_id_token_is_refused(provider: EmbeddedProvider) -> None:
    expect_refused(provider, unsigned(provider), TokenValidationException, "algorithm_none")
    expect_refused(provider, "rubbish", TokenValidationException, "malformed_token")
    with EmbeddedProvider() as other:
        stranger = other.mint(header={"typ": "JWT"}, **login_claims(provider))
    expect_refused(provider, stranger, TokenValidationException, "no_matching_key")


def test_a_text_is_presented_as_it_is_and_its_id_token_validated(
    provider: EmbeddedProvider,
) -> None:
    families = Families(provider)
    client = client_of(provider)
    answer = client.refresh("alice-0")
    assert (answer.token or {})["access_token"] == "login/alice-1"
    families.more["id_token"] = "rubbish"
    with refused(TokenValidationException, "malformed_token"):
        client.refresh("alice-1")
    provider.intercept = failing("/token", 400)
    assert not (client.refresh("alice-2")).is_successful


@pytest.mark.parametrize(
    ("answer", "bound", "code"),
    [
        ({"token_type": "Bearer"}, True, "token_not_bound_to_key"),
        ({"token_type": None}, True, "token_not_bound_to_key"),
        ({"token_type": "DPoP"}, False, "unsupported_token_type"),
        ({"token_type": "mac"}, False, "unsupported_token_type"),
        ({"expires_in": -1}, False, "invalid_expires_in"),
        ({"access_token": 7}, False, "invalid_access_token"),
        ({"access_token": None}, False, "invalid_access_token"),
    ],
)
def test_the_answer_to_a_text_is_judged_as_any_other(
    provider: EmbeddedProvider, answer: dict[str, Any], bound: bool, code: str
) -> None:
    client = client_of(provider, dpop_key=DPoPKey() if bound else None)
    usual = {"access_token": "t", "token_type": "Bearer", "expires_in": 60, "id_token": "a.b.c"}
    members = {name: one for name, one in {**usual, **answer}.items() if one is not None}
    provider.intercept = answering("/token", Answer.of_json(members))
    with refused(TokenRequestException, code):
        client.refresh("r")


def test_userinfo_is_asked_with_a_sessions_newest_token(provider: EmbeddedProvider) -> None:
    families = Families(provider)
    client = client_of(provider)
    asked: list[str] = []

    def respond(received: Received) -> Answer | None:
        if received.path == "/userinfo":
            asked.append(received.headers["authorization"])
            return Answer.of_json({"sub": "alice"})
        return families(received)

    provider.intercept = respond
    assert (client.userinfo(session_of())).claims == {"sub": "alice"}
    assert asked == ["Bearer login/alice-1"]
    with refused(InvalidArgumentError, "invalid_argument"):
        client.userinfo("token")


def test_a_renewal_takes_the_records_of_those_who_were_faster(
    provider: EmbeddedProvider,
) -> None:
    """A lock that was lost lets two in; who stores second takes what is there."""
    families = Families(provider)
    store = MemorySessionStore()
    session = session_of()
    client_of(provider, session_store=store).bind(session)

    def overtake(token: str) -> None:
        (name,) = store._entries
        entry = store._entries[name]
        record = SessionRecord.unpack(name, entry.record)
        faster = replace(record, version=record.version + 5, refresh_token="alice-9", stamp="other")
        store._entries[name] = entry._replace(record=faster.pack(name), version=faster.version)

    families.after = overtake
    with refused(TokenRequestException, "renewal_pending"):
        session.refresh()  # their record has no access token for it
    families.after = lambda token: None
    assert session.refresh() == "login/alice-10"


def test_a_session_ends_at_its_expiry(provider: EmbeddedProvider) -> None:
    ends = datetime.now(UTC) + timedelta(seconds=90)
    session = Session({"access_token": "a"}, {"sub": "alice"}, ends)
    assert session.expires_at == ends
    assert Session({}, {}).expires_at is None
    assert Session({}, {}).userinfo is None

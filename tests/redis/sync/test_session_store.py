# Generated from aio/test_session_store.py by scripts/make_sync.py; edit that file.
"""Sessions in a real Redis: what a session store promises."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet

from py_identity_model.exceptions import (
    ConfigurationException,
    InvalidArgumentError,
    TokenRequestException,
)
from py_identity_model.sync import (
    ClientSecretBasic,
    OAuthClient,
    RedisSessionStore,
    RedisTokenStore,
    RefreshTokenRequest,
    Session,
    SessionRecord,
    SessionStore,
    Settings,
    TokenSource,
)
from py_identity_model.testing import EmbeddedProvider
from tests.families import Families
from tests.redis.clients.sync import Redis
from tests.support import refused

PREFIX = "py_identity_model:session"
RECORD = SessionRecord(version=1, refresh_token="hidden", claims={"sub": "alice", "sid": "s1"})
OTHER = replace(RECORD, claims={"sub": "alice", "sid": "s2"}, issuer="https://op.example")


def encrypted(client: Redis) -> RedisSessionStore:
    """Return a store with a key of its own."""
    fernet = Fernet(Fernet.generate_key())
    return RedisSessionStore(client, encrypt=fernet.encrypt, decrypt=fernet.decrypt)


def session_of(provider: EmbeddedProvider, store: SessionStore, name: str = "alice") -> Session:
    session = Session({"refresh_token": f"{name}-0"}, {"sub": name, "sid": f"sid-{name}"})
    proof = ClientSecretBasic(provider.client_secret)
    client = OAuthClient(provider.issuer, provider.client_id, proof, session_store=store)
    client.bind(session)
    return session


def test_a_record_is_replaced_only_where_its_version_is_the_expected_one(
    client: Redis,
) -> None:
    store = RedisSessionStore(client)
    assert isinstance(store, SessionStore)
    newer = replace(RECORD, version=2)
    attempts = [(RECORD, 1), (RECORD, None), (RECORD, None), (newer, 2), (newer, 1)]
    stored = [store.set("n", record, expected, 60) for record, expected in attempts]
    assert stored == [False, True, False, False, True]
    assert store.get("n") == newer


def test_a_record_lasts_until_it_expires_or_is_deleted(client: Redis) -> None:
    store = RedisSessionStore(client)
    assert store.get("n") is None
    assert store.set("n", RECORD, None, 60)
    assert 59_000 < int(client.pttl(f"{PREFIX}:n")) <= 60_000
    store.delete("n")
    assert store.get("n") is None
    assert store.set("n", RECORD, None, 0.001)
    while client.exists(f"{PREFIX}:n"):
        pass  # for a millisecond


def test_records_are_found_by_user_session_and_issuer(client: Redis) -> None:
    store = RedisSessionStore(client)
    assert store.set("a", RECORD, None, 60)
    assert store.set("b", OTHER, None, 60)
    assert sorted(store.find_by(sub="alice")) == ["a", "b"]
    assert store.find_by(sub="alice", sid="s1") == ["a"]
    assert store.find_by(sid="s2") == ["b"]
    assert store.find_by(sub="bob", sid="s1") == []
    assert "b" in store.find_by(sub="alice", issuer="https://op.example")
    assert store.find_by(sid="s2", issuer="https://other.example") == []
    with refused(InvalidArgumentError, "invalid_argument"):
        store.find_by()


def test_a_record_that_changed_its_user_is_not_found_by_the_former(client: Redis) -> None:
    store = RedisSessionStore(client)
    assert store.set("a", RECORD, None, 60)
    assert store.set("a", replace(RECORD, version=2, claims={"sub": "bob"}), 1, 60)
    assert store.find_by(sub="alice") == []
    assert store.find_by(sub="bob") == ["a"]


def test_a_record_that_was_deleted_is_not_found(client: Redis) -> None:
    store = RedisSessionStore(client)
    assert store.set("a", RECORD, None, 60)
    store.delete("a")
    assert store.find_by(sub="alice") == []


def test_expired_names_do_not_pile_up_in_an_index(client: Redis) -> None:
    store = RedisSessionStore(client)
    assert store.set("a", RECORD, None, 0.001)
    while client.exists(f"{PREFIX}:a"):
        pass  # for a millisecond
    assert store.set("b", RECORD, None, 60)
    (index,) = client.keys(f"{PREFIX}-sub:*")
    assert client.zrange(index, 0, -1) == [b"b"]


def test_an_index_lasts_as_long_as_its_last_record(client: Redis) -> None:
    store = RedisSessionStore(client)
    assert store.set("a", RECORD, None, 60)
    assert store.set("b", RECORD, None, 30)
    for index in client.keys(f"{PREFIX}-*"):
        assert 59_000 < int(client.pttl(index)) <= 60_000


def test_a_user_is_not_named_in_redis(client: Redis) -> None:
    assert encrypted(client).set("a", RECORD, None, 60)
    assert not any(b"alice" in name for name in client.keys("*"))
    assert "alice" not in str(client.hgetall(f"{PREFIX}:a"))


def test_a_client_that_decodes_is_accepted(port: int, client: Redis) -> None:
    with Redis(port=port, decode_responses=True) as decoding:
        store = RedisSessionStore(decoding)
        assert store.set("a", RECORD, None, 60)
        assert store.get("a") == RECORD
        assert store.find_by(sub="alice") == ["a"]


def test_a_record_that_another_key_encrypted_is_a_typed_error(client: Redis) -> None:
    assert encrypted(client).set("a", RECORD, None, 60)
    other = encrypted(client)
    with refused(ConfigurationException, "unreadable_value"):
        other.get("a")
    assert other.set("b", RECORD, None, 60)
    assert other.find_by(sub="alice") == ["a", "b"]  # who ends it hears of the first


def without_version(client: Redis) -> None:
    client.hdel(f"{PREFIX}:b", "version")


def with_another_version(client: Redis) -> None:
    client.hset(f"{PREFIX}:b", "version", "7")


def of_another_name(client: Redis) -> None:
    theirs = client.hget(f"{PREFIX}:a", "record")
    client.hset(f"{PREFIX}:b", "record", theirs or b"")


def with_rubbish(client: Redis) -> None:
    client.hset(f"{PREFIX}:b", "record", b"rubbish")


@pytest.mark.parametrize(
    "forge", [without_version, with_another_version, of_another_name, with_rubbish]
)
def test_a_record_changed_in_redis_is_a_typed_error(
    client: Redis, forge: Callable[[Redis], Any]
) -> None:
    store = encrypted(client)
    assert store.set("a", RECORD, None, 60)
    assert store.set("b", RECORD, None, 60)
    forge(client)
    with refused(ConfigurationException, "unreadable_value"):
        store.get("b")


def name_of(session: Session) -> str:
    """Return the name of a session's record."""
    return str(json.loads(session.to_json())["name"])


def test_a_login_whose_record_was_exchanged_presents_nothing(
    client: Redis, provider: EmbeddedProvider
) -> None:
    families = Families(provider)
    store = encrypted(client)
    alice, mallory = [session_of(provider, store, name) for name in ("alice", "mallory")]
    theirs = client.hget(f"{PREFIX}:{name_of(alice)}", "record")
    client.hset(f"{PREFIX}:{name_of(mallory)}", "record", theirs or b"")
    with refused(TokenRequestException, "login_required"):
        mallory.get_access_token()
    assert families.presented == []


def test_clients_that_share_a_store_renew_a_login_once(
    client: Redis, provider: EmbeddedProvider
) -> None:
    families = Families(provider)
    session = session_of(provider, RedisSessionStore(client))
    assert session.get_access_token() == "login/alice-1"
    proof = ClientSecretBasic(provider.client_secret)
    other = OAuthClient(
        *(provider.issuer, provider.client_id, proof), session_store=RedisSessionStore(client)
    )
    found = Session.from_json(session.to_json(), other)
    assert found.get_access_token() == "login/alice-1"
    assert families.presented == ["alice-0"]


def test_a_flushed_redis_ends_logins_and_replays_nothing(
    client: Redis, provider: EmbeddedProvider
) -> None:
    families = Families(provider)
    session = session_of(provider, RedisSessionStore(client))
    request = RefreshTokenRequest(provider.token_endpoint, "web", "bob-0")
    source = TokenSource(request, store=RedisTokenStore(client))
    first = source.get_token()
    session.refresh()
    client.flushall()
    with refused(TokenRequestException, "login_required"):
        session.refresh()
    with refused(TokenRequestException, "login_required"):
        source.renew(first.access_token)
    assert sorted(families.presented) == ["alice-0", "bob-0"]


@pytest.mark.parametrize("timeout", [60, 59])
def test_a_lock_that_opens_before_a_request_is_over_is_refused(
    client: Redis, provider: EmbeddedProvider, timeout: float
) -> None:
    families = Families(provider)
    session = session_of(provider, RedisSessionStore(client, lock_timeout=timeout))
    with refused(InvalidArgumentError, "lock_timeout_too_short"):
        session.refresh()
    source = TokenSource(
        RefreshTokenRequest(provider.token_endpoint, "web", "bob-0"),
        store=RedisTokenStore(client, lock_timeout=timeout),
    )
    with refused(InvalidArgumentError, "lock_timeout_too_short"):
        source.get_token()
    assert families.presented == []


def test_a_killed_holder_of_the_lock_stops_no_session_whose_token_is_valid(
    client: Redis, provider: EmbeddedProvider
) -> None:
    families = Families(provider)
    store = RedisSessionStore(client)
    proof = ClientSecretBasic(provider.client_secret)
    settings = Settings(http_timeout=0.1)
    op = OAuthClient(
        provider.issuer, provider.client_id, proof, session_store=store, settings=settings
    )
    session = Session(
        {"access_token": "old", "refresh_token": "alice-0"},
        {"sub": "alice"},
        datetime.now(UTC) + timedelta(seconds=60),
    )
    op.bind(session)
    name = json.loads(session.to_json())["name"]
    late = time.time() + 45  # it should be renewed, but has not expired
    op.clock = lambda: late
    killed = client.lock(f"py_identity_model:lock:{name}", timeout=120)
    assert killed.acquire()
    assert session.get_access_token() == "old"
    with refused(TokenRequestException, "renewal_pending") as caught:
        session.refresh()
    assert caught.value.details == {"retry_after": 120.0}
    assert families.presented == []
    killed.release()
    assert session.refresh() == "login/alice-1"
    assert families.presented == ["alice-0"]

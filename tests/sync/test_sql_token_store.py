# Generated from aio/test_sql_token_store.py by scripts/make_sync.py; edit that file.
"""Tokens in a relational database: what a token store promises, and what processes share."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, create_engine, event, text

from py_identity_model._seam.sync import gather, sleep
from py_identity_model.exceptions import ConfigurationException, InvalidArgumentError
from py_identity_model.sync import (
    ClientCredentialsTokenRequest,
    DPoPKey,
    DPoPNonceCache,
    HTTPClient,
    SQLTokenStore,
    TokenSource,
    TokenStore,
    validate_token,
)
from py_identity_model.testing import EmbeddedProvider
from tests import postgresql
from tests.support import CONFIG, DISCOVERY, Clock, refused


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    """A database without tables: a file of SQLite, or the PostgreSQL that is named."""
    host = os.environ.get(postgresql.HOST)
    made = create_engine(postgresql.url_of(host) if host else f"sqlite:///{tmp_path}/tokens.db")
    yield made
    with made.begin() as connection:
        for table in ("tokens", "token_locks") if host else ():
            connection.execute(text(f"drop table if exists oidc_{table}"))
    made.dispose()


def store_of(engine: Engine, **more: Any) -> SQLTokenStore:
    store = SQLTokenStore(engine, **more)
    store.create_tables()
    return store


def encrypted(engine: Engine) -> SQLTokenStore:
    fernet = Fernet(Fernet.generate_key())
    return store_of(engine, encrypt=fernet.encrypt, decrypt=fernet.decrypt)


def rows(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(text("select name, value from oidc_tokens")))


def test_values_last_until_they_expire_or_are_deleted(engine: Engine) -> None:
    store, clock = store_of(engine), Clock()
    store.clock = clock
    assert isinstance(store, TokenStore)
    store.set("a", "wört", 60)
    store.set("b", "2", None)
    store.set("b", "3", None)
    clock.now += 59
    assert [store.get(key) for key in "abc"] == ["wört", "3", None]
    clock.now += 1
    assert [store.get(key) for key in "ab"] == [None, "3"]
    store.delete("b")
    assert store.get("b") is None


def test_what_has_expired_leaves_no_row(engine: Engine) -> None:
    store, clock = store_of(engine), Clock()
    store.clock = clock
    store.set("a", "1", 60)
    clock.now += 60
    store.set("b", "2", 60)
    assert [row.name for row in rows(engine)] == ["b"]


def test_an_expired_value_may_be_stored_again(engine: Engine) -> None:
    store, clock = store_of(engine), Clock()
    store.clock = clock
    store.set("a", "1", 60)
    clock.now += 61
    store.set("a", "2", 60)
    assert store.get("a") == "2"


def test_of_many_who_write_at_once_one_is_the_last(engine: Engine) -> None:
    store = store_of(engine)
    gather([partial(store.set, "a", str(number), 60) for number in range(8)])
    assert store.get("a") in {str(number) for number in range(8)}
    assert len(rows(engine)) == 1


def test_a_value_that_another_process_stores_first_is_replaced(engine: Engine) -> None:
    store = store_of(engine)
    store.set("a", "theirs", 60)
    blind = [" AND 1 = 0"]  # the first look does not see the row yet

    def look(
        connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> tuple[str, Any]:
        if statement.startswith("UPDATE") and blind:
            statement += blind.pop()
        return statement, parameters

    event.listen(engine, "before_cursor_execute", look, retval=True)
    store.set("a", "mine", 60)
    event.remove(engine, "before_cursor_execute", look)
    assert blind == []
    assert store.get("a") == "mine"


def test_a_value_is_sealed_by_the_hooks(engine: Engine) -> None:
    store = encrypted(engine)
    store.set("a", "hidden", 60)
    assert store.get("a") == "hidden"
    assert "hidden" not in str(rows(engine))
    with refused(ConfigurationException, "unreadable_value"):
        (encrypted(engine)).get("a")


def test_a_lock_has_one_holder(engine: Engine) -> None:
    one, other = [store_of(engine) for _ in "ab"]
    inside: list[str] = []

    def hold(store: SQLTokenStore, name: str) -> None:
        with store.lock("key"):
            inside.append(name)
            sleep(0.02)
            inside.append(name)

    gather([partial(hold, one, "a"), partial(hold, other, "b")])
    assert inside in (["a", "a", "b", "b"], ["b", "b", "a", "a"])


def test_sources_that_share_a_database_ask_once(engine: Engine, provider: EmbeddedProvider) -> None:
    request = ClientCredentialsTokenRequest(
        provider.token_endpoint, provider.client_id, provider.client_secret
    )
    stores = [store_of(engine) for _ in "ab"]
    tokens = [TokenSource(request, store=store).get_token() for store in stores]
    assert tokens[0] == tokens[1]
    assert provider.count("/token") == 1


def test_documents_keys_and_nonces_are_shared(engine: Engine) -> None:
    with EmbeddedProvider(dpop_nonce=True) as provider:
        request = ClientCredentialsTokenRequest(
            provider.token_endpoint,
            provider.client_id,
            provider.client_secret,
            dpop_key=DPoPKey(),
        )
        for _ in "ab":
            store = store_of(engine)
            cache = DPoPNonceCache(store)
            with HTTPClient(document_store=store, dpop_nonce_cache=cache) as process:
                validate_token(provider.mint(), CONFIG, provider.issuer, process)
                TokenSource(request, process).get_token()
        assert (provider.count(DISCOVERY), provider.count("/jwks")) == (1, 1)
        assert provider.count("/token") == 3  # only the first process was refused


@pytest.mark.parametrize("arguments", [{"encrypt": bytes}, {"decrypt": bytes}, {"lock_timeout": 0}])
def test_what_cannot_work_is_refused(engine: Engine, arguments: dict[str, Any]) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        SQLTokenStore(engine, **arguments)


def test_its_tables_are_there_for_migrations(engine: Engine) -> None:
    assert set(SQLTokenStore(engine).metadata.tables) == {"oidc_tokens", "oidc_token_locks"}

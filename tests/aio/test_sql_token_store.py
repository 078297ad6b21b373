"""Tokens in a relational database: what a token store promises, and what processes share."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, create_engine, event, text

from py_identity_model._seam.aio import gather, sleep
from py_identity_model.aio import (
    AsyncDPoPNonceCache,
    AsyncHTTPClient,
    AsyncSQLTokenStore,
    AsyncTokenSource,
    AsyncTokenStore,
    ClientCredentialsTokenRequest,
    DPoPKey,
    validate_token,
)
from py_identity_model.exceptions import ConfigurationException, InvalidArgumentError
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


async def store_of(engine: Engine, **more: Any) -> AsyncSQLTokenStore:
    store = AsyncSQLTokenStore(engine, **more)
    await store.create_tables()
    return store


async def encrypted(engine: Engine) -> AsyncSQLTokenStore:
    fernet = Fernet(Fernet.generate_key())
    return await store_of(engine, encrypt=fernet.encrypt, decrypt=fernet.decrypt)


def rows(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(text("select name, value from oidc_tokens")))


async def test_values_last_until_they_expire_or_are_deleted(engine: Engine) -> None:
    store, clock = await store_of(engine), Clock()
    store.clock = clock
    assert isinstance(store, AsyncTokenStore)
    await store.set("a", "wört", 60)
    await store.set("b", "2", None)
    await store.set("b", "3", None)
    clock.now += 59
    assert [await store.get(key) for key in "abc"] == ["wört", "3", None]
    clock.now += 1
    assert [await store.get(key) for key in "ab"] == [None, "3"]
    await store.delete("b")
    assert await store.get("b") is None


async def test_what_has_expired_leaves_no_row(engine: Engine) -> None:
    store, clock = await store_of(engine), Clock()
    store.clock = clock
    await store.set("a", "1", 60)
    clock.now += 60
    await store.set("b", "2", 60)
    assert [row.name for row in rows(engine)] == ["b"]


async def test_an_expired_value_may_be_stored_again(engine: Engine) -> None:
    store, clock = await store_of(engine), Clock()
    store.clock = clock
    await store.set("a", "1", 60)
    clock.now += 61
    await store.set("a", "2", 60)
    assert await store.get("a") == "2"


async def test_of_many_who_write_at_once_one_is_the_last(engine: Engine) -> None:
    store = await store_of(engine)
    await gather([partial(store.set, "a", str(number), 60) for number in range(8)])
    assert await store.get("a") in {str(number) for number in range(8)}
    assert len(rows(engine)) == 1


async def test_a_value_that_another_process_stores_first_is_replaced(engine: Engine) -> None:
    store = await store_of(engine)
    await store.set("a", "theirs", 60)
    blind = [" AND 1 = 0"]  # the first look does not see the row yet

    def look(
        connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> tuple[str, Any]:
        if statement.startswith("UPDATE") and blind:
            statement += blind.pop()
        return statement, parameters

    event.listen(engine, "before_cursor_execute", look, retval=True)
    await store.set("a", "mine", 60)
    event.remove(engine, "before_cursor_execute", look)
    assert blind == []
    assert await store.get("a") == "mine"


async def test_a_value_is_sealed_by_the_hooks(engine: Engine) -> None:
    store = await encrypted(engine)
    await store.set("a", "hidden", 60)
    assert await store.get("a") == "hidden"
    assert "hidden" not in str(rows(engine))
    with refused(ConfigurationException, "unreadable_value"):
        await (await encrypted(engine)).get("a")


async def test_a_lock_has_one_holder(engine: Engine) -> None:
    one, other = [await store_of(engine) for _ in "ab"]
    inside: list[str] = []

    async def hold(store: AsyncSQLTokenStore, name: str) -> None:
        async with store.lock("key"):
            inside.append(name)
            await sleep(0.02)
            inside.append(name)

    await gather([partial(hold, one, "a"), partial(hold, other, "b")])
    assert inside in (["a", "a", "b", "b"], ["b", "b", "a", "a"])


async def test_sources_that_share_a_database_ask_once(
    engine: Engine, provider: EmbeddedProvider
) -> None:
    request = ClientCredentialsTokenRequest(
        provider.token_endpoint, provider.client_id, provider.client_secret
    )
    stores = [await store_of(engine) for _ in "ab"]
    tokens = [await AsyncTokenSource(request, store=store).get_token() for store in stores]
    assert tokens[0] == tokens[1]
    assert provider.count("/token") == 1


async def test_documents_keys_and_nonces_are_shared(engine: Engine) -> None:
    with EmbeddedProvider(dpop_nonce=True) as provider:
        request = ClientCredentialsTokenRequest(
            provider.token_endpoint,
            provider.client_id,
            provider.client_secret,
            dpop_key=DPoPKey(),
        )
        for _ in "ab":
            store = await store_of(engine)
            cache = AsyncDPoPNonceCache(store)
            async with AsyncHTTPClient(document_store=store, dpop_nonce_cache=cache) as process:
                await validate_token(provider.mint(), CONFIG, provider.issuer, process)
                await AsyncTokenSource(request, process).get_token()
        assert (provider.count(DISCOVERY), provider.count("/jwks")) == (1, 1)
        assert provider.count("/token") == 3  # only the first process was refused


@pytest.mark.parametrize("arguments", [{"encrypt": bytes}, {"decrypt": bytes}, {"lock_timeout": 0}])
def test_what_cannot_work_is_refused(engine: Engine, arguments: dict[str, Any]) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        AsyncSQLTokenStore(engine, **arguments)


def test_its_tables_are_there_for_migrations(engine: Engine) -> None:
    assert set(AsyncSQLTokenStore(engine).metadata.tables) == {"oidc_tokens", "oidc_token_locks"}

"""Sessions in a relational database: what a store promises, and what processes share."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, create_engine, text

from py_identity_model._seam.aio import gather, sleep
from py_identity_model._seam.lock_waits import LockHeldError, waiting_at_most
from py_identity_model.aio import AsyncSessionStore, AsyncSQLSessionStore, SessionRecord
from py_identity_model.exceptions import (
    ConfigurationException,
    InvalidArgumentError,
    TokenRequestException,
)
from py_identity_model.testing import EmbeddedProvider
from tests import postgresql
from tests.browsers import Browser
from tests.support import refused

from .test_web_login import client_of, expire_tokens, logged_in, login_of, subject

RECORD = SessionRecord(
    "https://op.example", version=1, refresh_token="hidden", claims={"sub": "alice", "sid": "sid-1"}
)


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    """A database without tables: a file of SQLite, or the PostgreSQL that is named."""
    host = os.environ.get(postgresql.HOST)
    made = create_engine(postgresql.url_of(host) if host else f"sqlite:///{tmp_path}/sessions.db")
    yield made
    with made.begin() as connection:
        for table in ("sessions", "locks") if host else ():
            connection.execute(text(f"drop table if exists oidc_{table}"))
    made.dispose()


async def store_of(engine: Engine, **more: Any) -> AsyncSQLSessionStore:
    store = AsyncSQLSessionStore(engine, **more)
    await store.create_tables()
    return store


async def test_a_record_is_replaced_only_where_its_version_is_expected(engine: Engine) -> None:
    store = await store_of(engine)
    assert isinstance(store, AsyncSessionStore)
    assert await store.get("a") is None
    assert not await store.set("a", RECORD, 1, 60)
    assert await store.set("a", RECORD, None, 60)
    assert await store.get("a") == RECORD
    assert not await store.set("a", RECORD, None, 60)
    assert not await store.set("a", RECORD, 2, 60)
    second = SessionRecord(version=2, refresh_token="new")
    assert await store.set("a", second, 1, 60)
    assert await store.get("a") == second
    await store.delete("a")
    assert await store.get("a") is None
    await store.delete("a")


async def test_of_many_who_replace_a_record_one_succeeds(engine: Engine) -> None:
    store = await store_of(engine)
    await store.set("a", RECORD, None, 60)

    async def replace(version: int) -> bool:
        return await store.set("a", SessionRecord(version=version + 1), version, 60)

    async def begin() -> bool:
        return await store.set("b", RECORD, None, 60)

    for version in range(1, 6):
        assert sum(await gather([partial(replace, version)] * 5)) == 1
    assert sum(await gather([begin] * 5)) == 1


async def test_a_record_ends_with_its_time_and_leaves_no_row(engine: Engine) -> None:
    store = await store_of(engine)
    now = store.clock()
    await store.set("a", RECORD, None, 60)
    store.clock = lambda: now + 61
    assert await store.get("a") is None
    assert not await store.set("a", RECORD, 1, 60)
    assert await store.find_by(sub="alice") == []
    assert await store.set("b", RECORD, None, 60)
    with engine.connect() as connection:
        assert connection.execute(text("select name from oidc_sessions")).all() == [("b",)]


async def test_records_are_found_by_user_and_by_session(engine: Engine) -> None:
    store = await store_of(engine)
    for name, claims in (
        ("a", {"sub": "alice", "sid": "s1"}),
        ("b", {"sub": "alice", "sid": "s2"}),
        ("c", {"sub": "bob"}),
    ):
        record = SessionRecord("https://op.example", version=1, claims=claims)
        await store.set(name, record, None, 60)
    assert await store.find_by(sub="alice") == ["a", "b"]
    assert await store.find_by(sid="s2") == ["b"]
    assert await store.find_by(sub="alice", sid="s1", issuer="https://op.example") == ["a"]
    assert await store.find_by(sub="bob", issuer="https://evil.example") == []
    assert await store.find_by(sub="' or 1=1 --") == []
    with pytest.raises(InvalidArgumentError):
        await store.find_by(issuer="https://op.example")


async def test_a_row_leads_to_no_other_user_than_its_record(engine: Engine) -> None:
    store = await store_of(engine)
    for name in ("alice", "mallory"):
        record = SessionRecord(version=1, claims={"sub": name, "sid": f"s-{name}"})
        await store.set(name, record, None, 60)
    for column in ("sub", "sid"):  # columns are not sealed
        copy = f"(select {column} from oidc_sessions where name = 'alice')"
        with engine.begin() as connection:
            connection.execute(
                text(f"update oidc_sessions set {column} = {copy} where name = 'mallory'")
            )
    assert await store.find_by(sub="alice") == ["alice"]
    assert await store.find_by(sid="s-alice") == ["alice"]
    assert await store.find_by(sub="mallory") == []


async def test_nobody_reads_in_the_database_who_is_logged_in(engine: Engine) -> None:
    fernet = Fernet(Fernet.generate_key())
    store = await store_of(engine, encrypt=fernet.encrypt, decrypt=fernet.decrypt)
    await store.set("a", RECORD, None, 60)
    assert await store.get("a") == RECORD
    with engine.connect() as connection:
        row = str(connection.execute(text("select * from oidc_sessions")).one())
    for secret in ("hidden", "alice", "sid-1"):
        assert secret not in row
    with refused(ConfigurationException, "unreadable_value"):
        await (await store_of(engine)).get("a")


async def test_a_record_that_cannot_be_read_keeps_no_other_of_its_user_alive(
    provider: EmbeddedProvider, engine: Engine
) -> None:
    """As after a change of the key; who ordered the logout hears that one is left."""
    fernet = Fernet(Fernet.generate_key())
    sealed = await store_of(engine, encrypt=fernet.encrypt, decrypt=fernet.decrypt)
    store = await store_of(engine)
    client, browser = client_of(provider, session_store=store), Browser()
    login = login_of(provider, client)
    await sealed.set("a", replace(RECORD, issuer=provider.issuer), None, 60)
    await logged_in(login, browser)
    with refused(TokenRequestException, "login_required"):
        await client.end_sessions(sub="alice")
    assert await subject(login, browser) is None
    assert await store.find_by(sub="alice") == ["a"]


async def test_a_record_that_was_moved_or_put_back_is_unreadable(engine: Engine) -> None:
    store = await store_of(engine)
    await store.set("a", RECORD, None, 60)
    for change, name in (("version = 7", "a"), ("name = 'b', version = 1", "b")):
        with engine.begin() as connection:
            connection.execute(text(f"update oidc_sessions set {change}"))
        with refused(ConfigurationException, "unreadable_value"):
            await store.get(name)


async def test_a_lock_has_one_holder(engine: Engine) -> None:
    one, other = await store_of(engine), await store_of(engine)
    order: list[str] = []

    async def first() -> None:
        async with one.lock("a"):
            order.append("in")
            await sleep(0.1)
            order.append("out")

    async def second() -> None:
        async with other.lock("a"):
            order.append("in")
            order.append("out")

    await gather([first, second])
    assert order == ["in", "out", "in", "out"]


async def test_the_wait_for_a_lock_has_its_limit(engine: Engine) -> None:
    store = await store_of(engine)
    async with store.lock("a"):
        with waiting_at_most(0.0), pytest.raises(LockHeldError):
            await store.lock("a").__aenter__()
    with waiting_at_most(0.0):  # one that is free is taken
        async with store.lock("a"):
            pass


async def test_a_lock_of_a_holder_that_is_gone_opens_by_itself(engine: Engine) -> None:
    store = await store_of(engine, lock_timeout=30)
    lost = store.lock("a")
    await lost.__aenter__()
    now = store.clock()
    store.clock = lambda: now + 31
    async with store.lock("a"):
        await lost.__aexit__(None, None, None)  # late: it takes nobody's lock away
        with engine.connect() as connection:
            assert len(connection.execute(text("select * from oidc_locks")).all()) == 1
    with engine.connect() as connection:
        assert connection.execute(text("select * from oidc_locks")).all() == []


async def test_workers_that_share_a_database_share_sessions_and_renewals(
    provider: EmbeddedProvider, engine: Engine
) -> None:
    workers = [
        login_of(provider, client_of(provider, session_store=await store_of(engine)))
        for _ in range(2)
    ]
    browser = Browser()
    await logged_in(workers[0], browser)
    for worker in workers:
        expire_tokens(worker)
    before = provider.count("/token")

    async def ask_first() -> str | None:
        return await subject(workers[0], browser)

    async def ask_second() -> str | None:
        return await subject(workers[1], browser)

    assert await gather([ask_first, ask_second] * 3) == ["alice"] * 6
    assert provider.count("/token") == before + 1
    token = provider.mint_logout_token(aud=provider.client_id, sub="alice")
    await workers[1].handle(Browser().post("/backchannel-logout", {"logout_token": token}))
    assert await subject(workers[0], browser) is None


async def test_a_database_that_is_down_is_503(provider: EmbeddedProvider, engine: Engine) -> None:
    store = AsyncSQLSessionStore(engine)  # without its tables
    login, browser = login_of(provider, client_of(provider, session_store=store)), Browser()
    assert (await logged_in(login, browser)).status == 503
    await store.create_tables()


@pytest.mark.parametrize(
    "arguments", [{"encrypt": bytes}, {"decrypt": bytes}, {"lock_timeout": 0.0}]
)
def test_what_cannot_work_is_refused(engine: Engine, arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError):
        AsyncSQLSessionStore(engine, **arguments)


def test_its_tables_are_there_for_migrations(engine: Engine) -> None:
    store = AsyncSQLSessionStore(engine, prefix="x_")
    assert {*store.metadata.tables} == {"x_sessions", "x_locks"}


@pytest.mark.parametrize(("own", "expected"), [(None, 30_000), (0.1, 30_000), (60, 60_000)])
async def test_a_writer_of_sqlite_waits_for_its_turn(
    tmp_path: Path, own: float | None, expected: int
) -> None:
    """With the five seconds of SQLite, three busy processes failed, and left locks behind."""
    arguments = {} if own is None else {"timeout": own}
    file = create_engine(f"sqlite:///{tmp_path}/busy.db", pool_size=1, connect_args=arguments)
    store = await store_of(file)
    assert await store.set("a", RECORD, None, 60)
    with file.connect() as connection:
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == expected
    file.dispose()

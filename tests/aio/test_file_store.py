"""Tokens and logins in files: for their owner alone, whole, and one writer at a time."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from py_identity_model import ConfigurationException, InvalidArgumentError, SessionRecord
from py_identity_model._files import FileLock
from py_identity_model._seam.aio import gather
from py_identity_model.aio import (
    AsyncFileSessionStore,
    AsyncFileTokenStore,
    AsyncOAuthClient,
    AsyncSession,
    AsyncSessionStore,
    AsyncTokenStore,
)
from py_identity_model.testing import EmbeddedProvider
from tests.support import Clock, refused


def fernet() -> Fernet:
    return Fernet(Fernet.generate_key())


def record(version: int, sub: str = "alice", sid: str = "1") -> SessionRecord:
    return SessionRecord(version=version, claims={"sub": sub, "sid": sid}, issuer="https://op.test")


def test_the_stores_are_stores(tmp_path: Path) -> None:
    assert isinstance(AsyncFileTokenStore(tmp_path / "a"), AsyncTokenStore)
    assert isinstance(AsyncFileSessionStore(tmp_path / "a"), AsyncSessionStore)


async def test_a_token_is_there_until_its_time(tmp_path: Path) -> None:
    store = AsyncFileTokenStore(tmp_path / "a")
    store.clock = Clock()
    await store.set("key", "value", 60)
    await store.set("other", "value", None)
    assert await AsyncFileTokenStore(tmp_path / "a").get("nobody") is None
    assert await store.get("key") == "value"
    store.clock.now += 60
    assert await store.get("key") is None
    assert await store.get("other") == "value"
    await store.delete("other")
    await store.delete("other")
    assert await store.get("other") is None


def values_in(folder: Path) -> int:
    return sum("guard" not in place.name for place in folder.iterdir())


@pytest.mark.parametrize("key", [None, fernet()], ids=["plain", "encrypted"])
async def test_what_has_expired_is_deleted_by_the_next_write(
    key: Fernet | None, tmp_path: Path
) -> None:
    hooks: dict[str, Any] = {} if key is None else {"encrypt": key.encrypt, "decrypt": key.decrypt}
    tokens = AsyncFileTokenStore(tmp_path / "a", **hooks)
    records = AsyncFileSessionStore(tmp_path / "b", **hooks)
    tokens.clock = records.clock = clock = Clock()
    await tokens.set("short", "value", 60)
    await tokens.set("long", "value", 120)
    await tokens.set("endless", "value", None)
    await records.set("1", record(1), None, 60)
    clock.now += 60
    await tokens.set("new", "value", 60)
    await records.set("2", record(1), None, 60)
    assert (values_in(tmp_path / "a"), values_in(tmp_path / "b")) == (3, 1)
    assert await tokens.get("long") == await tokens.get("endless") == "value"
    assert await records.get("2") == record(1)


async def test_what_cannot_be_read_is_not_deleted_by_others(tmp_path: Path) -> None:
    theirs, ours = fernet(), fernet()
    store = AsyncFileTokenStore(tmp_path / "a", encrypt=theirs.encrypt, decrypt=theirs.decrypt)
    await store.set("key", "value", 0)
    other = AsyncFileTokenStore(tmp_path / "a", encrypt=ours.encrypt, decrypt=ours.decrypt)
    await other.set("key", "value", 60)
    await store.set("mine", "value", 60)
    await other.set("yours", "value", 60)
    assert values_in(tmp_path / "a") == 3


async def test_locks_that_are_held_survive_a_write(tmp_path: Path) -> None:
    store = AsyncFileTokenStore(tmp_path / "a")
    async with store.lock("key"):
        await store.set("other", "value", 0)
        assert [place.name[:10] for place in (tmp_path / "a").iterdir()] == ["token-lock"]


async def test_nobody_else_can_read_the_files(tmp_path: Path) -> None:
    store = AsyncFileTokenStore(tmp_path / "new" / "folder")
    await store.set("key", "value", None)
    async with store.lock("key"):
        for place in (tmp_path / "new" / "folder").iterdir():
            assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new" / "folder").stat().st_mode) == 0o700


def test_a_folder_that_others_can_read_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with refused(ConfigurationException, "unusable_folder"):
        AsyncFileTokenStore(tmp_path)
    (tmp_path / "file").touch()
    with refused(ConfigurationException, "unusable_folder"):
        AsyncFileTokenStore(tmp_path / "file")


def test_hooks_go_together(tmp_path: Path) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        AsyncFileTokenStore(tmp_path / "a", encrypt=fernet().encrypt)


async def test_what_is_encrypted_cannot_be_read_with_another_key(tmp_path: Path) -> None:
    one, other = fernet(), fernet()
    store = AsyncFileTokenStore(tmp_path / "a", encrypt=one.encrypt, decrypt=one.decrypt)
    await store.set("key", "value", None)
    assert await store.get("key") == "value"
    assert all(b"value" not in place.read_bytes() for place in (tmp_path / "a").iterdir())
    thief = AsyncFileTokenStore(tmp_path / "a", encrypt=other.encrypt, decrypt=other.decrypt)
    with refused(ConfigurationException, "unreadable_value"):
        await thief.get("key")


async def test_a_file_that_was_copied_over_another_is_refused(tmp_path: Path) -> None:
    store = AsyncFileTokenStore(tmp_path / "a")
    await store.set("mine", "value", None)
    (mine,) = (tmp_path / "a").iterdir()
    await store.set("yours", "other", None)
    (yours,) = {*(tmp_path / "a").iterdir()} - {mine}
    yours.write_bytes(mine.read_bytes())
    with refused(ConfigurationException, "unreadable_value"):
        await store.get("yours")


async def test_a_write_that_fails_leaves_the_old_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = AsyncFileTokenStore(tmp_path / "a")
    await store.set("key", "old", None)

    def full(*paths: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", full)
        with pytest.raises(OSError, match="full"):
            await store.set("key", "new", None)
    assert await store.get("key") == "old"
    assert len([*(tmp_path / "a").iterdir()]) == 1


async def test_one_holds_a_lock_at_a_time(tmp_path: Path) -> None:
    inside: list[str] = []

    async def use(store: AsyncFileTokenStore) -> None:
        async with store.lock("key"):
            inside.append("in")
            await store.set("key", "value", None)
            inside.append("out")

    stores = [AsyncFileTokenStore(tmp_path / "a") for _ in range(8)]
    await gather([lambda store=store: use(store) for store in stores])  # type: ignore[misc]
    assert inside == ["in", "out"] * 8


async def test_a_lock_that_is_held_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder: Any = AsyncFileTokenStore(tmp_path / "a").lock("key")
    await holder.__aenter__()
    tries: list[bool] = []
    really = FileLock.try_acquire

    def try_acquire(lock: FileLock) -> bool:
        tries.append(really(lock))
        holder._lock.release()
        return tries[-1]

    monkeypatch.setattr(FileLock, "try_acquire", try_acquire)
    async with AsyncFileTokenStore(tmp_path / "a").lock("key"):
        assert tries == [False, True]


async def test_a_record_is_replaced_only_in_the_version_that_was_read(tmp_path: Path) -> None:
    store = AsyncFileSessionStore(tmp_path / "a")
    assert await store.get("name") is None
    assert await store.set("name", record(1), None, 60)
    assert not await store.set("name", record(1), None, 60)
    assert await store.set("name", record(2), 1, 60)
    assert not await store.set("name", record(2), 1, 60)
    found = await store.get("name")
    assert found is not None
    assert found.version == 2
    await store.delete("name")
    assert not await store.set("name", record(3), 2, 60)


async def test_of_many_writers_one_wins(tmp_path: Path) -> None:
    stores = [AsyncFileSessionStore(tmp_path / "a") for _ in range(8)]

    async def write(store: AsyncFileSessionStore) -> bool:
        return await store.set("name", record(1), None, 60)

    won = await gather([lambda store=store: write(store) for store in stores])  # type: ignore[misc]
    assert sum(won) == 1


async def test_records_are_found_by_user_and_session(tmp_path: Path) -> None:
    key = fernet()
    store = AsyncFileSessionStore(tmp_path / "a", encrypt=key.encrypt, decrypt=key.decrypt)
    await store.set("1", record(1), None, 60)
    await store.set("2", record(1, sid="2"), None, 60)
    await store.set("3", record(1, "bob", "3"), None, 60)
    (tmp_path / "a" / f"session-{64 * '0'}").write_bytes(b"junk")
    assert await store.find_by(sub="alice") == ["1", "2"]
    assert await store.find_by(sub="alice", sid="2") == ["2"]
    assert await store.find_by(sub="alice", issuer="https://other.test") == []
    with refused(InvalidArgumentError, "invalid_argument"):
        await store.find_by()


async def test_a_record_of_another_kind_is_unreadable(tmp_path: Path) -> None:
    store = AsyncFileSessionStore(tmp_path / "a")
    store._write("name", "junk", None)
    with refused(ConfigurationException, "unreadable_value"):
        await store.get("name")


async def test_a_login_outlives_its_program(provider: EmbeddedProvider, tmp_path: Path) -> None:
    def client() -> AsyncOAuthClient:
        return AsyncOAuthClient(
            provider.issuer,
            provider.public_client_id,
            session_store=AsyncFileSessionStore(tmp_path / "a"),
        )

    first = client()
    device = await first.request_device_login()
    provider.decide_device(str(device.user_code))
    session = await first.wait_for_device_login(device)
    text = session.to_json()
    again: AsyncSession = await client().session(text)
    renewed = await again.refresh()
    assert renewed != session.access_token
    third = await client().session(text)
    assert await third.get_access_token() == renewed
    await again.revoke()
    assert provider.reused_refresh_tokens == 0

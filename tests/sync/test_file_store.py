# Generated from aio/test_file_store.py by scripts/make_sync.py; edit that file.
"""Tokens and logins in files: for their owner alone, whole, and one writer at a time."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from py_identity_model import ConfigurationException, InvalidArgumentError, SessionRecord
from py_identity_model._files import FileLock
from py_identity_model._seam.sync import gather
from py_identity_model.sync import (
    FileSessionStore,
    FileTokenStore,
    OAuthClient,
    Session,
    SessionStore,
    TokenStore,
)
from py_identity_model.testing import EmbeddedProvider
from tests.support import Clock, refused


def fernet() -> Fernet:
    return Fernet(Fernet.generate_key())


def record(version: int, sub: str = "alice", sid: str = "1") -> SessionRecord:
    return SessionRecord(version=version, claims={"sub": sub, "sid": sid}, issuer="https://op.test")


def test_the_stores_are_stores(tmp_path: Path) -> None:
    assert isinstance(FileTokenStore(tmp_path / "a"), TokenStore)
    assert isinstance(FileSessionStore(tmp_path / "a"), SessionStore)


def test_a_token_is_there_until_its_time(tmp_path: Path) -> None:
    store = FileTokenStore(tmp_path / "a")
    store.clock = Clock()
    store.set("key", "value", 60)
    store.set("other", "value", None)
    assert FileTokenStore(tmp_path / "a").get("nobody") is None
    assert store.get("key") == "value"
    store.clock.now += 60
    assert store.get("key") is None
    assert store.get("other") == "value"
    store.delete("other")
    store.delete("other")
    assert store.get("other") is None


def values_in(folder: Path) -> int:
    return sum("guard" not in place.name for place in folder.iterdir())


@pytest.mark.parametrize("key", [None, fernet()], ids=["plain", "encrypted"])
def test_what_has_expired_is_deleted_by_the_next_write(key: Fernet | None, tmp_path: Path) -> None:
    hooks: dict[str, Any] = {} if key is None else {"encrypt": key.encrypt, "decrypt": key.decrypt}
    tokens = FileTokenStore(tmp_path / "a", **hooks)
    records = FileSessionStore(tmp_path / "b", **hooks)
    tokens.clock = records.clock = clock = Clock()
    tokens.set("short", "value", 60)
    tokens.set("long", "value", 120)
    tokens.set("endless", "value", None)
    records.set("1", record(1), None, 60)
    clock.now += 60
    tokens.set("new", "value", 60)
    records.set("2", record(1), None, 60)
    assert (values_in(tmp_path / "a"), values_in(tmp_path / "b")) == (3, 1)
    assert tokens.get("long") == tokens.get("endless") == "value"
    assert records.get("2") == record(1)


def test_what_cannot_be_read_is_not_deleted_by_others(tmp_path: Path) -> None:
    theirs, ours = fernet(), fernet()
    store = FileTokenStore(tmp_path / "a", encrypt=theirs.encrypt, decrypt=theirs.decrypt)
    store.set("key", "value", 0)
    other = FileTokenStore(tmp_path / "a", encrypt=ours.encrypt, decrypt=ours.decrypt)
    other.set("key", "value", 60)
    store.set("mine", "value", 60)
    other.set("yours", "value", 60)
    assert values_in(tmp_path / "a") == 3


def test_locks_that_are_held_survive_a_write(tmp_path: Path) -> None:
    store = FileTokenStore(tmp_path / "a")
    with store.lock("key"):
        store.set("other", "value", 0)
        assert [place.name[:10] for place in (tmp_path / "a").iterdir()] == ["token-lock"]


def test_nobody_else_can_read_the_files(tmp_path: Path) -> None:
    store = FileTokenStore(tmp_path / "new" / "folder")
    store.set("key", "value", None)
    with store.lock("key"):
        for place in (tmp_path / "new" / "folder").iterdir():
            assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new" / "folder").stat().st_mode) == 0o700


def test_a_folder_that_others_can_read_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with refused(ConfigurationException, "unusable_folder"):
        FileTokenStore(tmp_path)
    (tmp_path / "file").touch()
    with refused(ConfigurationException, "unusable_folder"):
        FileTokenStore(tmp_path / "file")


def test_hooks_go_together(tmp_path: Path) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        FileTokenStore(tmp_path / "a", encrypt=fernet().encrypt)


def test_what_is_encrypted_cannot_be_read_with_another_key(tmp_path: Path) -> None:
    one, other = fernet(), fernet()
    store = FileTokenStore(tmp_path / "a", encrypt=one.encrypt, decrypt=one.decrypt)
    store.set("key", "value", None)
    assert store.get("key") == "value"
    assert all(b"value" not in place.read_bytes() for place in (tmp_path / "a").iterdir())
    thief = FileTokenStore(tmp_path / "a", encrypt=other.encrypt, decrypt=other.decrypt)
    with refused(ConfigurationException, "unreadable_value"):
        thief.get("key")


def test_a_file_that_was_copied_over_another_is_refused(tmp_path: Path) -> None:
    store = FileTokenStore(tmp_path / "a")
    store.set("mine", "value", None)
    (mine,) = (tmp_path / "a").iterdir()
    store.set("yours", "other", None)
    (yours,) = {*(tmp_path / "a").iterdir()} - {mine}
    yours.write_bytes(mine.read_bytes())
    with refused(ConfigurationException, "unreadable_value"):
        store.get("yours")


def test_a_write_that_fails_leaves_the_old_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FileTokenStore(tmp_path / "a")
    store.set("key", "old", None)

    def full(*paths: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", full)
        with pytest.raises(OSError, match="full"):
            store.set("key", "new", None)
    assert store.get("key") == "old"
    assert len([*(tmp_path / "a").iterdir()]) == 1


def test_one_holds_a_lock_at_a_time(tmp_path: Path) -> None:
    inside: list[str] = []

    def use(store: FileTokenStore) -> None:
        with store.lock("key"):
            inside.append("in")
            store.set("key", "value", None)
            inside.append("out")

    stores = [FileTokenStore(tmp_path / "a") for _ in range(8)]
    gather([lambda store=store: use(store) for store in stores])  # type: ignore[misc]
    assert inside == ["in", "out"] * 8


def test_a_lock_that_is_held_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    holder: Any = FileTokenStore(tmp_path / "a").lock("key")
    holder.__enter__()
    tries: list[bool] = []
    really = FileLock.try_acquire

    def try_acquire(lock: FileLock) -> bool:
        tries.append(really(lock))
        holder._lock.release()
        return tries[-1]

    monkeypatch.setattr(FileLock, "try_acquire", try_acquire)
    with FileTokenStore(tmp_path / "a").lock("key"):
        assert tries == [False, True]


def test_a_record_is_replaced_only_in_the_version_that_was_read(tmp_path: Path) -> None:
    store = FileSessionStore(tmp_path / "a")
    assert store.get("name") is None
    assert store.set("name", record(1), None, 60)
    assert not store.set("name", record(1), None, 60)
    assert store.set("name", record(2), 1, 60)
    assert not store.set("name", record(2), 1, 60)
    found = store.get("name")
    assert found is not None
    assert found.version == 2
    store.delete("name")
    assert not store.set("name", record(3), 2, 60)


def test_of_many_writers_one_wins(tmp_path: Path) -> None:
    stores = [FileSessionStore(tmp_path / "a") for _ in range(8)]

    def write(store: FileSessionStore) -> bool:
        return store.set("name", record(1), None, 60)

    won = gather([lambda store=store: write(store) for store in stores])  # type: ignore[misc]
    assert sum(won) == 1


def test_records_are_found_by_user_and_session(tmp_path: Path) -> None:
    key = fernet()
    store = FileSessionStore(tmp_path / "a", encrypt=key.encrypt, decrypt=key.decrypt)
    store.set("1", record(1), None, 60)
    store.set("2", record(1, sid="2"), None, 60)
    store.set("3", record(1, "bob", "3"), None, 60)
    (tmp_path / "a" / f"session-{64 * '0'}").write_bytes(b"junk")
    assert store.find_by(sub="alice") == ["1", "2"]
    assert store.find_by(sub="alice", sid="2") == ["2"]
    assert store.find_by(sub="alice", issuer="https://other.test") == []
    with refused(InvalidArgumentError, "invalid_argument"):
        store.find_by()


def test_a_record_of_another_kind_is_unreadable(tmp_path: Path) -> None:
    store = FileSessionStore(tmp_path / "a")
    store._write("name", "junk", None)
    with refused(ConfigurationException, "unreadable_value"):
        store.get("name")


def test_a_login_outlives_its_program(provider: EmbeddedProvider, tmp_path: Path) -> None:
    def client() -> OAuthClient:
        return OAuthClient(
            provider.issuer,
            provider.public_client_id,
            session_store=FileSessionStore(tmp_path / "a"),
        )

    first = client()
    device = first.request_device_login()
    provider.decide_device(str(device.user_code))
    session = first.wait_for_device_login(device)
    text = session.to_json()
    again: Session = client().session(text)
    renewed = again.refresh()
    assert renewed != session.access_token
    third = client().session(text)
    assert third.get_access_token() == renewed
    again.revoke()
    assert provider.reused_refresh_tokens == 0

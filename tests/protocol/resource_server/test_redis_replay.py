"""What the replay store asks of Redis; tests/redis asks a real one."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model import RedisReplayStore


class Commands:
    """Records commands; no server answers before 1970 or after the calendar's end."""

    def __init__(self) -> None:
        self.sent: list[tuple[Any, ...]] = []

    def set(self, key: str, value: bytes, **options: Any) -> bool:
        self.sent.append((key, value, options))
        return True

    def delete(self, key: str) -> int:
        self.sent.append((key,))
        return 1


@pytest.mark.parametrize(
    ("expires_at", "milliseconds"),
    [(1060.0, 60_000), (1000.0005, 1), (1000.0, 1), (5.0, 1), (1e300, 100 * 366 * 86_400_000)],
)
def test_an_identifier_lives_until_it_expires(expires_at: float, milliseconds: int) -> None:
    commands = Commands()
    store = RedisReplayStore(commands, prefix="p:")
    store.clock = lambda: 1000.0
    assert store.add("k", expires_at)
    assert commands.sent == [("p:k", b"1", {"px": milliseconds, "nx": True})]


def test_an_identifier_is_forgotten_by_its_name() -> None:
    commands = Commands()
    RedisReplayStore(commands).discard("k")
    assert commands.sent == [("py_identity_model:replay:k",)]

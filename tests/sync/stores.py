# Generated from aio/stores.py by scripts/make_sync.py; edit that file.
"""Token stores for tests."""

from __future__ import annotations

from py_identity_model.sync import MemoryTokenStore


class NotingStore(MemoryTokenStore):
    """A store in memory that notes under which names values are stored."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def set(self, key: str, value: str, expires_in: float | None) -> None:
        self.names.append(key)
        super().set(key, value, expires_in)

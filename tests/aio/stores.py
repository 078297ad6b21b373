"""Token stores for tests."""

from __future__ import annotations

from py_identity_model.aio import AsyncMemoryTokenStore


class AsyncNotingStore(AsyncMemoryTokenStore):
    """A store in memory that notes under which names values are stored."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    async def set(self, key: str, value: str, expires_in: float | None) -> None:
        self.names.append(key)
        await super().set(key, value, expires_in)

"""Security events whose sender hangs up: only the awaitable API can be cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
import trio

from py_identity_model import MemoryReplayStore, SecurityEvent
from py_identity_model.aio import AsyncMemorySessionStore, AsyncOAuthClient, ClientSecretBasic
from py_identity_model.aio.web import AsyncSignalReceiver
from py_identity_model.testing import EmbeddedProvider

AUDIENCE = "https://app.example/events"


class RemoteReplayStore:
    """A replay store that is waited for."""

    def __init__(self) -> None:
        self.memory = MemoryReplayStore()

    async def add(self, key: str, expires_at: float) -> bool:
        await anyio.sleep(0)
        return self.memory.add(key, expires_at)

    async def discard(self, key: str) -> None:
        await anyio.sleep(0)
        self.memory.discard(key)


def on_trio(main: Callable[[], Awaitable[None]]) -> None:
    trio.run(main)


def on_asyncio(main: Callable[[], Any]) -> None:
    asyncio.run(main())


@pytest.mark.parametrize("run", [on_asyncio, on_trio])
def test_an_event_whose_processing_was_cancelled_may_come_again(run: Any) -> None:
    seen: list[str] = []

    async def main() -> None:
        with EmbeddedProvider() as provider, anyio.CancelScope() as scope:
            client = AsyncOAuthClient(
                provider.issuer,
                provider.client_id,
                ClientSecretBasic(provider.client_secret),
                session_store=AsyncMemorySessionStore(),
            )
            replays = RemoteReplayStore()

            async def hang_up(event: SecurityEvent) -> None:
                seen.append(event.jti)
                scope.cancel()
                await anyio.sleep(0)

            receiver = AsyncSignalReceiver(client, AUDIENCE, replays, on_event=hang_up)
            event: dict[str, Any] = {"aud": AUDIENCE, "events": {"urn:example:event": {}}}
            token = provider.mint(
                header={"typ": "secevent+jwt"}, **event, sub=None, exp=None, client_id=None
            )
            await receiver.accept(token)
        assert scope.cancelled_caught
        assert len(seen) == 1
        assert len(replays.memory) == 0

    run(main)

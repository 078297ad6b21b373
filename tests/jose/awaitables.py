"""What services of an event loop return, where it cannot be waited for."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any


async def coroutine() -> bytes:
    return b""


def future() -> asyncio.Future[bytes]:
    loop = asyncio.new_event_loop()
    made: asyncio.Future[bytes] = loop.create_future()
    loop.close()
    return made


class Bare:
    """What can be waited for, and not ended."""

    def __await__(self) -> Any:
        yield


AWAITABLES = (coroutine, future, Bare)


def assert_ended(awaitable: object) -> None:
    """Check that nothing is left that would wait for its result."""
    if isinstance(awaitable, asyncio.Future):
        assert awaitable.cancelled()
    if inspect.iscoroutine(awaitable):
        assert inspect.getcoroutinestate(awaitable) == inspect.CORO_CLOSED

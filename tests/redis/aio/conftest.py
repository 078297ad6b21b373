"""A client of a real Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.redis.clients.aio import Redis


@pytest.fixture
async def client(port: int) -> AsyncIterator[Redis]:
    """A client of an empty server."""
    async with Redis(port=port) as made:
        await made.flushall()
        yield made

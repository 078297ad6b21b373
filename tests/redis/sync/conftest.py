# Generated from aio/conftest.py by scripts/make_sync.py; edit that file.
"""A client of a real Redis."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.redis.clients.sync import Redis


@pytest.fixture
def client(port: int) -> Iterator[Redis]:
    """A client of an empty server."""
    with Redis(port=port) as made:
        made.flushall()
        yield made

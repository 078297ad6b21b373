"""The example for Starlette: ``uvicorn --workers 3 tests.servers.asgi:app``."""

from __future__ import annotations

from functools import partial
from os import environ
from typing import Any

import redis.asyncio
from sqlalchemy import create_engine

from py_identity_model import aio
from py_identity_model.aio import (
    AsyncOAuthClient,
    AsyncRedisSessionStore,
    AsyncSessionStore,
    AsyncSQLSessionStore,
)

from .served import LOCK, note, run


def store() -> AsyncSessionStore:
    """Return the store that the environment names."""
    url = environ["STORE"]
    if url.startswith("redis:"):
        client = redis.asyncio.Redis.from_url(url)
        return AsyncRedisSessionStore(client, lock_timeout=LOCK)
    return AsyncSQLSessionStore(create_engine(url), lock_timeout=LOCK)


vars(aio)["AsyncOAuthClient"] = partial(AsyncOAuthClient, session_store=store())
example = run("starlette_web")


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Serve a request."""
    if scope["type"] == "http":
        note(scope["query_string"].decode())
    await example(scope, receive, send)

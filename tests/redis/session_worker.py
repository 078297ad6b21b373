"""A process that uses a session: `session_worker.py PORT ISSUER SECRET TEXT HOW`.

HOW says what happens in its renewals: nothing (it renews by four threads), `hang` (it waits for an
answer and says so, to be killed), `tasks` (by a hundred tasks).
"""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor

import redis
import redis.asyncio

from py_identity_model import (
    ClientSecretBasic,
    OAuthClient,
    RedisSessionStore,
    Settings,
)
from py_identity_model.aio import AsyncOAuthClient, AsyncRedisSessionStore

ROUNDS = 3
# A token request must be over before a lock opens by itself.
SETTINGS, LOCK = Settings(http_timeout=10), 25


async def in_tasks(port: str, issuer: str, secret: str, text: str) -> str:
    """Renew in a hundred tasks, each with a session of its own."""
    async with redis.asyncio.Redis(port=int(port)) as connection:
        store = AsyncRedisSessionStore(connection, lock_timeout=LOCK)
        client = AsyncOAuthClient(
            issuer, "machine", ClientSecretBasic(secret), session_store=store, settings=SETTINGS
        )

        async def use() -> str:
            session = await client.session(text)
            return await session.get_access_token(resource="tasks")

        found = await asyncio.gather(*[use() for _ in range(100)])
        return " ".join({*found})


def main(port: str, issuer: str, secret: str, text: str, how: str = "") -> None:
    if how == "tasks":
        print(asyncio.run(in_tasks(port, issuer, secret, text)))
        return
    lock = 2.5 if how == "hang" else LOCK
    settings = Settings(http_timeout=1) if how == "hang" else SETTINGS
    store = RedisSessionStore(redis.Redis(port=int(port)), lock_timeout=lock)
    client = OAuthClient(
        issuer, "machine", ClientSecretBasic(secret), session_store=store, settings=settings
    )

    def use(number: int) -> str:
        return client.session(text).get_access_token(resource=f"r{number}")

    with ThreadPoolExecutor(4) as pool:
        print(*pool.map(use, range(1 if how == "hang" else ROUNDS)))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A process that renews a rotating refresh token: `rotator.py PORT ADDRESS SECRET TOKEN [WHEN]`.

It renews in many threads, over and over, and prints the access token it ends with; with WHEN
`tasks`, in a thousand tasks.  With another WHEN it dies, as a process that is killed: `before` it
asks, or `after` it has stored what it got.
"""

from __future__ import annotations

import asyncio
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import redis
import redis.asyncio

from py_identity_model import RedisTokenStore, RefreshTokenRequest, StoredToken, TokenSource
from py_identity_model.aio import AsyncRedisTokenStore, AsyncTokenSource

THREADS, TASKS, ROUNDS = 32, 1000, 4


class Dying(RedisTokenStore):
    """A store whose process ends right after something was kept."""

    def set(self, key: str, value: str, expires_in: float | None) -> None:
        super().set(key, value, expires_in)
        os._exit(9)


async def in_tasks(port: str, request: RefreshTokenRequest) -> StoredToken:
    """Renew in a thousand tasks at once, over and over."""
    async with redis.asyncio.Redis(port=int(port)) as client:
        source = AsyncTokenSource(request, store=AsyncRedisTokenStore(client, lock_timeout=3))
        current = await source.get_token()
        for _ in range(ROUNDS):
            known = current.access_token
            found = set(await asyncio.gather(*[source.renew(known) for _ in range(TASKS)]))
            assert len(found) == 1, len(found)
            (current,) = found
        return current


def main(port: str, address: str, secret: str, token: str, when: str = "") -> None:
    kind = Dying if when == "after" else RedisTokenStore
    store = kind(redis.Redis(port=int(port)), lock_timeout=3)
    request = RefreshTokenRequest(address, "web-rotate", token, client_secret=secret)
    if when == "tasks":
        print(asyncio.run(in_tasks(port, request)).access_token)
        return
    source = TokenSource(request, store=store)
    if when == "before":
        store.lock(source._key).__enter__()
        os._exit(9)

    def renew(known: StoredToken) -> StoredToken:
        return source.renew(known.access_token)

    current = source.get_token()
    with ThreadPoolExecutor(THREADS) as pool:
        for _ in range(ROUNDS):
            found = set(pool.map(renew, [current] * THREADS))
            assert len(found) == 1, len(found)
            (current,) = found
    print(current.access_token)


if __name__ == "__main__":
    main(*sys.argv[1:])

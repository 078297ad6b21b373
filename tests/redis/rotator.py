"""A process that renews a rotating refresh token: `rotator.py PORT ADDRESS SECRET TOKEN [WHEN]`.

It renews in many threads, over and over, and prints the access token it ends with; with WHEN
`tasks`, in a thousand tasks.  With another WHEN it dies, as a process that is killed: `before` it
asks, or `after` it has stored what it got.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import redis
import redis.asyncio

from py_identity_model import (
    RedisTokenStore,
    RefreshTokenRequest,
    Settings,
    StoredToken,
    TokenSource,
)
from py_identity_model.aio import AsyncRedisTokenStore, AsyncTokenSource

THREADS, TASKS, ROUNDS = 32, 1000, 4
SETTINGS = Settings(http_timeout=1)  # a token request must be over before a lock of 3 s opens


class Dying(RedisTokenStore):
    """A store whose process ends right after a successor was stored."""

    def set(self, key: str, value: str, expires_in: float | None) -> None:
        super().set(key, value, expires_in)
        if '"access_tokens": {}' not in value:
            os._exit(9)


def later(round_: int) -> Callable[[], float]:
    """Return a clock by which a token that replaced a refused one may be refused, too."""
    return lambda: time.time() + 61 * (round_ + 1)


async def in_tasks(port: str, request: RefreshTokenRequest) -> StoredToken:
    """Renew in a thousand tasks at once, over and over."""
    async with redis.asyncio.Redis(port=int(port)) as client:
        store = AsyncRedisTokenStore(client, lock_timeout=3)
        source = AsyncTokenSource(request, store=store, settings=SETTINGS)
        current = await source.get_token()
        for round_ in range(ROUNDS):
            known = current.access_token
            source.clock = later(round_)
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
    source = TokenSource(request, store=store, settings=SETTINGS)
    if when == "before":
        lock = store.lock(source._key)
        lock.__enter__()
        os._exit(9)

    def renew(known: StoredToken) -> StoredToken:
        return source.renew(known.access_token)

    current = source.get_token()
    with ThreadPoolExecutor(THREADS) as pool:
        for round_ in range(ROUNDS):
            source.clock = later(round_)
            found = set(pool.map(renew, [current] * THREADS))
            assert len(found) == 1, len(found)
            (current,) = found
    print(current.access_token)


if __name__ == "__main__":
    main(*sys.argv[1:])

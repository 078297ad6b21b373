"""A process that renews a rotating refresh token: `rotator.py PORT ADDRESS SECRET TOKEN [WHEN]`.

It renews in many threads, over and over, and prints the access token it ends with.  With WHEN it
dies, as a process that is killed: `before` it asks, or `after` it has stored what it got.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import redis

from py_identity_model import RedisTokenStore, RefreshTokenRequest, StoredToken, TokenSource

THREADS, ROUNDS = 32, 4


class Dying(RedisTokenStore):
    """A store whose process ends right after something was kept."""

    def set(self, key: str, value: str, expires_in: float | None) -> None:
        super().set(key, value, expires_in)
        os._exit(9)


def main(port: str, address: str, secret: str, token: str, when: str = "") -> None:
    kind = Dying if when == "after" else RedisTokenStore
    store = kind(redis.Redis(port=int(port)), lock_timeout=3)
    request = RefreshTokenRequest(address, "web-rotate", token, client_secret=secret)
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

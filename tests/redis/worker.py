"""A process that needs a token in many threads: `worker.py PORT ISSUER ID SECRET [die]`."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import redis

from py_identity_model import ClientCredentialsTokenRequest, RedisTokenStore, TokenSource


def main(port: str, issuer: str, client_id: str, secret: str, *how: str) -> None:
    store = RedisTokenStore(redis.Redis(port=int(port)), lock_timeout=2 if how else 30)
    request = ClientCredentialsTokenRequest(f"{issuer}/token", client_id, secret)
    source = TokenSource(request, store=store)
    if how:
        lock = store.lock(source._key)
        lock.__enter__()
        print("held", flush=True)
        sys.stdin.readline()
        os._exit(1)  # as a process that is killed: nothing is released
    with ThreadPoolExecutor(16) as pool:
        tokens = set(pool.map(lambda number: source.get_token().access_token, range(32)))
    print(*tokens)


if __name__ == "__main__":
    main(*sys.argv[1:])

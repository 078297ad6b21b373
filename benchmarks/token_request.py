"""B5: a token request to what the HTTP library alone costs (G9), and awaited to published (G10).

CPU time of this process, over a socket and over a mock transport.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Callable

import httpx
import httpx2

from benchmarks._idp import IdP
from benchmarks._peer import Peer
from benchmarks._side import Goal, judge
from py_identity_model import (
    ClientCredentialsTokenRequest,
    HTTPClient,
    aio,
    request_client_credentials_token,
)

FORM = {"grant_type": "client_credentials", "scope": "api"}
BATCH, ROUNDS = 40, 30


def cpu(run: Callable[[], object]) -> float:
    """Return the CPU time of one call, in seconds."""
    began = time.process_time()
    for _ in range(BATCH):
        run()
    return (time.process_time() - began) / BATCH


def ratio(base: Callable[[], object], ours: Callable[[], object]) -> float:
    """Return the median ratio of ``ours`` to ``base`` in interleaved rounds."""
    base()
    ours()
    found = []
    for number in range(ROUNDS):
        first, second = (base, ours) if number % 2 else (ours, base)
        a, b = cpu(first), cpu(second)
        found.append(b / a if first is base else a / b)
    return statistics.median(found)


def awaited(peer: Peer, asked: ClientCredentialsTokenRequest) -> list[Goal]:
    """Return what an awaited request costs to the published release's, on httpx and httpx2."""
    question = {"kind": "request_async", "address": asked.address, "count": BATCH, "cpu": True}
    goals = []
    with asyncio.Runner() as loop:

        async def many(client: aio.AsyncHTTPClient | None) -> float:
            began = time.process_time()
            for _ in range(BATCH):
                assert (await aio.request_client_credentials_token(asked, client)).is_successful
            return time.process_time() - began

        newer = aio.AsyncHTTPClient(httpx2.AsyncClient())
        for name, client in (("as installed", None), ("on httpx2", newer)):
            loop.run(many(client))
            peer.ask(**question)
            found = [loop.run(many(client)) / float(peer.ask(**question)) for _ in range(ROUNDS)]
            ratio = statistics.median(found)
            goals.append(
                Goal("G10", f"awaited, {name}: to the published release", ratio, 0.8, 0.68)
            )
        loop.run(newer.client.aclose())
    return goals


def main(arguments: list[str]) -> int:
    goals = []
    with IdP() as idp, Peer() as peer, httpx.Client() as raw:
        address = f"{idp.issuer()}/token"
        asked = ClientCredentialsTokenRequest(address, "machine", "secret", "api")

        def bare() -> None:
            answer = raw.post(address, data=FORM, auth=("machine", "secret"))
            assert answer.raise_for_status().json()["access_token"]

        def ours() -> None:
            assert request_client_credentials_token(asked).is_successful

        goals.append(Goal("G9", "blocking, socket: to the library", ratio(bare, ours), 1.05, 1.02))
        transport = httpx.MockTransport(lambda request: httpx.Response(200, json={"a": 1}))
        with httpx.Client(transport=transport) as mocked:
            wrapped = HTTPClient(mocked)

            def bare_mock() -> None:
                answer = mocked.post(address, data=FORM, auth=("machine", "secret"))
                assert answer.raise_for_status().json()

            def our_mock() -> None:
                assert request_client_credentials_token(asked, wrapped).is_successful

            found = ratio(bare_mock, our_mock)
            goals.append(Goal("G9", "blocking, mock: to the library", found, 1.12, 1.08))
        goals += awaited(peer, asked)
    return judge(goals, check="--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""B8, B9, B10: stampedes, floods, outages, slow issuers, many tenants, large answers (G14-G26)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Callable

import httpx2

from benchmarks._child import with_bytecode
from benchmarks._flood import flooded
from benchmarks._idp import IdP
from benchmarks._peer import Peer
from benchmarks._side import Goal, interleave, judge
from benchmarks._tokens import Signer, signers, small
from py_identity_model import (
    HTTPClient,
    JwksRequest,
    JwksResponse,
    TokenValidationConfig,
    TokenValidationException,
    aio,
    clear_discovery_cache,
    clear_jwks_cache,
    get_cache_statistics,
    get_jwks,
    validate_token,
)
from py_identity_model._jose.encoding import encode_base64url
from py_identity_model.aio._cache import provider_cache as aio_caches

CONFIG = TokenValidationConfig(perform_disco=True, audience="api")
DELAY = 0.2


def forget() -> None:
    """Empty the caches of both APIs."""
    clear_discovery_cache()
    clear_jwks_cache()
    asyncio.run(aio.clear_discovery_cache())
    asyncio.run(aio.clear_jwks_cache())


def in_threads(count: int, call: Callable[[], object]) -> tuple[float, int]:
    """Make a call in this many threads at once; return the time, and how many succeeded."""
    barrier, good = threading.Barrier(count + 1), []

    def work() -> None:
        barrier.wait()
        try:
            call()
        except TokenValidationException:
            return
        good.append(1)

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    barrier.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began, len(good)


def in_tasks(
    tokens: list[tuple[str, str]], opened: Callable[[], httpx2.AsyncClient] | None = None
) -> tuple[float, int]:
    """Validate all tokens at once, each for its issuer; return the time, and how many passed.

    ``opened`` creates a client, with its cold cache, to be used instead of the shared ones.
    """

    async def one(token: str, issuer: str, client: aio.AsyncHTTPClient | None) -> bool:
        try:
            await aio.validate_token(token, CONFIG, issuer, client)
        except TokenValidationException:
            return False
        return True

    async def main() -> tuple[float, int]:
        inner = None if opened is None else opened()
        client = None if inner is None else aio.AsyncHTTPClient(inner)
        began = time.perf_counter()
        found = await asyncio.gather(*[one(*pair, client) for pair in tokens])
        took = time.perf_counter() - began
        if inner is not None:
            await inner.aclose()
        return took, sum(found)

    return asyncio.run(main())


def stampedes(idp: IdP, old: Signer, new: Signer) -> list[Goal]:
    """Cold caches, and a rotation; modules loaded at first use are loaded before."""
    idp.set(keys=[old.public()])
    in_tasks([(old.token(small(idp.issuer())), idp.issuer())])
    validate_token(old.token(small(idp.issuer())), CONFIG, idp.issuer())
    issuer, goals = idp.issuer(), []

    def tasks(token: str) -> tuple[float, int]:
        return in_tasks([(token, issuer)] * 1000)

    def threads(token: str) -> tuple[float, int]:
        return in_threads(64, lambda: validate_token(token, CONFIG, issuer))

    runs: dict[str, Callable[[str], tuple[float, int]]]
    runs = {"1,000 tasks": tasks, "64 threads": threads}
    for name, run in runs.items():
        forget()
        idp.set(keys=[old.public()], delay=DELAY)
        idp.take()
        took, good = run(old.token(small(issuer)))
        documents, keys = idp.take()
        print(f"cold, {name}: {took:.2f} s, {good} valid, requests {documents} + {keys}")
        goals += [
            Goal("G14", f"cold, {name}: requests", documents + keys, 2, 2),
            Goal("G14", f"cold, {name}: time / 2 delays", took / (2 * DELAY), 2.0, 1.35),
        ]
        idp.set(keys=[new.public()])
        _, good = run(new.token(small(issuer)))
        documents, keys = idp.take()
        print(f"rotation, {name}: {good} valid, requests {documents} + {keys}")
        goals += [
            Goal("G15", f"rotation, {name}: requests", documents + keys, 1, 1),
            Goal(
                "G15", f"rotation, {name}: refused", (1000 if "task" in name else 64) - good, 0, 0
            ),
        ]
    return goals


def forgeries(signer: Signer, good: str, kind: str) -> list[str]:
    """Return tokens that cost a forger nothing: other key names, or other signatures."""
    header, body, signature = good.split(".")
    if kind == "bad signatures":
        return [f"{header}.{body}.{signature[:-8]}{number:07d}A" for number in range(10_000)]
    named = [{"alg": signer.algorithm, "typ": "at+jwt", "kid": f"{n}"} for n in range(50_000)]
    headers = (encode_base64url(json.dumps(one).encode()).decode() for one in named)
    return [f"{other}.{body}.{signature}" for other in headers]


def floods(idp: IdP, signer: Signer, seconds: float = 10.0) -> list[Goal]:
    """Unknown keys and bad signatures, for ten seconds, with valid traffic among them."""
    issuer, goals = idp.issuer(), []
    idp.set(keys=[signer.public()], delay=0.02)
    good = signer.token(small(issuer))

    def validate(token: str) -> object:
        return validate_token(token, CONFIG, issuer)

    most = 1 + int(seconds / 5)
    for number, name, aim in (("G16", "unknown kids", most), ("G17", "bad signatures", 0)):
        forget()
        validate(good)
        idp.take()
        forged = forgeries(signer, good, name)
        p99, refused = flooded(validate, good, forged, seconds)
        documents, keys = idp.take()
        print(f"{name}: {refused:,.0f} refused a second, p99 of valid {p99:.1f} ms")
        goals.append(Goal(number, f"{name}, {seconds:g} s: requests", documents + keys, most, aim))
        if number == "G16":
            question = {"issuer": issuer, "good": good, "forged": forged, "seconds": seconds}
            with Peer() as peer:
                theirs, rate = peer.ask(kind="flood", **question)
            print(f"the published release: {rate:,.0f} refused a second, p99 {theirs:.1f} ms")
            goals.append(Goal("G18", f"{name}: p99 to the published", p99 / theirs, 1.0, 0.5))
    return goals


def expiry_and_outage(idp: IdP, signer: Signer) -> list[Goal]:
    """Stale documents, first with a slow provider, then without one; the clock is moved."""
    issuer, goals = idp.issuer(), []
    token = signer.token(small(issuer))
    forget()
    idp.set(keys=[signer.public()], delay=0.0)
    cache, moved = aio_caches.default_cache, [0.0]
    for one in (cache.documents, cache.keys):
        one.clock = lambda: time.monotonic() + moved[0]

    async def traffic(seconds: float) -> tuple[list[float], int]:
        waits, failed, ends = [], 0, time.perf_counter() + seconds

        async def one() -> None:
            nonlocal failed
            while time.perf_counter() < ends:
                began = time.perf_counter()
                try:
                    await aio.validate_token(token, CONFIG, issuer)
                except TokenValidationException:
                    failed += 1
                waits.append(time.perf_counter() - began)
                await asyncio.sleep(0.005)

        await asyncio.gather(*[one() for _ in range(20)])
        return waits, failed

    async def main() -> None:
        await aio.validate_token(token, CONFIG, issuer)
        for number, name, later, behaviour, seconds, must, aim, requests in (
            ("G19", "soft expiry", 3300, {"delay": DELAY}, 2.0, 10.0, 2.0, 2),
            ("G20", "outage", 3700, {"status": 503, "delay": 0.0}, 10.0, 20.0, 10.0, 10),
        ):
            idp.set(**behaviour)
            idp.take()
            moved[0] += later
            waits, failed = await traffic(seconds)
            documents, keys = idp.take()
            p99 = statistics.quantiles(waits, n=100)[-1] * 1000
            print(
                f"{name}: {len(waits)} validations, {failed} failed, requests {documents} + {keys}"
            )
            goals.extend(
                [
                    Goal(number, f"{name}: p99, ms", p99, must, aim),
                    Goal(number, f"{name}: failed", failed, 0, 0),
                    Goal(number, f"{name}: requests", documents + keys, requests, requests),
                ]
            )

    asyncio.run(main())
    idp.set(status=200)
    for one in (cache.documents, cache.keys):
        one.clock = time.monotonic
    return goals


def tenants(idp: IdP, signer: Signer) -> list[Goal]:
    """One slow issuer among many; a thousand cold at once; a thousand in turn."""
    goals = []
    idp.set(keys=[signer.public()], delay=0.02, slow={"t0": 3.0})
    tokens = [(signer.token(small(idp.issuer(n))), idp.issuer(n)) for n in range(1000)]
    forget()
    stalled: list[float] = []

    async def one(token: str, issuer: str) -> None:
        began = time.perf_counter()
        await aio.validate_token(token, CONFIG, issuer)
        stalled.append(time.perf_counter() - began)

    async def many() -> None:
        await asyncio.gather(*[one(*pair) for pair in tokens[:200]])

    asyncio.run(many())
    goals.append(
        Goal(
            "G21",
            "healthy issuers stalled beside a slow one",
            sum(w > 2 for w in stalled) - 1,
            0,
            0,
        )
    )
    idp.set(slow={})
    forget()
    took, good = in_tasks(tokens)
    print(f"1,000 issuers cold at once: {took:.1f} s, {good} valid")
    goals.append(Goal("G22", "1,000 issuers cold at once, s", took, 6, 2))
    took, good = in_tasks(tokens, httpx2.AsyncClient)
    print(f"1,000 issuers cold at once, on httpx2: {took:.1f} s, {good} valid")
    goals.append(Goal("G22", "1,000 issuers cold at once, on httpx2, s", took, 6, 2))
    idp.set(delay=0.0)
    forget()
    for token, issuer in tokens:
        validate_token(token, CONFIG, issuer)
    idp.take()
    evicted = get_cache_statistics().evicted
    per = {}
    for count in (64, 1000):
        began = time.perf_counter()
        for _ in range(3):
            for token, issuer in tokens[:count]:
                validate_token(token, CONFIG, issuer)
        per[count] = (time.perf_counter() - began) / 3 / count
    goals += [
        Goal("G23", "1,000 issuers in turn: requests", sum(idp.take()), 0, 0),
        Goal("G23", "1,000 issuers in turn, to 64", per[1000] / per[64], 1.5, 1.25),
    ]
    print(f"entries evicted: {get_cache_statistics().evicted - evicted}")
    return goals


def burst(idp: IdP, signer: Signer) -> list[Goal]:
    """A thousand requests at once on one client: ours, and an httpx2 one."""
    idp.set(keys=[signer.public()], delay=0.02)
    request = JwksRequest(f"{idp.issuer()}/jwks")

    async def run(opened: Callable[[], aio.AsyncHTTPClient]) -> tuple[float, int]:
        client = opened()
        began = time.perf_counter()
        answers = await asyncio.gather(*[aio.get_jwks(request, client) for _ in range(1000)])
        took = time.perf_counter() - began
        await client.client.aclose()
        return took, sum(not answer.is_successful for answer in answers)

    took, failed = asyncio.run(run(aio.AsyncHTTPClient))
    theirs, _ = asyncio.run(run(lambda: aio.AsyncHTTPClient(httpx2.AsyncClient())))
    print(f"1,000 requests at once: {took:.1f} s, {failed} failed; on httpx2 {theirs:.1f} s")
    return [
        Goal("V4", "1,000 requests at once: failed", failed, 0, 0),
        Goal("V4", "1,000 requests at once, to httpx2", took / theirs, 3, 1.5),
    ]


def memory(idp: IdP, signer: Signer, issuers: int = 10_000) -> list[Goal]:
    """The memory that this many issuers, each with three keys, take in a fresh process.

    With bytecode at hand, as in an installation: what compiling leaves behind would hide a part.
    """
    idp.set(keys=[signer.public()], delay=0.0, copies=2)
    tokens = [[signer.token(small(idp.issuer(n))), idp.issuer(n)] for n in range(issuers)]
    caps = {name: str(issuers) for name in ("DISCO_CACHE_MAX_ENTRIES", "JWKS_CACHE_MAX_ENTRIES")}
    taken = {}
    with tempfile.TemporaryDirectory() as folder:
        environment = {**with_bytecode(folder), **caps}

        def grown(python: str, given: list[list[str]]) -> float:
            told = subprocess.run(
                [python, "-P", "-c", TENANTS],
                input=json.dumps(given),
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            )
            return float(told.stdout)

        pythons = {"ours": sys.executable, "published": os.environ["BENCH_PEER_PYTHON"]}
        for name, python in pythons.items():
            grown(python, tokens[:21])  # writes the bytecode
            taken[name] = grown(python, tokens)
            print(f"{issuers} issuers, {name}: {taken[name] / issuers / 1024:.1f} KiB each")
    idp.set(copies=0)
    ratio = taken["ours"] / taken["published"]
    return [Goal("G24", "memory of an issuer, to the published", ratio, 1.1, 0.9)]


TENANTS = """
import gc, json, os, sys
from py_identity_model import TokenValidationConfig, validate_token
def resident():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
tokens = json.load(sys.stdin)
config = TokenValidationConfig(perform_disco=True, audience="api")
path = "/.well-known/openid-configuration"
for token, issuer in tokens[:20]:
    validate_token(token, config, issuer + path)
before = resident()
for token, issuer in tokens[20:]:
    validate_token(token, config, issuer + path)
print(resident() - before)
"""


async def fetched(request: JwksRequest) -> JwksResponse:
    """Return a key set, awaited."""
    return await aio.get_jwks(request)


def large(idp: IdP, signer: Signer) -> list[Goal]:
    """A document of 50 MB, a compressed one, and key sets of a thousand."""
    goals, limit = [], 512 * 1024
    idp.set(delay=0.0)
    for name, behaviour in (
        ("50 MB", {"padding": 50_000_000}),
        ("gzip bomb", {"padding": 20_000_000, "gzip": True}),
    ):
        idp.set(**behaviour)
        request = JwksRequest(f"{idp.issuer()}/jwks")
        asks: dict[str, Callable[[JwksRequest], JwksResponse]] = {
            "blocking": get_jwks,
            "awaited": lambda request: asyncio.run(fetched(request)),
        }
        for api, ask in asks.items():
            tracemalloc.start()
            response = ask(request)
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert not response.is_successful
            goals.append(Goal("G25", f"{name}, {api}: peak memory / limit", peak / limit, 4, 2))
        idp.set(padding=0, gzip=False)
    os.environ["MAX_JWKS_KEYS"] = "1000"
    os.environ["MAX_JWKS_SIZE"] = "2000000"
    token, found = signer.token(small(idp.issuer())), {}
    first: dict[int, float] = {}
    for count in (1, 1000):
        idp.set(keys=[signer.public()], copies=count - 1)
        best = 9.0
        for _ in range(5):
            forget()
            began = time.perf_counter()
            validate_token(token, CONFIG, idp.issuer())
            best = min(best, time.perf_counter() - began)
        first[count] = best
        raw = signer.raw(token)
        measured = interleave(
            {"raw": raw, "ours": lambda: validate_token(token, CONFIG, idp.issuer())}, rounds=15
        )
        found[count] = measured["ours"].over(measured["raw"])
    return [
        *goals,
        Goal("G26", "1,000 keys: first validation, to 1 key", first[1000] / first[1], 30, 20),
        Goal("G26", "1,000 keys: warm, to 1 key", found[1000] / found[1], 1.10, 1.05),
    ]


def drips() -> list[Goal]:
    """A body that never ends, a byte now and then, and the deadline that ends it."""

    def blocking(url: str) -> float:
        with HTTPClient(timeout=0.5) as client:
            began = time.perf_counter()
            assert not get_jwks(JwksRequest(url), client).is_successful
            return time.perf_counter() - began

    async def awaited(url: str) -> float:
        async with aio.AsyncHTTPClient(timeout=0.5) as client:
            began = time.perf_counter()
            assert not (await aio.get_jwks(JwksRequest(url), client)).is_successful
            return time.perf_counter() - began

    goals = []
    runs: dict[str, Callable[[str], float]] = {
        "blocking": blocking,
        "awaited": lambda url: asyncio.run(awaited(url)),
    }
    for api, run in runs.items():
        with Dripping() as url:
            took = run(url)  # the deadline is twice the timeout: one second
        goals.append(Goal("G25", f"dripped body, {api}: time / deadline", took, 1.1, 1.1))
    return goals


class Dripping:
    """A server that sends one byte after the other."""

    def __enter__(self) -> str:
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/"

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n")
            while True:
                connection.sendall(b"x")
                time.sleep(0.02)

    def __exit__(self, *error: object) -> None:
        self._listener.close()


def main(arguments: list[str]) -> int:
    made = signers()
    signer, other = made["RS256"], Signer("RS256", made["PS256"].key)
    fresh = Renamed("RS256", other.key)
    with IdP() as idp:
        goals = stampedes(idp, signer, fresh)
        goals += floods(idp, signer)
        goals += expiry_and_outage(idp, signer)
        goals += tenants(idp, signer)
        goals += burst(idp, signer)
        goals += memory(idp, signer)
        goals += drips()
        goals += large(idp, signer)
    return judge(goals, check="--check" in arguments)


class Renamed(Signer):
    """A signer after a rotation: another key, another name."""

    @property
    def kid(self) -> str:
        """The new name."""
        return "rotated"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

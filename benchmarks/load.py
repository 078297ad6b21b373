"""Behaviour under load and in adverse conditions, as a table: `python -m benchmarks.load`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import trio

from benchmarks._relay import Dripping, Hanging, Relay
from benchmarks._tokens import Signer, signers, small
from py_identity_model import (
    AccessTokenVerifier,
    ClientCredentialsTokenRequest,
    TokenValidationConfig,
    TrustedIssuer,
    aio,
    clear_discovery_cache,
    clear_jwks_cache,
    validate_token,
)
from py_identity_model._jose.encoding import encode_base64url
from py_identity_model.exceptions import PyIdentityModelException
from py_identity_model.testing import Answer, EmbeddedProvider, Received

CONFIG = TokenValidationConfig(perform_disco=True, audience="api")
DELAY = 0.05  # of each answer, so that callers do meet


class Row(NamedTuple):
    """A scenario, and its result."""

    what: str
    outcome: str


class Calls:
    """Times and outcomes of simultaneous calls."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.good = 0

    @contextlib.contextmanager
    def timed(self) -> Iterator[None]:
        """Time one call, and note whether it succeeded."""
        began = time.perf_counter()
        try:
            yield
            self.good += 1
        except PyIdentityModelException:
            pass
        finally:
            self.seconds.append(time.perf_counter() - began)

    def in_threads(self, count: int, call: Callable[[], object]) -> Calls:
        """Make a call in so many threads at once."""
        barrier = threading.Barrier(count)

        def work() -> None:
            barrier.wait()
            with self.timed():
                call()

        threads = [threading.Thread(target=work) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self

    async def in_tasks(self, count: int, call: Callable[[], Awaitable[object]]) -> Calls:
        """Make a call in so many asyncio tasks at once."""

        async def one() -> None:
            with self.timed():
                await call()

        await asyncio.gather(*[one() for _ in range(count)])
        return self

    def on_trio(self, count: int, call: Callable[[], Awaitable[object]]) -> Calls:
        """Make a call in so many trio tasks at once."""

        async def one() -> None:
            with self.timed():
                await call()

        async def main() -> None:
            async with trio.open_nursery() as nursery:
                for _ in range(count):
                    nursery.start_soon(one)

        trio.run(main)
        return self

    def __str__(self) -> str:
        ordered = [1000 * one for one in sorted(self.seconds)]
        p50, p99 = statistics.median(ordered), ordered[int(len(ordered) * 0.99)]
        if len(ordered) == 1:
            return f"{'good' if self.good else 'failed'} after {p50:.0f} ms"
        return f"{self.good:,} of {len(ordered):,} good, p50 {p50:.0f} ms, p99 {p99:.0f} ms"


def forget() -> None:
    """Empty the caches of both APIs."""
    clear_discovery_cache()
    clear_jwks_cache()
    asyncio.run(aio.clear_discovery_cache())
    asyncio.run(aio.clear_jwks_cache())


def slow(received: Received) -> None:
    """Let an answer take a moment."""
    time.sleep(DELAY)


def counted(provider: EmbeddedProvider, what: str, run: Callable[[], Calls]) -> Row:
    """Run with empty caches, and count what the provider was asked."""
    forget()
    provider.requests.clear()
    calls = run()
    return Row(what, f"{calls}; {len(provider.requests)} requests")


def crowds(provider: EmbeddedProvider) -> Iterator[Row]:
    """Many callers with nothing cached, the provider up, and down."""
    token, issuer = provider.mint(), provider.issuer

    def blocking() -> object:
        return validate_token(token, CONFIG, issuer)

    def awaited() -> Awaitable[object]:
        return aio.validate_token(token, CONFIG, issuer)

    crowd: dict[str, Callable[[], Calls]] = {
        "64 threads": lambda: Calls().in_threads(64, blocking),
        "256 threads": lambda: Calls().in_threads(256, blocking),
        "1,000 tasks": lambda: asyncio.run(Calls().in_tasks(1000, awaited)),
        "1,000 trio tasks": lambda: Calls().on_trio(1000, awaited),
    }
    provider.intercept = slow
    for name, run in crowd.items():
        yield counted(provider, f"cold, {name}", run)
    provider.intercept = lambda received: Answer.of_json({"error": "down"}, 503)
    for name in ("64 threads", "1,000 tasks"):
        yield counted(provider, f"outage (503), nothing cached, {name}", crowd[name])
    provider.intercept = None


def loops(provider: EmbeddedProvider) -> Iterator[Row]:
    """Several event loops at once, and what many of them leave behind."""
    token, issuer = provider.mint(), provider.issuer
    total = Calls()

    async def main() -> None:
        await total.in_tasks(50, lambda: aio.validate_token(token, CONFIG, issuer))

    def run() -> Calls:
        threads = [threading.Thread(target=asyncio.run, args=(main(),)) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return total

    yield counted(provider, "cold, 12 loops of 50 tasks", run)
    before = descriptors()

    async def fetch() -> None:
        await aio.get_discovery_document(aio.DiscoveryDocumentRequest(provider.issuer))

    for _ in range(100):
        asyncio.run(fetch())
    for _ in range(4):
        Calls().in_threads(50, lambda: validate_token(token, CONFIG, issuer))
    yield Row(
        "descriptors, before and after 100 loops and 200 threads", f"{before}, {descriptors()}"
    )


def descriptors() -> int:
    """Return how many descriptors this process has open, the embedded provider's left out."""
    deadline = time.monotonic() + 5
    while (found := len(os.listdir("/dev/fd"))) > 40 and time.monotonic() < deadline:
        time.sleep(0.05)  # the provider's ends of connections close a moment later
    return found


def forks(provider: EmbeddedProvider) -> Iterator[Row]:
    """Children of a parent whose threads are busy."""
    if not hasattr(os, "fork"):
        return
    token, issuer, stop = provider.mint(), provider.issuer, threading.Event()

    def busy() -> None:
        while not stop.is_set():
            clear_jwks_cache()
            with contextlib.suppress(PyIdentityModelException):
                validate_token(token, CONFIG, issuer)

    threads = [threading.Thread(target=busy) for _ in range(8)]
    for thread in threads:
        thread.start()
    good = sum(forked(lambda: validate_token(token, CONFIG, issuer)) for _ in range(30))
    stop.set()
    for thread in threads:
        thread.join()
    yield Row("30 forks of a parent with 8 busy threads", f"{good} of 30 good")


def forked(call: Callable[[], object]) -> bool:
    """Make a call in a forked child; return whether it succeeded within ten seconds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads and forks: that is the point
        pid = os.fork()
    if pid == 0:
        try:
            call()
            os._exit(0)
        finally:
            os._exit(1)
    for _ in range(1000):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status == 0
        time.sleep(0.01)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return False


def connections(provider: EmbeddedProvider) -> Iterator[Row]:
    """Connections that are cut, a provider that has gone, and pools that are full."""
    with relayed(provider, every=2) as (relay, token):
        validate = partial(validate_token, token, CONFIG, relay.url)
        what = "every second connection cut, 64 threads"
        yield counted(provider, what, lambda: Calls().in_threads(64, validate))
    with relayed(provider) as (relay, token):
        validate = partial(validate_token, token, CONFIG, relay.url)
        validate()
        relay.cut()
        calls = Calls()
        forget()
        with calls.timed():  # in this thread, whose client has the connection
            validate()
        yield Row("connections in the pool cut by a restart", str(calls))
    calls = Calls()
    for _ in range(2000):
        with calls.timed():
            validate()
    yield Row("provider down, document and keys cached", str(calls))
    provider.intercept = pause
    request = ClientCredentialsTokenRequest(
        provider.token_endpoint, provider.client_id, provider.client_secret
    )

    what = "400 token requests at once, answers take 0.5 s"
    yield Row(what, str(asyncio.run(ask_at_once(request))))
    provider.intercept = None


@contextlib.contextmanager
def relayed(provider: EmbeddedProvider, every: int = 0) -> Iterator[tuple[Relay, str]]:
    """Reach the provider by a relay; yield that, and a token of the issuer that it makes."""
    relay = Relay(int(provider.issuer.rpartition(":")[2]), every)
    document = json.loads(json.dumps(provider.document()).replace(provider.issuer, relay.url))
    provider.intercept = lambda received: (
        Answer.of_json(document) if "well-known" in received.path else None
    )
    yield relay, provider.mint(iss=relay.url)
    relay.close()
    relay.cut()


def pause(received: Received) -> None:
    """Let an answer take half a second."""
    time.sleep(0.5)


async def ask_at_once(request: ClientCredentialsTokenRequest) -> Calls:
    """Make 400 token requests at once."""

    async def one() -> None:
        response = await aio.request_client_credentials_token(request)
        if not response.is_successful:
            raise PyIdentityModelException(str(response.error))

    return await Calls().in_tasks(400, one)


def hostile(provider: EmbeddedProvider) -> Iterator[Row]:
    """120 issuers that hang, 16 that drip, and 100 strangers who name tenants that hang."""
    good, base = EmbeddedProvider(), provider.issuer
    release = threading.Event()

    def serve(received: Received) -> Answer | None:
        tenant, _, rest = received.path.removeprefix("/").partition("/.well-known/")
        if not rest:
            return None
        if tenant.startswith("slow"):
            release.wait(30)
        return Answer.of_json({**provider.document(), "issuer": f"{base}/{tenant}"})

    provider.intercept = serve
    known, token, other = f"{base}/acme", provider.mint(iss=f"{base}/acme"), good.mint()
    bad = [Hanging() for _ in range(120)] + [Dripping() for _ in range(16)]
    strangers = [unsigned(f"{base}/slow{number}") for number in range(100)]
    what = "beside 236 hostile callers"

    verifier = AccessTokenVerifier(TrustedIssuer, "api")
    validate_token(token, CONFIG, known)
    forget()
    calls: list[Callable[[], object]] = [
        *[partial(validate_token, other, CONFIG, one.url) for one in bad],
        *[partial(verifier.verify, one) for one in strangers],
    ]
    threads = [threading.Thread(target=quietly, args=(one,), daemon=True) for one in calls]
    for thread in threads:
        thread.start()
    time.sleep(1)
    first = Calls().in_threads(1, lambda: validate_token(other, CONFIG, good.issuer))
    yield Row(f"threads, {what}: another host", str(first))
    warm = Calls().in_threads(1, lambda: validate_token(token, CONFIG, known))
    yield Row(f"threads, {what}: the same host, good before", str(warm))

    async def main() -> list[Calls]:
        verifier = aio.AsyncAccessTokenVerifier(TrustedIssuer, "api")
        await aio.validate_token(token, CONFIG, known)
        await aio.clear_discovery_cache()
        await aio.clear_jwks_cache()
        calls: list[Coroutine[Any, Any, object]] = [
            *[aio.validate_token(other, CONFIG, one.url) for one in bad],
            *[verifier.verify(one) for one in strangers],
        ]
        tasks = [asyncio.create_task(one) for one in calls]
        await asyncio.sleep(1)
        found = [
            await Calls().in_tasks(1, lambda: aio.validate_token(other, CONFIG, good.issuer)),
            await Calls().in_tasks(1, lambda: aio.validate_token(token, CONFIG, known)),
        ]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return found

    first, warm = asyncio.run(main())
    yield Row(f"tasks, {what}: another host", str(first))
    yield Row(f"tasks, {what}: the same host, good before", str(warm))
    release.set()
    for one in bad:
        one.close()
    for thread in threads:
        thread.join()
    provider.intercept = None
    good.close()


def quietly(call: Callable[[], object]) -> None:
    """Make a call that may be refused."""
    with contextlib.suppress(PyIdentityModelException):
        call()


def unsigned(issuer: str) -> str:
    """Return what anyone can write: an access token with no signature to speak of."""
    parts: list[dict[str, Any]] = [
        {"alg": "RS256", "kid": "a", "typ": "at+jwt"},
        {"iss": issuer, "exp": time.time() + 3600},
    ]
    encoded = [encode_base64url(json.dumps(one).encode()).decode() for one in parts]
    return f"Bearer {'.'.join(encoded)}.AAAA"


def memory() -> None:
    """Print how the memory of this process grows; it is a process of its own."""
    with EmbeddedProvider() as provider:
        signer = signers()["ES256"]
        provider.intercept = lambda received: (
            Answer.of_json({"keys": [signer.public()]}) if received.path == "/jwks" else None
        )
        validate_token(signer.token(small(provider.issuer)), CONFIG, provider.issuer)
        print(json.dumps(["at first", rss()]), flush=True)
        for what, run in (
            ("1,000,000 tokens: 50,000 good, 50,000 forged, 900,000 of unknown keys", flood),
            ("2,000 unknown issuers, named by strangers", unknown_issuers),
        ):
            run(provider, signer)
            print(json.dumps([what, rss()]), flush=True)


def flood(provider: EmbeddedProvider, signer: Signer) -> None:
    """Judge a million tokens, no two of them equal."""

    def judge(token: str) -> None:
        quietly(partial(validate_token, token, CONFIG, provider.issuer))

    for number in range(50_000):
        token = signer.token(small(provider.issuer, jti=f"{number}"))
        judge(token)
        judge(f"{token[:-8]}AAAAAAAA")
    _, body, signature = token.split(".")
    for number in range(900_000):
        header = encode_base64url(b'{"alg":"ES256","kid":"%d"}' % number).decode()
        judge(f"{header}.{body}.{signature}")


def unknown_issuers(provider: EmbeddedProvider, signer: Signer) -> None:
    """Verify tokens of issuers that do not exist."""
    verifier = AccessTokenVerifier(TrustedIssuer, "api")
    provider.intercept = lambda received: Answer.of_json({}, 404)
    for number in range(2000):
        quietly(partial(verifier.verify, unsigned(f"{provider.issuer}/x{number}")))
        provider.requests.clear()


def rss() -> int:
    """Return the memory of this process in MiB."""
    # Not getrusage(): on Linux a child begins with its parent's maximum.
    command = ["ps", "-o", "rss=", "-p", str(os.getpid())]
    if sys.platform == "linux":
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() >> 20
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout) >> 10


def measured_memory() -> Iterator[Row]:
    """Measure memory in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.load", "memory"]
    root = Path(__file__).parents[1]
    output = subprocess.run(command, capture_output=True, text=True, cwd=root, check=True).stdout
    for line in output.splitlines():
        what, mebibytes = json.loads(line)
        yield Row(f"memory, {what}", f"{mebibytes} MiB")


def main() -> None:
    """Print the table."""
    os.environ["HTTP_RETRY_BASE_DELAY"] = "0.05"
    os.environ["HTTP_TIMEOUT"] = "10"
    print("| what | outcome |\n|---|---|")
    with EmbeddedProvider() as provider:
        for part in (crowds, loops, forks, connections, hostile):
            for row in part(provider):
                print(f"| {row.what} | {row.outcome} |", flush=True)
    for row in measured_memory():
        print(f"| {row.what} | {row.outcome} |", flush=True)


if __name__ == "__main__":
    memory() if "memory" in sys.argv else main()

"""The whole library on many loops, in many threads, and after a fork; requests are counted."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from py_identity_model import ClientSecretBasic, validate_token
from py_identity_model.aio import AsyncTokenIntrospector, refresh
from py_identity_model.aio import validate_token as async_validate_token
from py_identity_model.aio._cache import provider_cache as aio_caches
from py_identity_model.exceptions import TokenValidationException
from py_identity_model.http_client import get_async_http_client, get_http_client
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.support import CONFIG, DISCOVERY, Gate, failing, refused


def upstream(provider: EmbeddedProvider) -> tuple[int, int]:
    return provider.count(DISCOVERY), provider.count("/jwks")


def open_sockets() -> int:
    links = (Path("/proc/self/fd") / name for name in os.listdir("/proc/self/fd"))
    return sum(_points_to_socket(link) for link in links)


def _points_to_socket(link: Path) -> bool:
    try:
        return os.readlink(link).startswith("socket:")
    except OSError:
        return False


def test_a_thousand_cold_tasks_send_one_request_each(provider: EmbeddedProvider) -> None:
    token = provider.mint()

    async def main() -> None:
        await asyncio.gather(
            *[async_validate_token(token, CONFIG, provider.issuer) for _ in range(1000)]
        )

    asyncio.run(main())
    assert upstream(provider) == (1, 1)


def test_64_cold_threads_send_one_request_each(provider: EmbeddedProvider) -> None:
    token, barrier = provider.mint(), threading.Barrier(64)
    errors: list[Exception] = []

    def work() -> None:
        barrier.wait(10)
        try:
            validate_token(token, CONFIG, provider.issuer)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert upstream(provider) == (1, 1)


@pytest.mark.parametrize("run", [asyncio.run, lambda main: trio.run(lambda: main)])
def test_loops_one_after_another_share_what_is_cached(
    provider: EmbeddedProvider, run: Callable[[Any], Any]
) -> None:
    for _ in range(3):
        run(async_validate_token(provider.mint(), CONFIG, provider.issuer))
    assert upstream(provider) == (1, 1)
    provider.rotate_keys()
    run(async_validate_token(provider.mint(), CONFIG, provider.issuer))
    assert upstream(provider) == (1, 2)


def test_loops_at_once_do_not_wait_for_each_other(provider: EmbeddedProvider) -> None:
    barrier = threading.Barrier(4)
    errors: list[Exception] = []

    async def main() -> None:
        barrier.wait(10)
        await asyncio.gather(
            *[async_validate_token(provider.mint(), CONFIG, provider.issuer) for _ in range(20)]
        )

    def work() -> None:
        try:
            asyncio.run(main())
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert max(upstream(provider)) <= 4


def test_a_loop_closed_in_the_middle_of_a_request_leaves_the_next_one_whole(
    provider: EmbeddedProvider,
) -> None:
    gate = Gate(DISCOVERY)
    provider.intercept = gate
    token = provider.mint()
    loop = asyncio.new_event_loop()
    task = loop.create_task(async_validate_token(token, CONFIG, provider.issuer))
    while not gate.arrived.is_set():
        loop.run_until_complete(asyncio.sleep(0.001))
    task.cancel()
    for other in asyncio.all_tasks(loop):
        other.cancel()
    loop.run_until_complete(asyncio.gather(*asyncio.all_tasks(loop), return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    gate.open.set()
    assert asyncio.run(async_validate_token(token, CONFIG, provider.issuer))


def test_a_cancelled_caller_does_not_take_the_others_with_it(provider: EmbeddedProvider) -> None:
    gate = Gate(DISCOVERY)
    provider.intercept = gate
    token = provider.mint()

    async def main() -> None:
        first = asyncio.create_task(async_validate_token(token, CONFIG, provider.issuer))
        await asyncio.to_thread(gate.arrived.wait, 10)
        second = asyncio.create_task(async_validate_token(token, CONFIG, provider.issuer))
        await asyncio.sleep(0)
        first.cancel()
        gate.open.set()
        assert (await second)["aud"] == "api"
        with pytest.raises(asyncio.CancelledError):
            await first

    asyncio.run(main())
    assert upstream(provider) == (1, 1)


@pytest.mark.parametrize("path", [DISCOVERY, "/introspect"])
def test_who_is_refused_from_memory_again_and_again_lets_others_run(
    provider: EmbeddedProvider, path: str
) -> None:
    provider.intercept = failing(path, 404)
    opaque = AsyncTokenIntrospector(f"{provider.issuer}/introspect", "api", ClientSecretBasic("s"))
    token, others = provider.mint(), ["waiting"]

    async def attempt() -> None:
        if path == DISCOVERY:
            await async_validate_token(token, CONFIG, provider.issuer)
        await opaque.claims("opaque")

    async def main() -> None:
        with pytest.raises(TokenValidationException):
            await attempt()
        asyncio.get_running_loop().call_soon(others.pop)
        with pytest.raises(TokenValidationException):
            await attempt()
        assert (provider.count(path), others) == (1, [])

    asyncio.run(main())


def test_cancelling_every_task_stops_the_fetch_and_the_next_call_fetches_again(
    provider: EmbeddedProvider,
) -> None:
    gate = Gate(DISCOVERY)
    provider.intercept = gate
    token = provider.mint()

    async def main() -> None:
        survivor = asyncio.create_task(async_validate_token(token, CONFIG, provider.issuer))
        await asyncio.to_thread(gate.arrived.wait, 10)
        for task in asyncio.all_tasks() - {survivor, asyncio.current_task()}:
            task.cancel()
        gate.open.set()
        assert (await survivor)["aud"] == "api"

    asyncio.run(main())
    assert upstream(provider) == (2, 1)


def test_twenty_runs_and_twenty_threads_leave_nothing_open(provider: EmbeddedProvider) -> None:
    asyncio.run(async_validate_token(provider.mint(), CONFIG, provider.issuer))
    get_http_client().close()
    gc.collect()
    before = open_sockets()
    clients: list[httpx.AsyncClient | httpx.Client] = []

    async def main() -> None:
        provider.rotate_keys()
        await async_validate_token(provider.mint(), CONFIG, provider.issuer)
        clients.append(get_async_http_client())

    def work() -> None:
        client = get_http_client()
        client.get(provider.jwks_uri)
        clients.append(client)

    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        for _ in range(20):
            asyncio.run(main())
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        gc.collect()
    assert [client.is_closed for client in clients] == [True] * 40
    settled_sockets = open_sockets()
    # The provider's ends of connections close a moment after ours.
    for _ in range(200):
        if settled_sockets <= before:
            break
        threading.Event().wait(0.01)
        settled_sockets = open_sockets()
    assert settled_sockets <= before


def test_a_short_lived_thread_does_not_close_a_refresh_it_left_behind(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from py_identity_model.sync._cache import provider_cache

    now = [1000.0]
    cache = provider_cache.default_cache
    for shelf in (cache.documents, cache.keys):
        monkeypatch.setattr(shelf, "clock", lambda: now[0])
    token = provider.mint()
    validate_token(token, CONFIG, provider.issuer)
    now[0] += 3601
    gate = Gate("/jwks")
    provider.intercept = gate
    thread = threading.Thread(target=lambda: validate_token(token, CONFIG, provider.issuer))
    thread.start()
    thread.join()
    assert gate.arrived.wait(10)
    gc.collect()
    gate.open.set()
    for _ in range(1000):
        entry = next(iter(cache.keys.entries._entries.values()))
        if entry.fresh_until > now[0]:
            break
        threading.Event().wait(0.01)
    assert entry.fresh_until > now[0]


CHILD = """
import asyncio, os, sys, threading, warnings
warnings.simplefilter("error")
warnings.filterwarnings("ignore", message=".*multi-threaded, use of fork.*")
from py_identity_model import TokenValidationConfig, get_jwks, JwksRequest, validate_token
from py_identity_model import aio
from py_identity_model.http_client import get_http_client

issuer, token, other = sys.argv[1:]
config = TokenValidationConfig(perform_disco=True, audience="api")
validate_token(token, config, issuer)
asyncio.run(aio.validate_token(token, config, issuer))
before = get_http_client()
children = []
for number in range(3):
    pid = os.fork()
    if pid == 0:
        try:
            assert get_http_client() is not before
            validate_token(token, config, issuer)
            asyncio.run(aio.validate_token(token, config, issuer))
            assert get_jwks(JwksRequest(issuer + "/jwks")).is_successful
            asyncio.run(aio.validate_token(other, config, issuer))
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    children.append(pid)
assert get_http_client() is before
assert get_jwks(JwksRequest(issuer + "/jwks")).is_successful
sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_forked_children_work_and_leave_the_parents_connections_alone(
    provider: EmbeddedProvider,
) -> None:
    token = provider.mint()
    other = provider.mint(algorithm="ES256")
    done = subprocess.run(
        [sys.executable, "-c", CHILD, provider.issuer, token, other],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    # The parent asked once an API for documents and keys, and once more; each child once.
    assert upstream(provider) == (2, 2 + 1 + 3)


FORKED_TURNS = """
import os, sys, time, warnings
warnings.filterwarnings("ignore", message=".*multi-threaded, use of fork.*")
from py_identity_model.sync._transport.turns import Turns

turns, url = Turns(1), "https://op.example/"
due = time.monotonic() + 60
turns.succeeded(url)
with turns.turn(url, due), turns.turn(url, due):  # the reserve as well
    turns._lock.acquire()
    turns.table.lock.acquire()
    pid = os.fork()
    if pid:
        turns._lock.release()
        turns.table.lock.release()
    else:
        turns.succeeded(url)
        with turns.turn("https://other.example/", time.monotonic() + 5):
            pass
assert (turns.table.holding, turns.table.waiting) == (0, 0)
if pid:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_has_turns_of_its_own() -> None:
    program = [sys.executable, "-c", FORKED_TURNS]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_importing_the_blocking_api_loads_no_event_loop() -> None:
    program = (
        "import sys, py_identity_model.sync\n"
        "from py_identity_model.sync import token_validation\n"
        "from py_identity_model.sync._cache import provider_cache\n"
        "from py_identity_model.sync._transport import http\n"
        "from py_identity_model import http_client\n"
        "ours = [n for n in sys.modules if n.startswith('py_identity_model')]\n"
        "assert not [n for n in ours if '.aio' in n], ours\n"
        "print(sorted({'asyncio', 'anyio', 'trio', 'concurrent.futures'} & {*sys.modules}))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stdout + done.stderr


def test_importing_the_package_loads_nothing_heavy() -> None:
    program = (
        "import sys, py_identity_model, py_identity_model.aio\n"
        "heavy = {'httpx', 'joserfc', 'cryptography', 'asyncio', 'anyio', 'ssl', 'json'}\n"
        "heavy |= {'typing', 'dataclasses', 'logging', 're'}\n"
        "print(sorted(heavy & {*sys.modules}))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stdout + done.stderr


PRIMED = """
import asyncio, inspect, sys
from py_identity_model import TokenValidationConfig, aio, sync
issuer, token, api = sys.argv[1:]
package = {"aio": aio, "sync": sync}[api]

async def done(result):
    return await result if inspect.isawaitable(result) else result

async def main():
    config = TokenValidationConfig(perform_disco=True, audience="api")
    validate_token = package.validate_token
    await done(package.prime(issuer))
    before = {*sys.modules}
    await done(validate_token(token, config, issuer))
    print(sorted({*sys.modules} - before))

asyncio.run(main())
"""


@pytest.mark.parametrize("api", ["aio", "sync"])
def test_the_first_token_of_a_process_that_was_primed_loads_nothing(
    api: str, provider: EmbeddedProvider
) -> None:
    command = [sys.executable, "-c", PRIMED, provider.issuer, provider.mint(), api]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n", done.stdout + done.stderr
    assert upstream(provider) == (1, 1)


ON_HTTPX2 = """
import asyncio, inspect, sys
import httpx2
from py_identity_model import aio, sync
issuer, secret, token, api = sys.argv[1:]
name, package = ("Async", aio) if api == "aio" else ("", sync)
injected = httpx2.AsyncClient() if api == "aio" else httpx2.Client()

async def done(result):
    return await result if inspect.isawaitable(result) else result

async def main():
    wrapped = getattr(package, f"{name}HTTPClient")(injected)
    client = getattr(package, f"{name}OAuthClient")(
        *(issuer, "machine"),
        client_secret=secret,
        redirect_uri="https://app.example/callback",
        http_client=wrapped,
    )
    assert (await done(client.authorization_request())).url.startswith(issuer)
    source = await done(client.token_source(scope="api"))
    assert await done(source.get_token())
    verifier = getattr(package, f"{name}AccessTokenVerifier")(issuer, "api", http_client=wrapped)
    assert (await done(verifier.verify(f"Bearer {token}"))).claims["iss"] == issuer
    print(sorted({"httpx", "httpcore"} & {*sys.modules}))

asyncio.run(main())
"""


@pytest.mark.parametrize("api", ["aio", "sync"])
def test_objects_with_an_httpx2_client_never_load_httpx(
    api: str, provider: EmbeddedProvider
) -> None:
    arguments = [provider.issuer, provider.client_secret, provider.mint(), api]
    command = [sys.executable, "-c", ON_HTTPX2, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n", done.stdout + done.stderr


def test_a_flight_in_one_loop_is_not_waited_for_in_another(provider: EmbeddedProvider) -> None:
    """Only tasks of one loop can wait for each other."""
    held = threading.Event()
    answered: list[str] = []

    def hold_first(received: Received) -> Answer | None:
        if received.path == DISCOVERY and not answered:
            answered.append(received.path)
            assert held.wait(10)
        return None

    provider.intercept = hold_first
    token = provider.mint()
    slow = threading.Thread(
        target=lambda: asyncio.run(async_validate_token(token, CONFIG, provider.issuer))
    )
    slow.start()
    while not answered:
        threading.Event().wait(0.001)
    assert asyncio.run(async_validate_token(token, CONFIG, provider.issuer))
    held.set()
    slow.join()
    assert len(aio_caches.default_cache.documents.entries) == 1


def run_in_asyncio(main: Callable[[], Any]) -> Any:
    return asyncio.run(main())


@pytest.mark.parametrize("run", [run_in_asyncio, trio.run])
def test_a_client_that_is_replaced_leaves_nothing_to_the_collector(
    run: Callable[..., Any],
) -> None:
    async def main() -> httpx.AsyncClient:
        first = get_async_http_client()
        await first.aclose()
        second = get_async_http_client()
        gc.collect()  # what was stranded would be found here, with a ResourceWarning
        assert second is not first
        assert not second.is_closed
        return second

    assert run(main).is_closed


def test_an_answer_that_another_loop_overtook_does_not_bring_a_removed_key_back(
    provider: EmbeddedProvider,
) -> None:
    old = provider.mint()
    published = Answer.of_json(httpx.get(provider.jwks_uri).json())
    asyncio.run(async_validate_token(old, CONFIG, provider.issuer))
    slow = Gate("/jwks", published)
    provider.intercept = slow
    behind = threading.Thread(target=lambda: asyncio.run(refresh(provider.issuer)))
    behind.start()
    assert slow.arrived.wait(10)
    provider.intercept = None
    provider.rotate_keys()
    asyncio.run(refresh(provider.issuer))
    slow.open.set()
    behind.join()
    with refused(TokenValidationException, "no_matching_key"):
        asyncio.run(async_validate_token(old, CONFIG, provider.issuer))

"""One issuer's slowness is not another's: hosts that hang hold their own turns, not everybody's."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial

import httpx
import pytest

from py_identity_model._seam.aio import Result, sleep, spawn
from py_identity_model._wire import turns as waiting
from py_identity_model._wire.messages import HttpRequest
from py_identity_model.aio import (
    AsyncAccessTokenVerifier,
    AsyncHTTPClient,
    AsyncMemoryTokenStore,
    AsyncTokenIntrospector,
    ClientSecretBasic,
    Settings,
    TrustedIssuer,
    clear_discovery_cache,
    clear_jwks_cache,
    prime,
    refresh,
    validate_token,
)
from py_identity_model.aio._transport import http, sending, turns
from py_identity_model.aio._transport.sending import send
from py_identity_model.aio._transport.turns import AsyncTurns
from py_identity_model.exceptions import (
    DeadlineExceededException,
    KeysUnavailableException,
    PyIdentityModelException,
    TokenValidationException,
)
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.support import CONFIG, Silent, refused

IMPATIENT = Settings(http_timeout=0.05, http_retry_max_attempts=0)


class Tenants:
    """Serves a document for each tenant of a provider; those that begin with "slow" wait."""

    def __init__(self, provider: EmbeddedProvider) -> None:
        self.provider = provider
        self.open = threading.Event()
        self.asked: list[str] = []
        provider.intercept = self._answer

    def issuer(self, tenant: str) -> str:
        return f"{self.provider.issuer}/{tenant}"

    def token(self, tenant: str) -> str:
        return self.provider.mint(iss=self.issuer(tenant))

    def _answer(self, received: Received) -> Answer | None:
        tenant, _, rest = received.path.removeprefix("/").partition("/.well-known/")
        if not rest:
            return None
        self.asked.append(tenant)
        if tenant.startswith("slow"):
            self.open.wait(20)
        return Answer.of_json({**self.provider.document(), "issuer": self.issuer(tenant)})


@pytest.fixture
def tenants(provider: EmbeddedProvider) -> Iterator[Tenants]:
    """A provider with tenants; in the end all of them answer."""
    made = Tenants(provider)
    yield made
    made.open.set()


@pytest.fixture
def other() -> Iterator[EmbeddedProvider]:
    """A provider on another host."""
    with EmbeddedProvider() as running:
        yield running


@pytest.fixture(autouse=True)
def few_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what a broken rule holds up fail soon, and once."""
    monkeypatch.setenv("HTTP_TIMEOUT", "8")
    monkeypatch.setenv("HTTP_RETRY_MAX_ATTEMPTS", "0")


class Callers:
    """Calls that nobody waits for, until all have ended."""

    def __init__(self) -> None:
        self.count = 0
        self.ended: list[object] = []

    def start(self, one: Callable[[], Result[object]]) -> None:
        async def run() -> None:
            try:
                await one()
            except PyIdentityModelException as error:
                self.ended.append(error)
            else:
                self.ended.append(None)

        self.count += 1
        assert spawn("caller", run)

    async def all_ended(self) -> None:
        while len(self.ended) < self.count:
            await sleep(0.005)


def unsigned(issuer: str) -> str:
    """Return what anyone can write: an access token with no signature to speak of."""
    parts = ({"alg": "RS256", "kid": "a", "typ": "at+jwt"}, {"iss": issuer})
    encoded = [base64.urlsafe_b64encode(json.dumps(one).encode()).decode() for one in parts]
    return "Bearer " + ".".join(one.rstrip("=") for one in encoded) + ".AAAA"


@asynccontextmanager
async def hostile(
    client: AsyncHTTPClient, tenants: Tenants, *, hanging: int, dripping: int, strangers: int
) -> AsyncIterator[None]:
    """Hold so many turns: by issuers that hang or drip, and by tenants that strangers name."""
    callers = Callers()
    verifier = AsyncAccessTokenVerifier(TrustedIssuer, "api", http_client=client)
    token = tenants.token("any")
    table = client.turns.table
    with Silent(hanging) as silent, Silent(dripping, drip=True) as drips:
        for url in (*silent.urls, *drips.urls):
            callers.start(partial(validate_token, token, CONFIG, url, client))
        for number in range(strangers):
            bearer = unsigned(tenants.issuer(f"slow{number}"))
            callers.start(partial(verifier.verify, bearer))
        while table.holding + table.waiting < callers.count:
            await sleep(0.005)
        while silent.asked + drips.asked + len(tenants.asked) < table.holding:
            await sleep(0.005)
        try:
            yield
        finally:
            tenants.open.set()
    await callers.all_ended()
    for _ in range(1000):  # a caller may leave before its request ends
        if table.holding + table.waiting == 0:
            break
        await sleep(0.005)
    assert (table.holding, table.waiting) == (0, 0)


async def test_beside_236_hostile_callers_others_are_asked_at_once(
    tenants: Tenants, other: EmbeddedProvider
) -> None:
    async with AsyncHTTPClient() as client:
        acme = tenants.issuer("acme")
        await validate_token(tenants.token("acme"), CONFIG, acme, client)
        await clear_discovery_cache()
        await clear_jwks_cache()
        tenants.asked.clear()
        async with hostile(client, tenants, hanging=120, dripping=16, strangers=100):
            assert 0 < len(tenants.asked) <= 32
            await validate_token(other.mint(), CONFIG, other.issuer, client)
            await validate_token(tenants.token("acme"), CONFIG, acme, client)
            tenants.provider.rotate_keys()
            await validate_token(tenants.token("acme"), CONFIG, acme, client)
            with refused(KeysUnavailableException, "keys_unavailable") as caught:
                new = tenants.issuer("new")
                await validate_token(tenants.token("new"), CONFIG, new, client, settings=IMPATIENT)
            assert "waited for its turn" in str(caught.value)
            assert "new" not in tenants.asked


def introspecting_at(url: str, client: AsyncHTTPClient) -> AsyncTokenIntrospector:
    return AsyncTokenIntrospector(url, "api", ClientSecretBasic("s3cret"), http_client=client)


async def test_junk_tokens_and_an_introspection_endpoint_that_hangs_leave_others_their_turns(
    provider: EmbeddedProvider, other: EmbeddedProvider
) -> None:
    callers = Callers()
    other.intercept = lambda received: Answer.of_json({"active": True})
    async with AsyncHTTPClient() as client:
        table = client.turns.table
        with Silent(1) as silent:
            hanging = AsyncAccessTokenVerifier(
                silent.urls[0],
                "api",
                opaque_tokens=introspecting_at(f"{silent.urls[0]}/introspect", client),
                http_client=client,
                cold_timeout=0.5,
            )
            for number in range(100):
                callers.start(partial(hanging.verify, f"Bearer junk{number}"))
            await callers.all_ended()
            codes = [getattr(one, "code", None) for one in callers.ended]
            assert codes == ["introspection_unavailable"] * 100
            assert (table.holding, table.waiting) == (32, 68)  # who asks, though nobody waits
            while silent.asked < 32:
                await sleep(0.005)
            await validate_token(provider.mint(), CONFIG, provider.issuer, client)
            elsewhere = introspecting_at(f"{other.issuer}/introspect", client)
            assert (await elsewhere.claims("good"))["active"] is True
            callers.start(partial(validate_token, provider.mint(), CONFIG, silent.urls[0], client))
            for _ in range(800):
                if table.holding == 33:
                    break
                await sleep(0.005)
            assert table.holding == 33  # on the same host, but with a turn of its own
        await callers.all_ended()
        while table.holding + table.waiting:  # requests fail now, one after another
            await sleep(0.005)


async def test_an_introspection_endpoint_that_was_good_before_has_the_reserve() -> None:
    address = "https://op.example/introspect"
    client, _, _ = stalling(0)
    with refused(TokenValidationException, "inactive_token"):
        await introspecting_at(address, client).claims("first")
    turns_held = [client.turns.turn(address, time.monotonic() + 9, apart=True) for _ in range(23)]
    for turn in turns_held:
        await turn.__aenter__()
    assert client.turns.table.waiting == 0


async def test_a_client_with_fewer_connections_divides_those_it_has(
    tenants: Tenants, other: EmbeddedProvider
) -> None:
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=20)) as inner:
        client = AsyncHTTPClient(inner)
        acme = tenants.issuer("acme")
        await validate_token(tenants.token("acme"), CONFIG, acme, client)
        tenants.asked.clear()
        async with hostile(client, tenants, hanging=3, dripping=1, strangers=20):
            assert len(tenants.asked) <= 3
            await validate_token(other.mint(), CONFIG, other.issuer, client)
            tenants.provider.rotate_keys()
            await validate_token(tenants.token("acme"), CONFIG, acme, client)


def stalling(count: int) -> tuple[AsyncHTTPClient, threading.Event, list[str]]:
    """Return a client whose first ``count`` answers wait for an event, and what it was asked."""
    asked: list[str] = []
    go = threading.Event()

    async def serve(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        while len(asked) <= count and not go.is_set():
            await sleep(0.005)
        return httpx.Response(200, json={})

    return AsyncHTTPClient(httpx.AsyncClient(transport=httpx.MockTransport(serve))), go, asked


def get(path: str = "") -> HttpRequest:
    return HttpRequest("GET", f"https://op.example/{path}")


async def fill(client: AsyncHTTPClient, callers: Callers, count: int = 16) -> None:
    """Hold every turn of a host."""
    for number in range(count):
        callers.start(partial(send, get(f"held{number}"), client, in_turn=True))
    while client.turns.table.holding < count:
        await sleep(0.005)


async def test_the_wait_for_a_turn_counts_towards_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client, go, asked = stalling(16)
    callers = Callers()
    await fill(client, callers)
    monkeypatch.setenv("HTTP_TIMEOUT", "0.05")
    with refused(DeadlineExceededException, "deadline_exceeded") as caught:
        await send(get("late"), client, in_turn=True)
    assert "waited for its turn" in str(caught.value)
    assert "/late" not in asked
    assert client.turns.table.waiting == 0
    go.set()
    await callers.all_ended()


async def test_a_tenant_that_was_refused_its_place_in_the_queue_is_not_remembered_as_failing(
    tenants: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "_MOST_WAITING_AT_HOST", 0)
    async with AsyncHTTPClient() as client:
        async with hostile(client, tenants, hanging=0, dripping=0, strangers=32):
            new = tenants.issuer("new")
            for _ in range(3):
                with refused(KeysUnavailableException, "keys_unavailable") as caught:
                    await validate_token(tenants.token("new"), CONFIG, new, client)
                assert "too many requests are waiting" in str(caught.value)
        await validate_token(tenants.token("new"), CONFIG, new, client)
        assert tenants.asked.count("new") == 1


async def test_a_request_without_turns_waits_for_none() -> None:
    client, go, _ = stalling(16)
    callers = Callers()
    await fill(client, callers)
    go.set()
    assert (await send(get("own"), client)).status_code == 200
    await callers.all_ended()
    assert client.turns.table.holding == 0


async def test_a_turn_is_given_back_by_requests_that_fail() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise LookupError if request.url.path == "/bug" else httpx.ReadError("reset")

    client = AsyncHTTPClient(httpx.AsyncClient(transport=httpx.MockTransport(fail)))
    for path in ("reset", "bug") * 20:
        with pytest.raises((PyIdentityModelException, LookupError)):
            await send(get(path), client, in_turn=True)
    assert client.turns.table.holding == 0


async def test_no_turn_is_held_while_an_attempt_waits_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held: list[int] = []

    async def note(seconds: float) -> None:
        held.append(client.turns.table.holding)

    monkeypatch.setattr(sending, "sleep", note)
    monkeypatch.setenv("HTTP_RETRY_MAX_ATTEMPTS", "1")
    answers = iter([httpx.Response(503, headers={"retry-after": "5"}), httpx.Response(200)])
    during: list[int] = []

    def serve(request: httpx.Request) -> httpx.Response:
        during.append(client.turns.table.holding)
        return next(answers)

    client = AsyncHTTPClient(httpx.AsyncClient(transport=httpx.MockTransport(serve)))
    assert (await send(get(), client, in_turn=True)).status_code == 200
    assert (during, held) == ([1, 1], [0])


async def test_a_turn_that_was_given_is_used_once_more_by_who_waits() -> None:
    client, go, asked = stalling(16)
    callers = Callers()
    await fill(client, callers)
    callers.start(partial(send, get("next"), client, in_turn=True))
    while client.turns.table.waiting < 1:
        await sleep(0.005)
    assert "/next" not in asked
    go.set()
    await callers.all_ended()
    assert callers.ended == [None] * 17
    assert "/next" in asked


async def test_a_request_that_outlasts_its_deadline_delays_no_other() -> None:
    table = AsyncTurns(1)
    now = time.monotonic()
    endless = table.turn("https://op.example/a", now + 0.05)
    async with endless, table.turn("https://op.example/b", now + 30):
        assert time.monotonic() >= now + 0.05


async def test_callers_of_an_issuer_that_drips_leave_at_their_deadline(
    provider: EmbeddedProvider,
) -> None:
    settings = Settings(http_timeout=0.3, http_retry_max_attempts=0)
    callers = Callers()
    with Silent(20, drip=True) as drips:
        async with httpx.AsyncClient() as inner:
            client = AsyncHTTPClient(inner)
            token = provider.mint()
            for url in drips.urls:
                one = partial(validate_token, token, CONFIG, url, client, settings=settings)
                callers.start(one)
            await callers.all_ended()
            assert all(isinstance(one, KeysUnavailableException) for one in callers.ended)
            assert all("total deadline" in str(one) for one in callers.ended)
            await validate_token(token, CONFIG, provider.issuer, client)


async def test_clients_share_no_turns_but_the_default_ones_do() -> None:
    one, two = (AsyncHTTPClient(httpx.AsyncClient()) for _ in range(2))
    assert one.turns is one.turns
    assert one.turns is not two.turns
    assert http.default_http_client().turns is http.SHARED_TURNS
    for each in (one, two):
        await each.client.aclose()


async def test_another_port_is_another_host_and_credentials_are_not_part_of_it() -> None:
    host_of = turns.host_of
    assert host_of("https://OP.example/a") == host_of("https://user:pass@op.example/b?c")
    assert len({host_of(f"{one}/a") for one in ("https://a:1", "https://a:2", "http://a:1")}) == 3
    assert "pass" not in host_of("https://user:pass@op.example/")


async def test_only_so_many_addresses_that_were_good_are_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "_MOST_KNOWN", 2)
    some = AsyncTurns(100)
    for name in ("a", "b", "a", "c"):
        some.succeeded(name)
    assert [one for one in "abc" if some.has_succeeded(one)] == ["a", "c"]


def versioned(received: Received) -> Answer | None:
    """Say that the document is as it was."""
    if received.headers.get("if-none-match"):
        return Answer(304, b"", {"etag": '"v1"'})
    return None


async def test_an_answer_that_has_not_changed_and_one_of_another_process_are_good_too(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = provider.discovery_endpoint
    document = Answer.of_json(provider.document(), etag='"v1"')
    provider.intercept = lambda received: (
        versioned(received) or (document if "well-known" in received.path else None)
    )
    store = AsyncMemoryTokenStore()
    async with AsyncHTTPClient(document_store=store) as client:
        await prime(provider.issuer, http_client=client)
        monkeypatch.setattr(turns, "_MOST_KNOWN", 2)
        for other in ("a", "b"):  # these take the place of what was remembered
            client.turns.succeeded(other)
        assert not client.turns.has_succeeded(address)
        monkeypatch.undo()
        await refresh(provider.issuer, http_client=client)
        assert client.turns.has_succeeded(address)
    async with AsyncHTTPClient(document_store=store) as client:
        asked = len(provider.requests)
        await prime(provider.issuer, http_client=client)
        assert len(provider.requests) == asked
        assert all(map(client.turns.has_succeeded, (address, provider.jwks_uri)))

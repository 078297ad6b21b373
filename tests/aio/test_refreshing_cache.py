"""The cache of one kind of document: order of refreshes, inconclusive answers, evictions."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from time import monotonic
from typing import Any

import pytest

from py_identity_model import CacheEvent, CacheEventKind, set_cache_event_hook
from py_identity_model._seam.aio import gather, sleep
from py_identity_model._settings import DISCO_CACHE_MAX_ENTRIES
from py_identity_model._validation.fetch_result import PATIENT
from py_identity_model._validation.provider_document import DISCOVERY_DOCUMENT
from py_identity_model.aio import DiscoveryPolicy, validate_token
from py_identity_model.aio._cache import provider_cache
from py_identity_model.aio._cache.fetching import AsyncFetcher
from py_identity_model.aio._cache.refreshing_cache import AsyncRefreshingCache
from py_identity_model.exceptions import TokenValidationException
from py_identity_model.testing import Answer, EmbeddedProvider
from tests.support import CONFIG, DISCOVERY, Clock, Gate, answering, failing, refused


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The monotonic clock of the default caches."""
    clock = Clock()
    monkeypatch.setattr(provider_cache.default_cache.documents, "clock", clock)
    monkeypatch.setattr(provider_cache.default_cache.keys, "clock", clock)
    return clock


def key_id(token: str) -> str:
    header: Any = json.loads(urlsafe_b64decode(token.partition(".")[0] + "=="))
    return str(header["kid"])


async def test_expired_keys_are_refreshed_although_the_document_just_could_not_be(
    provider: EmbeddedProvider, clock: Clock
) -> None:
    withdrawn = provider.mint()
    await validate_token(withdrawn, CONFIG, provider.issuer)
    provider.rotate_keys()
    provider.intercept = failing(DISCOVERY)
    clock.now += 3601
    await provider_cache.default_cache.metadata(None, provider.issuer, DiscoveryPolicy())
    with refused(TokenValidationException, "no_matching_key"):
        await validate_token(withdrawn, CONFIG, provider.issuer)


async def test_an_empty_key_set_does_not_replace_the_keys_that_are_known(
    provider: EmbeddedProvider, clock: Clock
) -> None:
    token = provider.mint()
    await validate_token(token, CONFIG, provider.issuer)
    provider.intercept = answering("/jwks", Answer.of_json({"keys": []}))
    with refused(TokenValidationException, "no_matching_key") as caught:
        await validate_token(provider.mint(header={"kid": "new"}), CONFIG, provider.issuer)
    assert key_id(token) in caught.value.details["available_kids"]
    await validate_token(token, CONFIG, provider.issuer)


async def test_an_eviction_is_reported_as_one(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = AsyncRefreshingCache(AsyncFetcher(DISCOVERY_DOCUMENT), DISCO_CACHE_MAX_ENTRIES)
    monkeypatch.setenv("DISCO_CACHE_MAX_ENTRIES", "1")
    events: list[CacheEvent] = []
    set_cache_event_hook(events.append)
    for address in (provider.issuer, f"{provider.issuer}/"):
        location = DISCOVERY_DOCUMENT.locate(address, DiscoveryPolicy())
        await cache.get(location, None, PATIENT.starting_now())
    set_cache_event_hook(None)
    evicted = [event for event in events if event.kind is CacheEventKind.EVICTED]
    assert [(event.what, event.url) for event in evicted] == [("document", provider.issuer)]


async def test_a_document_that_others_have_just_fetched_is_not_fetched_again(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = AsyncRefreshingCache(AsyncFetcher(DISCOVERY_DOCUMENT), DISCO_CACHE_MAX_ENTRIES)
    location = DISCOVERY_DOCUMENT.locate(provider.issuer, DiscoveryPolicy())
    run = cache.single_flight.run

    async def run_late(*arguments: Any, **named: Any) -> Any:
        """Join the flight after another caller, who came later, has its document."""
        monkeypatch.undo()
        await cache.get(location, None, PATIENT.starting_now())
        return await run(*arguments, **named)

    events: list[CacheEvent] = []
    monkeypatch.setattr(cache.single_flight, "run", run_late)
    set_cache_event_hook(events.append)
    await cache.get(location, None, PATIENT.starting_now())
    set_cache_event_hook(None)
    assert provider.count(DISCOVERY) == 1
    assert events == [
        CacheEvent(CacheEventKind.MISS, "document", provider.issuer),
        CacheEvent(CacheEventKind.HIT, "document", provider.issuer),
    ]


@pytest.mark.parametrize("age", [3300, 3601], ids=["ahead", "expired"])
async def test_a_refresh_that_others_have_just_tried_is_not_tried_again(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch, age: float
) -> None:
    cache = AsyncRefreshingCache(AsyncFetcher(DISCOVERY_DOCUMENT), DISCO_CACHE_MAX_ENTRIES)
    cache.clock = clock = Clock()
    location = DISCOVERY_DOCUMENT.locate(provider.issuer, DiscoveryPolicy())
    known = await cache.get(location, None, PATIENT.starting_now())
    entry = cache.find(provider.issuer, DiscoveryPolicy())
    assert entry is not None
    admits: list[bool] = []

    def fail_before(admit: Callable[[], bool]) -> Callable[[], bool]:
        """Let another refresh fail after the caller saw that one is due."""

        def admit_late() -> bool:
            entry.record_failure(clock())
            admits.append(admit())
            return admits[-1]

        return admit_late

    flights = cache.single_flight
    run, start = flights.run, flights.run_in_background

    async def run_late(key: Any, call: Any, admit: Any, **named: Any) -> Any:
        return await run(key, call, fail_before(admit), **named)

    def start_late(key: Any, call: Any, admit: Any) -> None:
        assert key == location.key
        start(key, call, fail_before(admit))

    monkeypatch.setattr(flights, "run", run_late)
    monkeypatch.setattr(flights, "run_in_background", start_late)
    clock.now += age
    assert await cache.get(location, None, PATIENT.starting_now()) is known
    assert admits == [False]
    assert provider.count(DISCOVERY) == 1


async def test_a_caller_whose_time_is_over_does_not_shorten_that_of_others(
    provider: EmbeddedProvider,
) -> None:
    cache = AsyncRefreshingCache(AsyncFetcher(DISCOVERY_DOCUMENT), DISCO_CACHE_MAX_ENTRIES)
    cache.clock = clock = Clock()
    location = DISCOVERY_DOCUMENT.locate(provider.issuer, DiscoveryPolicy())
    patient = PATIENT.starting_now()
    old = await cache.get(location, None, patient)
    moved = {**provider.document(), "jwks_uri": f"{provider.issuer}/new"}
    provider.intercept = gate = Gate(DISCOVERY, Answer.of_json(moved))
    clock.now += 3601
    late = patient._replace(since=monotonic() - 60)
    assert await cache.get(location, None, late) is old

    async def wait() -> str | None:
        return (await cache.get(location, None, PATIENT.starting_now())).jwks_uri

    async def answer() -> None:
        while not gate.arrived.is_set():
            await sleep(0)
        gate.open.set()

    assert (await gather([wait, answer]))[0] == moved["jwks_uri"]

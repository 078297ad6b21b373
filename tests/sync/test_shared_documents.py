# Generated from aio/test_shared_documents.py by scripts/make_sync.py; edit that file.
"""Documents that processes share: two clients with one store stand for two processes."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import httpx
import pytest

from py_identity_model._seam.sync import gather
from py_identity_model._validation import key_set_rules as key_set
from py_identity_model._validation.fetch_result import StoredResponse, stored_key
from py_identity_model._wire.messages import HttpRequest, HttpResponse
from py_identity_model._wire.stored_value import pack_value, unpack_value
from py_identity_model.exceptions import (
    ConfigurationException,
    DPoPProofException,
    InvalidArgumentError,
    NetworkException,
    TokenValidationException,
)
from py_identity_model.sync import (
    ClientSecretBasic,
    DiscoveryDocumentRequest,
    DiscoveryPolicy,
    DPoPKey,
    HTTPClient,
    MemoryTokenStore,
    ReplayStore,
    TokenIntrospector,
    TokenStoreReplayStore,
    create_dpop_proof,
    get_discovery_document,
    health,
    prime,
    refresh,
    validate_token,
    verify_dpop_proof,
)
from py_identity_model.sync._cache import fetching
from py_identity_model.sync._cache.provider_cache import cache_of
from py_identity_model.sync._transport import stores as best_effort
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.support import CONFIG, DISCOVERY, Clock, answering, refused


class Process:
    """A client with a cache and clocks of its own, as another process would have."""

    def __init__(self, provider: EmbeddedProvider, store: Any) -> None:
        self.client = HTTPClient(document_store=store)
        self.clock = Clock()
        cache = cache_of(self.client)
        cache.documents.clock = cache.keys.clock = self.clock
        self._provider = provider

    def validate(self, token: str | None = None) -> None:
        jwt = self._provider.mint() if token is None else token
        validate_token(jwt, CONFIG, self._provider.issuer, self.client)


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The wall clock by which shared documents age."""
    clock = Clock()
    clock.now = time.time()
    monkeypatch.setattr(fetching, "time", clock)
    return clock


@contextmanager
def warm_pair(provider: EmbeddedProvider) -> Iterator[tuple[Process, Process]]:
    """Two processes that have validated a token, a while ago by their own clocks."""
    store = MemoryTokenStore()
    one, two = Process(provider, store), Process(provider, store)
    with one.client, two.client:
        for process in (one, two):
            process.validate()
            process.clock.now += 100
        yield one, two


def asked(provider: EmbeddedProvider) -> tuple[int, int]:
    """How often the provider was asked for its document, and for its keys."""
    return provider.count(DISCOVERY), provider.count("/jwks")


def test_processes_share_fetched_documents(provider: EmbeddedProvider) -> None:
    store = MemoryTokenStore()
    for _ in range(3):
        process = Process(provider, store)
        with process.client:
            process.validate()
            process.validate()
    assert asked(provider) == (1, 1)


def test_a_shared_response_keeps_its_age(provider: EmbeddedProvider, wall: Clock) -> None:
    store = MemoryTokenStore()
    one, two = Process(provider, store), Process(provider, store)
    with one.client, two.client:
        one.validate()
        wall.now += 3000
        two.validate()
        assert asked(provider) == (1, 1)
        state = health(provider.issuer, http_client=two.client).keys
        assert state is not None
        assert state.age == pytest.approx(3000, abs=5)


def test_one_process_refreshes_for_all(provider: EmbeddedProvider, wall: Clock) -> None:
    with warm_pair(provider) as (one, two):
        wall.now += 3590
        refresh(provider.issuer, http_client=one.client)
        assert asked(provider) == (2, 2)
        two.clock.now += 86401
        two.validate()
        assert asked(provider) == (2, 2)


def test_a_shared_response_that_is_not_younger_is_fetched_again(
    provider: EmbeddedProvider, wall: Clock
) -> None:
    process = Process(provider, MemoryTokenStore())
    with process.client:
        process.validate()
        process.clock.now += 86401
        wall.now += 86401
        process.validate()
    assert asked(provider) == (2, 2)


def test_a_rotation_costs_all_processes_one_request(provider: EmbeddedProvider) -> None:
    with warm_pair(provider) as (one, two):
        provider.rotate_keys()
        one.validate()
        two.validate()
    assert asked(provider) == (1, 2)


def test_an_unknown_key_is_fetched(provider: EmbeddedProvider) -> None:
    store = MemoryTokenStore()
    one, two = Process(provider, store), Process(provider, store)
    with one.client, two.client:
        two.validate()
        refresh(provider.issuer, http_client=one.client)
        provider.rotate_keys()
        two.validate()
    assert asked(provider) == (2, 3)


def test_a_key_that_changed_under_its_name_replaces_the_old_one(
    provider: EmbeddedProvider,
) -> None:
    with warm_pair(provider) as (one, two):
        kid = provider.keys[0].kid
        provider.rotate_keys()
        renamed = {"keys": [{**provider.keys[0].as_dict(), "kid": kid}]}
        provider.intercept = answering("/jwks", Answer.of_json(renamed))
        one.validate(provider.mint(header={"kid": kid}))
        two.validate(provider.mint(header={"kid": kid}))
    assert asked(provider) == (1, 2)


def test_forged_names_of_keys_cost_each_process_one_request_a_cooldown(
    provider: EmbeddedProvider,
) -> None:
    store = MemoryTokenStore()
    processes = [Process(provider, store) for _ in range(4)]
    for process in processes:
        process.validate()
    for process in processes * 3:
        with refused(TokenValidationException, "no_matching_key"):
            process.validate(provider.mint(header={"kid": "forged"}))
    for process in processes:
        process.client.close()
    assert asked(provider) == (1, 5)


def test_an_unchanged_version_is_shared_for_longer(provider: EmbeddedProvider, wall: Clock) -> None:
    body = json.dumps({"keys": [key.as_dict() for key in provider.keys]}).encode()
    statuses = []

    def serve(received: Received) -> Answer | None:
        if received.path != "/jwks":
            return None
        stands = received.headers.get("if-none-match") == '"1"'
        statuses.append(304 if stands else 200)
        headers = {"content-type": "application/json", "etag": '"1"'}
        return Answer(304, b"", headers) if stands else Answer(200, body, headers)

    provider.intercept = serve
    store = MemoryTokenStore()
    one, two = Process(provider, store), Process(provider, store)
    with one.client, two.client:
        one.validate()
        wall.now += 3000
        refresh(provider.issuer, http_client=one.client)
        assert statuses == [200, 304]
        wall.now += 3000
        two.validate()
    assert asked(provider) == (2, 2)


class Broken:
    """A store that is out."""

    def get(self, key: str) -> str | None:
        raise ConnectionError("no store")

    def set(self, key: str, value: str, expires_in: float | None) -> None:
        raise ConnectionError("no store")

    def delete(self, key: str) -> None:
        raise ConnectionError("no store")

    def lock(self, key: str) -> AbstractContextManager[Any]:
        raise ConnectionError("no store")


def test_tokens_are_validated_while_the_store_is_down(
    provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    process = Process(provider, Broken())
    with process.client:
        with caplog.at_level(logging.WARNING, "py_identity_model"):
            process.validate()
    assert asked(provider) == (1, 1)
    assert "a shared store cannot be read: ConnectionError" in caplog.text


def test_a_store_that_fails_is_left_alone_for_a_while_and_warned_of_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock, calls = Clock(), list[str]()
    monkeypatch.setattr(best_effort, "monotonic", clock)

    class Counting(Broken):
        def get(self, key: str) -> str | None:
            calls.append("get")
            return super().get(key)

        def set(self, key: str, value: str, expires_in: float | None) -> None:
            calls.append("set")
            super().set(key, value, expires_in)

    store = best_effort.BestEffortStore(Counting())
    for _ in range(3):
        assert store.get("a") is None
        store.set("a", "1", 60)
    assert calls == ["get", "set"]
    assert caplog.text.count("a shared store cannot be") == 1
    clock.now += 5
    store.get("a")
    assert calls == ["get", "set", "get"]
    assert caplog.text.count("a shared store cannot be") == 2


def test_a_value_that_cannot_be_read_stops_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Unreadable(MemoryTokenStore):
        def get(self, key: str) -> str | None:
            if key == "theirs":
                raise ConfigurationException("another key", code="unreadable_value")
            return super().get(key)

    store = best_effort.BestEffortStore(Unreadable())
    store.set("ours", "1", 60)
    assert [store.get(key) for key in ("theirs", "ours", "theirs")] == [None, "1", None]
    assert caplog.text.count("a shared store cannot be read: ConfigurationException") == 1


def test_a_store_that_is_slow_is_left_alone_for_a_while(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    calls: list[str] = []
    monkeypatch.setattr(best_effort, "monotonic", clock)

    class Slow(MemoryTokenStore):
        def get(self, key: str) -> str | None:
            calls.append("get")
            clock.now += 1
            return super().get(key)

        def set(self, key: str, value: str, expires_in: float | None) -> None:
            calls.append("set")

    process = Process(provider, Slow())
    with process.client:
        process.validate()
        assert calls == ["get"]  # for the document; what comes after it needs no store
        clock.now += 5
        refresh(provider.issuer, http_client=process.client)
        assert calls == ["get"] * 2
        assert asked(provider) == (2, 2)


def test_an_etag_that_no_request_can_carry_is_forgotten(provider: EmbeddedProvider) -> None:
    body = json.dumps({"keys": [key.as_dict() for key in provider.keys]}).encode()
    headers = {"content-type": "application/json", "etag": '"\xe9"'}
    provider.intercept = answering("/jwks", Answer(200, body, headers))
    process = Process(provider, None)
    with process.client:
        process.validate()
        refresh(provider.issuer, http_client=process.client)
    assert asked(provider) == (2, 2)


@pytest.mark.parametrize(
    "altered",
    [
        {"body": '{"keys": []'},
        {"body": '{"keys": [{"kty": "RSA"}]}'},
        {"body": "{}", "arrived_at": "yesterday"},
        {"headers": {"content-type": 1}},
        {"headers": {}},
        {"body": None},
        {"body": " " * 600_000},
        {"arrived_at": 9e12},
        None,
    ],
)
def test_a_stored_response_is_checked_like_a_fetched_one(
    altered: dict[str, object] | None, provider: EmbeddedProvider
) -> None:
    store = MemoryTokenStore()
    one, two = Process(provider, store), Process(provider, store)
    with one.client, two.client:
        one.validate()
        request = key_set.build(provider.jwks_uri, DiscoveryPolicy())
        key = stored_key(request)
        kept = unpack_value("key set", request.url, store.get(key) or "")
        text = "[]"
        if altered is not None:
            text = pack_value("key set", request.url, {**kept, **altered})
        store.set(key, text, None)
        two.validate()
    assert asked(provider) == (1, 2)


def test_a_document_of_another_issuer_is_not_taken_over(provider: EmbeddedProvider) -> None:
    store = MemoryTokenStore()
    process = Process(provider, store)
    with process.client:
        document = {**provider.document(), "issuer": "https://evil.example"}
        request = HttpRequest("GET", provider.discovery_endpoint)
        answer = HttpResponse(
            200, {"content-type": "application/json"}, json.dumps(document).encode()
        )
        text = StoredResponse(answer, time.time()).to_text("discovery document", request)
        store.set(stored_key(request), text, None)
        process.validate()
    assert asked(provider) == (1, 1)


def test_a_document_stored_by_another_issuer_is_not_used(
    provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    store = MemoryTokenStore()
    with EmbeddedProvider() as other:
        addresses = (other.jwks_uri, provider.jwks_uri)
        with HTTPClient(document_store=store) as client:
            prime(other.issuer, http_client=client)
        theirs, ours = (stored_key(key_set.build(one, DiscoveryPolicy())) for one in addresses)
        copied = store.get(theirs)
        assert copied is not None
        store.set(ours, copied, None)  # all that encryption leaves to whoever can write
        process = Process(provider, store)
        with process.client:
            forged = other.mint(iss=provider.issuer)
            with refused(TokenValidationException, "no_matching_key"):
                process.validate(forged)
            process.validate()
    assert "a shared document cannot be read" in caplog.text


def test_a_document_is_not_taken_for_a_key_set(provider: EmbeddedProvider) -> None:
    store = MemoryTokenStore()
    request = key_set.build(provider.jwks_uri, DiscoveryPolicy())
    answer = HttpResponse(200, {"content-type": "application/json"}, b'{"keys": []}')
    text = StoredResponse(answer, time.time()).to_text("discovery document", request)
    store.set(stored_key(request), text, None)
    process = Process(provider, store)
    with process.client:
        process.validate()
    assert asked(provider) == (1, 1)


def test_an_unstorable_response_is_shared_only_for_a_short_time(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = json.dumps({"keys": [key.as_dict() for key in provider.keys]}).encode()
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    provider.intercept = answering("/jwks", Answer(200, body, headers))
    store = MemoryTokenStore()
    for _ in range(2):
        process = Process(provider, store)
        with process.client:
            process.validate()
    assert asked(provider) == (1, 1)


def test_an_unstorable_response_is_not_shared_if_the_header_is_obeyed(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CACHE_MIN_TTL", "0")
    store = MemoryTokenStore()
    body = json.dumps({"keys": [key.as_dict() for key in provider.keys]}).encode()
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    provider.intercept = answering("/jwks", Answer(200, body, headers))
    for _ in range(2):
        process = Process(provider, store)
        with process.client:
            process.validate()
    assert asked(provider) == (1, 2)


def test_calls_that_cache_nothing_share_nothing(provider: EmbeddedProvider) -> None:
    store = MemoryTokenStore()
    with HTTPClient(document_store=store) as client:
        for _ in range(2):
            request = DiscoveryDocumentRequest(provider.issuer)
            assert (get_discovery_document(request, client)).is_successful
    assert len(store) == 0
    assert asked(provider) == (2, 0)


def test_identifiers_are_remembered_in_any_store() -> None:
    store = MemoryTokenStore()
    one, two = TokenStoreReplayStore(store), TokenStoreReplayStore(store)
    assert isinstance(one, ReplayStore)
    store.clock = Clock()
    ends = time.time() + 60
    assert sorted(gather([partial(one.add, "jti", ends)] * 8)) == [False] * 7 + [True]
    assert not two.add("jti", ends)
    assert two.add("another", ends)
    store.clock.now += 61
    assert two.add("jti", ends)
    key = DPoPKey()
    proof = create_dpop_proof(key, "GET", "https://api.example/")
    assert verify_dpop_proof(proof, "GET", "https://api.example/", replay_store=one)
    with refused(DPoPProofException, "dpop_proof_replayed"):
        verify_dpop_proof(proof, "GET", "https://api.example/", replay_store=two)


def test_a_store_failure_is_an_outage_and_not_a_replay() -> None:
    with refused(NetworkException, "store_unavailable"):
        TokenStoreReplayStore(Broken()).add("jti", time.time() + 60)
    proof = create_dpop_proof(DPoPKey(), "GET", "https://api.example/")
    with refused(DPoPProofException, "store_unavailable"):
        verify_dpop_proof(
            proof, "GET", "https://api.example/", replay_store=TokenStoreReplayStore(Broken())
        )


def test_a_primed_process_primes_the_others(provider: EmbeddedProvider) -> None:
    store = MemoryTokenStore()
    for _ in range(2):
        with HTTPClient(document_store=store) as client:
            assert (prime(provider.issuer, http_client=client)).ready
    assert asked(provider) == (1, 1)


def test_responses_of_an_unverified_server_are_not_shared() -> None:
    with pytest.raises(InvalidArgumentError, match="verify=False and document_store"):
        HTTPClient(verify=False, document_store=MemoryTokenStore())
    with (
        httpx.Client(verify=False) as lax,
        httpx.Client(mounts={"https://": httpx.HTTPTransport(verify=False)}) as mounted,
        HTTPClient(verify=False) as ours,
        httpx.Client() as strict,
    ):
        for client in (lax, mounted, ours.client):
            with pytest.raises(InvalidArgumentError, match="verify=False and document_store"):
                HTTPClient(client, document_store=MemoryTokenStore())
        assert HTTPClient(strict, document_store=MemoryTokenStore()).verifies_servers


@pytest.mark.parametrize("injected", [True, False])
def test_introspections_of_an_unverified_server_are_not_shared(injected: bool) -> None:
    inner = httpx.Client(verify=False) if injected else None
    with HTTPClient(inner, verify=None if injected else False) as lax:
        arguments = ("https://op.example/introspect", "api", ClientSecretBasic("s3cret"))
        with pytest.raises(InvalidArgumentError, match="verify=False cannot be combined"):
            TokenIntrospector(*arguments, store=MemoryTokenStore(), http_client=lax)
        assert len(TokenIntrospector(*arguments, http_client=lax)) == 0
    if inner is not None:
        inner.close()

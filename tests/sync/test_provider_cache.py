# Generated from aio/test_provider_cache.py by scripts/make_sync.py; edit that file.
"""What is cached behind ``validate_token``: when it serves, when it is fetched, and how often."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from py_identity_model import get_cache_counters
from py_identity_model._protocol.cache import Entry
from py_identity_model._seam.sync import gather, sleep
from py_identity_model.exceptions import (
    KeysUnavailableException,
    NetworkException,
    SignatureVerificationException,
    TokenValidationException,
)
from py_identity_model.sync import (
    DiscoveryPolicy,
    HTTPClient,
    clear_discovery_cache,
    clear_jwks_cache,
    provider_cache,
    validate_token,
)
from py_identity_model.sync.provider_cache import cache_of
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.support import CONFIG, DISCOVERY, Clock, Gate, answering, failing, refused


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The monotonic clock of the default caches."""
    clock = Clock()
    monkeypatch.setattr(provider_cache.default_cache.documents, "clock", clock)
    monkeypatch.setattr(provider_cache.default_cache.keys, "clock", clock)
    return clock


def validate(provider: EmbeddedProvider) -> None:
    validate_token(provider.mint(), CONFIG, provider.issuer)


def settle(provider: EmbeddedProvider, path: str, count: int) -> None:
    """Wait until a refresh behind has sent its request and ended."""
    cache = provider_cache.default_cache
    while provider.count(path) < count:
        sleep(0.001)
    while any(cache.keys.flights._table.get()) or any(cache.documents.flights._table.get()):
        sleep(0.001)


def forged(provider: EmbeddedProvider, kid: str = "forged") -> str:
    return provider.mint(header={"kid": kid})


def test_a_warm_cache_sends_nothing(provider: EmbeddedProvider, clock: Clock) -> None:
    for _ in range(5):
        validate(provider)
    assert (provider.count(DISCOVERY), provider.count("/jwks")) == (1, 1)
    assert get_cache_counters().snapshot() == {
        "disco_hits": 4,
        "disco_misses": 1,
        "jwks_hits": 4,
        "jwks_misses": 1,
        "jwks_refreshes": 0,
    }


def test_any_number_of_cold_callers_send_one_request_each(provider: EmbeddedProvider) -> None:
    token = provider.mint()

    def one() -> None:
        validate_token(token, CONFIG, provider.issuer)

    gather([one] * 200)
    assert (provider.count(DISCOVERY), provider.count("/jwks")) == (1, 1)
    assert get_cache_counters().disco_hits == 199


def test_a_shared_failure_is_not_remembered(provider: EmbeddedProvider) -> None:
    gate = Gate(DISCOVERY, Answer.of_json({"error": "down"}, 404))
    provider.intercept = gate
    documents = provider_cache.default_cache.documents
    key = (provider.issuer, DiscoveryPolicy().cache_key())

    def one() -> TokenValidationException:
        with pytest.raises(TokenValidationException) as caught:
            validate(provider)
        return caught.value

    def open_gate() -> None:
        while documents.flights.waiting(key) < 10:
            sleep(0.001)
        gate.open.set()

    errors = gather([*[one] * 10, open_gate])
    assert len({id(error) for error in errors}) == 11
    assert provider.count(DISCOVERY) == 1
    assert len(documents.entries) == 0
    provider.intercept = None
    validate(provider)
    assert provider.count(DISCOVERY) == 2


def test_stale_documents_serve_while_one_refresh_runs_behind(
    provider: EmbeddedProvider, clock: Clock
) -> None:
    validate(provider)
    clock.now += 3601
    validate(provider)
    settle(provider, DISCOVERY, 2)
    settle(provider, "/jwks", 2)
    for _ in range(5):
        validate(provider)
    assert (provider.count(DISCOVERY), provider.count("/jwks")) == (2, 2)
    assert get_cache_counters().jwks_refreshes == 1


def test_an_outage_is_survived_on_stale_documents(provider: EmbeddedProvider, clock: Clock) -> None:
    validate(provider)
    provider.intercept = lambda received: Answer.of_json({"error": "down"}, 503)
    clock.now += 3601
    for second in range(1, 4):
        validate(provider)
        settle(provider, DISCOVERY, 1 + second)
        settle(provider, "/jwks", 1 + second)
        validate(provider)  # within the gap after a failure nothing more is sent
        assert (provider.count(DISCOVERY), provider.count("/jwks")) == (1 + second, 1 + second)
        clock.now += 1.1


def test_after_the_longest_staleness_nothing_is_served(
    provider: EmbeddedProvider, clock: Clock
) -> None:
    validate(provider)
    provider.intercept = failing(DISCOVERY)
    clock.now += 86401
    with refused(KeysUnavailableException, "keys_unavailable"):
        validate(provider)
    provider.intercept = None
    validate(provider)


def test_staleness_can_be_switched_off(
    provider: EmbeddedProvider, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CACHE_MAX_STALE", "0")
    validate(provider)
    clock.now += 3601
    provider.intercept = failing(DISCOVERY)
    with pytest.raises(KeysUnavailableException):
        validate(provider)


def test_a_rotation_is_followed_by_one_request(provider: EmbeddedProvider) -> None:
    validate(provider)
    provider.rotate_keys()
    token = provider.mint()

    def one() -> None:
        validate_token(token, CONFIG, provider.issuer)

    gather([one] * 100)
    assert provider.count("/jwks") == 2
    assert get_cache_counters().jwks_refreshes == 1


def test_a_removed_key_stops_being_accepted(provider: EmbeddedProvider) -> None:
    old = provider.mint()
    validate(provider)
    provider.rotate_keys()
    validate(provider)
    with refused(TokenValidationException, "no_matching_key") as caught:
        validate_token(old, CONFIG, provider.issuer)
    assert caught.value.details["kid"] in old or caught.value.details["available_kids"]


def test_forged_kids_send_one_request_a_cooldown(provider: EmbeddedProvider, clock: Clock) -> None:
    validate(provider)
    for number in range(20):
        with refused(TokenValidationException, "no_matching_key"):
            validate_token(forged(provider, f"kid-{number}"), CONFIG, provider.issuer)
    assert provider.count("/jwks") == 2
    clock.now += 5.1
    with refused(TokenValidationException, "no_matching_key"):
        validate_token(forged(provider), CONFIG, provider.issuer)
    assert provider.count("/jwks") == 3


def test_concurrent_forged_kids_share_one_request(provider: EmbeddedProvider) -> None:
    validate(provider)
    tokens = iter([forged(provider, f"kid-{number}") for number in range(50)])

    def one() -> None:
        with refused(TokenValidationException, "no_matching_key"):
            validate_token(next(tokens), CONFIG, provider.issuer)

    gather([one] * 50)
    assert provider.count("/jwks") == 2


def test_a_found_kid_lifts_the_cooldown(provider: EmbeddedProvider, clock: Clock) -> None:
    validate(provider)
    for _ in range(3):
        provider.rotate_keys()
        validate(provider)
    assert provider.count("/jwks") == 4


def test_without_a_cooldown_requests_still_do_not_overlap(
    provider: EmbeddedProvider, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KID_MISS_REFRESH_COOLDOWN", "0")
    validate(provider)
    for expected in (2, 3):
        with refused(TokenValidationException, "no_matching_key"):
            validate_token(forged(provider), CONFIG, provider.issuer)
        assert provider.count("/jwks") == expected


def test_a_failed_refresh_leaves_only_a_short_gap(provider: EmbeddedProvider, clock: Clock) -> None:
    validate(provider)
    provider.intercept = failing("/jwks")
    for _ in range(3):
        with refused(TokenValidationException, "no_matching_key"):
            validate_token(forged(provider), CONFIG, provider.issuer)
    assert provider.count("/jwks") == 2
    clock.now += 1.1
    provider.intercept = None
    provider.rotate_keys()
    validate(provider)


def test_an_empty_answer_never_replaces_keys_and_is_pardoned_once(
    provider: EmbeddedProvider, clock: Clock
) -> None:
    validate(provider)
    provider.intercept = answering("/jwks", Answer.of_json({"keys": []}))
    for expected in (2, 3, 3, 3):
        with refused(TokenValidationException, "no_matching_key"):
            validate_token(forged(provider), CONFIG, provider.issuer)
        assert provider.count("/jwks") == expected
    validate(provider)


def test_a_bad_signature_asks_for_newer_keys_once_a_cooldown(
    provider: EmbeddedProvider, clock: Clock
) -> None:
    good = provider.mint()
    bad = good[:-8] + "AAAAAAAA"
    validate(provider)
    with refused(SignatureVerificationException, "invalid_signature") as caught:
        validate_token(bad, CONFIG, provider.issuer)
    assert "cooldown" not in str(caught.value)
    for _ in range(3):
        with refused(SignatureVerificationException, "invalid_signature") as caught:
            validate_token(bad, CONFIG, provider.issuer)
        assert "refresh cooldown active" in str(caught.value)
    assert provider.count("/jwks") == 2
    assert validate_token(good, CONFIG, provider.issuer)


def test_a_key_that_changed_under_its_kid_is_found(provider: EmbeddedProvider) -> None:
    validate(provider)
    kid = provider.keys[0].kid
    provider.rotate_keys()
    renamed = {"keys": [{**provider.keys[0].as_dict(), "kid": kid}]}
    provider.intercept = answering("/jwks", Answer.of_json(renamed))
    assert validate_token(provider.mint(header={"kid": kid}), CONFIG, provider.issuer)
    assert provider.count("/jwks") == 2


def test_a_refresh_for_a_bad_signature_that_fails_is_told(
    provider: EmbeddedProvider,
) -> None:
    validate(provider)
    provider.intercept = failing("/jwks", 404)
    with refused(TokenValidationException, "jwks_failed") as caught:
        validate_token(provider.mint()[:-8] + "AAAAAAAA", CONFIG, provider.issuer)
    assert "status code: 404" in str(caught.value)


def test_max_age_decides_how_long_a_document_is_fresh(
    provider: EmbeddedProvider, clock: Clock
) -> None:
    provider.intercept = answering(
        DISCOVERY, Answer.of_json(provider.document(), cache_control="public, max-age=120")
    )
    validate(provider)
    clock.now += 119
    validate(provider)
    assert provider.count(DISCOVERY) == 1
    clock.now += 2
    validate(provider)
    settle(provider, DISCOVERY, 2)


@pytest.mark.parametrize("directive", ["no-store", "no-cache", "max-age=60, no-store"])
def test_a_document_that_must_not_be_stored_is_not(
    provider: EmbeddedProvider, directive: str
) -> None:
    provider.intercept = answering(
        DISCOVERY, Answer.of_json(provider.document(), cache_control=directive)
    )
    for _ in range(3):
        validate(provider)
    assert (provider.count(DISCOVERY), provider.count("/jwks")) == (3, 1)


def test_a_document_that_may_no_longer_be_stored_is_dropped(
    provider: EmbeddedProvider, clock: Clock
) -> None:
    validate(provider)
    provider.intercept = answering(
        DISCOVERY, Answer.of_json(provider.document(), cache_control="no-store")
    )
    clock.now += 3601
    validate(provider)
    settle(provider, DISCOVERY, 2)
    validate(provider)
    assert provider.count(DISCOVERY) == 3


def test_clearing_forgets_documents_keys_and_cooldowns(provider: EmbeddedProvider) -> None:
    validate(provider)
    with pytest.raises(TokenValidationException):
        validate_token(forged(provider), CONFIG, provider.issuer)
    clear_discovery_cache()
    validate(provider)
    assert (provider.count(DISCOVERY), provider.count("/jwks")) == (2, 2)
    clear_jwks_cache()
    provider.rotate_keys()
    validate(provider)
    assert (provider.count(DISCOVERY), provider.count("/jwks")) == (2, 3)


def test_an_injected_client_has_a_cache_of_its_own(provider: EmbeddedProvider) -> None:
    validate(provider)
    with HTTPClient() as one, HTTPClient() as other:
        for client in (one, one, other):
            validate_token(provider.mint(), CONFIG, provider.issuer, client)
        assert provider.count("/jwks") == 3
        assert cache_of(one) is cache_of(one) is not cache_of(other)
        provider.rotate_keys()
        validate_token(provider.mint(), CONFIG, provider.issuer, one)
        assert provider.count("/jwks") == 4
        clear_jwks_cache()
        validate_token(provider.mint(), CONFIG, provider.issuer, other)
        assert provider.count("/jwks") == 5


def test_policies_do_not_share_documents(provider: EmbeddedProvider) -> None:
    validate(provider)
    lax = replace(CONFIG, discovery_policy=DiscoveryPolicy(require_https=False))
    validate_token(provider.mint(), lax, provider.issuer)
    assert (provider.count(DISCOVERY), provider.count("/jwks")) == (2, 2)


def test_the_least_recently_used_make_room(
    provider: EmbeddedProvider, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCO_CACHE_MAX_ENTRIES", "2")
    addresses = [provider.issuer, f"{provider.issuer}/", provider.discovery_endpoint]
    for address in [*addresses[:2], addresses[0], addresses[2], addresses[0]]:
        clock.now += 1
        validate_token(provider.mint(), CONFIG, address)
    assert provider.count(DISCOVERY) == 3
    assert provider_cache.default_cache.documents.entries.evicted == 1
    provider_cache.default_cache.documents.entries.evicted = 0


def test_a_request_refused_unsent_is_not_counted() -> None:
    with pytest.raises(TokenValidationException):
        validate_token("eyJhbGciOiJSUzI1NiJ9.e30.AA", CONFIG, "http://op.example")
    assert get_cache_counters().disco_misses == 0


def test_a_key_set_refused_unsent_is_not_counted(provider: EmbeddedProvider) -> None:
    document = provider.document() | {"jwks_uri": "ftp://op.example/jwks"}
    provider.intercept = answering(DISCOVERY, Answer.of_json(document))
    lax = replace(CONFIG, discovery_policy=DiscoveryPolicy(validate_endpoints=False))
    with refused(TokenValidationException, "jwks_failed"):
        validate_token(provider.mint(), lax, provider.issuer)
    assert get_cache_counters().jwks_misses == 0


def test_a_forked_child_lists_caches_under_a_lock_of_its_own() -> None:
    registry = provider_cache._Registry()
    lock = registry._lock
    registry._forget_parent()
    assert registry._lock is not lock
    assert registry.listed() == []


def test_a_stopped_call_is_an_outage(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*arguments: object) -> None:
        raise NetworkException("stopped", code="call_stopped")

    monkeypatch.setattr(provider_cache.default_cache.documents.flights, "join", stopped)
    with refused(KeysUnavailableException, "call_stopped"):
        validate(provider)


def test_keys_that_others_fetched_meanwhile_need_no_request(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    validate(provider)
    cache = provider_cache.default_cache
    policy = DiscoveryPolicy()
    old = cache.snapshot(None, provider.jwks_uri, policy)
    provider.rotate_keys()
    new = cache.newer(None, provider.jwks_uri, policy, old)
    assert new is not old
    assert cache.newer(None, provider.jwks_uri, policy, old) is new
    assert provider.count("/jwks") == 2


def test_a_refresh_that_ends_between_look_and_question_is_not_missed(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    validate(provider)
    cache = provider_cache.default_cache
    policy = DiscoveryPolicy()
    old = cache.snapshot(None, provider.jwks_uri, policy)
    fresh = type(old)(old.keys)

    def refuse_after_others_refreshed(entry: Entry[object]) -> bool:
        entry.value = fresh
        return False

    monkeypatch.setattr(cache.keys, "_admit", refuse_after_others_refreshed)
    assert cache.newer(None, provider.jwks_uri, policy, old) is fresh


def test_lifting_the_cooldown_of_nothing_does_nothing() -> None:
    provider_cache.default_cache.forgive("https://op.example/jwks", DiscoveryPolicy())


def test_requests_behind_a_mock_are_cached_as_well() -> None:
    with EmbeddedProvider() as provider:
        served: list[str] = []

        def serve(request: httpx.Request) -> httpx.Response:
            served.append(request.url.path)
            received = Received("GET", request.url.path, {}, b"")
            answer = provider._respond(received)
            return httpx.Response(answer.status, content=answer.body, headers=answer.headers)

        with httpx.Client(transport=httpx.MockTransport(serve)) as inner:
            client = HTTPClient(inner)
            for _ in range(3):
                validate_token(provider.mint(), CONFIG, provider.issuer, client)
    assert served == [DISCOVERY, "/jwks"]

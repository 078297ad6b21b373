# Generated from aio/test_provider_cache.py by scripts/make_sync.py; edit that file.
"""What is cached behind ``validate_token``: when it serves, when it is fetched, and how often."""

from __future__ import annotations

import json
import threading
import warnings
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry

from py_identity_model import (
    CacheEvent,
    CacheEventKind,
    ClaimsValidationError,
    TokenValidationConfig,
    get_cache_counters,
    get_cache_statistics,
    set_cache_event_hook,
)
from py_identity_model._jose.encoding import encode_base64url
from py_identity_model._jose.sign import sign_compact
from py_identity_model._seam.sync import gather, sleep
from py_identity_model._validation import fetch_result, prepared_validators
from py_identity_model._validation.cache_entry import Entry
from py_identity_model._validation.fetch_result import FetchResult
from py_identity_model._validation.provider_document import DISCOVERY_DOCUMENT
from py_identity_model.exceptions import (
    ConfigurationException,
    InvalidAudienceException,
    InvalidIssuerException,
    KeysUnavailableException,
    NetworkException,
    ProviderUnusableException,
    PyIdentityModelException,
    SignatureVerificationException,
    TokenExpiredException,
    TokenValidationException,
)
from py_identity_model.sync import (
    CachedState,
    DiscoveryPolicy,
    HTTPClient,
    clear_discovery_cache,
    clear_jwks_cache,
    health,
    prime,
    refresh,
    validate_token,
)
from py_identity_model.sync._cache import fetching, provider_cache, refreshing_cache
from py_identity_model.sync._cache.provider_cache import cache_of
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.support import CONFIG, DISCOVERY, Clock, Gate, answering, failing, published, refused


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
    while len(cache.keys.single_flight) or len(cache.documents.single_flight):
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


def test_a_failure_is_shared_and_remembered_for_a_gap(
    provider: EmbeddedProvider, clock: Clock
) -> None:
    gate = Gate(DISCOVERY, Answer.of_json({"error": "down"}, 404))
    provider.intercept = gate
    documents = provider_cache.default_cache.documents
    key = DISCOVERY_DOCUMENT.key_of(provider.issuer, DiscoveryPolicy())

    def one() -> TokenValidationException:
        with pytest.raises(TokenValidationException) as caught:
            validate(provider)
        return caught.value

    def open_gate() -> None:
        while documents.single_flight.waiting(key) < 10:
            sleep(0.001)
        gate.open.set()

    errors = gather([*[one] * 10, open_gate])
    errors[-1] = one()
    assert len({id(error) for error in errors}) == 11
    assert len({(type(error), str(error), error.code) for error in errors if error}) == 1
    assert provider.count(DISCOVERY) == 1
    assert len(documents.entries) == 0
    provider.intercept = None
    clock.now += 1.1
    validate(provider)
    assert provider.count(DISCOVERY) == 2


def test_a_value_close_to_expiry_is_served_during_one_background_refresh(
    provider: EmbeddedProvider, clock: Clock
) -> None:
    validate(provider)
    clock.now += 3241
    validate(provider)
    settle(provider, "/jwks", 2)
    validate(provider)
    settle(provider, DISCOVERY, 2)
    for _ in range(5):
        validate(provider)
    assert (provider.count(DISCOVERY), provider.count("/jwks")) == (2, 2)
    assert get_cache_counters().jwks_refreshes == 1


def test_an_outage_is_survived_on_one_attempt_a_second_for_keys_and_document_in_turns(
    provider: EmbeddedProvider, clock: Clock
) -> None:
    validate(provider)
    provider.intercept = lambda received: Answer.of_json({"error": "down"}, 503)
    clock.now += 3601
    for documents, keys in ((1, 2), (2, 2), (2, 3), (3, 3)):
        validate(provider)
        settle(provider, DISCOVERY, documents)
        settle(provider, "/jwks", keys)
        validate(provider)  # within the gap after a failure nothing more is sent
        assert (provider.count(DISCOVERY), provider.count("/jwks")) == (documents, keys)
        clock.now += 1.1


@pytest.mark.parametrize(("out", "well"), [(DISCOVERY, "/jwks"), ("/jwks", DISCOVERY)])
def test_a_working_endpoint_is_refreshed_while_the_other_is_down(
    provider: EmbeddedProvider, clock: Clock, out: str, well: str
) -> None:
    validate(provider)
    provider.intercept = failing(out)
    clock.now += 3601
    for _ in range(5):
        validate(provider)
        settle(provider, DISCOVERY, 1)
        clock.now += 1.1
    assert provider.count(well) == 2
    assert provider.count(out) in {5, 6}  # 6 where the keys were back before the document's turn


def test_a_document_is_refreshed_also_where_no_token_gets_as_far_as_its_keys(
    provider: EmbeddedProvider, clock: Clock
) -> None:
    validate(provider)
    config = TokenValidationConfig(perform_disco=True, audience="api", issuer="https://other")
    clock.now += 3241
    for documents, keys in ((1, 2), (2, 2)):
        with refused(InvalidIssuerException, "issuer_not_configured"):
            validate_token(provider.mint(), config, provider.issuer)
        settle(provider, DISCOVERY, documents)
        settle(provider, "/jwks", keys)


def test_after_the_longest_staleness_nothing_is_served(
    provider: EmbeddedProvider, clock: Clock
) -> None:
    validate(provider)
    provider.intercept = failing(DISCOVERY)
    clock.now += 86401
    with refused(KeysUnavailableException, "keys_unavailable"):
        validate(provider)
    provider.intercept = None
    clock.now += 1.1
    validate(provider)


def test_a_removed_key_ends_when_its_set_has_expired_also_after_hours_without_traffic(
    provider: EmbeddedProvider, clock: Clock
) -> None:
    for idle in (3600, 7200, 86000):
        old = provider.mint(exp=4_000_000_000)
        validate_token(old, CONFIG, provider.issuer)
        provider.rotate_keys()
        clock.now += idle
        with refused(TokenValidationException, "no_matching_key"):
            validate_token(old, CONFIG, provider.issuer)


def test_of_many_who_come_after_expiry_all_wait_for_one_refresh(
    provider: EmbeddedProvider, clock: Clock
) -> None:
    old = provider.mint()
    validate(provider)
    provider.rotate_keys()
    clock.now += 3601
    gate = Gate("/jwks")
    provider.intercept = gate
    keys = provider_cache.default_cache.keys
    key = (provider.jwks_uri, True, True)

    def one() -> str:
        with refused(TokenValidationException, "no_matching_key"):
            validate_token(old, CONFIG, provider.issuer)
        return "refused"

    def open_gate() -> str:
        while keys.single_flight.waiting(key) < 20:
            sleep(0.001)
        gate.open.set()
        return "opened"

    assert (gather([*[one] * 20, open_gate])).count("refused") == 20
    assert provider.count("/jwks") == 2 + 1  # the second looked for the key that is gone
    assert provider.count(DISCOVERY) == 2


def test_while_a_provider_hangs_one_caller_waits_and_later_none(
    provider: EmbeddedProvider, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch_result, "_STALE_WAIT", 0.05)
    validate(provider)
    gate = Gate("/jwks")
    provider.intercept = gate
    before = get_cache_statistics().stale_served
    clock.now += 3601
    validate(provider)
    assert gate.arrived.is_set()
    monkeypatch.setattr(fetch_result, "_STALE_WAIT", 1000.0)  # who waited now would hang
    for _ in range(5):
        clock.now += 1.1
        validate(provider)
    assert (provider.count(DISCOVERY), provider.count("/jwks")) == (1, 2)
    assert get_cache_statistics().stale_served > before
    gate.open.set()
    settle(provider, "/jwks", 2)
    validate(provider)
    assert health(provider.issuer).keys == CachedState(0.0, 3600.0, 86400.0, None)


def test_a_provider_that_is_down_at_expiry_is_asked_once_per_gap(
    provider: EmbeddedProvider, clock: Clock
) -> None:
    validate(provider)
    provider.intercept = lambda received: Answer.of_json({"error": "down"}, 503)
    clock.now += 3601
    for count in range(1, 6):
        for _ in range(5):
            validate(provider)
        settle(provider, DISCOVERY, 0)
        assert provider.count(DISCOVERY) + provider.count("/jwks") == 2 + count
        clock.now += 1.1
    provider.intercept = None


def test_a_provider_that_is_up_again_after_a_pause_is_asked_before_stale_keys_serve(
    provider: EmbeddedProvider, clock: Clock
) -> None:
    old = provider.mint()
    validate(provider)
    provider.intercept = lambda received: Answer.of_json({"error": "down"}, 503)
    clock.now += 3601
    validate_token(old, CONFIG, provider.issuer)
    provider.intercept = None
    provider.rotate_keys()
    clock.now += 600
    with refused(TokenValidationException, "no_matching_key"):
        validate_token(old, CONFIG, provider.issuer)


def test_an_empty_set_after_expiry_ends_nothing(provider: EmbeddedProvider, clock: Clock) -> None:
    validate(provider)
    provider.intercept = answering("/jwks", Answer.of_json({"keys": []}))
    clock.now += 3601
    for _ in range(3):
        validate(provider)
    assert provider.count("/jwks") == 2


def test_a_set_of_keys_that_nobody_can_use_ends_those_before_it(
    provider: EmbeddedProvider, clock: Clock
) -> None:
    validate(provider)
    provider.intercept = answering("/jwks", Answer.of_json({"keys": [{"kty": "XX"}, {"a": 1}]}))
    clock.now += 3601
    with refused(TokenValidationException, "no_matching_key"):
        validate(provider)


def test_an_empty_set_where_nothing_is_cached_costs_one_request_per_gap(
    provider: EmbeddedProvider, clock: Clock
) -> None:
    provider.intercept = answering("/jwks", Answer.of_json({"keys": []}))
    for expected in (1, 2):
        for _ in range(3):
            with refused(ProviderUnusableException, "no_keys"):
                validate(provider)
        assert provider.count("/jwks") == expected
        clock.now += 1.1


@pytest.mark.parametrize("status", [404, 503])
@pytest.mark.parametrize("path", [DISCOVERY, "/jwks"])
def test_a_failing_fetch_costs_one_series_of_retries_per_interval(
    provider: EmbeddedProvider, clock: Clock, path: str, status: int
) -> None:
    provider.intercept = failing(path, status)
    ladder = 4 if status == 503 else 1
    found = []
    for expected in (1, 2):
        for _ in range(5):
            with pytest.raises(TokenValidationException) as caught:
                validate(provider)
            found.append((type(caught.value), caught.value.code, str(caught.value)))
        assert provider.count(path) == expected * ladder
        clock.now += 1.1
    assert len({*found}) == 1


def test_clearing_forgets_failures(provider: EmbeddedProvider, clock: Clock) -> None:
    for path, clear in ((DISCOVERY, clear_discovery_cache), ("/jwks", clear_jwks_cache)):
        clear()
        provider.intercept = failing(path, 404)
        with refused(ProviderUnusableException, failure_code(path)):
            validate(provider)
        provider.intercept = None
        clear()
        validate(provider)


def failure_code(path: str) -> str:
    return "discovery_failed" if path == DISCOVERY else "jwks_failed"


def test_an_unusable_provider_is_logged_as_an_error_once_per_gap(
    provider: EmbeddedProvider, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    document = provider.document() | {"issuer": "https://else.example"}
    provider.intercept = answering(DISCOVERY, Answer.of_json(document))
    for _ in range(5):
        with refused(ProviderUnusableException, "issuer_mismatch"):
            validate(provider)
    errors = [record for record in caplog.records if record.levelname == "ERROR"]
    assert len(errors) == 1
    assert provider.issuer in errors[0].getMessage()
    assert "else.example" in errors[0].getMessage()


def test_keys_fetched_over_http_are_not_served_to_callers_who_forbid_it(
    provider: EmbeddedProvider,
) -> None:
    uri, cache = provider.jwks_uri, provider_cache.default_cache
    assert (cache.snapshot(None, uri, DiscoveryPolicy())).keys
    for strict in (
        DiscoveryPolicy(allow_http_on_loopback=False),
        DiscoveryPolicy(require_https=True, allow_http_on_loopback=False),
    ):
        with refused(ProviderUnusableException, "jwks_failed"):
            cache.snapshot(None, uri, strict)
    assert provider.count("/jwks") == 1


def test_a_response_is_checked_by_the_policy_under_which_it_is_cached(
    provider: EmbeddedProvider, clock: Clock
) -> None:
    policy = DiscoveryPolicy()
    config = replace(CONFIG, discovery_policy=policy)
    document = provider.document() | {"issuer": "https://else.example"}

    def loosen(received: Received) -> Answer | None:
        if received.path != DISCOVERY:
            return None
        policy.allow_issuer_mismatch = True
        return Answer.of_json(document)

    provider.intercept = loosen
    with refused(ProviderUnusableException, "issuer_mismatch"):
        validate_token(provider.mint(), config, provider.issuer)
    with refused(ProviderUnusableException, "issuer_mismatch"):
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


def test_a_refresh_that_brings_an_empty_set_leaves_the_same_gap_as_a_failure(
    provider: EmbeddedProvider, clock: Clock
) -> None:
    validate(provider)
    provider.intercept = answering("/jwks", Answer.of_json({"keys": []}))
    clock.now += 3601
    for _ in range(3):
        validate(provider)
        settle(provider, "/jwks", 2)
    assert (provider.count(DISCOVERY), provider.count("/jwks")) == (1, 2)
    clock.now += 1.1
    validate(provider)
    settle(provider, DISCOVERY, 2)
    validate(provider)
    settle(provider, "/jwks", 3)


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
    with refused(SignatureVerificationException, "invalid_signature") as caught:
        validate_token(bad, CONFIG, provider.issuer)
    assert "refresh cooldown active" in str(caught.value)
    assert provider.count("/jwks") == 2


def test_a_key_that_changed_under_its_kid_is_found(provider: EmbeddedProvider) -> None:
    validate(provider)
    kid = provider.keys[0].kid
    provider.rotate_keys()
    renamed = {"keys": [{**provider.keys[0].as_dict(), "kid": kid}]}
    provider.intercept = answering("/jwks", Answer.of_json(renamed))
    assert validate_token(provider.mint(header={"kid": kid}), CONFIG, provider.issuer)
    assert provider.count("/jwks") == 2


def test_a_failed_refresh_for_a_bad_signature_is_reported(
    provider: EmbeddedProvider,
) -> None:
    validate(provider)
    provider.intercept = failing("/jwks", 404)
    with refused(ProviderUnusableException, "jwks_failed") as caught:
        validate_token(provider.mint()[:-8] + "AAAAAAAA", CONFIG, provider.issuer)
    assert "status code: 404" in str(caught.value)


def test_max_age_decides_how_long_a_document_is_fresh(
    provider: EmbeddedProvider, clock: Clock
) -> None:
    provider.intercept = answering(
        DISCOVERY, Answer.of_json(provider.document(), cache_control="public, max-age=120")
    )
    validate(provider)
    clock.now += 107
    validate(provider)
    assert provider.count(DISCOVERY) == 1
    clock.now += 2
    validate(provider)
    settle(provider, DISCOVERY, 2)


def answers_with(provider: EmbeddedProvider, cache_control: str) -> Callable[[Received], Any]:
    """Return an interceptor that answers as ever, but with this header."""

    def intercept(received: Received) -> Answer | None:
        bodies = {DISCOVERY: provider.document(), "/jwks": {"keys": published(provider)}}
        body = bodies.get(received.path)
        return None if body is None else Answer.of_json(body, cache_control=cache_control)

    return intercept


@pytest.mark.parametrize("header", ["no-store", "no-cache", "max-age=0", "no-store, max-age=60"])
def test_a_provider_that_forbids_caching_is_asked_once_in_five_minutes(
    provider: EmbeddedProvider, clock: Clock, header: str
) -> None:
    provider.intercept = answers_with(provider, header)
    assert (prime(provider.issuer)).ready
    for _ in range(10):
        validate(provider)
    assert (provider.count(DISCOVERY), provider.count("/jwks")) == (1, 1)
    state = health(provider.issuer)
    assert state.ready
    assert state.document == state.keys == CachedState(0.0, 300.0, 86400.0, None)
    provider.intercept = lambda received: Answer.of_json({"error": "down"}, 503)
    clock.now += 301
    for _ in range(3):
        validate(provider)
    assert health(provider.issuer).ready


def test_a_refresh_of_what_must_not_be_stored_keeps_it(
    provider: EmbeddedProvider, clock: Clock
) -> None:
    provider.intercept = answers_with(provider, "max-age=120")
    validate(provider)
    provider.intercept = answers_with(provider, "no-store")
    clock.now += 121
    validate(provider)
    clock.now += 269  # nine tenths of the least time
    validate(provider)
    assert (provider.count(DISCOVERY), provider.count("/jwks")) == (2, 2)


def test_the_header_is_obeyed_to_the_letter_where_that_is_wanted(
    provider: EmbeddedProvider, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CACHE_MIN_TTL", "0")
    provider.intercept = answers_with(provider, "max-age=120")
    validate(provider)
    provider.intercept = answers_with(provider, "no-store")
    clock.now += 121
    for count in (2, 3):
        validate(provider)
        assert provider.count(DISCOVERY) == count
    assert provider.count("/jwks") == 4
    assert health(provider.issuer).document is None


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
    before = get_cache_statistics().evicted
    addresses = [provider.issuer, f"{provider.issuer}/", provider.discovery_endpoint]
    for address in [*addresses[:2], addresses[0], addresses[2], addresses[0]]:
        clock.now += 1
        validate_token(provider.mint(), CONFIG, address)
    assert provider.count(DISCOVERY) == 3
    assert get_cache_statistics().evicted - before == 1


def test_a_request_refused_unsent_is_not_counted() -> None:
    with pytest.raises(TokenValidationException):
        validate_token("eyJhbGciOiJSUzI1NiJ9.e30.AA", CONFIG, "http://op.example")
    assert get_cache_counters().disco_misses == 0


def test_a_key_set_refused_unsent_is_not_counted(provider: EmbeddedProvider) -> None:
    document = provider.document() | {"jwks_uri": "ftp://op.example/jwks"}
    provider.intercept = answering(DISCOVERY, Answer.of_json(document))
    lax = replace(CONFIG, discovery_policy=DiscoveryPolicy(validate_endpoints=False))
    with refused(ProviderUnusableException, "jwks_failed"):
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
    def stopped(*arguments: object, **options: object) -> None:
        raise NetworkException("stopped", code="call_stopped")

    monkeypatch.setattr(provider_cache.default_cache.documents.single_flight, "run", stopped)
    with refused(KeysUnavailableException, "call_stopped"):
        validate(provider)


def test_an_expired_set_is_served_where_its_refresh_was_stopped(
    provider: EmbeddedProvider, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*arguments: object, **options: object) -> None:
        raise NetworkException("stopped", code="call_stopped")

    validate(provider)
    for cache in (provider_cache.default_cache.documents, provider_cache.default_cache.keys):
        monkeypatch.setattr(cache.single_flight, "run", stopped)
    clock.now += 3601
    validate(provider)


def test_a_failure_that_came_between_look_and_question_costs_no_request(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = provider_cache.default_cache.documents
    key = DISCOVERY_DOCUMENT.key_of(provider.issuer, DiscoveryPolicy())

    def refuse_after_others_failed(*arguments: object) -> bool:
        documents.failures.record(key, FetchResult(error="down"), documents.clock())
        return False

    monkeypatch.setattr(documents, "_is_needed", refuse_after_others_failed)
    with pytest.raises(ProviderUnusableException, match="down"):
        validate(provider)
    assert provider.count(DISCOVERY) == 0
    assert documents.entries.pending == 0  # strangers choose these names


def test_a_caller_that_missed_a_failure_by_a_moment_costs_no_request(
    provider: EmbeddedProvider, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.intercept = failing(DISCOVERY, 404)
    with refused(ProviderUnusableException, "discovery_failed"):
        validate(provider)
    failures = provider_cache.default_cache.documents.failures
    find, missed = failures.find, [True]

    def miss_once(*arguments: Any, **options: Any) -> Any:
        return None if missed and missed.pop() else find(*arguments, **options)

    monkeypatch.setattr(failures, "find", miss_once)
    with refused(ProviderUnusableException, "discovery_failed"):
        validate(provider)
    assert not missed
    assert provider.count(DISCOVERY) == 1


def test_a_call_that_does_not_end_by_its_deadline_is_not_waited_for(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(DISCOVERY)
    provider.intercept = gate
    monkeypatch.setattr(refreshing_cache, "longest_call", lambda client: 0.05)
    with refused(KeysUnavailableException, "keys_unavailable") as caught:
        validate(provider)
    assert str(caught.value).endswith("was not received before the total deadline")
    gate.open.set()


def test_a_timeout_that_cannot_be_used_is_a_typed_refusal(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    validate(provider)
    clear_discovery_cache()
    monkeypatch.setenv("HTTP_TIMEOUT", "soon")
    with refused(ProviderUnusableException, "discovery_failed") as caught:
        validate(provider)
    assert "HTTP_TIMEOUT" in str(caught.value)


def test_signature_libraries_are_loaded_during_the_first_fetch(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = threading.Event()
    monkeypatch.setattr(fetching, "load_joserfc", loaded.set)
    monkeypatch.setattr(fetching, "joserfc_is_loaded", loaded.is_set)

    def wait(received: Received) -> None:
        assert loaded.wait(10)

    provider.intercept = wait
    validate(provider)


def test_keys_that_others_fetched_meanwhile_need_no_request(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    validate(provider)
    cache = provider_cache.default_cache
    policy = DiscoveryPolicy()
    old = cache.snapshot(None, provider.jwks_uri, policy)
    provider.rotate_keys()
    new = cache.newer(None, provider.jwks_uri, policy, old, None)
    assert new is not old
    assert cache.newer(None, provider.jwks_uri, policy, old, None) is new
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

    monkeypatch.setattr(cache.keys, "_may_look_for_newer", refuse_after_others_refreshed)
    assert cache.newer(None, provider.jwks_uri, policy, old, None) is fresh


def test_lifting_the_cooldown_of_nothing_does_nothing() -> None:
    provider_cache.default_cache.reset_cooldown("https://op.example/jwks", DiscoveryPolicy())


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


def versioned(provider: EmbeddedProvider) -> list[str | None]:
    """Have the provider answer conditional requests; return the list of versions asked about."""
    asked: list[str | None] = []

    def intercept(received: Received) -> Answer | None:
        body = provider.document() if received.path == DISCOVERY else None
        if received.path == "/jwks":
            body = {"keys": published(provider)}
        if body is None:
            return None
        etag = f'"{hash(str(body))}"'
        asked.append(received.headers.get("if-none-match"))
        if asked[-1] == etag:
            return Answer(304, b"", {"etag": etag, "cache-control": "max-age=600"})
        return Answer.of_json(body, etag=etag)

    provider.intercept = intercept
    return asked


def test_an_unchanged_document_is_not_sent_again(provider: EmbeddedProvider, clock: Clock) -> None:
    asked = versioned(provider)
    first = refresh(provider.issuer)
    cache = provider_cache.default_cache
    (keys,) = [one.value for one in cache.keys.entries]
    second = refresh(provider.issuer)
    assert asked[:2] == [None, None]
    assert None not in asked[2:]
    assert second.kids == first.kids
    assert [one.value for one in cache.keys.entries] == [keys]
    assert next(iter(cache.keys.entries)).value is keys
    assert second.keys is not None
    assert second.keys.fresh_for == 600
    provider.rotate_keys()
    third = refresh(provider.issuer)
    assert third.kids != first.kids
    validate(provider)


def test_an_answer_that_nothing_changed_needs_a_question(
    provider: EmbeddedProvider,
) -> None:
    provider.intercept = answering("/jwks", Answer(304))
    with refused(ProviderUnusableException, "jwks_failed"):
        validate(provider)


def test_priming_fetches_once_and_shows_the_state(provider: EmbeddedProvider, clock: Clock) -> None:
    before = health(provider.issuer)
    assert (before.ready, before.issuer, before.kids, before.document) == (False, None, (), None)
    primed = prime(provider.issuer)
    assert prime(provider.issuer) == primed == health(provider.issuer)
    assert primed.ready
    assert primed.issuer == provider.issuer
    assert primed.jwks_uri == provider.jwks_uri
    assert primed.kids == tuple(key.kid for key in provider.keys)
    assert primed.document == primed.keys == CachedState(0.0, 3600.0, 86400.0, None)
    validate(provider)
    assert len(provider.requests) == 2


def test_the_state_follows_the_clock(provider: EmbeddedProvider, clock: Clock) -> None:
    prime(provider.issuer)
    clock.now += 4000
    provider.intercept = failing("/jwks")
    with refused(KeysUnavailableException, "keys_unavailable"):
        refresh(provider.issuer)
    clock.now += 10
    now = health(provider.issuer)
    assert now.ready
    assert now.keys == CachedState(4010.0, 0.0, 82390.0, 10.0)
    assert now.document == CachedState(10.0, 3590.0, 86390.0, None)
    clock.now += 86400
    gone = health(provider.issuer)
    assert not gone.ready
    assert gone.kids == ()


def test_priming_an_unreachable_provider_raises(provider: EmbeddedProvider) -> None:
    provider.close()
    with refused(KeysUnavailableException, "keys_unavailable"):
        prime(provider.issuer)
    assert not health(provider.issuer).ready


def test_a_provider_without_keys_is_never_ready(provider: EmbeddedProvider) -> None:
    document = provider.document() | {"jwks_uri": None}
    provider.intercept = answering(DISCOVERY, Answer.of_json(document))
    lax = DiscoveryPolicy(require_key_set=False)
    assert not (prime(provider.issuer, lax)).ready
    assert not (refresh(provider.issuer, lax)).ready


def test_an_injected_client_has_a_state_of_its_own(provider: EmbeddedProvider) -> None:
    with HTTPClient() as client:
        assert (prime(provider.issuer, http_client=client)).ready
        assert (refresh(provider.issuer, http_client=client)).ready
        assert health(provider.issuer, http_client=client).ready
        assert not health(provider.issuer).ready


def test_refreshing_is_shared_with_a_running_fetch(
    provider: EmbeddedProvider,
) -> None:
    gate = Gate(DISCOVERY)
    provider.intercept = gate
    documents = provider_cache.default_cache.documents
    key = DISCOVERY_DOCUMENT.key_of(provider.issuer, DiscoveryPolicy())

    def one() -> None:
        refresh(provider.issuer)

    def open_gate() -> None:
        while documents.single_flight.waiting(key) < 20:
            sleep(0.001)
        gate.open.set()

    gather([*[one] * 20, open_gate])
    assert provider.count(DISCOVERY) == 1


def test_a_refresh_begins_before_the_end(provider: EmbeddedProvider, clock: Clock) -> None:
    before = get_cache_statistics().stale_served
    validate(provider)
    clock.now += 3239
    validate(provider)
    assert provider.count("/jwks") == 1
    clock.now += 2
    validate(provider)
    settle(provider, "/jwks", 2)
    validate(provider)
    settle(provider, DISCOVERY, 2)
    assert get_cache_statistics().stale_served == before


def test_every_event_is_counted_and_reported(
    provider: EmbeddedProvider, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[CacheEvent] = []
    set_cache_event_hook(events.append)
    before = get_cache_statistics()
    validate(provider)
    validate(provider)
    for _ in range(2):
        with pytest.raises(TokenValidationException):
            validate_token(forged(provider), CONFIG, provider.issuer)
    provider.intercept = failing("/jwks")
    clock.now += 3700
    validate(provider)
    settle(provider, "/jwks", 3)
    monkeypatch.setenv("DISCO_CACHE_MAX_ENTRIES", "1")
    validate_token(provider.mint(), CONFIG, f"{provider.issuer}/")
    set_cache_event_hook(None)
    after = get_cache_statistics()
    kinds = {(event.kind, event.what) for event in events}
    assert kinds >= {
        (CacheEventKind.MISS, "document"),
        (CacheEventKind.MISS, "keys"),
        (CacheEventKind.HIT, "document"),
        (CacheEventKind.HIT, "keys"),
        (CacheEventKind.REFRESH, "keys"),
        (CacheEventKind.STALE_SERVED, "keys"),
        (CacheEventKind.FAILURE, "keys"),
        (CacheEventKind.REFUSED_KID, "keys"),
        (CacheEventKind.EVICTED, "document"),
    }
    assert {event.url for event in events} <= {
        *(provider.issuer, f"{provider.issuer}/", provider.jwks_uri),
    }
    assert after.misses - before.misses == 3
    assert after.refused_kids - before.refused_kids == 1
    assert after.evicted - before.evicted == 1
    assert after.failures > before.failures
    assert after.stale_served > before.stale_served
    assert after.refreshes > before.refreshes
    assert after.hits > 0


def test_a_failing_hook_does_no_harm(
    provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(event: CacheEvent) -> None:
        raise LookupError("metrics are down")

    set_cache_event_hook(fail)
    try:
        validate(provider)
        validate(provider)
    finally:
        set_cache_event_hook(None)
    assert "the hook for cache events failed" in caplog.text
    assert "metrics are down" in caplog.text


def test_a_cleared_cache_serves_nothing_that_was_computed_for_it(
    provider: EmbeddedProvider,
) -> None:
    old = provider.mint()
    validate_token(old, CONFIG, provider.issuer)
    validate_token(old, CONFIG, provider.issuer)
    provider.rotate_keys()
    clear_jwks_cache()
    with refused(TokenValidationException, "no_matching_key"):
        validate_token(old, CONFIG, provider.issuer)


def test_a_fetch_that_ends_after_a_clearing_is_not_stored(provider: EmbeddedProvider) -> None:
    gate = Gate("/jwks")
    provider.intercept = gate

    def one() -> None:
        validate(provider)

    def clear() -> None:
        while not gate.arrived.is_set():
            sleep(0.001)
        clear_jwks_cache()
        gate.open.set()

    gather([one, clear])
    validate(provider)
    assert provider.count("/jwks") == 2


def _refuse(claims: dict[str, Any]) -> None:
    raise ClaimsValidationError("no")


def test_a_configuration_that_was_changed_takes_effect_at_once(
    provider: EmbeddedProvider,
) -> None:
    algorithms = ["RS256"]
    config = replace(CONFIG, algorithms=algorithms, options={"require": ["sub"]})
    token = provider.mint()
    for _ in range(3):
        validate_token(token, config, provider.issuer)
    algorithms[:] = ["ES256"]
    with refused(TokenValidationException, "algorithm_not_allowed"):
        validate_token(token, config, provider.issuer)
    algorithms[:] = ["RS256"]
    required = ["tid"]
    config.options = {"require": required}
    with refused(TokenValidationException, "missing_claim"):
        validate_token(token, config, provider.issuer)
    required.clear()
    validate_token(token, config, provider.issuer)
    required.append("tid")
    with refused(TokenValidationException, "missing_claim"):
        validate_token(token, config, provider.issuer)
    allowed = [provider.issuer]
    config.options, config.allowed_issuers = None, allowed
    validate_token(token, config, provider.issuer)
    allowed.clear()
    with refused(InvalidIssuerException, "issuer_not_allowed"):
        validate_token(token, config, provider.issuer)
    config.allowed_issuers, config.claims_validator = None, _refuse
    with refused(ClaimsValidationError, "claims_rejected"):
        validate_token(token, config, provider.issuer)
    config.claims_validator = None
    config.audience = "other"
    with refused(InvalidAudienceException, "invalid_audience"):
        validate_token(token, config, provider.issuer)
    config.audience = "api"
    config.leeway = True
    with refused(ConfigurationException, "invalid_configuration"):
        validate_token(token, config, provider.issuer)


def test_a_policy_that_was_changed_takes_effect_at_once(provider: EmbeddedProvider) -> None:
    with EmbeddedProvider() as elsewhere:
        keys = f"{elsewhere.issuer}/keys"
        elsewhere.intercept = answering("/keys", Answer.of_json({"keys": published(provider)}))
        document = Answer.of_json({**provider.document(), "jwks_uri": keys})
        provider.intercept = answering(DISCOVERY, document)
        policy = DiscoveryPolicy(additional_endpoint_base_addresses=[elsewhere.issuer])
        config, token = replace(CONFIG, discovery_policy=policy), provider.mint()
        for _ in range(2):
            validate_token(token, config, provider.issuer)
            policy.additional_endpoint_base_addresses.clear()
            with refused(ProviderUnusableException, "discovery_failed"):
                validate_token(token, config, provider.issuer)
            policy.additional_endpoint_base_addresses.append(elsewhere.issuer)
            validate_token(token, config, provider.issuer)
            policy.allow_http_on_loopback = False
            with refused(ProviderUnusableException, "discovery_failed"):
                validate_token(token, config, provider.issuer)
            policy.allow_http_on_loopback = True


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"perform_disco": False}, "missing_key"),
        ({"decryption_keys": []}, "not_encrypted"),
        ({"jwks_uri": "https://op.example/jwks"}, "invalid_configuration"),
        ({"max_token_size": 10}, "token_too_large"),
    ],
)
def test_a_configuration_may_become_quite_another(
    provider: EmbeddedProvider, changed: dict[str, Any], code: str
) -> None:
    config, token = replace(CONFIG), provider.mint()
    for _ in range(2):
        validate_token(token, config, provider.issuer)
    vars(config).update(changed)
    with pytest.raises(PyIdentityModelException) as caught:
        validate_token(token, config, provider.issuer)
    assert caught.value.code == code


def test_a_configuration_that_is_computed_is_asked_every_time(
    provider: EmbeddedProvider,
) -> None:
    wanted = ["api"]

    class Computed(TokenValidationConfig):
        def __getattribute__(self, name: str) -> Any:
            return wanted[0] if name == "audience" else super().__getattribute__(name)

    config, token = Computed(perform_disco=True, audience="api"), provider.mint()
    for _ in range(2):
        validate_token(token, config, provider.issuer)
    wanted[:] = ["other"]
    with refused(InvalidAudienceException, "invalid_audience"):
        validate_token(token, config, provider.issuer)


def test_configurations_with_incomparable_parts_take_the_long_way(
    provider: EmbeddedProvider,
) -> None:
    class Odd:
        def __eq__(self, other: object) -> bool:  # and so without a hash
            return self is other

    policy = DiscoveryPolicy(additional_endpoint_base_addresses=["https://a.example"])
    for options, kept in (({"require": {"sub"}}, 1), ({"require": ("sub",)}, 2), ({"x": Odd()}, 2)):
        config = replace(CONFIG, options=options, discovery_policy=policy)
        for _ in range(2):
            validate_token(provider.mint(), config, provider.issuer)
        found = provider_cache.default_cache.validators.by_key
        assert len([key for key in found if "require" in str(key)]) == kept


@pytest.mark.parametrize("audience", ["api", ["api"]])
def test_a_configuration_that_changes_during_a_validation_does_not_affect_it(
    audience: str | list[str], provider: EmbeddedProvider
) -> None:
    config = replace(CONFIG, audience=audience)

    def change(received: Received) -> None:
        if received.path == "/jwks":
            config.audience = "other"

    provider.intercept = change
    validate_token(provider.mint(), config, provider.issuer)
    assert config.audience == "other"
    for _ in range(2):
        with refused(InvalidAudienceException, "invalid_audience"):
            validate_token(provider.mint(), config, provider.issuer)
        assert validate_token(provider.mint(aud="other"), config, provider.issuer)


def test_a_document_fetched_by_a_lax_policy_serves_no_stricter_caller(
    provider: EmbeddedProvider,
) -> None:
    policy = DiscoveryPolicy()
    config = replace(CONFIG, discovery_policy=policy)

    def change(received: Received) -> None:
        if received.path == "/jwks":
            policy.allow_http_on_loopback = False

    provider.intercept = change
    validate_token(provider.mint(), config, provider.issuer)
    for _ in range(2):
        with pytest.raises(TokenValidationException, match="HTTPS is required"):
            validate_token(provider.mint(), config, provider.issuer)


def test_the_number_of_prepared_validators_is_bounded(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared_validators, "_MOST", 3)
    kept = prepared_validators.PreparedValidators()
    monkeypatch.setattr(provider_cache.default_cache, "validators", kept)
    alive = [replace(CONFIG, leeway=leeway, algorithms=["RS256"]) for leeway in range(8)]
    for config in (replace(CONFIG, leeway=8), *alive):
        for _ in range(2):
            validate_token(provider.mint(), config, provider.issuer)
        assert len(kept.by_key) <= 3
        assert len(kept.by_object) <= 3


@pytest.mark.parametrize("change", ["x.y", "a.b.c.d", None, 5, "é.b.c", "x" * 70000])
def test_garbage_is_refused_with_a_warm_cache_as_well(
    provider: EmbeddedProvider, change: object
) -> None:
    validate(provider)
    with pytest.raises(TokenValidationException):
        validate_token(change, CONFIG, provider.issuer)  # type: ignore[arg-type]
    assert provider.count("/jwks") == 1


def test_a_known_header_does_not_save_a_bad_token(provider: EmbeddedProvider, clock: Clock) -> None:
    token = provider.mint()
    validate_token(token, CONFIG, provider.issuer)
    header, payload, signature = token.split(".")
    for bad in (
        f"{header}.{payload}.{signature}x",
        f"{header}.{payload}x.{signature}",
        f"{header}.{payload}.",
        f"{header}..{signature}",
        f"{header}.{payload}!.{signature}",
        f"{header}.{payload}.{signature}.{signature}",
        f"{header}.{provider.mint(sub='b').split('.')[1]}.{signature}",
        f"{header}",
        f"{header}x",  # without its last character, a header that is known
        f"{header}.{payload}",
        f"{header}{signature}",
    ):
        validate_token(token, CONFIG, provider.issuer)
        with pytest.raises(TokenValidationException) as caught:
            validate_token(bad, CONFIG, provider.issuer)
        assert bad.count(".") == 2 or caught.value.code == "malformed_token"
    with refused(TokenExpiredException, "token_expired"):
        validate_token(provider.mint(exp=1), CONFIG, provider.issuer)
    for bad_claims in (b"[1]", b"{", b'{"exp": NaN}'):
        with refused(TokenValidationException, "malformed_token"):
            validate_token(signed(provider, bad_claims), CONFIG, provider.issuer)
    spaced = f' {{"aud": "api", "iss": "{provider.issuer}"}} '.encode()
    assert validate_token(signed(provider, spaced), CONFIG, provider.issuer)


def test_a_header_known_to_one_configuration_is_not_allowed_to_another(
    provider: EmbeddedProvider, clock: Clock
) -> None:
    wide = replace(CONFIG, algorithms=["RS256", "ES256"])
    narrow = replace(CONFIG, algorithms=["RS256"])
    token = provider.mint(algorithm="ES256")
    assert validate_token(token, wide, provider.issuer)
    assert validate_token(provider.mint(), narrow, provider.issuer)
    assert validate_token(token, wide, provider.issuer)
    with pytest.raises(TokenValidationException, match="ES256"):
        validate_token(token, narrow, provider.issuer)


def test_a_payload_has_one_spelling_with_a_warm_cache_as_well(
    provider: EmbeddedProvider, clock: Clock
) -> None:
    validate(provider)
    claims = {"iss": provider.issuer, "aud": "api", "sub": "~~~???\u00ff\u00fe"}
    for padding in range(3):
        payload = json.dumps({**claims, "x": "?" * padding}, ensure_ascii=False).encode()
        spelled = encode_base64url(payload)
        assert b"-" in spelled
        assert b"_" in spelled
        found = validate_token(signed_as(provider, spelled), CONFIG, provider.issuer)
        assert found["sub"] == claims["sub"]
        others = [b64encode(payload).rstrip(b"="), urlsafe_b64encode(payload)]
        others += [spelled.replace(b"-", b"+", 1), spelled.replace(b"_", b"/", 1), spelled + b"="]
        for other in [one for one in others if one != spelled]:
            with refused(TokenValidationException, "malformed_token"):
                validate_token(signed_as(provider, other), CONFIG, provider.issuer)


def signed(provider: EmbeddedProvider, payload: bytes) -> str:
    """A token with the usual header whose signature is right, whatever its payload."""
    return signed_as(provider, encode_base64url(payload))


def signed_as(provider: EmbeddedProvider, spelled: bytes) -> str:
    """The same, whatever the spelling of its payload."""
    message = f"{provider.mint().split('.')[0]}.".encode() + spelled
    signature = JWSRegistry.algorithms["RS256"].sign(message, provider._keys["RS256"])
    return (message + b"." + encode_base64url(signature)).decode()


def test_a_weak_key_that_was_allowed_once_is_not_allowed_to_others() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weak = RSAKey.generate_key(1024)
    published = {**weak.as_dict(private=False), "kid": "weak"}
    with EmbeddedProvider() as provider:
        provider.intercept = answering("/jwks", Answer.of_json({"keys": [published]}))
        claims = {"iss": provider.issuer, "aud": "api"}
        token = sign_compact({"alg": "RS256", "kid": "weak"}, claims, weak, "RS256")
        lax = replace(CONFIG, allow_weak_keys=True)
        for _ in range(2):
            assert validate_token(token, lax, provider.issuer) == claims
            with refused(TokenValidationException, "weak_key"):
                validate_token(token, CONFIG, provider.issuer)


@pytest.mark.parametrize("garbage", ["", "abc", "a.b", ".a.b", "é", "." * 3, "a" * 100_000])
def test_garbage_is_refused_alike_before_and_after_a_token_was_validated(
    garbage: str, provider: EmbeddedProvider
) -> None:
    found = []
    for _ in range(2):
        with pytest.raises(TokenValidationException) as caught:
            validate_token(garbage, CONFIG, provider.issuer)
        found.append((caught.value.code, str(caught.value), caught.value.token_part))
        validate(provider)
    assert found[0] == found[1]


def test_garbage_does_not_hide_a_missing_address(provider: EmbeddedProvider) -> None:
    validate(provider)
    with refused(ConfigurationException, "missing_discovery_address"):
        validate_token("abc", CONFIG)

"""What a verifier answers while a provider is down, unusable, or unknown."""

from __future__ import annotations

import time

import pytest

from py_identity_model import AccessTokenRefusedException
from py_identity_model._validation import fetch_result as fetching
from py_identity_model.aio import AsyncAccessTokenVerifier, AsyncHTTPClient, TrustedIssuer
from py_identity_model.aio._cache import provider_cache
from py_identity_model.exceptions import (
    ConfigurationException,
    InvalidArgumentError,
    ProviderUnusableException,
)
from py_identity_model.testing import Answer, EmbeddedProvider
from tests.support import DISCOVERY, Clock, Gate, answering, failing, refused


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The monotonic clock of the default cache's documents and keys."""
    clock = Clock()
    monkeypatch.setattr(provider_cache.default_cache.documents, "clock", clock)
    monkeypatch.setattr(provider_cache.default_cache.keys, "clock", clock)
    return clock


async def unavailable(
    verifier: AsyncAccessTokenVerifier, token: str
) -> AccessTokenRefusedException:
    """Return the refusal of a token that cannot be verified."""
    with pytest.raises(AccessTokenRefusedException) as caught:
        await verifier.verify(f"Bearer {token}")
    assert (caught.value.status_code, caught.value.www_authenticate) == (503, None)
    return caught.value


@pytest.mark.parametrize("path", [DISCOVERY, "/jwks"])
async def test_a_cold_outage_is_answered_in_time_and_what_comes_late_serves_the_next(
    provider: EmbeddedProvider, path: str
) -> None:
    gate = Gate(path)
    provider.intercept = gate
    impatient = AsyncAccessTokenVerifier(provider.issuer, "api", cold_timeout=0.05)
    refusal = await unavailable(impatient, provider.mint())
    assert refusal.code == "keys_unavailable"
    assert refusal.headers == {"Retry-After": "1"}
    gate.open.set()
    patient = AsyncAccessTokenVerifier(provider.issuer, "api")
    await patient.verify(f"Bearer {provider.mint()}")
    assert (provider.count(DISCOVERY), provider.count("/jwks")) == (1, 1)


async def test_an_issuer_that_a_token_names_is_not_waited_for_longer_either(
    provider: EmbeddedProvider,
) -> None:
    gate = Gate(DISCOVERY)
    provider.intercept = gate
    verifier = AsyncAccessTokenVerifier(lambda issuer: issuer, "api", cold_timeout=0.05)
    refusal = await unavailable(verifier, provider.mint())
    assert not gate.open.is_set()
    assert refusal.code == "keys_unavailable"
    gate.open.set()


async def test_a_refresh_of_what_has_expired_is_not_waited_for_longer_either(
    provider: EmbeddedProvider, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await AsyncAccessTokenVerifier(provider.issuer, "api").verify(f"Bearer {provider.mint()}")
    impatient = AsyncAccessTokenVerifier(provider.issuer, "api", cold_timeout=0.05)
    gate = Gate("/jwks")
    provider.intercept = gate
    monkeypatch.setattr(fetching, "_STALE_WAIT", 9.0)  # nearly as long as the gate is held
    clock.now += 3601
    began = time.monotonic()
    await impatient.verify(f"Bearer {provider.mint()}")
    assert time.monotonic() - began < 5
    assert gate.arrived.wait(10)
    gate.open.set()


async def test_an_outage_says_when_to_come_back(provider: EmbeddedProvider, clock: Clock) -> None:
    provider.intercept = failing(DISCOVERY)
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    for _ in range(3):
        refusal = await unavailable(verifier, provider.mint())
        assert (refusal.code, refusal.retry_after) == ("keys_unavailable", 1)
    assert provider.count(DISCOVERY) == 4


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"issuer": "https://else.example"}, "issuer_mismatch"),
        ({"jwks_uri": "http://else.example/jwks"}, "discovery_failed"),
        ({"issuer": None}, "discovery_failed"),
        ({"jwks_uri": ""}, "missing_jwks_uri"),
    ],
)
async def test_a_provider_that_cannot_be_used_is_not_the_fault_of_the_token(
    provider: EmbeddedProvider, document: dict[str, object], code: str
) -> None:
    provider.intercept = answering(DISCOVERY, Answer.of_json(provider.document() | document))
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    refusal = await unavailable(verifier, provider.mint())
    assert (refusal.code, refusal.headers) == (code, {})
    assert isinstance(refusal.__cause__, ProviderUnusableException)
    assert isinstance(refusal.__cause__, ConfigurationException)


async def test_a_misconfigured_issuer_is_not_the_fault_of_the_token(
    provider: EmbeddedProvider,
) -> None:
    named = TrustedIssuer("https://else.example", disco_doc_address=provider.issuer)
    verifier = AsyncAccessTokenVerifier(named, "api")
    refusal = await unavailable(verifier, provider.mint(iss="https://else.example"))
    assert (refusal.code, refusal.headers) == ("issuer_mismatch", {})


async def test_a_closed_client_is_not_the_fault_of_the_token(provider: EmbeddedProvider) -> None:
    client = AsyncHTTPClient()
    await client.close()
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api", http_client=client)
    assert (await unavailable(verifier, provider.mint())).code == "client_unusable"


@pytest.mark.parametrize("status", [404, 503])
async def test_names_of_strangers_that_lead_nowhere_cost_less_and_less(
    provider: EmbeddedProvider, clock: Clock, status: int
) -> None:
    trusted = TrustedIssuer(provider.issuer + "/{tenant}", bound_claim="tid")
    by_template = AsyncAccessTokenVerifier(trusted, "api")
    by_resolver = AsyncAccessTokenVerifier(lambda issuer: TrustedIssuer(issuer), "api")
    provider.intercept = lambda received: Answer.of_json({}, status)
    for number, verifier in enumerate((by_template, by_resolver)):
        issuer = f"{provider.issuer}/tenant{number}"
        path = f"/tenant{number}{DISCOVERY}"
        sent = []
        for _ in range(40):
            for _ in range(3):
                await unavailable(verifier, provider.mint(iss=issuer, tid=f"tenant{number}"))
            sent.append(provider.count(path))
            clock.now += 1.0
        # after 0, 1, 3, 7, 15 and 31 seconds, and one request each
        assert [sent.index(count) for count in range(1, 7)] == [0, 1, 3, 7, 15, 31]
        assert sent[-1] == 6


async def test_strangers_names_displace_no_provider_that_is_in_use(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCO_CACHE_MAX_ENTRIES", "2")
    verifier = AsyncAccessTokenVerifier(lambda issuer: TrustedIssuer(issuer), "api")
    await verifier.verify(f"Bearer {provider.mint()}")
    for number in range(10):
        issuer = f"{provider.issuer}/nobody{number}"
        await unavailable(verifier, provider.mint(iss=issuer))
    await verifier.verify(f"Bearer {provider.mint()}")
    assert provider.count(DISCOVERY) == 1


async def test_a_provider_that_was_good_before_is_asked_again_after_a_second(
    provider: EmbeddedProvider, clock: Clock
) -> None:
    verifier = AsyncAccessTokenVerifier(lambda issuer: TrustedIssuer(issuer), "api")
    await verifier.verify(f"Bearer {provider.mint()}")
    provider.intercept = failing(DISCOVERY, 404)
    clock.now += 86401  # too old to be served
    for expected in (2, 3, 4, 5):
        await unavailable(verifier, provider.mint())
        assert provider.count(DISCOVERY) == expected
        clock.now += 1.1


class Seconds(float):
    """A number as numpy and others have it."""


@pytest.mark.parametrize("seconds", [1, Seconds(2), float("inf")])
def test_a_patience_is_any_positive_number(seconds: float) -> None:
    AsyncAccessTokenVerifier("https://op.example", "api", cold_timeout=seconds)


@pytest.mark.parametrize("seconds", [0, -1.0])
def test_a_patience_of_nothing_is_refused(seconds: float) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        AsyncAccessTokenVerifier("https://op.example", "api", cold_timeout=seconds)

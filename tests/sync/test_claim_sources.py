# Generated from aio/test_claim_sources.py by scripts/make_sync.py; edit that file.
"""Aggregated and distributed claims: verified by the keys of whoever vouches for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from py_identity_model._jose.encoding import encode_base64url
from py_identity_model.exceptions import InvalidArgumentError, NetworkException
from py_identity_model.sync import (
    CollectedClaims,
    DiscoveryPolicy,
    JsonWebKey,
    TokenValidationConfig,
    collect_claims,
)
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.support import answering

DISCOVERED = TokenValidationConfig(perform_disco=True)


@pytest.fixture
def bank() -> Iterator[EmbeddedProvider]:
    """A claims provider."""
    with EmbeddedProvider() as running:
        yield running


def vouched(bank: EmbeddedProvider, **claims: Any) -> str:
    usual: dict[str, Any] = {"aud": None, "sub": None, "client_id": None, "score": 650}
    return bank.mint(header={"typ": "JWT"}, **(usual | claims))


def referring(members: Any, *names: str) -> dict[str, Any]:
    """Return claims of a user, some of which are at a source."""
    return {
        "sub": "alice",
        "email": "alice@example.com",
        "_claim_names": dict.fromkeys(names or ("score",), "src1"),
        "_claim_sources": {"src1": members},
    }


def aggregated(bank: EmbeddedProvider, jwt: Any, *names: str) -> CollectedClaims:
    return collect_claims(referring({"JWT": jwt}, *names), {bank.issuer: DISCOVERED})


def code_of(collected: CollectedClaims) -> str:
    assert collected.claims == {}
    assert collected.issuers == {}
    return collected.failures["src1"].code


def test_aggregated_claims_are_verified_and_taken(bank: EmbeddedProvider) -> None:
    collected = aggregated(bank, vouched(bank, limit=7, other=1), "score", "limit")
    assert collected.claims == {"score": 650, "limit": 7}
    assert collected.issuers == {"score": bank.issuer, "limit": bank.issuer}
    assert collected.failures == {}


def test_claims_without_sources_are_left_alone(bank: EmbeddedProvider) -> None:
    odd: list[Any] = [{}, {"_claim_names": 7}, {"_claim_names": {"a": 7}}]
    for claims in odd:
        collected = collect_claims(claims, {bank.issuer: DISCOVERED})
        assert collected == CollectedClaims({}, {}, {})
    assert bank.requests == []


def test_a_given_key_verifies_too(bank: EmbeddedProvider) -> None:
    key: JsonWebKey = bank.keys[0]
    config = TokenValidationConfig(perform_disco=False, key=key, algorithms=["RS256"])
    claims = referring({"JWT": vouched(bank)})
    assert (collect_claims(claims, {bank.issuer: config})).claims == {"score": 650}
    assert bank.requests == []
    assert config.issuer is None


def test_forged_and_foreign_tokens_bring_nothing(
    bank: EmbeddedProvider, provider: EmbeddedProvider
) -> None:
    head, body, signature = vouched(bank).split(".")
    swapped = f"{head}.{body}.{signature[8:16]}{signature[:8]}{signature[16:]}"
    assert code_of(aggregated(bank, swapped)) == "invalid_signature"
    posing = vouched(provider, iss=bank.issuer)
    assert code_of(aggregated(bank, posing)) in {"invalid_signature", "no_matching_key"}
    assert code_of(aggregated(bank, vouched(provider))) == "unknown_claims_provider"
    assert provider.requests == []
    unsigned = f"eyJhbGciOiJub25lIn0.{body}."
    assert code_of(aggregated(bank, unsigned)) == "algorithm_none"
    assert code_of(aggregated(bank, vouched(bank, exp=1))) == "token_expired"
    assert code_of(aggregated(bank, vouched(bank, aud="another"))) == "invalid_audience"


def test_a_token_lacks_a_claim_or_must_not_bring_it(bank: EmbeddedProvider) -> None:
    assert code_of(aggregated(bank, vouched(bank), "score", "limit")) == "missing_claim"
    jwt = vouched(bank, sub="mallory", email="mallory@example.com", acr="high")
    for name in ("sub", "iss", "acr", "email", "_claim_names"):
        assert code_of(aggregated(bank, jwt, name)) == "reserved_claim"


NESTED = "a." + encode_base64url(b"[" * 50_000).decode() + ".c"


@pytest.mark.parametrize("jwt", [NESTED, "", "a", "a.b.c", 7, {}, [], "a.b.c.d.e", "é.é.é"])
def test_anything_but_a_token_obtains_nothing(bank: EmbeddedProvider, jwt: Any) -> None:
    assert code_of(aggregated(bank, jwt)) == "unknown_claims_provider"


@pytest.mark.parametrize("members", [None, 7, [], {}, {"endpoint": 7}, {"endpoint": ""}])
def test_a_source_that_is_nowhere_brings_nothing(bank: EmbeddedProvider, members: Any) -> None:
    collected = collect_claims(referring(members), {bank.issuer: DISCOVERED})
    assert code_of(collected) == "unknown_claims_endpoint"


def test_one_source_fails_and_another_does_not(bank: EmbeddedProvider) -> None:
    claims = {
        "_claim_names": {"score": "good", "limit": "bad"},
        "_claim_sources": {"good": {"JWT": vouched(bank)}, "bad": {"JWT": "x"}},
    }
    collected = collect_claims(claims, {bank.issuer: DISCOVERED})
    assert collected.claims == {"score": 650}
    assert {*collected.failures} == {"bad"}


def test_distributed_claims_are_fetched_with_their_token(bank: EmbeddedProvider) -> None:
    bank.intercept = answering("/claims", Answer(200, vouched(bank).encode()))
    members = {"endpoint": f"{bank.issuer}/claims", "access_token": "ticket"}
    collected = collect_claims(referring(members), {bank.issuer: DISCOVERED})
    assert collected.claims == {"score": 650}
    assert bank.requests[0].headers["authorization"] == "Bearer ticket"
    del members["access_token"]
    assert (collect_claims(referring(members), {bank.issuer: DISCOVERED})).claims
    assert "authorization" not in bank.requests[-1].headers


def test_nothing_is_fetched_from_elsewhere(
    bank: EmbeddedProvider, provider: EmbeddedProvider
) -> None:
    for endpoint in (f"{provider.issuer}/claims", "http://op.example/x", "https://10.0.0.1/x"):
        members = {"endpoint": endpoint, "access_token": "ticket"}
        collected = collect_claims(referring(members), {bank.issuer: DISCOVERED})
        assert code_of(collected) == "unknown_claims_endpoint"
    assert provider.requests == []


def test_an_endpoint_elsewhere_may_be_named(
    bank: EmbeddedProvider, provider: EmbeddedProvider
) -> None:
    provider.intercept = answering("/claims", Answer(200, vouched(bank).encode()))
    policy = DiscoveryPolicy(additional_endpoint_base_addresses=[provider.issuer])
    config = TokenValidationConfig(perform_disco=True, discovery_policy=policy)
    members = {"endpoint": f"{provider.issuer}/claims"}
    assert (collect_claims(referring(members), {bank.issuer: config})).claims


def test_an_endpoint_does_not_bring_the_token_of_another_provider(
    bank: EmbeddedProvider, provider: EmbeddedProvider
) -> None:
    """Who may answer at one endpoint must not replay what another provider signed."""
    provider.intercept = answering("/claims", Answer(200, vouched(bank).encode()))
    members = {"endpoint": f"{provider.issuer}/claims"}
    both = {bank.issuer: DISCOVERED, provider.issuer: DISCOVERED}
    assert code_of(collect_claims(referring(members), both)) == "unknown_claims_provider"


@pytest.mark.parametrize(
    "answer",
    [Answer(200, b"<html>"), Answer(200, b"\xff"), Answer.of_json({"error": "no"}, 403)],
)
def test_an_endpoint_that_fails_brings_nothing(bank: EmbeddedProvider, answer: Answer) -> None:
    bank.intercept = answering("/claims", answer)
    members = {"endpoint": f"{bank.issuer}/claims", "access_token": "a-secret-ticket"}
    collected = collect_claims(referring(members), {bank.issuer: DISCOVERED})
    failure = collected.failures["src1"]
    assert isinstance(failure, NetworkException)
    assert "a-secret-ticket" not in repr(failure) + str(failure)


def test_sources_beyond_the_sixteenth_cost_nothing(bank: EmbeddedProvider) -> None:
    asked: list[str] = []

    def note(received: Received) -> Answer:
        asked.append(received.path)
        return Answer(404, b"")

    bank.intercept = note
    names = {f"c{n}": f"s{n}" for n in range(40)}
    sources = {f"s{n}": {"endpoint": f"{bank.issuer}/{n}"} for n in range(40)}
    claims = {"_claim_names": names, "_claim_sources": sources}
    collected = collect_claims(claims, {bank.issuer: DISCOVERED})
    assert len(asked) == 16
    assert len(collected.failures) == 40


def test_claims_providers_are_configured_by_issuer(bank: EmbeddedProvider) -> None:
    odd: list[Any] = [[bank.issuer], None, {bank.issuer: None}, {7: DISCOVERED}]
    for providers in odd:
        with pytest.raises(InvalidArgumentError, match="claims_providers"):
            collect_claims({}, providers)

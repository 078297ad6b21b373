"""Aggregated and distributed claims: which sources are read, and what they may bring."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc.jwk import ECKey

from py_identity_model import DiscoveryPolicy, TokenValidationConfig
from py_identity_model._jose.sign import sign_compact
from py_identity_model._protocol.claim_sources import (
    ENDPOINT,
    ClaimSourceRequest,
    Source,
    build,
    candidate,
    check_providers,
    claims_from,
    parse,
    providers_at,
    sources_of,
)
from py_identity_model._wire.messages import HttpResponse, UnusableAnswer
from py_identity_model.exceptions import InvalidArgumentError, TokenValidationException
from tests.support import refused

BANK, OTHER = "https://bank.example", "https://other.example"
CONFIG = TokenValidationConfig(perform_disco=True)
PROVIDERS = {BANK: CONFIG, OTHER: CONFIG}
KEY = ECKey.generate_key("P-256")


def signed(**claims: Any) -> str:
    return sign_compact({"alg": "ES256"}, claims, KEY, "ES256")


def test_each_source_names_the_claims_that_come_from_it() -> None:
    claims = {
        "_claim_names": {"address": "a", "phone": "a", "income": "b"},
        "_claim_sources": {"a": {"JWT": "x"}, "b": {"endpoint": "https://b"}},
    }
    assert list(sources_of(claims)) == [
        Source("a", ("address", "phone"), {"JWT": "x"}),
        Source("b", ("income",), {"endpoint": "https://b"}),
    ]


@pytest.mark.parametrize("names", [None, [], "a", {"address": 7}])
def test_names_that_are_unusable_lead_nowhere(names: object) -> None:
    assert not list(sources_of({"_claim_names": names, "_claim_sources": {"a": {}}}))


@pytest.mark.parametrize("sources", [None, [], {}, {"a": "x"}, {"a": None}])
def test_a_source_without_members_is_still_named(sources: object) -> None:
    claims = {"_claim_names": {"address": "a"}, "_claim_sources": sources}
    assert list(sources_of(claims)) == [Source("a", ("address",), {})]


def test_only_the_first_sixteen_sources_are_read() -> None:
    names = {f"c{number}": f"s{number}" for number in range(20)}
    sources = {source: {"JWT": "x"} for source in names.values()}
    claims = {"_claim_names": names, "_claim_sources": sources}
    assert [bool(source.members) for source in sources_of(claims)] == [True] * 16 + [False] * 4


@pytest.mark.parametrize("providers", [None, [], {BANK: None}, {7: CONFIG}, {BANK: {}}, "x"])
def test_claims_providers_that_are_not_configurations_are_refused(providers: object) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        check_providers(providers)
    check_providers(PROVIDERS)


def test_an_endpoint_belongs_to_the_provider_on_its_host() -> None:
    assert providers_at(f"{BANK}/claims", PROVIDERS) == {BANK: CONFIG}


@pytest.mark.parametrize(
    "endpoint",
    [
        *(None, 7, "", "https://evil.example/claims", "http://bank.example/claims"),
        *("https://bank.example.evil.example", "https://bank.example:444/claims"),
    ],
)
def test_a_foreign_endpoint_is_refused_with_the_line_that_accepts_it(endpoint: object) -> None:
    with refused(TokenValidationException, "unknown_claims_endpoint") as caught:
        providers_at(endpoint, PROVIDERS)
    assert "additional_endpoint_base_addresses" in str(caught.value)


def test_a_policy_may_name_another_host() -> None:
    policy = DiscoveryPolicy(additional_endpoint_base_addresses=["https://claims.bank.example"])
    config = TokenValidationConfig(perform_disco=True, discovery_policy=policy)
    assert providers_at("https://claims.bank.example/c", {BANK: config}) == {BANK: config}


def test_a_token_is_verified_as_the_issuer_that_it_names() -> None:
    jwt = signed(iss=OTHER, address="x")
    found = candidate(jwt, PROVIDERS)
    assert (found.issuer, found.signed, found.config.issuer) == (OTHER, jwt, OTHER)


@pytest.mark.parametrize(
    "jwt", [None, 7, "", "a.b.c", "x", signed(iss="https://evil.example"), signed(address="x")]
)
def test_a_token_without_a_recipient_is_refused(jwt: object) -> None:
    with refused(TokenValidationException, "unknown_claims_provider"):
        candidate(jwt, PROVIDERS)


def test_claims_come_from_their_source() -> None:
    source = Source("a", ("address", "phone"), {})
    verified = {"iss": BANK, "address": "x", "phone": None, "income": 7}
    assert claims_from(source, verified, {"sub": "alice"}) == {"address": "x", "phone": None}


@pytest.mark.parametrize("name", ["sub", "iss", "acr", "cnf", "at_hash", "_claim_names", "name"])
def test_a_source_replaces_neither_the_subject_nor_what_the_provider_said(name: str) -> None:
    with refused(TokenValidationException, "reserved_claim"):
        claims_from(Source("a", (name,), {}), {name: "x"}, {"name": "Alice"})


def test_a_source_that_lacks_a_claim_is_refused() -> None:
    with refused(TokenValidationException, "missing_claim"):
        claims_from(Source("a", ("address",), {}), {}, {})


def test_a_request_carries_the_access_token() -> None:
    request = build(ClaimSourceRequest(f"{BANK}/claims", "the-token"))
    assert (request.method, request.url) == ("GET", f"{BANK}/claims")
    assert request.access_token == "the-token"
    assert request.headers == {"Accept": "application/jwt"}
    assert "the-token" not in repr(ClaimSourceRequest(BANK, "the-token"))


@pytest.mark.parametrize("body", ["a.b.c", " a.b.c\n", "a.b.c.d.e"])
def test_a_token_in_the_body_is_read(body: str) -> None:
    response = parse(ClaimSourceRequest(BANK), HttpResponse(200, {}, body.encode()))
    assert response.jwt == body.strip()
    assert body.strip() not in repr(response)


@pytest.mark.parametrize("body", [b"", b"{}", b"a.b", b"a.b.c.d", b"a.b.\xff"])
def test_a_body_that_cannot_be_a_token_is_refused(body: bytes) -> None:
    with pytest.raises(UnusableAnswer):
        parse(ClaimSourceRequest(BANK), HttpResponse(200, {}, body))


def test_a_refusal_is_a_failed_response() -> None:
    response = parse(ClaimSourceRequest(BANK), HttpResponse(403, {}, b""))
    assert not response.is_successful
    assert response.status_code == 403
    assert ENDPOINT.failed(UnusableAnswer("no")).error

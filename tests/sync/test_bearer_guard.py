# Generated from aio/test_bearer_guard.py by scripts/make_sync.py; edit that file.
"""Access tokens of HTTP requests, behind proxies and with proofs."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from py_identity_model.exceptions import InvalidArgumentError
from py_identity_model.sync import (
    AccessTokenVerifier,
    DPoPKey,
    compute_certificate_thumbprint,
    create_dpop_proof,
)
from py_identity_model.sync.web import BearerGuard, WebRefusedException, WebRequest
from py_identity_model.testing import EmbeddedProvider
from tests.support import DISCOVERY, failing, refused

API = "https://api.example"
PEM = trustme.CA().issue_cert("client").cert_chain_pems[0].bytes()


def guard_of(provider: EmbeddedProvider, **more: Any) -> BearerGuard:
    return BearerGuard(AccessTokenVerifier(provider.issuer, "api"), **more)


def request_of(*headers: tuple[str, str], base_url: str = API) -> WebRequest:
    return WebRequest("GET", base_url, "/orders", "page=2", headers)


def bearer(token: str) -> tuple[str, str]:
    return ("Authorization", f"Bearer {token}")


def test_a_sound_token_passes(provider: EmbeddedProvider) -> None:
    token = provider.mint(sub="alice", scope="read")
    assert (guard_of(provider).check(request_of(bearer(token)), "read")).subject == "alice"


@pytest.mark.parametrize("scheme", ["Bearer", "DPoP"])
@pytest.mark.parametrize("fields", [[""], ["", ""], ["", "a.b.c"]])
def test_an_empty_proof_is_the_senders_mistake(
    provider: EmbeddedProvider, scheme: str, fields: list[str]
) -> None:
    proofs = [("DPoP", one) for one in fields]
    with pytest.raises(WebRefusedException) as caught:
        guard_of(provider).check(request_of(("Authorization", f"{scheme} x"), *proofs))
    assert caught.value.answer.status == 401


def test_a_refusal_knows_its_answer(provider: EmbeddedProvider) -> None:
    guard, good = guard_of(provider), provider.mint(scope="read")
    for headers, status, code, word in (
        ([], 401, "missing_token", "Bearer"),
        ([bearer(provider.mint(exp=1))], 401, "token_expired", 'error="invalid_token"'),
        ([bearer(good)], 403, "insufficient_scope", 'scope="write"'),
        ([bearer(good), bearer(good)], 401, "malformed_token", 'error="invalid_token"'),
        ([("Authorization", "Basic eDp5")], 401, "missing_token", "Bearer"),
    ):
        with refused(WebRefusedException, code) as caught:
            guard.check(request_of(*headers), ["write"])
        answer = caught.value.answer
        assert (answer.status, answer.body) == (status, f'{{"error": "{code}"}}')
        assert word in str(answer.header("www-authenticate"))
        assert answer.header("cache-control") == "no-store"
        assert good not in f"{caught.value!r}{answer!r}"


def test_a_provider_that_is_down_is_503(provider: EmbeddedProvider) -> None:
    provider.intercept = failing(DISCOVERY)
    with pytest.raises(WebRefusedException) as caught:
        guard_of(provider).check(request_of(bearer(provider.mint())))
    assert caught.value.answer.status == 503
    assert caught.value.answer.header("retry-after") is not None


@pytest.mark.parametrize(
    ("seen", "public", "proven", "passes"),
    [
        (API, None, f"{API}/orders", True),
        ("http://10.0.0.7:8000", API, f"{API}/orders", True),
        ("http://10.0.0.7:8000", f"{API}/v1", f"{API}/v1/orders", True),
        ("http://10.0.0.7:8000", None, f"{API}/orders", False),
        (API, API, "https://other.example/orders", False),
        (API, None, f"{API}/other", False),
    ],
)
def test_a_proof_names_the_address_that_clients_use(
    provider: EmbeddedProvider, seen: str, public: str | None, proven: str, passes: bool
) -> None:
    guard, key = guard_of(provider, public_url=public), DPoPKey()
    token = provider.mint(cnf={"jkt": key.jwk_thumbprint})
    proof = create_dpop_proof(key, "GET", proven, token)
    forwarded = ("X-Forwarded-Host", "api.example"), ("X-Forwarded-Proto", "https")
    request = request_of(
        ("Authorization", f"DPoP {token}"), ("DPoP", proof), *forwarded, base_url=seen
    )
    if passes:
        assert (guard.check(request)).subject
        with refused(WebRefusedException, "dpop_proof_replayed"):
            guard.check(request)
    else:
        with refused(WebRefusedException, "invalid_dpop_proof"):
            guard.check(request)


def test_two_proofs_are_refused(provider: EmbeddedProvider) -> None:
    guard, key = guard_of(provider), DPoPKey()
    token = provider.mint(cnf={"jkt": key.jwk_thumbprint})
    proofs = [("DPoP", create_dpop_proof(key, "GET", f"{API}/orders", token)) for _ in range(2)]
    with pytest.raises(WebRefusedException):
        guard.check(request_of(("Authorization", f"DPoP {token}"), *proofs))


def encodings() -> list[str]:
    der = x509.load_pem_x509_certificate(PEM).public_bytes(Encoding.DER)
    return [quote(PEM.decode()), PEM.decode(), f":{base64.b64encode(der).decode()}:"]


@pytest.mark.parametrize("value", encodings(), ids=["escaped", "plain", "rfc9440"])
def test_a_certificate_comes_in_the_header_that_was_named(
    provider: EmbeddedProvider, value: str
) -> None:
    bound = provider.mint(cnf={"x5t#S256": compute_certificate_thumbprint(PEM)})
    header = ("X-Client-Cert", value)
    guard = guard_of(provider, certificate_header="x-client-cert")
    assert (guard.check(request_of(bearer(bound), header))).token == bound
    for other in (guard_of(provider), guard_of(provider, certificate_header="Client-Cert")):
        with pytest.raises(WebRefusedException) as caught:
            other.check(request_of(bearer(bound), header))
        assert caught.value.answer.status == 401


JOINED = [",".join((one, other)) for one in encodings() for other in encodings()]


@pytest.mark.parametrize(
    "values",
    [[], [""], [":%%:"], ["nonsense"], encodings()[:2], *([one] for one in JOINED)],
)
def test_another_certificate_or_two_prove_nothing(
    provider: EmbeddedProvider, values: list[str]
) -> None:
    bound = provider.mint(cnf={"x5t#S256": compute_certificate_thumbprint(PEM)})
    guard = guard_of(provider, certificate_header="X-Client-Cert")
    headers = [("X-Client-Cert", value) for value in values]
    with pytest.raises(WebRefusedException) as caught:
        guard.check(request_of(bearer(bound), *headers))
    assert caught.value.answer.status == 401


def test_a_guard_takes_what_a_verifier_takes(provider: EmbeddedProvider) -> None:
    verifier = AccessTokenVerifier(provider.issuer, "api")
    assert BearerGuard(verifier).verifier is verifier
    with pytest.raises(InvalidArgumentError, match="audience"):
        BearerGuard(verifier, "api")
    with pytest.raises(InvalidArgumentError):
        BearerGuard(provider.issuer)


def test_a_guard_of_an_issuer_verifies(provider: EmbeddedProvider) -> None:
    guard = BearerGuard(provider.issuer, "api")
    assert (guard.check(request_of(bearer(provider.mint(sub="bob"))))).subject == "bob"


def test_an_address_that_is_not_one_is_refused_at_once(provider: EmbeddedProvider) -> None:
    with pytest.raises(InvalidArgumentError, match="public_url"):
        guard_of(provider, public_url="api.example")

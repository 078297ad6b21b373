# Generated from aio/test_dpop.py by scripts/make_sync.py; edit that file.
"""Proofs of possession: sent, challenged, and verified."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from py_identity_model import DPoPProofException
from py_identity_model._jose.encoding import decode_base64url, parse_object
from py_identity_model._resource_server.replay import STORE_MARGIN
from py_identity_model.exceptions import InvalidArgumentError
from py_identity_model.sync import (
    ClientCredentialsTokenRequest,
    DPoPKey,
    HTTPClient,
    MemoryReplayStore,
    UserInfoRequest,
    compute_ath,
    create_dpop_proof,
    get_userinfo,
    request_client_credentials_token,
    verify_dpop_proof,
)
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.support import refused

KEY = DPoPKey()
URI = "https://api.example/me"
TOKEN = "an-access-token"


def claims_of(received: Received) -> dict[str, Any]:
    """Return the claims of the proof that arrived."""
    return parse_object(decode_base64url(received.headers["dpop"].split(".")[1].encode()))


def challenging(*nonces: str) -> Callable[[Received], Answer]:
    """Return an interceptor that demands each nonce in turn, and then grants."""
    left = list(nonces)

    def respond(received: Received) -> Answer:
        if left and claims_of(received).get("nonce") != left[0]:
            return Answer.of_json({"error": "use_dpop_nonce"}, 400, dpop_nonce=left[0])
        return Answer.of_json({"access_token": "t", "token_type": "DPoP"})

    return respond


def test_a_proof_goes_with_the_request(provider: EmbeddedProvider) -> None:
    provider.intercept = challenging()
    request = ClientCredentialsTokenRequest(f"{provider.issuer}/t?a=1", "web", dpop_key=KEY)
    assert (request_client_credentials_token(request)).is_successful
    (received,) = provider.requests
    claims = claims_of(received)
    assert claims["htm"] == "POST"
    assert claims["htu"] == f"{provider.issuer}/t"
    assert "ath" not in claims
    proof = received.headers["dpop"]
    verified = verify_dpop_proof(proof, "POST", f"{provider.issuer}/t")
    assert verified.jwk_thumbprint == KEY.jwk_thumbprint


def test_a_demanded_nonce_is_used_at_once_and_then_first(
    provider: EmbeddedProvider,
) -> None:
    provider.intercept = challenging("n1")
    request = ClientCredentialsTokenRequest(provider.token_endpoint, "web", dpop_key=KEY)
    with HTTPClient() as http_client:
        for _ in range(2):
            response = request_client_credentials_token(request, http_client)
            assert response.is_successful
    nonces = [claims_of(received).get("nonce") for received in provider.requests]
    assert nonces == [None, "n1", "n1"]
    identifiers = {claims_of(received)["jti"] for received in provider.requests}
    assert len(identifiers) == 3


def test_a_nonce_is_demanded_once_only(provider: EmbeddedProvider) -> None:
    def insist(received: Received) -> Answer:
        return Answer.of_json({"error": "use_dpop_nonce"}, 400, dpop_nonce="always-another")

    provider.intercept = insist
    request = ClientCredentialsTokenRequest(provider.token_endpoint, "web", dpop_key=KEY)
    with HTTPClient() as http_client:
        response = request_client_credentials_token(request, http_client)
    assert response.oauth_error == "use_dpop_nonce"
    assert len(provider.requests) == 2


def test_a_nonce_that_comes_with_a_success_is_used_next(
    provider: EmbeddedProvider,
) -> None:
    provider.intercept = lambda received: Answer.of_json({"access_token": "t"}, dpop_nonce="next")
    request = ClientCredentialsTokenRequest(provider.token_endpoint, "web", dpop_key=KEY)
    with HTTPClient() as http_client:
        for _ in range(2):
            request_client_credentials_token(request, http_client)
        request_client_credentials_token(
            ClientCredentialsTokenRequest(provider.token_endpoint, "web", dpop_key=DPoPKey()),
            http_client,
        )
    assert [claims_of(one).get("nonce") for one in provider.requests] == [None, "next", None]


def test_a_resource_server_may_demand_a_nonce_too(provider: EmbeddedProvider) -> None:
    def respond(received: Received) -> Answer:
        if claims_of(received).get("nonce") == "n":
            return Answer.of_json({"sub": "alice"})
        challenge = 'DPoP error="use_dpop_nonce"'
        return Answer(401, b"", {"www-authenticate": challenge, "dpop-nonce": "n"})

    provider.intercept = respond
    request = UserInfoRequest(f"{provider.issuer}/me", TOKEN, "alice", KEY)
    with HTTPClient() as http_client:
        assert (get_userinfo(request, http_client)).is_successful
    assert provider.requests[1].headers["authorization"] == f"DPoP {TOKEN}"
    assert claims_of(provider.requests[1])["ath"] == compute_ath(TOKEN)


def test_every_attempt_has_a_proof_of_its_own(provider: EmbeddedProvider) -> None:
    provider.intercept = lambda received: Answer(503)
    request = ClientCredentialsTokenRequest(provider.token_endpoint, "web", dpop_key=KEY)
    request_client_credentials_token(request)
    assert len({claims_of(received)["jti"] for received in provider.requests}) == 4


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA"])
def test_a_proof_of_every_algorithm_is_verified(algorithm: str) -> None:
    key = DPoPKey(algorithm)
    proof = create_dpop_proof(key, "get", f"{URI}?query#fragment", TOKEN, "n")
    verified = verify_dpop_proof(
        proof,
        "GET",
        URI.upper().replace("ME", "me").replace("HTTPS", "https") + "?other",
        access_token=TOKEN,
        token_claims={"cnf": {"jkt": key.jwk_thumbprint}},
        nonce=["older", "n"],
    )
    assert verified.jwk == key.public_jwk
    assert verified.jwk_thumbprint == key.jwk_thumbprint


def altered(header: dict[str, Any] | None = None, key: DPoPKey = KEY, **claims: Any) -> str:
    """Return a proof with members replaced, or removed where None."""
    usual_header = {"typ": "dpop+jwt", "alg": key.algorithm, "jwk": key.public_jwk}
    usual = {
        "jti": "1",
        "htm": "GET",
        "htu": URI,
        "iat": int(time.time()),
        "ath": compute_ath(TOKEN),
    }
    members = {**usual_header, **(header or {})}
    return key.sign(
        {name: value for name, value in members.items() if value is not None},
        {name: value for name, value in {**usual, **claims}.items() if value is not None},
    )


REFUSED: list[tuple[str | Callable[[], str], str]] = [
    ("", "invalid_dpop_proof"),
    ("no.proof", "invalid_dpop_proof"),
    ("e30.e30.", "invalid_dpop_proof"),
    ("x" * 9000, "invalid_dpop_proof"),
    (lambda: altered({"typ": None}), "invalid_dpop_proof"),
    (lambda: altered({"typ": "JWT"}), "invalid_dpop_proof"),
    (lambda: altered({"alg": "none"}), "invalid_dpop_proof"),
    (lambda: altered({"alg": "HS256"}), "invalid_dpop_proof"),
    (lambda: altered({"alg": "ES384"}), "invalid_dpop_proof"),
    (lambda: altered({"jwk": None}), "invalid_dpop_proof"),
    (lambda: altered({"jwk": "key"}), "invalid_dpop_proof"),
    (lambda: altered({"jwk": {"kty": "oct", "k": "AAAA"}}), "invalid_dpop_proof"),
    (
        lambda: altered({"jwk": {"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"}}),
        "invalid_dpop_proof",
    ),
    (lambda: altered({"jwk": {**KEY.public_jwk, "d": "AAAA"}}), "invalid_dpop_proof"),
    (lambda: altered({"jwk": DPoPKey().public_jwk}), "invalid_dpop_proof"),
    (lambda: altered({"crit": ["x"]}), "invalid_dpop_proof"),
    (lambda: altered(jti=None), "invalid_dpop_proof"),
    (lambda: altered(jti=7), "invalid_dpop_proof"),
    (lambda: altered(jti="j" * 300), "invalid_dpop_proof"),
    (lambda: altered(htm="POST"), "invalid_dpop_proof"),
    (lambda: altered(htm="get"), "invalid_dpop_proof"),
    (lambda: altered(htu="https://api.example/you"), "invalid_dpop_proof"),
    (lambda: altered(htu="https://api.example:444/me"), "invalid_dpop_proof"),
    (lambda: altered(htu="http://api.example/me"), "invalid_dpop_proof"),
    (lambda: altered(htu="/me"), "invalid_dpop_proof"),
    (lambda: altered(htu="https://api.example:port/me"), "invalid_dpop_proof"),
    (lambda: altered(iat=None), "invalid_dpop_proof"),
    (lambda: altered(iat="now"), "invalid_dpop_proof"),
    (lambda: altered(iat=True), "invalid_dpop_proof"),
    (lambda: altered(iat=time.time() - 100), "dpop_proof_expired"),
    (lambda: altered(iat=time.time() + 1000), "dpop_proof_expired"),
    (lambda: altered(ath=None), "invalid_dpop_proof"),
    (lambda: altered(ath=compute_ath("another")), "invalid_dpop_proof"),
    (lambda: altered(ath="é"), "invalid_dpop_proof"),
    (lambda: altered(key=DPoPKey()), "key_mismatch"),
    (lambda: altered(nonce=None), "use_dpop_nonce"),
    (lambda: altered(nonce="older"), "use_dpop_nonce"),
    (lambda: altered(nonce=7), "use_dpop_nonce"),
]


@pytest.mark.parametrize(("proof", "code"), REFUSED, ids=range(len(REFUSED)))
def test_a_proof_that_proves_nothing_is_refused(proof: str | Callable[[], str], code: str) -> None:
    shown = proof if isinstance(proof, str) else proof()  # made now: it is good for a minute
    nonce = "n" if code == "use_dpop_nonce" else None
    with refused(DPoPProofException, code) as caught:
        verify_dpop_proof(
            shown,
            "GET",
            URI,
            access_token=TOKEN,
            token_claims={"cnf": {"jkt": KEY.jwk_thumbprint}},
            nonce=nonce,
        )
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("claims", [{}, {"cnf": "x"}, {"cnf": {}}, {"cnf": {"jkt": 7}}])
def test_an_unbound_token_is_reported(claims: dict[str, Any]) -> None:
    with refused(DPoPProofException, "token_not_bound"):
        verify_dpop_proof(altered(), "GET", URI, access_token=TOKEN, token_claims=claims)


def test_a_tampered_proof_is_refused() -> None:
    head, _, rest = altered().partition(".")
    body, _, signature = rest.partition(".")
    forged = ".".join([head, body, signature[:-8] + "AAAAAAAA"])
    with refused(DPoPProofException, "invalid_dpop_proof"):
        verify_dpop_proof(forged, "GET", URI)


def test_a_proof_works_once() -> None:
    store = MemoryReplayStore()
    proof = create_dpop_proof(KEY, "GET", URI)
    verify_dpop_proof(proof, "GET", URI, replay_store=store)
    with refused(DPoPProofException, "dpop_proof_replayed"):
        verify_dpop_proof(proof, "GET", URI, replay_store=store)
    assert verify_dpop_proof(create_dpop_proof(KEY, "GET", URI), "GET", URI, replay_store=store)


class RecordingStore(MemoryReplayStore):
    """A store that lists what it was asked to remember."""

    def __init__(self) -> None:
        super().__init__()
        self.added: list[tuple[str, float]] = []

    def add(self, key: str, expires_at: float) -> bool:
        self.added.append((key, expires_at))
        return super().add(key, expires_at)


def test_a_proof_is_remembered_longer_than_it_is_accepted() -> None:
    store, now = RecordingStore(), int(time.time())
    verify_dpop_proof(altered(iat=now), "GET", URI, replay_store=store, max_age=300, leeway=20)
    accepted_until = now + 300 + 20
    assert store.added == [(f"dpop:{KEY.jwk_thumbprint}:1", accepted_until + 20 + STORE_MARGIN)]


def test_a_refused_proof_does_not_spend_its_identifier() -> None:
    store = MemoryReplayStore()
    proof = create_dpop_proof(KEY, "GET", URI)
    with refused(DPoPProofException, "invalid_dpop_proof"):
        verify_dpop_proof(proof, "POST", URI, replay_store=store)
    assert len(store) == 0
    assert verify_dpop_proof(proof, "GET", URI, replay_store=store)


@pytest.mark.parametrize("bounds", [{"max_age": 0}, {"leeway": -1}, {"max_age": float("inf")}])
def test_invalid_bounds_are_refused(bounds: dict[str, Any]) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        verify_dpop_proof(altered(), "GET", URI, **bounds)


def test_the_leeway_of_proofs_is_the_callers() -> None:
    proof = altered(iat=int(time.time()) + 30)
    with refused(DPoPProofException, "dpop_proof_expired"):
        verify_dpop_proof(proof, "GET", URI)
    assert verify_dpop_proof(proof, "GET", URI, leeway=60)


def test_a_demanded_nonce_is_whole() -> None:
    proof = create_dpop_proof(KEY, "GET", URI, nonce="n")
    assert verify_dpop_proof(proof, "GET", URI, nonce="n")
    assert verify_dpop_proof(proof, "GET", URI, nonce=["m", "n"])
    with refused(DPoPProofException, "use_dpop_nonce"):
        verify_dpop_proof(proof, "GET", URI, nonce="mn")


class BrokenStore(MemoryReplayStore):
    """A store that is down."""

    def add(self, key: str, expires_at: float) -> bool:
        raise OSError("down")


def test_a_proof_is_refused_if_its_earlier_use_cannot_be_ruled_out() -> None:
    proof = create_dpop_proof(KEY, "GET", URI)
    with refused(DPoPProofException, "store_unavailable"):
        verify_dpop_proof(proof, "GET", URI, replay_store=BrokenStore())

"""Proofs of possession, at the boundaries of every rule."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from py_identity_model import DPoPKey, DPoPProofException, compute_ath
from py_identity_model._jose.sign import sign_compact
from py_identity_model._resource_server.dpop_verification import (
    PROOF_ALGORITHMS,
    ProofRules,
    check_rules,
    replayed_error,
    store_error,
)
from py_identity_model.exceptions import InvalidArgumentError
from tests.support import refused

KEY, OTHER = DPoPKey(), DPoPKey()
NOW = 1000.0
URI = "https://api.example/me"
RULES = ProofRules("POST", URI)
CLAIMS: dict[str, Any] = {"jti": "j", "htm": "POST", "htu": URI, "iat": 1000}


def proof(key: DPoPKey = KEY, header: dict[str, Any] | None = None, **claims: Any) -> str:
    members = {"typ": "dpop+jwt", "alg": key.algorithm, "jwk": key.public_jwk, **(header or {})}
    present = {name: one for name, one in {**CLAIMS, **claims}.items() if one is not ...}
    return sign_compact(members, present, key._key, key.algorithm)


def rules(**changes: Any) -> ProofRules:
    return ProofRules(**{"method": "POST", "uri": URI, **changes})


def test_a_proof_says_who_made_it() -> None:
    verified = RULES.check(proof(), NOW)
    assert verified.jwk == KEY.public_jwk
    assert verified.jwk_thumbprint == KEY.jwk_thumbprint
    assert verified.claims == CLAIMS


def test_an_allow_list_of_algorithms_is_enforced() -> None:
    key = DPoPKey("RS256")
    rules().check(proof(key), NOW)
    rules(algorithms=["RS256"]).check(proof(key), NOW)
    with refused(DPoPProofException, "invalid_dpop_proof"):
        rules(algorithms=["ES256"]).check(proof(key), NOW)
    assert "none" not in PROOF_ALGORITHMS
    assert not any(name.startswith("HS") for name in PROOF_ALGORITHMS)


def test_an_allow_list_allows_no_symmetric_algorithm() -> None:
    head, _, rest = proof().partition(".")
    forged = proof(header={"alg": "HS256"})
    assert not forged.startswith(head)
    assert rest
    with refused(DPoPProofException, "invalid_dpop_proof") as caught:
        rules(algorithms=["ES256", "HS256"]).check(forged, NOW)
    assert "HS256 is not allowed" in str(caught.value)


def test_a_weak_key_proves_nothing() -> None:
    with warnings.catch_warnings(action="ignore"):
        weak = RSAKey.generate_key(1024)
        jwk = weak.as_dict(private=False)
        members = {"typ": "dpop+jwt", "alg": "RS256", "jwk": jwk}
        made = sign_compact(members, CLAIMS, weak, "RS256")
    with refused(DPoPProofException, "invalid_dpop_proof"):
        RULES.check(made, NOW)


@pytest.mark.parametrize("name", ["jti", "htm", "htu"])
def test_the_members_of_a_proof_are_strings(name: str) -> None:
    values: tuple[Any, ...] = (..., "", 5, None, ["x"])
    for value in values:
        with refused(DPoPProofException, "invalid_dpop_proof") as caught:
            RULES.check(proof(KEY, {}, **{name: value}), NOW)
        assert f"the {name} claim is missing" in str(caught.value)


def test_an_identifier_may_be_as_long_as_the_bound_and_no_longer() -> None:
    RULES.check(proof(jti="j" * 256), NOW)
    with refused(DPoPProofException, "invalid_dpop_proof") as caught:
        RULES.check(proof(jti="j" * 257), NOW)
    assert "too long" in str(caught.value)


def test_a_proof_is_for_one_method_and_one_place() -> None:
    rules(method="post").check(proof(), NOW)
    rules(uri=f"{URI}?a=1#b").check(proof(), NOW)
    rules(uri="HTTPS://API.example:443/me").check(proof(), NOW)
    rules(uri="https://api.example").check(proof(htu="https://api.example/"), NOW)
    for changes in ({"method": "GET"}, {"uri": f"{URI}/x"}, {"uri": "https://api.example:8/me"}):
        with refused(DPoPProofException, "invalid_dpop_proof"):
            rules(**changes).check(proof(), NOW)
    with refused(DPoPProofException, "invalid_dpop_proof"):
        RULES.check(proof(htm="post"), NOW)


@pytest.mark.parametrize(
    "htu", [f"{URI}?a=b#c", "HTTPS://API.EXAMPLE:443/me", "https://api.example./me", f" {URI} "]
)
def test_a_place_has_more_than_one_spelling(htu: str) -> None:
    RULES.check(proof(htu=htu), NOW)


@pytest.mark.parametrize(
    "htu",
    [
        *(f"{URI}/", f"{URI};x", "https://api.example/ME", "https://api.example/./me"),
        *("https://api.example/%6De", "https://api.example\\@evil.example/me", "\ud800"),
        *("//api.example/me", "http://api.example/me", "https://[::1", "https://api.example/me:1"),
    ],
)
def test_a_place_that_only_looks_similar_is_another(htu: str) -> None:
    with refused(DPoPProofException, "invalid_dpop_proof"):
        RULES.check(proof(htu=htu), NOW)


def test_a_proof_is_good_for_a_while() -> None:
    for issued in (1005, 1000.5, 1000, 935, 935.0):
        RULES.check(proof(iat=issued), NOW)
    for issued in (1006, 1005.5, 934, 934.5):
        with refused(DPoPProofException, "dpop_proof_expired"):
            RULES.check(proof(iat=issued), NOW)
    for value in (..., None, "1000", True):
        with refused(DPoPProofException, "invalid_dpop_proof"):
            RULES.check(proof(iat=value), NOW)
    rules(max_age=5, leeway=0).check(proof(iat=995), NOW)
    with refused(DPoPProofException, "dpop_proof_expired"):
        rules(max_age=5, leeway=0).check(proof(iat=994), NOW)


def test_a_proof_is_for_its_token_and_its_key() -> None:
    bound = {"cnf": {"jkt": KEY.jwk_thumbprint}}
    both = rules(access_token="t", token_claims=bound)
    both.check(proof(ath=compute_ath("t")), NOW)
    for made, code in (
        (proof(ath=compute_ath("u")), "invalid_dpop_proof"),
        (proof(), "invalid_dpop_proof"),
        (proof(OTHER, ath=compute_ath("t")), "key_mismatch"),
    ):
        with refused(DPoPProofException, code):
            both.check(made, NOW)
    unbound: tuple[dict[str, Any], ...] = ({}, {"cnf": "x"}, {"cnf": {}}, {"cnf": {"jkt": 5}})
    for claims in unbound:
        with refused(DPoPProofException, "token_not_bound"):
            rules(token_claims=claims).check(proof(), NOW)


def test_a_nonce_is_one_of_those_demanded() -> None:
    rules(nonces=["n", "m"]).check(proof(nonce="m"), NOW)
    for demanded, nonce in ((["n"], "m"), (["n"], ...), ([], "n"), ([""], ""), (["nm"], "n")):
        with refused(DPoPProofException, "use_dpop_nonce"):
            rules(nonces=demanded).check(proof(nonce=nonce), NOW)


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ({"typ": "JWT"}, "typ is not dpop+jwt"),
        ({"jwk": None}, "public key"),
        ({"jwk": []}, "public key"),
        ({"jwk": {**KEY.public_jwk, "d": "x"}}, "public key"),
        ({"jwk": OTHER.public_jwk}, ""),
        ({"jwk": {"kty": "EC"}}, ""),
    ],
)
def test_a_header_carries_the_public_key_that_signed(header: dict[str, Any], says: str) -> None:
    with refused(DPoPProofException, "invalid_dpop_proof") as caught:
        RULES.check(proof(header=header), NOW)
    assert says in str(caught.value)


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c", None, 5, "x" * 9000])
def test_a_malformed_token_is_refused_with_the_reason_and_its_part(text: object) -> None:
    with refused(DPoPProofException, "invalid_dpop_proof") as caught:
        RULES.check(text, NOW)
    assert str(caught.value).startswith("Invalid DPoP proof: ")


def test_the_findings_of_a_verification_stay_in_the_details() -> None:
    with refused(DPoPProofException, "invalid_dpop_proof") as caught:
        RULES.check(proof(header={"alg": "ES384"}), NOW)
    text = str(caught.value).removeprefix("Invalid DPoP proof: ")
    assert caught.value.details == {"error": text, "code": "unfit_key"}
    with refused(DPoPProofException, "invalid_dpop_proof") as caught:
        RULES.check(proof(htm="GET"), NOW)
    assert caught.value.details == {"error": "it is for another method"}


def test_errors_have_codes_of_their_own() -> None:
    assert replayed_error().code == "dpop_proof_replayed"
    assert store_error().code == "store_unavailable"


def test_invalid_bounds_are_refused() -> None:
    check_rules(1, 0, ["ES256"])
    for max_age, leeway in ((0, 0), (-1, 0), (float("inf"), 0), (1, -1), (1, float("inf"))):
        with pytest.raises(InvalidArgumentError, match="max_age must be positive"):
            check_rules(max_age, leeway, ["ES256"])
    with pytest.raises(InvalidArgumentError, match="algorithms"):
        check_rules(1, 0, "ES256")

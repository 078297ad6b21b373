"""ID tokens: subject, party, nonce, age and hashes (OpenID Connect Core §3.1.3.7)."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model._validation.id_token import (
    check_auth_time,
    check_id_token,
    check_id_token_typ,
    half_hash,
)
from py_identity_model.exceptions import IdTokenValidationException
from tests.support import refused

# OpenID Connect Core, appendix A.3 and A.4.
ACCESS_TOKEN, AT_HASH = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", "77QmUPtjPfzWtF2AnpK9RQ"
CODE, C_HASH = (
    "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk",
    "LDktKdoQak3Pk0cnXxCltA",
)
SOUND: dict[str, Any] = {"sub": "alice", "aud": "web", "exp": 2000, "iat": 1000}


def check(changed: dict[str, Any] | None = None, **more: Any) -> None:
    claims = {**SOUND, **(changed or {})}
    usual: dict[str, Any] = {"audience": "web", "leeway": 0.0, "nonce": None, "access_token": None}
    usual |= {"code": None, "state": None, "max_age": None, "at_hash_required": False}
    present = {name: value for name, value in claims.items() if value is not None}
    check_id_token(present, more.pop("alg", "RS256"), **{**usual, **more})


def refuse(problem: str, changed: dict[str, Any] | None = None, **more: Any) -> None:
    with refused(IdTokenValidationException, problem) as caught:
        check(changed, **more)
    assert caught.value.token_part == "payload"
    assert str(caught.value) == f"Invalid ID token: {caught.value.details['error']}"


def test_an_id_token_with_the_least_claims_is_accepted() -> None:
    check()


@pytest.mark.parametrize("subject", [None, ""])
def test_an_id_token_about_no_user_is_refused(subject: object) -> None:
    refuse("missing_subject", {"sub": subject})


@pytest.mark.parametrize("subject", [7, ["alice"], {}, True])
def test_a_subject_that_is_not_text_is_refused(subject: object) -> None:
    refuse("invalid_subject", {"sub": subject})


@pytest.mark.parametrize("claim", ["exp", "iat"])
def test_an_id_token_without_a_time_is_refused(claim: str) -> None:
    refuse("missing_time", {claim: None})


def test_several_audiences_need_the_party_that_it_was_issued_to() -> None:
    refuse("missing_azp", {"aud": ["web", "api"]})
    refuse("missing_azp", {"aud": ["web", "api"], "azp": ""})
    check({"aud": ["web", "api"], "azp": "web"})
    check({"aud": ["web"]})


@pytest.mark.parametrize("audience", ["web", ["web", "mobile"]])
def test_the_party_is_one_of_the_audiences_that_are_expected(audience: Any) -> None:
    check({"azp": "web"}, audience=audience)
    refuse("azp_mismatch", {"azp": "other"}, audience=audience)
    refuse("azp_mismatch", {"azp": 7}, audience=audience)


def test_the_party_is_not_compared_where_no_audience_is_expected() -> None:
    check({"azp": "other"}, audience=None)


@pytest.mark.parametrize("nonce", [None, "", "other", 7, "N"])
def test_another_nonce_than_the_one_sent_is_refused(nonce: object) -> None:
    refuse("nonce_mismatch", {"nonce": nonce}, nonce="n")


def test_the_nonce_that_was_sent_is_accepted() -> None:
    check({"nonce": "n"}, nonce="n")


def test_a_login_may_be_as_old_as_the_limit_and_the_leeway_together() -> None:
    for age, leeway in ((100, 0.0), (105, 5.0)):
        check_auth_time({"auth_time": 1000}, 100, leeway, 1000 + age)
        with refused(IdTokenValidationException, "authentication_too_old"):
            check_auth_time({"auth_time": 1000}, 100, leeway, 1001 + age)


def test_a_login_in_the_future_passes_no_limit() -> None:
    check_auth_time({"auth_time": 1060}, 100, 0.0, 1000, ahead=60.0)
    with refused(IdTokenValidationException, "authentication_in_future"):
        check_auth_time({"auth_time": 1061}, 100, 0.0, 1000, ahead=60.0)


@pytest.mark.parametrize("since", [None, "1000", True, [1000]])
def test_a_time_of_the_login_that_is_not_a_number_is_refused(since: object) -> None:
    refuse("missing_auth_time", {"auth_time": since}, max_age=100, now=1000.0)


def test_the_age_of_the_login_counts_where_it_was_asked_for() -> None:
    check({"auth_time": 950}, max_age=100, now=1000.0)
    refuse("authentication_too_old", {"auth_time": 800}, max_age=100, now=1000.0)
    check({"auth_time": 1})


def test_the_hashes_are_those_of_the_specification() -> None:
    assert half_hash(ACCESS_TOKEN, "RS256") == AT_HASH
    assert half_hash(CODE, "RS256") == C_HASH


@pytest.mark.parametrize(
    ("alg", "length"),
    [("ES384", 32), ("PS512", 43), ("EdDSA", 43), ("Ed25519", 43), ("ES256K", 0), ("none", 0)],
)
def test_a_hash_is_half_of_the_algorithms_own(alg: str, length: int) -> None:
    if length:
        assert len(half_hash("t", alg)) == length
        return
    with refused(IdTokenValidationException, "hash_undefined"):
        half_hash("t", alg)


@pytest.mark.parametrize(
    ("claim", "argument"), [("at_hash", "access_token"), ("c_hash", "code"), ("s_hash", "state")]
)
def test_a_hash_belongs_to_what_came_with_the_token(claim: str, argument: str) -> None:
    check({claim: half_hash("v", "RS256")}, **{argument: "v"})
    refuse("hash_mismatch", {claim: half_hash("w", "RS256")}, **{argument: "v"})
    refuse("hash_mismatch", {claim: 7}, **{argument: "v"})
    refuse("hash_mismatch", {claim: half_hash("v", "RS256")}, **{argument: "\xe9"})


@pytest.mark.parametrize("argument", ["code", "state"])
def test_a_code_and_a_state_need_their_hashes(argument: str) -> None:
    refuse("missing_hash", None, **{argument: "v"})


def test_an_access_token_needs_its_hash_only_where_that_is_demanded() -> None:
    check(access_token="v")
    refuse("missing_hash", access_token="v", at_hash_required=True)


@pytest.mark.parametrize("typ", [None, "JWT", "jwt", "application/jwt"])
def test_the_types_of_id_tokens_are_accepted(typ: object) -> None:
    check_id_token_typ(typ)


@pytest.mark.parametrize("typ", ["at+jwt", "logout+jwt", "dpop+jwt", "application/at+JWT"])
def test_the_type_of_another_token_is_refused(typ: object) -> None:
    with refused(IdTokenValidationException, "wrong_typ"):
        check_id_token_typ(typ)

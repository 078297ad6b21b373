"""ID tokens that come with refreshed tokens belong to the login, or are refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from py_identity_model._validation.refreshed_id_token import check_refreshed_id_token
from py_identity_model.exceptions import IdTokenValidationException
from tests.support import refused

ORIGINAL = {"iss": "i", "sub": "s", "aud": "a", "azp": "a", "auth_time": 1, "nonce": "n", "iat": 5}
LEAST = {"iss": "i", "sub": "s", "aud": "a", "iat": 5}


def refuse(original: dict[str, Any], claims: dict[str, Any], claim: str) -> None:
    with refused(IdTokenValidationException, "refreshed_id_token_mismatch") as caught:
        check_refreshed_id_token(original, claims)
    assert caught.value.token_part == "payload"
    assert caught.value.details == {"claim": claim}
    assert f": {claim} is not" in str(caught.value)


@given(st.sampled_from(sorted(ORIGINAL)), st.sampled_from(["x", 4, None, ["a", "b"], []]))
def test_a_claim_that_changed_is_refused(name: str, value: object) -> None:
    if name == "iat" and value != 4:
        return
    refuse(ORIGINAL, {**ORIGINAL, name: value}, name)


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "azp"])
def test_a_claim_that_is_missing_now_is_refused(name: str) -> None:
    claims = {member: value for member, value in ORIGINAL.items() if member != name}
    refuse(ORIGINAL, claims, name)


@pytest.mark.parametrize("missing", ["auth_time", "nonce"])
def test_a_claim_may_be_omitted_where_that_is_allowed(missing: str) -> None:
    claims = {name: value for name, value in ORIGINAL.items() if name != missing}
    check_refreshed_id_token(ORIGINAL, {**claims, "iat": 6, "aud": ["a"]})
    refuse(ORIGINAL, {**ORIGINAL, "azp": "b", "iat": 6}, "azp")


@pytest.mark.parametrize("name", ["azp", "nonce"])
def test_a_claim_that_the_first_id_token_lacked_is_refused(name: str) -> None:
    check_refreshed_id_token(LEAST, LEAST)
    refuse(LEAST, {**LEAST, name: "x"}, name)


def test_a_time_of_authentication_may_be_added() -> None:
    check_refreshed_id_token(LEAST, {**LEAST, "auth_time": 1})


def test_audiences_are_compared_as_sets() -> None:
    first = {**LEAST, "aud": ["a", "b"]}
    check_refreshed_id_token(first, {**LEAST, "aud": ["b", "a"]})
    refuse(first, {**LEAST, "aud": "b"}, "aud")
    refuse(first, {**LEAST, "aud": ["a"]}, "aud")


def test_the_token_may_be_as_old_as_the_first_or_say_nothing_of_its_age() -> None:
    untimed = {name: value for name, value in LEAST.items() if name != "iat"}
    for first, now in ((LEAST, LEAST), (LEAST, untimed), (untimed, LEAST)):
        check_refreshed_id_token(first, now)
    check_refreshed_id_token({**LEAST, "iat": 5.5}, {**LEAST, "iat": 5.5})
    refuse(LEAST, {**LEAST, "iat": 4.5}, "iat")
    refuse({**LEAST, "iat": 5.5}, LEAST, "iat")


@pytest.mark.parametrize("original", [{}, {"sub": "s"}, {"iss": "i"}, {"aud": "a", "sub": "s"}])
def test_claims_named_by_the_program_bind_their_values(original: dict[str, Any]) -> None:
    check_refreshed_id_token(original, ORIGINAL)
    for name in original:
        refuse({**original, name: "other"}, ORIGINAL, name)

"""Limits of a client for ID tokens that are valid."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model._jose.encoding import encode_base64url
from py_identity_model._validation.id_token_limits import (
    check_age,
    check_audiences,
    check_nonce,
    check_registered_algorithm,
    check_request_id,
    check_token_kind,
)
from py_identity_model.exceptions import IdTokenValidationException, TokenValidationException
from tests.support import refused

REQUEST_ID = "urn:openid:params:jwt:claim:auth_req_id"


def signed_by(alg: str) -> str:
    header = encode_base64url(b'{"alg":"%s"}' % alg.encode()).decode()
    return f"{header}.e30.AA"


@pytest.mark.parametrize(
    "typ", [None, "JWT", "JOSE", "application/jwt", "id+jwt", "application/id_token+jwt"]
)
@pytest.mark.parametrize("claims", [{}, {"typ": "ID"}, {"token_use": "id"}, {"typ": 7}])
def test_what_is_not_marked_as_another_kind_is_an_id_token(typ: Any, claims: Any) -> None:
    check_token_kind(claims, typ)


@pytest.mark.parametrize("typ", ["at+jwt", "private", "userinfo+jwt", "JOSE+JSON", "", 7, ["JWT"]])
def test_another_type_is_another_kind_and_its_operator_learns_which(typ: object) -> None:
    with refused(IdTokenValidationException, "wrong_typ") as caught:
        check_token_kind({}, typ)
    assert caught.value.details["typ"] == typ
    assert "JWT" in caught.value.details["expected"]


@pytest.mark.parametrize(
    "claims",
    [
        *({"typ": one} for one in ("Bearer", "Refresh", "Offline", "Logout")),
        *({"token_use": one} for one in ("access", "Refresh")),
        {"events": {}},
    ],
)
def test_claims_mark_another_kind(claims: dict[str, Any]) -> None:
    with refused(IdTokenValidationException, "wrong_typ") as caught:
        check_token_kind(claims, "JWT")
    details = caught.value.details
    assert "events" in claims or claims == {details["claim"]: details["found"]}


@pytest.mark.parametrize("audience", ["web", ["web"], ["web", "api"], [], None])
def test_audiences_that_are_trusted_are_accepted(audience: object) -> None:
    check_audiences({"aud": audience}, {"web", "api"})


@pytest.mark.parametrize("audience", ["other", ["web", "other"], [7]])
def test_any_other_audience_is_refused_by_name(audience: Any) -> None:
    with refused(IdTokenValidationException, "untrusted_audience") as caught:
        check_audiences({"aud": audience}, {"web"})
    strangers = [str(one) for one in ([audience] if isinstance(audience, str) else audience)]
    assert caught.value.details["audiences"] == [one for one in strangers if one != "web"]
    assert "trusted_audiences" in str(caught.value)


def test_a_long_audience_is_cut() -> None:
    with refused(IdTokenValidationException, "untrusted_audience") as caught:
        check_audiences({"aud": "a" * 1000}, ())
    assert caught.value.details["audiences"] == ["a" * 200]


def test_an_id_token_may_be_as_old_as_the_limit_and_the_leeway_together() -> None:
    check_age({"iat": 1000}, 100, 5, 1105)
    with refused(IdTokenValidationException, "id_token_too_old") as caught:
        check_age({"iat": 1000}, 100, 5, 1106)
    assert caught.value.details["max_age"] == 100


def test_without_a_limit_no_age_is_checked() -> None:
    check_age({}, None, 0)


@pytest.mark.parametrize("issued", [None, "1000", True])
def test_an_unknown_age_is_refused_if_there_is_a_limit(issued: object) -> None:
    with refused(IdTokenValidationException, "id_token_too_old"):
        check_age({"iat": issued}, 100, 0)


def test_the_nonce_is_that_of_the_request() -> None:
    check_nonce({"nonce": "n"}, "n", required=True)
    check_nonce({}, None, required=False)
    check_nonce({}, "n", required=False)


@pytest.mark.parametrize("sent", ["n", None])
@pytest.mark.parametrize("required", [True, False])
def test_the_nonce_of_another_login_is_refused(sent: str | None, required: bool) -> None:
    with refused(IdTokenValidationException, "nonce_mismatch"):
        check_nonce({"nonce": "other"}, sent, required=required)


def test_a_missing_nonce_is_refused_with_the_option_that_accepts_it() -> None:
    with refused(IdTokenValidationException, "nonce_mismatch") as caught:
        check_nonce({}, "n", required=True)
    assert "require_nonce=False" in str(caught.value)


def test_the_algorithm_is_one_that_was_agreed_on() -> None:
    check_registered_algorithm(signed_by("ES256"), None)
    check_registered_algorithm(signed_by("ES256"), ["RS256", "ES256"])
    with refused(TokenValidationException, "algorithm_not_allowed") as caught:
        check_registered_algorithm(signed_by("HS256"), ["RS256", "ES256"])
    assert caught.value.details == {"alg": "HS256", "allowed": ["ES256", "RS256"]}
    assert "id_token_algorithms" in str(caught.value)


def test_an_answer_names_the_request_that_it_answers() -> None:
    check_request_id({}, "one")
    check_request_id({REQUEST_ID: "one"}, "one")
    for other in ("two", "", 1, ["one"]):
        with refused(IdTokenValidationException, "auth_req_id_mismatch"):
            check_request_id({REQUEST_ID: other}, "one")

"""Access tokens told from other tokens, by header and claims."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model._resource_server.access_token import (
    check_access_token_claims,
    check_access_token_typ,
    check_introspected_type,
    check_marks,
    check_usual_typ,
)
from py_identity_model.exceptions import TokenValidationException
from tests.support import refused

PROFILE = {
    "iss": "https://op.example",
    "exp": 2000,
    "aud": "api",
    "sub": "alice",
    "client_id": "web",
    "iat": 1000,
    "jti": "1",
}


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt"])
def test_the_profile_wants_its_own_type(typ: str) -> None:
    check_access_token_typ(typ)
    check_usual_typ({"typ": typ})


@pytest.mark.parametrize("typ", [None, "JWT", "", 7, "id_token+jwt", "logout+jwt", "at+jwt "])
def test_the_profile_refuses_every_other_type(typ: object) -> None:
    with refused(TokenValidationException, "wrong_typ") as caught:
        check_access_token_typ(typ)
    assert caught.value.token_part == "header"


@pytest.mark.parametrize("name", PROFILE)
@pytest.mark.parametrize("value", [None, ""])
def test_the_profile_wants_all_its_claims(name: str, value: object) -> None:
    check_access_token_claims(PROFILE)
    with refused(TokenValidationException, "missing_claim") as caught:
        check_access_token_claims({**PROFILE, name: value})
    assert caught.value.details["claims"] == [name]


@pytest.mark.parametrize("header", [{}, {"typ": "JWT"}, {"typ": "jwt"}, {"typ": "application/jwt"}])
def test_usual_types_are_accepted(header: dict[str, Any]) -> None:
    check_usual_typ(header)


@pytest.mark.parametrize("typ", ["logout+jwt", "dpop+jwt", "", None, 7, "secevent+jwt"])
def test_other_types_are_refused_whatever_is_accepted(typ: object) -> None:
    for id_tokens in (True, False):
        with refused(TokenValidationException, "wrong_typ"):
            check_usual_typ({"typ": typ}, id_tokens=id_tokens)


def test_an_id_token_by_its_type_is_accepted_by_name_alone() -> None:
    check_usual_typ({"typ": "id_token+jwt"}, id_tokens=True)
    with refused(TokenValidationException, "wrong_typ") as caught:
        check_usual_typ({"typ": "id_token+jwt"})
    assert "accept_id_tokens_as_access_tokens" in str(caught.value)


@pytest.mark.parametrize(
    "marks",
    [
        {"at_hash": "x"},
        {"c_hash": None},
        {"s_hash": "x"},
        {"typ": "ID"},
        {"token_use": "id"},
        {"nonce": "n"},
        {"nonce": "n", "scope": ""},
    ],
)
def test_an_id_token_by_its_claims_is_accepted_by_name_alone(marks: dict[str, Any]) -> None:
    check_marks(marks, id_tokens=True)
    with refused(TokenValidationException, "wrong_typ"):
        check_marks(marks)


@pytest.mark.parametrize(
    "beside",
    [{"scope": "read"}, {"scp": ["read"]}, {"typ": "Bearer"}, {"token_use": "access"}],
)
def test_a_nonce_beside_the_marks_of_an_access_token_marks_nothing(beside: dict[str, Any]) -> None:
    check_marks({"nonce": "n", "sid": "s", "auth_time": 1, **beside})


@pytest.mark.parametrize("claims", [{"typ": "Refresh"}, {"typ": "Logout"}, {"events": {}}])
def test_a_token_of_another_kind_is_never_accepted(claims: dict[str, Any]) -> None:
    for id_tokens in (True, False):
        with refused(TokenValidationException, "wrong_typ"):
            check_marks(claims, id_tokens=id_tokens)


def test_a_nonce_is_not_quoted() -> None:
    with pytest.raises(TokenValidationException) as caught:
        check_marks({"nonce": "the-nonce"})
    assert "the-nonce" not in str(caught.value.details)


@pytest.mark.parametrize(
    "kind", [None, "Bearer", "DPoP", "urn:ietf:params:oauth:token-type:access_token"]
)
def test_an_introspection_may_say_nothing_or_an_access_tokens_type(kind: str | None) -> None:
    check_introspected_type({} if kind is None else {"token_type": kind})


@pytest.mark.parametrize("kind", ["N_A", "refresh_token", "mac", "", 7])
def test_an_introspection_of_another_kind_is_refused(kind: object) -> None:
    with refused(TokenValidationException, "wrong_typ"):
        check_introspected_type({"token_type": kind})


def test_an_introspected_id_token_is_accepted_by_name_alone() -> None:
    claims = {"token_type": "urn:ietf:params:oauth:token-type:id_token"}
    check_introspected_type(claims, id_tokens=True)
    with refused(TokenValidationException, "wrong_typ"):
        check_introspected_type(claims)

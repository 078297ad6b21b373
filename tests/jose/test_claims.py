"""The rules that claims must keep, at their boundaries."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model import (
    InvalidAudienceException,
    InvalidIssuerException,
    TokenExpiredException,
    TokenValidationException,
)
from py_identity_model._jose.claims import (
    ClaimsRules,
    IssuerFamily,
    check_claims,
    names_issuer,
    numeric_date,
)
from py_identity_model._jose.excerpt import found
from tests.support import refused

NOW = 1000.0
RULES = ClaimsRules(issuers=frozenset({"i"}), audiences=frozenset({"a"}))
SOUND: dict[str, Any] = {"iss": "i", "aud": "a", "sub": "s", "exp": 2000, "iat": 900, "jti": "j"}


def check(rules: ClaimsRules = RULES, /, **claims: Any) -> None:
    members = {**SOUND, **claims}
    present = {name: value for name, value in members.items() if value is not ...}
    rules.check(present, NOW)
    check_claims(rules[:], present, NOW)


@pytest.mark.parametrize("leeway", [0.0, 60.0, 0.5])
@pytest.mark.parametrize("kind", [int, float])
def test_a_token_expires_the_moment_that_exp_names(leeway: float, kind: Any) -> None:
    rules = RULES._replace(leeway=leeway)
    if kind is float or leeway != 0.5:
        with refused(TokenExpiredException, "token_expired"):
            check(rules, exp=kind(NOW - leeway))
    with refused(TokenExpiredException, "token_expired"):
        check(rules, exp=kind(NOW - leeway - 1))
    check(rules, exp=kind(NOW - leeway + 1))
    check(rules, exp=NOW - leeway + 0.001)


@pytest.mark.parametrize(("name", "code"), [("iat", "issued_in_future"), ("nbf", "not_yet_valid")])
@pytest.mark.parametrize("leeway", [0.0, 60.0])
@pytest.mark.parametrize("kind", [int, float])
def test_a_token_begins_the_moment_that_it_names(
    name: str, code: str, leeway: float, kind: Any
) -> None:
    rules = RULES._replace(leeway=leeway)
    check(rules, **{name: kind(NOW + leeway)})
    check(rules, **{name: ...})
    for ahead in (kind(NOW + leeway + 1), NOW + leeway + 0.001, 1e18, 1 << 60):
        with refused(TokenValidationException, code) as caught:
            check(rules, **{name: ahead})
        assert caught.value.details == {"error": f"the {name} claim is in the future"}


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize(
    "value",
    [True, False, "2000", [], {}, float("nan"), float("inf"), float("-inf"), 1 << 62],
)
def test_a_time_is_a_number_that_clocks_may_show(name: str, value: Any) -> None:
    with refused(TokenValidationException, "invalid_claim") as caught:
        check(**{name: value})
    assert caught.value.details == {"error": f"the {name} claim is not a number"}
    assert caught.value.token_part == "payload"


@pytest.mark.parametrize("value", [0, -5, 1.5, (1 << 62) - 1, 1 - (1 << 62)])
def test_numbers_are_dates(value: float) -> None:
    assert numeric_date(value) == value


@pytest.mark.parametrize("value", [True, None, "1", 1 << 62, -(1 << 62), float("inf")])
def test_nothing_else_is_a_date(value: Any) -> None:
    assert numeric_date(value) is None


def test_a_missing_claim_is_named() -> None:
    with refused(TokenValidationException, "missing_claim") as caught:
        check(RULES._replace(required=("tid",)))
    assert caught.value.token_part == "payload"
    assert caught.value.details == {"error": "the tid claim is missing", "claim": "tid"}


def test_a_claim_of_null_is_an_absent_one() -> None:
    for claims in ({"exp": None}, {"iat": None}, {"nbf": None}, {"sub": None}):
        check(RULES, **claims)
    rules = RULES._replace(required=("exp", "tid"))
    with refused(TokenValidationException, "missing_claim") as caught:
        check(rules, exp=None)
    assert caught.value.details == {"error": "the exp claim is missing", "claim": "exp"}
    with refused(TokenValidationException, "missing_claim"):
        check(rules)
    check(rules, tid=0)


@pytest.mark.parametrize("value", ["x", 5, ["i"], {}, True, ""])
def test_another_issuer_is_refused(value: Any) -> None:
    with refused(InvalidIssuerException, "invalid_issuer") as caught:
        check(iss=value)
    assert caught.value.details["expected"] == ["i"]
    check(RULES._replace(verify_iss=False), iss=value)
    check(RULES._replace(issuers=None), iss=value)


TENANTS = IssuerFamily("https://op.example/{t}/v2", "[a-z]+", "tid")


def test_a_family_of_issuers_is_bound_to_a_claim() -> None:
    rules = RULES._replace(issuers=TENANTS)
    check(rules, iss="https://op.example/one/v2", tid="one")
    for tenant in ("two", None, 1):
        with refused(InvalidIssuerException, "issuer_claim_mismatch") as caught:
            check(rules, iss="https://op.example/one/v2", tid=tenant)
        assert caught.value.details == {
            "claim": "tid",
            "found": found(tenant),
            "issuer": "https://op.example/one/v2",
        }


@pytest.mark.parametrize("value", ["https://op.example/ONE/v2", "https://op.example//v2", "one", 5])
def test_an_issuer_outside_the_family_is_refused(value: Any) -> None:
    with refused(InvalidIssuerException, "invalid_issuer") as caught:
        check(RULES._replace(issuers=TENANTS), iss=value, tid="one")
    assert caught.value.details == {
        "issuer": found(value),
        "expected": ["https://op.example/{t}/v2"],
    }


def test_a_family_may_be_limited_to_some() -> None:
    one, two = "https://op.example/one/v2", "https://op.example/two/v2"
    some = TENANTS.limited_to([one, "https://other.example"])
    assert ([*TENANTS], len(TENANTS)) == (["https://op.example/{t}/v2"], 1)
    assert ([*some], len(some)) == ([one], 1)
    assert len(TENANTS.limited_to([one, two])) == 2
    assert not TENANTS.limited_to(["https://other.example"])
    assert TENANTS.limited_to([one, "https://op.example/{t}/v2"]) is TENANTS
    check(RULES._replace(issuers=some), iss=one, tid="one")
    with refused(InvalidIssuerException, "invalid_issuer"):
        check(RULES._replace(issuers=some), iss=two, tid="two")


def test_no_issuer_is_one_of_a_family_by_its_name_alone() -> None:
    assert "https://op.example/one/v2" not in TENANTS
    assert names_issuer(TENANTS, "https://op.example/one/v2")
    assert not names_issuer(TENANTS, "https://op.example/1/v2")
    assert names_issuer({"i"}, "i")
    assert not names_issuer({"i"}, "j")


def test_an_issuer_must_be_named() -> None:
    with refused(TokenValidationException, "missing_claim") as caught:
        check(iss=...)
    assert caught.value.details["claim"] == "iss"
    check(RULES._replace(verify_iss=False), iss=...)
    check(RULES._replace(issuers=frozenset({"x", "i"})))


@pytest.mark.parametrize("value", ["x", ["x"], ["a", 5], [5, "a"], {"a": 1}, 5, True, [[]]])
def test_another_audience_is_refused(value: Any) -> None:
    with refused(InvalidAudienceException, "invalid_audience") as caught:
        check(aud=value)
    assert caught.value.details["expected"] == ["a"]
    check(RULES._replace(verify_aud=False), aud=value)


@pytest.mark.parametrize("value", ["", [], None, ..., 0])
def test_an_audience_must_be_named(value: Any) -> None:
    with refused(TokenValidationException, "missing_claim") as caught:
        check(aud=value)
    assert caught.value.details["claim"] == "aud"
    check(RULES._replace(audiences=None), aud=value)


def test_one_of_several_audiences_suffices_unless_strict() -> None:
    check(aud=["x", "a", "y"])
    strict = RULES._replace(strict_aud=True)
    check(strict)
    with refused(InvalidAudienceException, "invalid_audience"):
        check(strict, aud=["a"])


def test_an_audience_without_an_expectation_is_refused() -> None:
    with refused(InvalidAudienceException, "invalid_audience") as caught:
        check(RULES._replace(audiences=None))
    assert set(caught.value.details) == {"reason", "found"}


def test_a_subject_is_text_and_the_expected_one() -> None:
    check(RULES._replace(subject="s"))
    check(sub=...)
    values: tuple[Any, ...] = (5, [], True)
    for value in values:
        with refused(TokenValidationException, "invalid_claim"):
            check(sub=value)
    values = "x", ..., None
    for value in values:
        with refused(TokenValidationException, "invalid_subject"):
            check(RULES._replace(subject="s"), sub=value)
    check(RULES._replace(subject="s", verify_sub=False), sub=5)


def test_a_token_id_is_text() -> None:
    check(jti=...)
    values: tuple[Any, ...] = (5, None, [])
    for value in values:
        with refused(TokenValidationException, "invalid_claim"):
            check(jti=value)
        check(RULES._replace(verify_jti=False), jti=value)

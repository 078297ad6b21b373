"""How strong and how recent a login must be, at the boundaries."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model._resource_server.login_rules import LoginRules, _WeakLogin
from py_identity_model.exceptions import InvalidArgumentError
from tests.support import refused

RULES = LoginRules(leeway=5.0, ahead=60.0)
NOW = 1000.0


def check(claims: dict[str, Any], levels: Any = (), max_age: float | None = None) -> None:
    RULES.check(claims, levels, max_age, NOW)


def test_a_request_that_wants_nothing_is_content() -> None:
    check({})
    check({"acr": "low", "auth_time": 1})


@pytest.mark.parametrize("levels", ["high higher", ["high", "higher"]])
def test_a_login_must_have_one_of_the_levels(levels: Any) -> None:
    check({"acr": "high"}, levels)
    for acr in ("low", None, 5, ["high"], ""):
        with refused(_WeakLogin, "insufficient_user_authentication") as caught:
            check({"acr": acr, "auth_time": 7}, levels)
        assert caught.value.token_part == "payload"
        assert caught.value.details["auth_time"] == 7
        assert caught.value.details["acr_values"] == ["high", "higher"]
        assert caught.value.details["max_age"] is None


@pytest.mark.parametrize("since", [NOW - 105, NOW - 105.0, NOW, NOW + 60])
def test_a_recent_login_suffices(since: float) -> None:
    check({"auth_time": since}, max_age=100)


@pytest.mark.parametrize("since", [NOW - 105.5, NOW - 106, NOW + 60.5, None, "900", True])
def test_another_login_is_too_old(since: Any) -> None:
    with refused(_WeakLogin, "insufficient_user_authentication") as caught:
        check({"auth_time": since, "acr": "low"}, max_age=100)
    error = caught.value
    assert error.details["acr"] == "low"
    assert error.details["max_age"] == error.max_age == 100
    assert error.details["acr_values"] == []
    assert list(error.acr_values) == []
    assert "too weak or too old" in str(error)


def test_a_strong_login_may_still_be_too_old_and_a_recent_one_too_weak() -> None:
    check({"acr": "high", "auth_time": NOW}, "high", 0)
    for claims in ({"acr": "high", "auth_time": 1}, {"acr": "low", "auth_time": NOW}):
        with refused(_WeakLogin, "insufficient_user_authentication") as caught:
            check(claims, "high", 10)
        error = caught.value
        assert list(error.acr_values) == ["high"]


def test_an_age_is_seconds() -> None:
    ages: tuple[Any, ...] = (-1, "10", float("nan"))
    for age in ages:
        with pytest.raises(InvalidArgumentError, match="max_age"):
            check({"auth_time": NOW}, max_age=age)

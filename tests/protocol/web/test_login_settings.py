"""Settings of logins by name."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model._web.login_settings import check_complete, sort_settings
from py_identity_model.exceptions import InvalidArgumentError


def first(issuer: str, scope: str = "", *, userinfo: bool = False) -> None:
    raise AssertionError("only its parameters count")


def second(*, secret: str, userinfo: bool = False) -> None:
    raise AssertionError("only its parameters count")


def test_settings_are_the_arguments_of_those_that_have_parameters_of_these_names() -> None:
    sorted_ = sort_settings({"ISSUER": "i", "scope": "s", "UserInfo": True}, {}, first, second)
    assert sorted_ == [{"issuer": "i", "scope": "s", "userinfo": True}, {"userinfo": True}]


def test_the_program_decides_what_settings_leave_out() -> None:
    assert sort_settings({"ISSUER": "i"}, {"secret": "s"}, first, second) == [
        {"issuer": "i"},
        {"secret": "s"},
    ]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ISUER": "i"}, "called ISUER: did you mean issuer?"),
        ({"timeout": 1}, "there are issuer, scope, secret, userinfo"),
        ({"self": 1}, "called self"),
        ({"SECRET": "hidden"}, "leave SECRET out"),
    ],
)
def test_a_name_that_would_do_nothing_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        sort_settings(settings, {"secret": "s"}, first, second)
    assert message in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_what_is_missing_is_named() -> None:
    check_complete({"issuer": "i"}, first)
    with pytest.raises(InvalidArgumentError, match="the settings lack issuer"):
        check_complete({}, first)

"""Media types of tokens."""

from __future__ import annotations

import pytest

from py_identity_model._jose.token_types import is_for_something_else, media_type


@pytest.mark.parametrize(
    ("typ", "name"),
    [
        ("at+jwt", "at+jwt"),
        ("AT+JWT", "at+jwt"),
        ("Application/At+Jwt", "at+jwt"),
        ("at+jwt application/", "at+jwt application/"),
        ("x/at+jwt", "x/at+jwt"),
        ("", ""),
        (None, None),
        (5, None),
        (["at+jwt"], None),
    ],
)
def test_a_type_is_compared_without_case_and_prefix(typ: object, name: str | None) -> None:
    assert media_type(typ) == name


def test_registered_types_are_those_of_something_else() -> None:
    assert is_for_something_else("application/DPoP+jwt")
    assert is_for_something_else("at+jwt")
    for typ in ("JWT", None, 5, "", "id_token+jwt"):
        assert not is_for_something_else(typ)


def test_media_types_are_compared_without_case_and_prefix() -> None:
    assert media_type("Application/AT+JWT") == "at+jwt"
    assert media_type(5) is None
    assert is_for_something_else("application/dpop+jwt")
    for typ in ("JWT", None, 5, "", "id_token+jwt", "private+jwt"):
        assert not is_for_something_else(typ)

"""Logouts: by the client, and as providers ask for them."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from py_identity_model import (
    build_end_session_url,
    validate_post_logout_state,
)
from py_identity_model.exceptions import (
    InvalidArgumentError,
    LogoutStateValidationException,
)
from tests.support import refused


def test_a_logout_url_says_what_it_is_given_in_order() -> None:
    url = build_end_session_url(
        "https://op.example/end?a=1&#f",
        "hint",
        "web",
        "https://rp.example/bye",
        "s",
        "alice",
        "fr",
        more="x",
        less=None,
    )
    names = [name for name, _ in parse_qsl(urlsplit(url).query)]
    assert names == [
        *("a", "id_token_hint", "logout_hint", "client_id", "post_logout_redirect_uri"),
        *("state", "ui_locales", "more"),
    ]
    assert "1&&" not in url
    assert build_end_session_url("https://op.example/end#f") == "https://op.example/end"
    with refused(InvalidArgumentError, "invalid_argument"):
        build_end_session_url(" ")


@pytest.mark.parametrize(
    ("expected", "returned", "text"),
    [
        (None, "s", "missing or empty"),
        ("", "s", "missing or empty"),
        ("s", None, "not present"),
        ("s", "", "not present"),
        ("s", "t", "does not match"),
        ("s", "é", "does not match"),
    ],
)
def test_the_state_of_a_logout_is_compared(expected: Any, returned: Any, text: str) -> None:
    with pytest.raises(LogoutStateValidationException, match=text):
        validate_post_logout_state(expected, returned)
    validate_post_logout_state("s", "s")

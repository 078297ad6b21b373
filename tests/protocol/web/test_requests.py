"""Requests as every framework can describe them."""

from __future__ import annotations

import pytest

from py_identity_model._web.requests import (
    WebRequest,
    brings_token,
    parse_fields,
    quoted_path,
    read_form,
)


def test_cookies_are_read_as_browsers_send_them() -> None:
    headers = [("Cookie", "a=1; b=2=3;c; a=4"), ("cookie", "d=5"), ("X", "e=6")]
    request = WebRequest("GET", "https://app.example", "/", headers=headers)
    assert request.cookies() == {"a": "1", "b": "2=3", "c": "", "d": "5"}


def test_a_name_after_an_unusual_space_is_another_name() -> None:
    for space in "\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u2003":
        headers = [("Cookie", f"{space}__Host-session=theirs; \t__Host-session=ours")]
        request = WebRequest("GET", "https://app.example", "/", headers=headers)
        assert request.cookies()["__Host-session"] == "ours"


def test_a_repeated_parameter_counts_as_missing() -> None:
    request = WebRequest("GET", "https://app.example", "/", "a=1&a=2&b=3&c=")
    assert [request.parameter(name) for name in "abcd"] == [None, "3", "", None]


def test_a_form_is_read_from_its_media_type_and_size_alone() -> None:
    kind = "application/x-www-form-urlencoded; charset=utf-8"
    assert read_form(kind, b"a=1&b=%C3%B6") == {"a": ["1"], "b": ["\u00f6"]}
    assert read_form("text/plain", b"a=1") == {}
    assert read_form(None, b"a=1") == {}
    assert read_form(kind, b"a=" + b"x" * 70_000) == {}
    assert parse_fields("&".join(["a=1"] * 200)) == {}


def test_a_decoded_path_is_quoted() -> None:
    assert quoted_path("/a b/%2F\u00f6") == "/a%20b/%252F%C3%B6"


@pytest.mark.parametrize(
    ("authorization", "is_token"),
    [
        ("Bearer a", True),
        ("bearer a", True),
        ("DPoP a", True),
        (" Bearer a", True),
        ("Bearer", True),
        ("Basic YTpi", False),
        ("Token Bearer a", False),
        ("", False),
        (None, False),
    ],
)
def test_tokens_are_told_from_other_credentials(authorization: str | None, is_token: bool) -> None:
    assert brings_token(authorization) is is_token

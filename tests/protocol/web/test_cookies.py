"""Cookies: names, attributes, pieces."""

from __future__ import annotations

import pytest

from py_identity_model._web.cookies import CookieJar
from py_identity_model.exceptions import InvalidArgumentError


def test_a_session_of_many_pieces_is_none() -> None:
    jar = CookieJar("session")
    assert jar.session_cookies("x" * 7001, None) is None
    fields = jar.session_cookies("x" * 7000, 60)
    assert fields is not None
    assert len(fields) == 2
    assert all("Max-Age=60" in field for field in fields)
    smaller = jar.session_cookies("x", None)
    assert smaller is not None
    assert smaller[1].startswith("__Host-session.1=; ")
    assert "Max-Age=0" in smaller[1]


def test_a_session_is_read_from_its_pieces() -> None:
    jar = CookieJar("session")
    assert jar.sealed_session({"__Host-session": "a", "__Host-session.1": "b"}) == "ab"
    assert jar.sealed_session({"__Host-session.1": "b"}) is None
    assert jar.sealed_session({"__Host-session": "x" * 7001}) is None


def test_what_is_left_of_a_session_is_removed() -> None:
    fields = CookieJar("session").forget_session({"__Host-session.1": "b", "other": "c"})
    assert [field.partition("=")[0] for field in fields] == ["__Host-session", "__Host-session.1"]
    assert all("Max-Age=0" in field for field in fields)


def test_a_login_that_comes_back_by_a_form_is_sent_across_sites() -> None:
    jar = CookieJar("session", is_secure=False)
    posted = jar.pending_cookie("s", "sealed", seconds=60, cross_site=True)
    assert posted.endswith("Secure; SameSite=None")
    by_link = jar.pending_cookie("s", "sealed", seconds=60, cross_site=False)
    assert by_link.endswith("HttpOnly; Max-Age=60; SameSite=Lax")
    name = by_link.partition("=")[0]
    assert jar.all_pending({name: "sealed", "session-http": "x"}) == [jar.pending("s")] == [name]


@pytest.mark.parametrize("name", ["", "a;b", "a" * 41])
def test_a_name_that_no_cookie_can_have_is_refused(name: str) -> None:
    with pytest.raises(InvalidArgumentError, match="cookie_name"):
        CookieJar(name)

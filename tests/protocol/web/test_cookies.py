"""Cookies: names, attributes, pieces."""

from __future__ import annotations

from py_identity_model._web.cookies import CookieJar


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

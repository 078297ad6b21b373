"""What of the web engine needs no login to be tried."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from py_identity_model._web.answers import page, provider_word
from py_identity_model._web.cookies import CookieJar
from py_identity_model._web.peeking import peek_claim
from py_identity_model._web.pending import PendingLogin
from py_identity_model._web.places import Place
from py_identity_model._web.requests import WebRequest, parse_fields, quoted_path, read_form
from py_identity_model._web.sealing import Sealer
from py_identity_model._web.targets import local_target, path_below
from py_identity_model.exceptions import InvalidArgumentError

SECRET = "0123456789abcdef" * 2


@given(st.text(alphabet="/\\.%2fFcC5e0 \t\n:@?#a", max_size=12))
def test_a_target_never_names_another_host(text: str) -> None:
    from urllib.parse import unquote, urljoin, urlsplit

    target = local_target(text)
    if target is None:
        return
    for _ in range(6):  # whatever a server in between decodes
        cleaned = target.replace("\\", "/").translate(dict.fromkeys(map(ord, "\t\r\n")))
        assert urlsplit(urljoin("https://app.example/page", cleaned)).netloc == "app.example"
        target = unquote(target)
        if "?" in target or "#" in target:
            return


@pytest.mark.parametrize("target", [None, 7, b"/x", ["/x"]])
def test_a_target_that_is_not_text_is_none(target: Any) -> None:
    assert local_target(target) is None


def test_a_url_that_cannot_be_read_is_below_nothing() -> None:
    assert path_below("https://[", "https://app.example") is None
    assert path_below("https://app.example", "https://app.example") == "/"


def test_cookies_are_read_as_browsers_send_them() -> None:
    headers = [("Cookie", "a=1; b=2=3;c; a=4"), ("cookie", "d=5"), ("X", "e=6")]
    request = WebRequest("GET", "https://app.example", "/", headers=headers)
    assert request.cookies() == {"a": "1", "b": "2=3", "c": "", "d": "5"}


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


@given(st.text(), st.text())
def test_a_sealed_text_opens_for_its_purpose_alone(purpose: str, text: str) -> None:
    if any("\ud800" <= one <= "\udfff" for one in purpose + text):
        return
    sealer = Sealer(SECRET)
    sealed = sealer.seal(purpose, text)
    assert sealer.open(purpose, sealed, 60) == text
    assert sealer.open(purpose + "x", sealed, 60) is None
    assert Sealer("x" * 32).open(purpose, sealed, 60) is None


def test_a_sealed_text_opens_until_its_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    sealer = Sealer(SECRET)
    now = time.time()
    sealed = sealer.seal("p", "text")
    for seconds, opened in ((59, "text"), (62, None), (-90, None)):
        monkeypatch.setattr(sealer, "clock", partial(float, now + seconds))
        assert sealer.open("p", sealed, 60) == opened


@pytest.mark.parametrize("position", [0, 10, 40, -5])
def test_an_altered_text_does_not_open(position: int) -> None:
    sealer = Sealer(SECRET)
    sealed = [*sealer.seal("p", "text")]
    sealed[position] = "A" if sealed[position] != "A" else "B"
    assert sealer.open("p", "".join(sealed), 60) is None


@pytest.mark.parametrize("token", [None, 7, "", "a.b", "a.%.c", "a.W10.c", "a.e30.c", "a.A.c"])
def test_nothing_is_read_from_what_is_not_a_token(token: object) -> None:
    assert peek_claim(token, "iss") is None


def test_a_claim_is_read_from_a_token_nobody_verified() -> None:
    assert peek_claim("a.eyJpc3MiOiJ4In0.c", "iss") == "x"
    assert peek_claim("a.eyJpc3MiOjd9.c", "iss") is None
    assert peek_claim(f"a.{'W' * 70_000}.c", "iss") is None


def test_a_page_shows_text_as_text() -> None:
    answer = page(200, "<t>", "<b>", ('/"', "<l>"))
    assert "<b>" not in answer.body
    assert "&lt;b&gt;" in answer.body
    assert 'href="/&quot;"' in answer.body


@pytest.mark.parametrize("word", ["access_denied", "login_required"])
def test_a_providers_word_is_shown(word: str) -> None:
    assert provider_word(word) == word


@pytest.mark.parametrize("word", [None, 7, "", "Pay here", "a" * 61, "<b>", "a\n"])
def test_other_texts_of_a_provider_are_not_shown(word: object) -> None:
    assert provider_word(word) is None


@pytest.mark.parametrize("text", ["", "{}", "[]", "[7]", "null", "nonsense"])
def test_what_is_not_a_login_is_not_read(text: str) -> None:
    with pytest.raises(InvalidArgumentError):
        PendingLogin.provider_of(text)


@pytest.mark.parametrize("url", ["", "app", "ftp://app", "https://", "https://[", "https://a:x"])
def test_a_place_is_a_url(url: str) -> None:
    with pytest.raises(InvalidArgumentError):
        Place.of(url)


def test_a_place_knows_its_origin_and_root() -> None:
    place = Place.of("HTTPS://App.Example:8443/base/")
    assert (place.url, place.is_secure, place.is_loopback) == (
        "https://app.example:8443/base",
        True,
        False,
    )
    for host in ("localhost", "127.0.0.1:8000", "[::1]:80", "app.localhost"):
        assert Place.of(f"http://{host}").is_loopback
    assert not Place.of("http://localhost.evil.example").is_loopback


def test_a_session_of_many_pieces_is_none() -> None:
    jar = CookieJar("session")
    assert jar.session_cookies("x" * 7001, {}, None) is None
    fields = jar.session_cookies("x" * 7000, {}, 60)
    assert fields is not None
    assert len(fields) == 2
    assert all("Max-Age=60" in field for field in fields)
    smaller = jar.session_cookies("x", {"__Host-session": "", "__Host-session.1": ""}, None)
    assert smaller is not None
    assert smaller[1].startswith("__Host-session.1=; ")
    assert "Max-Age=0" in smaller[1]

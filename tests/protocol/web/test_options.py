"""What a program decides about its logins."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model._web.answers import WebRefusedException
from py_identity_model._web.options import LoginOptions, acr_values_of, check_sealed
from py_identity_model._web.places import Place, is_from, wants_page
from py_identity_model._web.requests import WebRequest
from py_identity_model.exceptions import ConfigurationException, InvalidArgumentError


def options(**more: Any) -> LoginOptions:
    usual: dict[str, Any] = {
        "public_url": None,
        "prefix": "/auth",
        "after_login": "/home",
        "after_logout": "/",
        "cookie_name": "session",
        "userinfo": False,
        "response_mode": None,
        "parameters": {},
        "extra_parameters": {},
        "allow_plain_http": False,
        "names": ("one",),
    }
    return LoginOptions(**{**usual, **more})


def test_each_of_several_providers_has_its_own_redirect_uri() -> None:
    assert options().callback_path("one") == "/auth/callback"
    several = options(names=("one", "two"))
    assert [several.callback_path(name) for name in several.names] == [
        "/auth/callback/one",
        "/auth/callback/two",
    ]
    assert {*several.paths().values()} == {
        *("login", "callback", "logout", "backchannel", "frontchannel"),
    }


@pytest.mark.parametrize(
    "wanted",
    [None, "//evil", "/shop/auth/login", "/shop/auth/callback/x", "/shop/auth/logout?x=1#y"],
)
def test_a_target_that_is_no_page_is_home(wanted: str | None) -> None:
    assert options().target(Place.of("https://app.example/shop"), wanted) == "/shop/home"


def test_a_target_outside_the_login_is_kept() -> None:
    place = Place.of("https://app.example/shop")
    for wanted in ("/shop/auth/login2", "/auth", "/shop"):
        assert options().target(place, wanted) == wanted


def test_acr_values_are_a_text_or_a_list() -> None:
    assert acr_values_of("gold silver") == acr_values_of(["gold", "silver"]) == ("gold", "silver")
    assert acr_values_of(()) == ()
    wrong: Any = [7]
    with pytest.raises(InvalidArgumentError):
        acr_values_of(wrong)


def test_orders_are_on_unless_sessions_are_sealed() -> None:
    assert check_sealed("stored", a=None, b=False, c=True) == {"a": True, "b": False, "c": True}
    assert check_sealed("sealed", a=None, b=False) == {"a": False, "b": False}


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        ("GET", [], True),
        ("HEAD", [("accept", "text/html,*/*;q=0.1")], True),
        ("GET", [("accept", "image/png")], False),
        ("POST", [("accept", "text/html")], False),
        ("GET", [("sec-fetch-mode", "navigate"), ("accept", "image/png")], True),
        ("GET", [("sec-fetch-mode", "websocket"), ("accept", "text/html")], False),
    ],
)
def test_a_page_is_what_a_person_opens(
    method: str, headers: list[tuple[str, str]], expected: bool
) -> None:
    request = WebRequest(method, "https://app.example", "/", headers=headers)
    assert wants_page(request) is expected


def test_two_origins_are_nobodys() -> None:
    headers = [("origin", "https://app.example"), ("origin", "https://evil.example")]
    request = WebRequest("POST", "https://app.example", "/", headers=headers)
    assert not is_from(Place.of("https://app.example"), request)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        *(("prefix", "auth"), ("prefix", 7), ("public_url", "app"), ("names", ())),
        *(("names", ("a/b",)), ("response_mode", "fragment"), ("parameters", "acr=gold")),
        *(("after_login", "//evil.example"), ("after_logout", "https://evil.example")),
        ("cookie_name", "a;b"),
    ],
)
def test_a_wrong_option_is_refused_at_once(name: str, wrong: object) -> None:
    with pytest.raises(InvalidArgumentError):
        options(**{name: wrong})


def test_browsers_find_the_program_at_its_public_url() -> None:
    request = WebRequest("GET", "http://10.0.0.7:8000", "/")
    place = options(public_url="https://app.example").place(request)
    assert place == Place.of("https://app.example")


@pytest.mark.parametrize(
    ("base_url", "error"),
    [
        ("http://app.example", ConfigurationException),
        ("https://app.example//evil", WebRefusedException),
    ],
)
def test_a_place_that_others_could_read_or_choose_is_refused(
    base_url: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        options().place(WebRequest("GET", base_url, "/"))


def test_plain_http_is_allowed_by_name_and_on_this_machine() -> None:
    request = WebRequest("GET", "http://app.example", "/")
    assert options(allow_plain_http=True).place(request).origin == "http://app.example"
    assert options().place(WebRequest("GET", "http://localhost:8000", "/")).is_loopback


@pytest.mark.parametrize(
    ("sessions", "orders", "error"),
    [
        ("elsewhere", {}, InvalidArgumentError),
        ("sealed", {"backchannel_logout": True}, ConfigurationException),
    ],
)
def test_nobody_else_can_end_sealed_sessions(
    sessions: Any, orders: dict[str, bool], error: type[Exception]
) -> None:
    with pytest.raises(error):
        check_sealed(sessions, **orders)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")], True),
        ([("sec-fetch-site", "cross-site")], False),
        ([("origin", "https://app.example")], True),
        ([], True),
    ],
)
def test_browsers_say_which_site_a_request_is_from(
    headers: list[tuple[str, str]], expected: bool
) -> None:
    request = WebRequest("POST", "https://app.example", "/", headers=headers)
    assert is_from(Place.of("https://app.example"), request) is expected


def test_a_socket_shows_nothing() -> None:
    socket = WebRequest("GET", "https://app.example", "/", is_websocket=True)
    assert not wants_page(socket)

"""What a program decides about its logins."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model._web.options import LoginOptions, acr_values_of, check_sealed
from py_identity_model._web.places import Place, is_from, wants_page
from py_identity_model._web.requests import WebRequest
from py_identity_model.exceptions import InvalidArgumentError


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

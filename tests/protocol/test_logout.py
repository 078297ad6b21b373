"""Logouts: by the client, and as providers ask for them."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from py_identity_model import (
    build_end_session_url,
    validate_post_logout_state,
)
from py_identity_model._protocol.logout import (
    BACK_CHANNEL_LOGOUT,
    check_logout_claims,
    check_logout_typ,
    remembered_until,
    replayed_error,
    store_error,
)
from py_identity_model.exceptions import (
    InvalidArgumentError,
    LogoutStateValidationException,
    LogoutTokenValidationException,
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


LOGOUT: dict[str, Any] = {
    "iss": "https://op.example",
    "aud": "web",
    "iat": 1000,
    "exp": 1100,
    "jti": "1",
    "sub": "alice",
    "events": {BACK_CHANNEL_LOGOUT: {}},
}


def ordered(changed: dict[str, Any] | None = None, *, now: float = 1010, **more: Any) -> None:
    claims = {**LOGOUT, **(changed or {})}
    present = {name: value for name, value in claims.items() if value is not None}
    check_logout_claims(present, now=now, **more)


@pytest.mark.parametrize(
    "changed",
    [{}, {"sub": None, "sid": "s"}, {"sid": "s"}, {"events": {BACK_CHANNEL_LOGOUT: {"a": 1}}}],
)
def test_a_sound_logout_token_orders_a_logout(changed: dict[str, Any]) -> None:
    ordered(changed)
    ordered(changed, require_exp=True)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        *(
            ({name: None}, "missing_logout_claim")
            for name in ("iss", "aud", "iat", "jti", "events")
        ),
        ({"nonce": "n"}, "logout_token_with_nonce"),
        ({"sub": None}, "missing_logout_subject"),
        ({"sub": 7}, "invalid_logout_claim"),
        ({"sid": ["s"]}, "invalid_logout_claim"),
        ({"jti": 1}, "invalid_logout_claim"),
        ({"events": []}, "missing_logout_event"),
        ({"events": {}}, "missing_logout_event"),
        ({"events": {BACK_CHANNEL_LOGOUT: None}}, "missing_logout_event"),
        ({"events": {BACK_CHANNEL_LOGOUT: True}}, "missing_logout_event"),
    ],
)
def test_a_logout_token_that_breaks_a_rule_is_refused(changed: dict[str, Any], code: str) -> None:
    with refused(LogoutTokenValidationException, code) as caught:
        ordered(changed)
    assert caught.value.token_part == "payload"


def test_a_token_without_exp_is_good_for_five_minutes_unless_exp_is_required() -> None:
    ordered({"exp": None}, now=1300)
    ordered({"exp": None}, now=1360, leeway=60)
    with refused(LogoutTokenValidationException, "logout_token_too_old"):
        ordered({"exp": None}, now=1301)
    with refused(LogoutTokenValidationException, "missing_logout_claim"):
        ordered({"exp": None}, require_exp=True)


@pytest.mark.parametrize("typ", ["logout+jwt", "LOGOUT+JWT", "application/logout+jwt"])
def test_the_type_of_logout_tokens_is_accepted(typ: str) -> None:
    check_logout_typ(typ, require=True)
    check_logout_typ(typ, require=False)


@pytest.mark.parametrize("typ", [None, "JWT", "jwt"])
def test_a_token_without_its_own_type_is_refused_where_that_is_required(typ: str | None) -> None:
    check_logout_typ(typ, require=False)
    with refused(LogoutTokenValidationException, "wrong_logout_typ"):
        check_logout_typ(typ, require=True)


@pytest.mark.parametrize("typ", ["at+jwt", "dpop+jwt", "", 7, ["logout+jwt"]])
def test_the_type_of_another_token_orders_no_logout(typ: object) -> None:
    with refused(LogoutTokenValidationException, "wrong_logout_typ"):
        check_logout_typ(typ, require=False)


def test_a_token_can_be_replayed_as_long_as_it_is_accepted() -> None:
    assert remembered_until(LOGOUT, 60) == 1220
    assert remembered_until({"iat": 1000}, 60) == 1420


def test_the_exceptions_for_replays_have_codes() -> None:
    assert replayed_error().code == "logout_token_replayed"
    assert store_error().code == "store_unavailable"

"""Backchannel authentication: requests, notifications, answers."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model import (
    BackchannelAuthenticationRequest,
    BackchannelTokenRequest,
    DPoPKey,
    ErrorKind,
    validate_backchannel_notification,
)
from py_identity_model._protocol.ciba import (
    build_authentication,
    build_poll,
    expired_response,
    parse_authentication,
    parse_poll,
)
from py_identity_model._wire.messages import UnusableAnswer
from py_identity_model.exceptions import (
    ValidationException,
)
from tests.protocol.answers import TOKEN, URL, answer
from tests.support import refused


@pytest.mark.parametrize(
    ("authorization", "body", "token", "code"),
    [
        (None, b"{}", "t", "invalid_notification_token"),
        ("Bearer \ud800", b"{}", "t", "invalid_notification_token"),
        ("Bearer t", b"{}", "\ud800", "invalid_notification_token"),
        ("Bearer x", b"{}", "t", "invalid_notification_token"),
        ("Basic t", b"{}", "t", "invalid_notification_token"),
        ("Bearer ", b"{}", "", "invalid_notification_token"),
        ("Bearer t", b"{}", "t", "invalid_notification"),
        ("Bearer t", b"[]", "t", "invalid_notification"),
        ("Bearer t", b"<x>", "t", "invalid_notification"),
        ("Bearer t", b'{"auth_req_id": 7}', "t", "invalid_notification"),
        ("Bearer t", b"[" * 100000, "t", "invalid_notification"),
    ],
)
def test_a_notification_of_a_stranger_is_refused(
    authorization: str | None, body: bytes, token: str, code: str
) -> None:
    with refused(ValidationException, code):
        validate_backchannel_notification(authorization, body, token)


def test_a_notification_names_its_request() -> None:
    assert validate_backchannel_notification("bearer t", '{"auth_req_id": "a"}', "t") == "a"


KEY = DPoPKey()


PEM = KEY.private_key_pem


OP = "https://op.example"


def test_nothing_is_sent_beside_a_signed_request() -> None:
    def ask(**more: Any) -> Any:
        return build_authentication(BackchannelAuthenticationRequest(f"{OP}/bc", "till", **more))

    assert ask(request="a.b.c").form == {"request": "a.b.c"}
    assert ask(extra_parameters={"request": "a.b.c"}).form == {"request": "a.b.c"}
    for beside in (
        {"login_hint": "alice"},
        {"requested_expiry": 5},
        {"binding_message": ""},
        {"resource": "https://api.example"},
        {"extra_parameters": {"other": "x"}},
        {"extra_parameters": {"request": "d.e.f"}},
    ):
        with pytest.raises(UnusableAnswer, match="signed"):
            ask(request="a.b.c", **beside)
    with pytest.raises(UnusableAnswer, match="signed"):
        ask(request=" ")
    assert "a.b.c" not in repr(BackchannelAuthenticationRequest("x", "y", request="a.b.c"))


def poll(**more: Any) -> BackchannelTokenRequest:
    return BackchannelTokenRequest(URL, "till", "the-request", **more)


def authentication(**more: Any) -> BackchannelAuthenticationRequest:
    return BackchannelAuthenticationRequest(URL, "till", **more)


def test_a_request_says_whom_it_is_about_and_what_for() -> None:
    request = authentication(login_hint="alice", requested_expiry=60, binding_message="W4SCT")
    assert build_authentication(request).form == {
        "login_hint": "alice",
        "binding_message": "W4SCT",
        "scope": "openid",
        "requested_expiry": "60",
    }


@pytest.mark.parametrize(
    "hints", [{}, {"login_hint": "a", "id_token_hint": "b"}, {"login_hint": ""}]
)
def test_a_request_names_one_user(hints: dict[str, str]) -> None:
    with pytest.raises(UnusableAnswer, match="exactly one"):
        build_authentication(authentication(**hints))


def test_the_handle_for_polling_is_read() -> None:
    body = {"auth_req_id": "the-request", "expires_in": "120", "interval": 3}
    response = parse_authentication(authentication(login_hint="a"), answer(body))
    assert (response.auth_req_id, response.expires_in, response.interval) == ("the-request", 120, 3)
    assert "the-request" not in repr(response)


@pytest.mark.parametrize(
    "body", [{}, {"auth_req_id": "", "expires_in": 1}, {"auth_req_id": "a", "expires_in": None}]
)
def test_an_answer_without_its_members_is_unusable(body: dict[str, Any]) -> None:
    with pytest.raises(UnusableAnswer):
        parse_authentication(authentication(login_hint="a"), answer(body))


def test_a_refused_request_is_a_failed_response() -> None:
    refusal = answer({"error": "unknown_user_id"}, 400)
    response = parse_authentication(authentication(login_hint="a"), refusal)
    assert response.oauth_error == "unknown_user_id"


def test_a_poll_names_its_request_and_brings_tokens() -> None:
    form = build_poll(poll()).form
    assert form == {"grant_type": "urn:openid:params:grant-type:ciba", "auth_req_id": "the-request"}
    assert parse_poll(poll(), answer(TOKEN)).token == TOKEN
    assert parse_poll(poll(), answer({"error": "slow_down"}, 400)).oauth_error == "slow_down"


def test_a_request_that_has_expired_ends_the_flow() -> None:
    assert expired_response().error_kind is ErrorKind.EXPIRED

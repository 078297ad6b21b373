"""Backchannel authentication: requests, notifications, answers."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model import (
    BackchannelAuthenticationRequest,
    DPoPKey,
    JsonWebKeySet,
    create_backchannel_request_object,
    jwks_from_dict,
    validate_backchannel_notification,
    verify_jws,
)
from py_identity_model._jose.encoding import parse_object
from py_identity_model._protocol.ciba import build_authentication
from py_identity_model._wire.messages import UnusableAnswer
from py_identity_model.exceptions import (
    InvalidArgumentError,
    ValidationException,
)
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


def backchannel(**more: Any) -> str:
    return create_backchannel_request_object(PEM, "ES256", "till", OP, **more)


def test_a_signed_request_of_the_back_channel_says_everything() -> None:
    made = backchannel(id_token_hint="t", binding_message=None, scope=["openid", "pay"])
    keys = JsonWebKeySet([jwks_from_dict(KEY.public_jwk)])
    claims = parse_object(verify_jws(made, keys, ["ES256"]))
    assert (claims["iss"], claims["aud"], claims["scope"]) == ("till", OP, "openid pay")
    assert claims["exp"] - claims["iat"] == 300
    assert "binding_message" not in claims


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({}, "exactly one of"),
        ({"login_hint": "a", "login_hint_token": "b"}, "exactly one of"),
        ({"login_hint": "a", "iss": "other"}, "must not name iss"),
        ({"login_hint": "a", "lifetime": 0}, "lifetime"),
        ({"login_hint": "a", "scope": "pay"}, "openid"),
    ],
)
def test_an_unsound_request_of_the_back_channel_is_not_signed(
    more: dict[str, Any], text: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=text):
        backchannel(**more)
    for algorithm in ("none", "HS256"):
        with pytest.raises(InvalidArgumentError, match="Unsupported"):
            create_backchannel_request_object("k" * 64, algorithm, "till", OP, login_hint="a")


def test_nothing_stands_beside_a_signed_request() -> None:
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

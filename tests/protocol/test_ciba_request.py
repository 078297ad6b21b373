"""Signed requests of the back channel: what they say, and which are not signed."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model import (
    DPoPKey,
    JsonWebKeySet,
    create_backchannel_request_object,
    jwks_from_dict,
    verify_jws,
)
from py_identity_model._jose.encoding import parse_object
from py_identity_model.exceptions import InvalidArgumentError

KEY = DPoPKey()
PEM = KEY.private_key_pem
OP = "https://op.example"


def backchannel(**more: Any) -> str:
    return create_backchannel_request_object(PEM, "ES256", "till", OP, **more)


def test_a_signed_request_of_the_back_channel_says_everything() -> None:
    scope = iter(["openid", "pay"])
    made = backchannel(id_token_hint="t", binding_message=None, scope=scope)
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


def test_two_requests_are_never_the_same() -> None:
    keys = JsonWebKeySet([jwks_from_dict(KEY.public_jwk)])
    made = [backchannel(login_hint="alice") for _ in range(2)]
    first, second = (parse_object(verify_jws(one, keys, ["ES256"]))["jti"] for one in made)
    assert first != second


@pytest.mark.parametrize(
    "name", ["iss", "aud", "exp", "iat", "nbf", "jti", "request", "client_assertion"]
)
def test_a_parameter_cannot_take_the_place_of_what_is_signed(name: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"must not name {name}"):
        backchannel(login_hint="alice", **{name: "other"})

"""Request objects: of the back channel, by reference, unsigned."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from py_identity_model import (
    BackchannelAuthenticationRequest,
    DPoPKey,
    JsonWebKeySet,
    build_request_uri_authorization_url,
    create_backchannel_request_object,
    create_request_object,
    create_unsigned_request_object,
    jwks_from_dict,
    request_object_reference,
    request_object_response,
    verify_jws,
)
from py_identity_model._jose.encoding import decode_base64url, encode_base64url, parse_object
from py_identity_model._protocol.ciba import build_authentication
from py_identity_model._wire.messages import UnusableAnswer
from py_identity_model.exceptions import InvalidArgumentError, TokenValidationException

KEY = DPoPKey()
PEM = KEY.private_key_pem
ENDPOINT = "https://op.example/authorize"
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


def test_an_unsigned_request_is_made_only_by_its_own_name() -> None:
    made = create_unsigned_request_object("web", OP, scope="openid", state=None)
    head, body, signature = made.split(".")
    assert parse_object(decode_base64url(head.encode())) == {"alg": "none"}
    claims = parse_object(decode_base64url(body.encode()))
    assert claims == {"iss": "web", "aud": OP, "client_id": "web", "scope": "openid"}
    assert signature == ""
    with pytest.raises(InvalidArgumentError, match="Unsupported"):
        create_request_object(PEM, "none", "web", OP, "https://rp.example/cb")
    with pytest.raises(InvalidArgumentError, match="request"):
        create_unsigned_request_object("web", OP, request="x")
    keys = JsonWebKeySet([jwks_from_dict(KEY.public_jwk)])
    with pytest.raises(TokenValidationException):
        verify_jws(made, keys, ["ES256"])


def test_a_request_is_passed_by_reference() -> None:
    made = create_request_object(PEM, "ES256", "web", OP, "https://rp.example/cb")
    reference = request_object_reference("https://rp.example/requests/1", made)
    digest = hashlib.sha256(made.encode()).digest()
    assert reference == f"https://rp.example/requests/1#{encode_base64url(digest).decode()}"
    headers, body = request_object_response(made)
    assert headers["Content-Type"] == "application/oauth-authz-req+jwt"
    assert body == made.encode()
    url = build_request_uri_authorization_url(ENDPOINT, "web", reference, ["openid"], "code")
    assert parse_qs(urlsplit(url).query) == {
        "client_id": ["web"],
        "request_uri": [reference],
        "scope": ["openid"],
        "response_type": ["code"],
    }
    short = build_request_uri_authorization_url(ENDPOINT, "web", "urn:example:1")
    assert parse_qs(urlsplit(short).query) == {
        "client_id": ["web"],
        "request_uri": ["urn:example:1"],
    }


@pytest.mark.parametrize(
    "reference",
    [
        *("", "http://rp.example/1", "file:///etc/passwd", "https://", "urn:", "https://[", None),
        *("https://rp.example/" + "x" * 500, "https://rp.example/a b", "https://rp.example/\n"),
    ],
)
def test_a_reference_that_no_provider_may_follow_is_refused(reference: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="request_uri"):
        build_request_uri_authorization_url(ENDPOINT, "web", reference)


def test_a_reference_needs_a_client_and_gets_its_own_fragment() -> None:
    with pytest.raises(InvalidArgumentError, match="client_id"):
        build_request_uri_authorization_url(ENDPOINT, "", "urn:example:1")
    odd: list[Any] = ["https://rp.example/#x", None]
    for url in odd:
        with pytest.raises(InvalidArgumentError):
            request_object_reference(url, "a.b.c")

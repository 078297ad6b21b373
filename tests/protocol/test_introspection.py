"""Introspection: plain and signed answers."""

from __future__ import annotations

import pytest

from py_identity_model import TokenIntrospectionRequest, TokenValidationConfig
from py_identity_model._protocol.introspection import SIGNED, build, parse, verified
from py_identity_model._wire.messages import HttpResponse, Replay, UnusableAnswer

URL = "https://op.example/introspect"
PLAIN = TokenIntrospectionRequest(URL, "the-token", "api", "access_token")
VERIFIED = TokenIntrospectionRequest(
    URL, "the-token", "api", token_validation_config=TokenValidationConfig(perform_disco=True)
)


def answer(body: bytes, kind: str = "application/json", status: int = 200) -> HttpResponse:
    return HttpResponse(status, {"content-type": kind}, body)


def test_a_token_is_asked_about_as_often_as_needed() -> None:
    built = build(PLAIN)
    assert built.form == {"token": "the-token", "token_type_hint": "access_token"}
    assert built.replay is Replay.SAFE
    assert build(VERIFIED).headers == {"Accept": SIGNED}


def test_a_plain_answer_holds_the_claims() -> None:
    assert parse(PLAIN, answer(b'{"active": true, "sub": "a"}')).claims == {
        "active": True,
        "sub": "a",
    }


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"<html>", b'"active"', b"[" * 9000),
        b'{"active": true, "aud": "else", "aud": "api"}',
        b'{"active": true, "cnf": {"jkt": "a", "jkt": "b"}}',
    ],
)
def test_a_plain_answer_that_is_not_an_object_is_unusable(body: bytes) -> None:
    with pytest.raises(UnusableAnswer) as caught:
        parse(PLAIN, answer(body))
    assert str(caught.value) in {
        "the body is invalid JSON, or has a member twice",
        "the body is not a JSON object",
    }


def test_a_signed_answer_is_still_to_be_verified() -> None:
    response = parse(VERIFIED, answer(b"a.b.c", SIGNED))
    assert (response.raw, response.claims) == ("a.b.c", None)


def test_an_answer_of_the_other_kind_is_refused() -> None:
    with pytest.raises(UnusableAnswer, match="requires a token_validation_config"):
        parse(PLAIN, answer(b"a.b.c", SIGNED))
    with pytest.raises(UnusableAnswer, match="not signed"):
        parse(VERIFIED, answer(b'{"active": true}'))


def test_a_verified_answer_holds_the_claims_of_the_token() -> None:
    found = verified(VERIFIED, "a.b.c", {"token_introspection": {"active": True}})
    assert (found.claims, found.raw) == ({"active": True}, "a.b.c")


@pytest.mark.parametrize("said", [None, [], "x", True])
def test_a_verified_answer_without_them_is_unusable(said: object) -> None:
    with pytest.raises(UnusableAnswer):
        verified(VERIFIED, "a.b.c", {"token_introspection": said, "active": True})


def test_a_refusal_does_not_show_the_token() -> None:
    response = parse(PLAIN, answer(b"the-token is bad", "text/plain", 401))
    assert response.status_code == 401
    assert "the-token" not in str(response.error)

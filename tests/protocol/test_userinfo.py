"""Userinfo: requests, and whose claims come back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from py_identity_model import DPoPKey, ErrorKind, UserInfoRequest
from py_identity_model._protocol.userinfo import SIGNED, build, parse, with_claims
from py_identity_model._wire.messages import HttpResponse, Replay, UnusableAnswer
from py_identity_model.exceptions import InvalidArgumentError
from tests.support import refused

URL = "https://op.example/me"


def request(**more: Any) -> UserInfoRequest:
    return UserInfoRequest(URL, "the-token", **more)


def answer(body: Any, kind: str = "application/json", status: int = 200) -> HttpResponse:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status, {"content-type": kind}, content)


def test_the_token_is_in_the_header() -> None:
    built = build(request())
    assert (built.method, built.form, built.access_token) == ("GET", None, "the-token")
    assert built.replay is Replay.SAFE


def test_a_post_has_an_empty_form_or_the_token_in_it() -> None:
    assert build(request(method="POST")).form == {}
    built = build(request(method="POST", token_in_body=True))
    assert (built.form, built.access_token) == ({"access_token": "the-token"}, None)


@pytest.mark.parametrize(
    "more",
    [
        {"method": "PUT"},
        {"method": "get"},
        {"token_in_body": True},
        {"method": "POST", "token_in_body": True, "dpop_key": DPoPKey()},
    ],
)
def test_a_request_that_makes_no_sense_is_refused(more: dict[str, Any]) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        build(request(**more))


def test_a_plain_answer_holds_the_claims() -> None:
    assert parse(request(), answer({"sub": "alice"})).claims == {"sub": "alice"}


def test_a_signed_answer_is_still_to_be_verified() -> None:
    response = parse(request(), answer(b"a.b.c", SIGNED))
    assert (response.raw, response.claims) == ("a.b.c", None)


def test_claims_of_the_expected_user_are_returned() -> None:
    response = with_claims(request(expected_sub="alice"), {"sub": "alice"}, "a.b.c")
    assert (response.claims, response.raw) == ({"sub": "alice"}, "a.b.c")


@pytest.mark.parametrize("subject", [None, "", 7, "Alice", "alice ", ["alice"]])
def test_claims_of_somebody_else_are_refused(subject: object) -> None:
    response = with_claims(request(expected_sub="alice"), {"sub": subject})
    assert response.error_kind is ErrorKind.SUBJECT_MISMATCH
    assert "sub" in str(response.error)


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>"])
def test_an_answer_that_is_not_an_object_is_unusable(body: bytes) -> None:
    with pytest.raises(UnusableAnswer):
        parse(request(), answer(body))


def test_a_refusal_is_a_failed_response() -> None:
    response = parse(request(), answer(b"the-token expired", status=401))
    assert response.status_code == 401
    assert "the-token" not in str(response.error)

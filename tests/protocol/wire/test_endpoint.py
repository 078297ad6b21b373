"""What all endpoints share: refusals, bodies, numbers, and what is never quoted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from py_identity_model import ErrorKind, NetworkException
from py_identity_model._wire.endpoint import (
    Endpoint,
    is_refusal,
    json_object,
    number_of,
    polling_interval,
    refusal,
    secrets_of,
    whole_number,
)
from py_identity_model._wire.messages import HttpRequest, HttpResponse, UnusableAnswer
from py_identity_model._wire.models import BaseRequest, BaseResponse


@dataclass(repr=False)
class Ask(BaseRequest):
    _secret_fields: ClassVar[frozenset[str]] = frozenset({"secret", "many"})

    secret: str | None = None
    many: Any = None


@dataclass(eq=False, repr=False)
class Reply(BaseResponse):
    value: str | None = None


ENDPOINT: Endpoint[Ask, Reply] = Endpoint(
    "asking",
    Reply,
    lambda request: HttpRequest("GET", request.address),
    lambda request, response: Reply(True, value="x"),
)
URL = "https://op.example/"


def answer(status: int, body: Any) -> HttpResponse:
    return HttpResponse(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())


def test_an_exception_becomes_the_failed_response_of_the_endpoint() -> None:
    response = ENDPOINT.failed(NetworkException("no route", URL))
    assert type(response) is Reply
    assert response.error_kind is ErrorKind.NETWORK_ERROR
    assert "asking" in str(response.error)


def test_every_secret_is_found_however_deep_it_lies() -> None:
    request = Ask(URL, "s1", {"a": ["s2", ("s3",)], "b": {"c": "s4"}, "d": 7})
    assert sorted(secrets_of(request)) == ["s1", "s2", "s3", "s4"]


def test_a_refusal_quotes_the_provider_but_none_of_our_secrets() -> None:
    body = {"error": "bad", "error_description": "hush-1 was wrong, so was hush-2"}
    response = refusal(Reply, "Asking", Ask(URL, "hush-1", ["hush-2"]), answer(400, body))
    shown = repr(vars(response))
    assert response.status_code == 400
    assert response.error_kind is ErrorKind.UNEXPECTED_STATUS
    assert response.oauth_error == "bad"
    assert "hush" not in shown


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b'{"a": NaN}'])
def test_a_body_that_is_not_json_is_unusable(body: bytes) -> None:
    with pytest.raises(UnusableAnswer) as caught:
        json_object(answer(200, body))
    assert caught.value.kind is ErrorKind.INVALID_JSON


@pytest.mark.parametrize("body", [[], "x", 7, None, True])
def test_json_that_is_not_an_object_is_unusable(body: object) -> None:
    with pytest.raises(UnusableAnswer) as caught:
        json_object(answer(200, body))
    assert caught.value.kind is ErrorKind.INVALID_DOCUMENT


@pytest.mark.parametrize(
    ("status", "body", "refused"),
    [
        (200, {"access_token": "t"}, False),
        (200, {"error": "bad"}, True),
        (200, {"error": "bad", "access_token": "t"}, False),
        (200, {"error": " "}, False),
        (200, {"error": 7}, False),
        (200, b"<html>", False),
        (200, [], False),
        (400, {"access_token": "t"}, True),
        (302, {}, True),
    ],
)
def test_a_refusal_is_known_by_status_or_by_its_error(
    status: int, body: Any, refused: bool
) -> None:
    assert is_refusal(answer(status, body)) is refused


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3, 3),
        (1.5, 1.5),
        ("3600", 3600.0),
        ("-1.5", -1.5),
        *[(odd, None) for odd in (True, None, "", "1e3", " 1", "\u0661", "1" * 16, "nan", [1])],
    ],
)
def test_a_number_may_be_sent_as_a_string(value: object, number: float | None) -> None:
    assert number_of(value) == number


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(1.9, 1), ("60", 60), (0, None), (-1, None), (1e12, None), (float("nan"), None)],
)
def test_seconds_are_positive_and_rounded_down(value: object, seconds: int | None) -> None:
    assert whole_number(value) == seconds


def test_a_provider_is_polled_once_a_second_at_most() -> None:
    assert [polling_interval(one) for one in (0.5, 5, "7", 0, None)] == [1, 5, 7, None, None]

"""Answers to a login: whose they are."""

from __future__ import annotations

import pytest

from py_identity_model import (
    AuthorizationRequest,
    build_authorization_url,
    parse_authorize_callback_response,
    validate_backchannel_notification,
)
from py_identity_model._protocol.callback import callback_url
from py_identity_model._relying_party.login import check_callback
from py_identity_model.exceptions import (
    AuthorizeCallbackException,
    InvalidArgumentError,
    ValidationException,
)
from tests.support import refused

ISSUER = "https://op.example"


def begun(response_type: str = "code", response_mode: str | None = None) -> AuthorizationRequest:
    return AuthorizationRequest(
        "u", ISSUER, "web", "https://rp.example/cb", "s", "n", "v", response_type, response_mode
    )


@pytest.mark.parametrize(
    ("answer", "login"),
    [
        ("/cb#code=c&id_token=i&state=s", begun("code id_token")),
        ("/cb?code=c&state=s", begun(response_mode="jwt")),
    ],
)
def test_answers_that_name_their_issuer_otherwise_need_no_iss(
    answer: str, login: AuthorizationRequest
) -> None:
    check_callback(parse_authorize_callback_response(answer), login, supports_iss=True)


def test_a_plain_answer_needs_the_iss_that_its_provider_always_sends() -> None:
    answer = parse_authorize_callback_response("/cb?code=c&state=s")
    with refused(AuthorizeCallbackException, "missing_issuer"):
        check_callback(answer, begun(), supports_iss=True)
    check_callback(answer, begun(), supports_iss=False)


@pytest.mark.parametrize(
    ("answer", "url"),
    [
        ("code=c&state=s", "?code=c&state=s"),
        ("iss=https://op.example&code=c", "?iss=https://op.example&code=c"),
        ("?code=c", "?code=c"),
        ("https://rp.example/cb?code=c", "https://rp.example/cb?code=c"),
        ("app:/cb?code=c", "app:/cb?code=c"),
        ("/cb#code=c", "/cb#code=c"),
        ({"code": "c", "state": None}, "?code=c"),
        ({"code": ["c"], "state": ("s",)}, "?code=c&state=s"),
        ({"code": "a b&c"}, "?code=a+b%26c"),
        ({}, "?"),
        ("", ""),
    ],
)
def test_what_web_servers_have_is_read_as_a_url(answer: object, url: str) -> None:
    assert callback_url(answer) == url


def test_text_that_is_no_text_is_refused_and_never_an_untyped_error() -> None:
    assert callback_url({"code": "\ud800"}) == "?code=%3F"
    with refused(InvalidArgumentError, "invalid_argument"):
        build_authorization_url("https://op.example/a", "web", "https://rp", login_hint="\ud800")
    for token, header in (("\ud800", "Bearer x"), ("x", "Bearer \ud800"), ("", "Bearer ")):
        with refused(ValidationException, "invalid_notification_token"):
            validate_backchannel_notification(header, "{}", token)

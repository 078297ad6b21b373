"""Token exchange (RFC 8693)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from py_identity_model import ErrorKind, TokenExchangeRequest, TokenExchangeResponse
from py_identity_model._protocol.token_exchange import (
    ENDPOINT,
    InvalidExchangeArguments,
    build,
    checked_exchange,
    parse,
)
from py_identity_model._wire.messages import HttpResponse, UnusableAnswer

URL = "https://op.example/token"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"
TOKEN = {"access_token": "t", "token_type": "Bearer", "issued_token_type": ACCESS}


def request(subject: str = "subject", kind: str = ACCESS, **more: Any) -> TokenExchangeRequest:
    return TokenExchangeRequest(URL, "web", subject, kind, **more)


def answer(body: Any, status: int = 200) -> HttpResponse:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status, {"content-type": "application/json"}, content)


def checked(token: dict[str, Any], *, bound: bool = False) -> TokenExchangeResponse:
    return checked_exchange(parse(request(), answer(token)), URL, bound=bound)


def test_both_tokens_are_sent_with_their_types() -> None:
    built = build(request(actor_token="actor", actor_token_type=ACCESS))
    assert built.form is not None
    assert (built.form["subject_token"], built.form["actor_token"]) == ("subject", "actor")
    assert built.form["actor_token_type"] == ACCESS


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (request(""), "subject_token must not be empty"),
        (request(kind=""), "subject_token_type must not be empty"),
        (request(actor_token="actor"), "actor_token_type is REQUIRED"),
        (request(actor_token_type=ACCESS), "no meaning"),
    ],
)
def test_arguments_that_do_not_fit_fail_in_words_of_their_own(
    wrong: TokenExchangeRequest, text: str
) -> None:
    with pytest.raises(InvalidExchangeArguments, match=text) as caught:
        build(wrong)
    response = ENDPOINT.failed(caught.value)
    assert str(response.error).startswith("Validation error during token exchange: ")
    assert response.error_kind is ErrorKind.INVALID_CONFIGURATION


def test_any_other_failure_has_the_usual_words() -> None:
    assert ENDPOINT.failed(UnusableAnswer("no")).error_kind is ErrorKind.INVALID_DOCUMENT


def test_the_issued_token_type_is_named() -> None:
    response = parse(request(), answer({**TOKEN, "expires_in": 60}))
    assert response.issued_token_type == ACCESS
    assert response.expires_at is not None


@pytest.mark.parametrize("name", ["access_token", "token_type"])
@pytest.mark.parametrize("value", [None, "", 7])
def test_an_answer_without_its_members_is_unusable(name: str, value: object) -> None:
    with pytest.raises(UnusableAnswer, match=name):
        parse(request(), answer({**TOKEN, name: value}))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": "invalid_target", "error_description": "no"}, "Error: invalid_target — no"),
        ({"error": "invalid_target"}, "Error: invalid_target"),
        (b"the subject is unknown", "Error: "),
    ],
)
def test_a_refusal_quotes_the_provider_without_the_tokens(body: Any, words: str) -> None:
    response = parse(request(), answer(body, 400))
    assert words in str(response.error)
    assert "subject" not in str(response.error)


def test_an_access_token_that_the_client_cannot_use_is_refused() -> None:
    assert checked(TOKEN).is_successful
    assert checked({**TOKEN, "token_type": "DPoP"}, bound=True).is_successful
    for response in (checked(TOKEN, bound=True), checked({**TOKEN, "token_type": "mac"})):
        assert response.error_kind is ErrorKind.INVALID_DOCUMENT


def test_a_token_of_another_kind_is_not_judged() -> None:
    saml = "urn:ietf:params:oauth:token-type:saml2"
    assert checked({**TOKEN, "token_type": "N_A", "issued_token_type": saml}).is_successful
    refused = TokenExchangeResponse(False, "no")
    assert checked_exchange(refused, URL, bound=True) is refused

"""Answers to a login: whose they are."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from py_identity_model import (
    AuthorizationRequest,
    build_authorization_url,
    parse_authorize_callback_response,
    validate_backchannel_notification,
)
from py_identity_model._protocol.callback import callback_url
from py_identity_model._relying_party.login import (
    LoginSecrets,
    check_callback,
    check_protection,
    check_unsigned,
)
from py_identity_model.exceptions import (
    AuthorizeCallbackException,
    ConfigurationException,
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
    ("response_type", "answer", "missing"),
    [
        ("code", "?state=s", "code"),
        ("id_token", "#state=s", "id_token"),
        ("code id_token", "#state=s&id_token=i", "code"),
        ("code id_token", "#state=s&code=c", "id_token"),
        ("code token", "#state=s&code=c", "token"),
        ("id_token token", "#state=s&access_token=t", "id_token"),
        ("id_token token", "#state=s&id_token=i", "token"),
    ],
)
def test_an_answer_carries_all_that_was_asked_for(
    response_type: str, answer: str, missing: str
) -> None:
    callback = parse_authorize_callback_response(f"/cb{answer}")
    with refused(AuthorizeCallbackException, "incomplete_callback") as caught:
        check_callback(callback, begun(response_type), supports_iss=False)
    assert str(caught.value) == f"the response carries no {missing}"


@pytest.mark.parametrize(
    "answer", ["error=no&error_description=d&state=s", "error=no&error_description=d"]
)
def test_a_refusal_says_what_the_provider_said(answer: str) -> None:
    callback = parse_authorize_callback_response(f"/cb?{answer}")
    with refused(AuthorizeCallbackException, "authorization_refused") as plain:
        check_callback(callback, begun(), supports_iss=True)
    with refused(AuthorizeCallbackException, "authorization_refused") as unsigned:
        check_unsigned(f"/cb?{answer}")
    for caught in (plain, unsigned):
        assert str(caught.value) == "the provider refused: no"
        assert caught.value.details == {"error": "no", "error_description": "d"}


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("error=no&state=t", "state_mismatch"),
        ("error=no&state=s&iss=https://other.example", "issuer_mismatch"),
        ("error=no&iss=https://other.example", "issuer_mismatch"),
        ("code=c&state=t", "state_mismatch"),
        ("code=c", "missing_state"),
        ("code=c&state=s&iss=https://other.example", "issuer_mismatch"),
    ],
)
def test_the_answer_to_another_login_is_refused(answer: str, code: str) -> None:
    callback = parse_authorize_callback_response(f"/cb?{answer}")
    with refused(AuthorizeCallbackException, code) as caught:
        check_callback(callback, begun(), supports_iss=False)
    assert str(caught.value).startswith("the response is refused: ")


def test_a_provider_may_answer_by_another_of_its_names() -> None:
    callback = parse_authorize_callback_response("/cb?code=c&state=s&iss=https://alias.example")
    check_callback(callback, begun(), supports_iss=True, issuer="https://alias.example")


def test_an_answer_that_must_be_signed_and_is_not_is_refused() -> None:
    with refused(AuthorizeCallbackException, "unsigned_response"):
        check_unsigned("/cb?code=c&state=s")


@pytest.mark.parametrize(
    ("mode", "signed"), [(None, False), ("query", False), ("jwt", True), ("form_post.jwt", True)]
)
def test_a_mode_says_whether_an_answer_is_signed(mode: str | None, signed: bool) -> None:
    assert begun(response_mode=mode).is_signed_response is signed


FULL = AuthorizationRequest(
    "u", ISSUER, "web", "https://rp.example/cb", "s", "n", "v", "code id_token", "form_post", 60
)


@pytest.mark.parametrize(
    "login",
    [
        begun(),
        FULL,
        replace(FULL, nonce=None, code_verifier=None, has_id_token=False, resource=["a", "b"]),
        replace(FULL, resource="a", max_age=0),
    ],
)
def test_a_login_that_has_begun_is_read_as_it_was_written(login: AuthorizationRequest) -> None:
    assert AuthorizationRequest.from_json(login.to_json()) == replace(login, url="")


def test_the_json_of_a_login_is_small_and_holds_what_is_compared_later() -> None:
    assert begun().to_json() == (
        '{"issuer":"https://op.example","client_id":"web","redirect_uri":"https://rp.example/cb",'
        '"state":"s","nonce":"n","code_verifier":"v"}'
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, "") for name in ("issuer", "client_id", "redirect_uri", "state")),
        *((name, "") for name in ("response_type", "response_mode", "nonce", "code_verifier")),
        *((name, 7) for name in ("issuer", "response_type", "response_mode", "nonce")),
        *((name, None) for name in ("issuer", "client_id", "redirect_uri", "state")),
        ("max_age", "60"),
        ("max_age", True),
        ("max_age", 60.5),
        ("has_id_token", 1),
        ("has_id_token", None),
        ("resource", 7),
        ("resource", ""),
        ("resource", ["a", ""]),
        ("resource", ["a", 7]),
    ],
)
def test_a_login_with_a_member_that_cannot_be_compared_is_refused(name: str, value: object) -> None:
    members = {**json.loads(FULL.to_json()), name: value}
    with refused(InvalidArgumentError, "invalid_argument"):
        AuthorizationRequest.from_json(json.dumps(members))


@pytest.mark.parametrize(
    "name", ["issuer", "client_id", "redirect_uri", "state", "nonce", "code_verifier"]
)
def test_a_login_without_a_member_that_is_compared_later_is_refused(name: str) -> None:
    members = json.loads(FULL.to_json())
    del members[name]
    with refused(InvalidArgumentError, "invalid_argument"):
        AuthorizationRequest.from_json(json.dumps(members))


def test_members_of_older_and_newer_versions_are_passed_over() -> None:
    members = {**json.loads(begun().to_json()), "url": "https://op.example/authorize", "more": 1}
    read = AuthorizationRequest.from_json(json.dumps(members))
    assert read == replace(begun(), url="https://op.example/authorize")
    assert AuthorizationRequest.from_json(json.dumps({**members, "url": 7})).url == ""


def test_secrets_of_logins_are_long_and_all_different() -> None:
    first, second = LoginSecrets.fresh(), LoginSecrets.fresh()
    assert (len(first.state), len(first.nonce or "")) == (32, 32)  # cookies hold them
    assert (len(first.code_challenge or ""), len(first.code_verifier or "")) == (43, 43)
    assert len({*vars(first).values(), *vars(second).values()}) == 8
    assert first.challenge_method == "S256"
    bare = LoginSecrets.fresh(nonce=False, challenge=False)
    assert (bare.nonce, bare.code_verifier, bare.code_challenge) == (None, None, None)
    assert bare.challenge_method is None


@pytest.mark.parametrize("protection", ["nonce", "challenge", "excused"])
def test_a_login_is_bound_to_its_answer_by_one_thing_at_least(protection: str) -> None:
    nothing = {"nonce": False, "challenge": False, "excused": False}
    check_protection(**{**nothing, protection: True})
    with refused(ConfigurationException, "unprotected_login"):
        check_protection(**nothing)


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
def test_requests_of_web_servers_are_read_as_urls(answer: object, url: str) -> None:
    assert callback_url(answer) == url


def test_invalid_unicode_is_refused_and_never_an_untyped_error() -> None:
    assert callback_url({"code": "\ud800"}) == "?code=%3F"
    with refused(InvalidArgumentError, "invalid_argument"):
        build_authorization_url("https://op.example/a", "web", "https://rp", login_hint="\ud800")
    for token, header in (("\ud800", "Bearer x"), ("x", "Bearer \ud800"), ("", "Bearer ")):
        with refused(ValidationException, "invalid_notification_token"):
            validate_backchannel_notification(header, "{}", token)

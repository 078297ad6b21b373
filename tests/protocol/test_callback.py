"""Answers in redirects: what is read, and why one is refused."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from py_identity_model import (
    AuthorizeCallbackResponse,
    FailedResponseAccessError,
    SuccessfulResponseAccessError,
    parse_authorize_callback_response,
    validate_authorize_callback_issuer,
    validate_authorize_callback_state,
)
from py_identity_model import AuthorizeCallbackValidationResult as Result
from py_identity_model._protocol.callback import callback_parameters, callback_url
from py_identity_model._wire.compare import same_text
from py_identity_model.exceptions import (
    AuthorizeCallbackException,
)
from tests.support import refused

ISSUER = "https://op.example"


def test_everything_in_an_answer_is_read() -> None:
    url = (
        "/cb?code=c&access_token=a&token_type=Bearer&expires_in=60&id_token=i&scope=s"
        "&state=t&session_state=u&iss=https://op.example&error_description=d&code=second&x="
    )
    found = parse_authorize_callback_response(url)
    assert (found.is_successful, found.raw) == (True, url)
    assert (found.code, found.access_token, found.token_type) == ("c", "a", "Bearer")
    assert (found.expires_in, found.identity_token, found.scope) == (60, "i", "s")
    assert (found.state, found.session_state, found.issuer) == ("t", "u", ISSUER)
    assert found.values["code"] == "c"
    assert found.values["x"] == ""
    failed = parse_authorize_callback_response("/cb?error=access_denied&error_description=no")
    assert not failed.is_successful
    assert (failed.error, failed.error_description) == ("access_denied", "no")


@pytest.mark.parametrize("url", ["/cb", "/cb?", "/cb?x=1", "/cb?code", "/cb#=1"])
def test_a_redirect_without_an_answer_is_refused(url: str) -> None:
    if url == "/cb?code":
        assert parse_authorize_callback_response(url).code == ""
        return
    with refused(AuthorizeCallbackException, "no_parameters"):
        parse_authorize_callback_response(url)


def test_a_redirect_may_carry_a_hundred_parameters() -> None:
    assert len(callback_parameters("?" + "&".join(["a=1"] * 100))) == 100
    with pytest.raises(AuthorizeCallbackException, match="cannot be read"):
        callback_parameters("?" + "&".join(["a=1"] * 101))


def test_fields_of_a_form_without_a_value_are_omitted() -> None:
    assert callback_url({"code": ["c", "d"], "state": None}) == "?code=c&code=d"


def test_texts_are_compared_whole_and_nothing_else_is_a_text() -> None:
    assert same_text("é\ud800", "é\ud800")
    for other in ("a", "", None, 5, b"ab"):
        assert not same_text("ab", other)
        assert not same_text(other, "ab")
    assert not same_text(None, None)


def test_the_reason_of_a_refusal_has_a_name_and_a_text() -> None:
    answer = parse_authorize_callback_response("/cb?code=c&state=s&iss=https://op.example")
    bare = parse_authorize_callback_response("/cb?code=c")
    failed = parse_authorize_callback_response("/cb?error=e&error_description=d")
    for checked, result, words in (
        (validate_authorize_callback_state(answer, "t"), Result.STATE_MISMATCH, "does not match"),
        (
            validate_authorize_callback_state(answer, ""),
            Result.MISSING_STATE,
            "expected state must be",
        ),
        (validate_authorize_callback_state(bare, "s"), Result.MISSING_STATE, "carries no state"),
        (
            validate_authorize_callback_issuer(answer, "https://other.example"),
            Result.ISSUER_MISMATCH,
            "another issuer",
        ),
        (validate_authorize_callback_issuer(answer, ""), Result.ISSUER_MISMATCH, "another issuer"),
        (
            validate_authorize_callback_issuer(bare, ISSUER, require=True),
            Result.MISSING_ISSUER,
            "carries no iss",
        ),
        (
            validate_authorize_callback_issuer(bare, ISSUER, iss_parameter_supported=True),
            Result.MISSING_ISSUER,
            "carries no iss",
        ),
    ):
        assert (checked.is_valid, checked.result, checked.error) == (False, result, result.value)
        assert words in str(checked.error_description)
    for checked in (
        validate_authorize_callback_state(failed, "s"),
        validate_authorize_callback_issuer(failed, ISSUER),
    ):
        assert (checked.is_valid, checked.result) == (False, Result.ERROR_RESPONSE)
        assert (checked.error, checked.error_description) == ("e", "d")
    for checked in (
        validate_authorize_callback_state(answer, "s"),
        validate_authorize_callback_issuer(answer, ISSUER, require=True),
        validate_authorize_callback_issuer(bare, ISSUER),
    ):
        assert (checked.is_valid, checked.result, checked.error) == (True, Result.SUCCESS, None)


REDIRECT = "https://rp.example/cb"


def test_a_callback_is_read_from_its_query() -> None:
    callback = parse_authorize_callback_response(
        f"{REDIRECT}?code=c&code=d&state=s&iss=https%3A%2F%2Fop.example&session_state=x&more="
    )
    assert callback.is_successful
    assert (callback.code, callback.state, callback.issuer) == ("c", "s", "https://op.example")
    assert callback.session_state == "x"
    assert callback.values["more"] == ""
    assert callback.identity_token is None


def test_a_callback_is_read_from_its_fragment() -> None:
    callback = parse_authorize_callback_response(
        "/cb?code=ignored#access_token=t&id_token=i&token_type=Bearer&expires_in=60&scope=a"
    )
    assert callback.code is None
    assert (callback.access_token, callback.identity_token) == ("t", "i")
    assert (callback.expires_in, callback.scope) == (60, "a")


@pytest.mark.parametrize("seconds", ["soon", "", "1e3", "9" * 30])
def test_an_expiry_that_is_not_a_number_is_dropped(seconds: str) -> None:
    url = f"/cb#access_token=t&expires_in={seconds}"
    assert parse_authorize_callback_response(url).expires_in is None


@pytest.mark.parametrize(
    "url",
    [
        *(None, 7, "", "  ", "/cb", "/cb?", "/cb?foo=bar", "https://[", "/cb?" + "a" * 70000),
        "/cb?" + "&".join(f"a{number}=1" for number in range(200)),
    ],
)
def test_anything_but_a_callback_is_refused(url: Any) -> None:
    with pytest.raises(AuthorizeCallbackException):
        parse_authorize_callback_response(url)


def test_an_apps_own_scheme_is_accepted() -> None:
    assert parse_authorize_callback_response("com.example.app:/cb?code=c").code == "c"


def test_a_failed_callback_guards_what_it_does_not_have() -> None:
    callback = parse_authorize_callback_response("/cb?error=access_denied&state=s&code=c")
    assert not callback.is_successful
    assert (callback.error, callback.error_description, callback.state) == (
        *("access_denied", None),
        "s",
    )
    assert callback.values["code"] == "c"
    with pytest.raises(FailedResponseAccessError):
        _ = callback.code
    good = parse_authorize_callback_response("/cb?code=c")
    for name in ("error", "error_description"):
        with pytest.raises(SuccessfulResponseAccessError):
            getattr(good, name)


def test_a_callback_is_compared_copied_and_never_shown() -> None:
    callback = parse_authorize_callback_response("/cb?code=hidden&state=s")
    assert callback == parse_authorize_callback_response("/cb?code=hidden&state=s")
    assert callback != parse_authorize_callback_response("/cb?code=other&state=s")
    assert callback != "callback"
    assert copy.copy(callback) == pickle.loads(pickle.dumps(callback)) == callback
    assert "hidden" not in repr(callback)
    failed = parse_authorize_callback_response("/cb?error=e")
    assert failed == parse_authorize_callback_response("/cb?error=e")


def callback(**more: Any) -> AuthorizeCallbackResponse:
    usual: dict[str, Any] = {"is_successful": True, "raw": "", "values": {}, "code": "c"}
    return AuthorizeCallbackResponse(**{**usual, **more})


@pytest.mark.parametrize(
    ("state", "expected", "result"),
    [
        ("s", "s", Result.SUCCESS),
        ("s", "t", Result.STATE_MISMATCH),
        ("s", "", Result.MISSING_STATE),
        ("s", None, Result.MISSING_STATE),
        ("s", 7, Result.MISSING_STATE),
        (None, "s", Result.MISSING_STATE),
        ("", "s", Result.MISSING_STATE),
        ("é", "s", Result.STATE_MISMATCH),
        ("é", "é", Result.SUCCESS),
        ("\ud800", "?", Result.STATE_MISMATCH),
    ],
)
def test_a_state_is_compared(state: Any, expected: Any, result: Result) -> None:
    checked = validate_authorize_callback_state(callback(state=state), expected)
    assert checked.result is result
    assert checked.is_valid is (result is Result.SUCCESS)
    assert checked.error == (None if checked.is_valid else result.value)


@pytest.mark.parametrize(
    ("issuer", "expected", "options", "result"),
    [
        ("https://a", "https://a", {}, Result.SUCCESS),
        ("https://a", "https://b", {}, Result.ISSUER_MISMATCH),
        ("", "https://a", {}, Result.ISSUER_MISMATCH),
        ("", "", {}, Result.ISSUER_MISMATCH),
        (None, "https://a", {}, Result.SUCCESS),
        (None, "https://a", {"iss_parameter_supported": True}, Result.MISSING_ISSUER),
        (None, "https://a", {"require": True}, Result.MISSING_ISSUER),
    ],
)
def test_an_issuer_is_compared(
    issuer: Any, expected: str, options: dict[str, bool], result: Result
) -> None:
    checked = validate_authorize_callback_issuer(callback(issuer=issuer), expected, **options)
    assert checked.result is result
    assert checked.is_valid is (result is Result.SUCCESS)


def test_a_providers_error_comes_before_any_comparison() -> None:
    failed = callback(is_successful=False, error="access_denied", error_description="no")
    for checked in (
        validate_authorize_callback_state(failed, ""),
        validate_authorize_callback_issuer(failed, ""),
    ):
        assert checked.result is Result.ERROR_RESPONSE
        assert (checked.error, checked.error_description) == ("access_denied", "no")


def test_a_callback_without_parameters_says_so() -> None:
    for url in ("https://app.example/cb", "https://app.example/cb?", "/cb#"):
        with refused(AuthorizeCallbackException, "no_parameters"):
            parse_authorize_callback_response(url)

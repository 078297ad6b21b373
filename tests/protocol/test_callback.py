"""Answers in redirects: what is read, and why one is refused."""

from __future__ import annotations

import pytest

from py_identity_model import (
    AuthorizeCallbackValidationResult as Result,
)
from py_identity_model import (
    parse_authorize_callback_response,
    validate_authorize_callback_issuer,
    validate_authorize_callback_state,
)
from py_identity_model._protocol.callback import (
    callback_parameters,
    callback_url,
)
from py_identity_model._wire.compare import (
    same_text,
)
from py_identity_model.exceptions import AuthorizeCallbackException
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


def test_fields_of_a_form_without_a_value_are_left_out() -> None:
    assert callback_url({"code": ["c", "d"], "state": None}) == "?code=c&code=d"


def test_texts_are_compared_whole_and_nothing_else_is_a_text() -> None:
    assert same_text("é\ud800", "é\ud800")
    for other in ("a", "", None, 5, b"ab"):
        assert not same_text("ab", other)
        assert not same_text(other, "ab")
    assert not same_text(None, None)


def test_why_an_answer_is_refused_is_said_by_name_and_in_words() -> None:
    answer = parse_authorize_callback_response("/cb?code=c&state=s&iss=https://op.example")
    bare = parse_authorize_callback_response("/cb?code=c")
    failed = parse_authorize_callback_response("/cb?error=e&error_description=d")
    for checked, result, words in (
        (validate_authorize_callback_state(answer, "t"), Result.STATE_MISMATCH, "not that of"),
        (validate_authorize_callback_state(answer, ""), Result.MISSING_STATE, "was expected"),
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

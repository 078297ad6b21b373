"""Device authorization (RFC 8628)."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model import DeviceAuthorizationRequest, DeviceTokenRequest, ErrorKind
from py_identity_model._protocol.device import (
    GRANT_TYPE,
    build_authorization,
    build_poll,
    expired_response,
    parse_authorization,
    parse_poll,
)
from py_identity_model._wire.messages import Replay, UnusableAnswer
from tests.protocol.answers import TOKEN, URL, answer

BEGIN = DeviceAuthorizationRequest(URL, "tv")
POLL = DeviceTokenRequest(URL, "tv", "the-device-code")
CODES: dict[str, Any] = {
    "device_code": "the-device-code",
    "user_code": "ABCD",
    "verification_uri": "https://op.example/device",
    "expires_in": 600,
}


def test_codes_are_asked_for_by_name() -> None:
    built = build_authorization(BEGIN)
    assert built.form == {"client_id": "tv", "scope": "openid"}
    assert built.replay is Replay.UNSENT


def test_codes_are_read_with_the_pace_of_polling() -> None:
    response = parse_authorization(BEGIN, answer({**CODES, "interval": 7}))
    assert (response.user_code, response.expires_in, response.interval) == ("ABCD", 600, 7)
    assert response.verification_uri_complete is None
    assert "the-device-code" not in repr(response)


def test_an_address_with_the_code_in_it_is_read_if_it_is_text() -> None:
    for value, read in (("https://op.example/device?c=1", True), (7, False)):
        body = {**CODES, "verification_uri_complete": value}
        found = parse_authorization(BEGIN, answer(body)).verification_uri_complete
        assert found == (value if read else None)


@pytest.mark.parametrize("name", CODES)
@pytest.mark.parametrize("value", [None, "", []])
def test_an_answer_without_a_code_is_unusable(name: str, value: object) -> None:
    with pytest.raises(UnusableAnswer, match=name):
        parse_authorization(BEGIN, answer({**CODES, name: value}))


def test_a_poll_names_its_code() -> None:
    form = {"grant_type": GRANT_TYPE, "device_code": "the-device-code", "client_id": "tv"}
    assert build_poll(POLL).form == form


def test_a_poll_brings_tokens() -> None:
    assert parse_poll(POLL, answer(TOKEN)).token == TOKEN


@pytest.mark.parametrize("code", ["authorization_pending", "slow_down"])
def test_a_poll_says_why_there_is_no_token_yet(code: str) -> None:
    response = parse_poll(POLL, answer({"error": code, "interval": 9}, 400))
    assert (response.error_code, response.interval) == (code, 9)
    assert str(response.error) == f"Device flow: {code}"


def test_the_providers_own_words_are_quoted() -> None:
    body = {"error": "access_denied", "error_description": "the user said no"}
    assert str(parse_poll(POLL, answer(body, 400)).error) == "the user said no"


@pytest.mark.parametrize(
    ("body", "words"), [({"error": "invalid_client"}, "Error: invalid_client"), (b"down", "down")]
)
def test_any_other_refusal_ends_the_flow(body: Any, words: str) -> None:
    response = parse_poll(POLL, answer(body, 401))
    assert response.error_code is None
    assert words in str(response.error)


def test_a_refusal_does_not_show_the_code() -> None:
    response = parse_poll(POLL, answer(b"the-device-code is wrong", 500))
    assert "the-device-code" not in str(response.error)


def test_codes_that_have_expired_end_the_flow() -> None:
    assert expired_response().error_kind is ErrorKind.EXPIRED

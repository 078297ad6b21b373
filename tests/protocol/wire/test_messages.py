"""HTTP messages: what is sent, read, and never shown."""

from __future__ import annotations

import pytest

from py_identity_model import (
    ConfigurationException,
    DeadlineExceededException,
    DiscoveryHTTPSRequiredError,
    ErrorKind,
    InvalidArgumentError,
    NetworkException,
    NoClientAuthentication,
    ResponseRefusedException,
)
from py_identity_model._wire.messages import (
    HttpRequest,
    HttpResponse,
    failure_of,
    oauth_error_of,
)


def test_a_request_without_credentials_sends_its_form_alone() -> None:
    encoded = HttpRequest("POST", "https://op.example", form={"a": "1"}).encode()
    assert encoded.content == b"a=1"
    named = HttpRequest(
        "POST", "https://op.example", form={}, authentication=NoClientAuthentication()
    )
    assert named.encode().content == b""


def test_an_answer_with_a_byte_order_mark_is_read() -> None:
    assert HttpResponse(200, {}, b'\xef\xbb\xbf{"a": 1}').json() == {"a": 1}


@pytest.mark.parametrize(
    ("error", "kind", "start"),
    [
        (NetworkException("x"), ErrorKind.NETWORK_ERROR, "Network error during PAR: x"),
        (DeadlineExceededException("x"), ErrorKind.NETWORK_ERROR, "Network error"),
        (ResponseRefusedException("x"), ErrorKind.RESPONSE_REFUSED, "Unexpected error"),
        (DiscoveryHTTPSRequiredError("x"), ErrorKind.HTTPS_REQUIRED, "Unexpected error"),
        (ConfigurationException("x"), ErrorKind.INVALID_CONFIGURATION, "Unexpected error"),
        (InvalidArgumentError("x"), ErrorKind.INVALID_CONFIGURATION, "Unexpected error"),
        (LookupError("x"), ErrorKind.UNEXPECTED_ERROR, "Unexpected error during PAR: x"),
    ],
)
def test_an_exception_while_sending_becomes_a_failed_response(
    error: Exception, kind: ErrorKind, start: str
) -> None:
    fields = failure_of(error, "PAR")
    assert fields["error_kind"] is kind
    assert fields["error"].startswith(start)
    assert fields["is_successful"] is False


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"error": "invalid_grant"}', "invalid_grant"),
        (b'{"error": 5}', None),
        (b"[]", None),
        (b"<html>", None),
    ],
)
def test_an_oauth_error_is_read_only_where_there_is_one(body: bytes, error: str | None) -> None:
    found = oauth_error_of(HttpResponse(400, {}, body))
    assert found["oauth_error"] == error
    assert found["oauth_error_uri"] is None


def test_requests_and_responses_are_not_shown() -> None:
    url = "https://op.example/token?code=c0de"
    asked = HttpRequest("POST", url, form={"client_secret": "s3cret"}, access_token="t0ken")
    assert repr(asked).startswith("HttpRequest('POST', 'https://op.example/token")
    assert repr(HttpResponse(200, {"x": "y"}, b"t0ken")) == "HttpResponse(200, 5 bytes)"
    for shown in (repr(asked), str(asked), f"{asked}", repr(asked.encode())):
        assert [part for part in ("c0de", "s3cret", "t0ken") if part in shown] == []

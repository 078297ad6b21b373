"""Retries, counters, messages: the small pure pieces."""

from __future__ import annotations

import threading

import pytest

from py_identity_model import (
    CacheCounters,
    ConfigurationException,
    DeadlineExceededException,
    DiscoveryErrorKind,
    DiscoveryHTTPSRequiredError,
    ErrorKind,
    InvalidArgumentError,
    KeysUnavailableException,
    NetworkException,
    NoClientAuthentication,
    ProviderUnusableException,
    ResponseRefusedException,
    get_cache_counters,
)
from py_identity_model._validation.config import unavailable_error
from py_identity_model._wire.messages import (
    HttpRequest,
    HttpResponse,
    Replay,
    failure_of,
    oauth_error_of,
)
from py_identity_model._wire.models import BaseResponse
from py_identity_model._wire.polling import Rhythm
from py_identity_model._wire.retry import backoff, is_outage, retry_after, worth_retrying


def test_pauses_double() -> None:
    assert list(backoff(4, 0.5)) == [0.5, 1.0, 2.0, 4.0]
    assert list(backoff(0, 1)) == []


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 0),
        ("", 0),
        ("7", 7),
        ("-3", 0),
        ("1e9", 120),
        ("nan", 0),
        ("inf", 120),
        ("soon", 0),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 90),
        ("Thu, 01 Jan 1970 00:00:05 GMT", 0),
        ("Thu, 01 Jan 2970 00:00:00 GMT", 120),
        ("Thu, 99 Foo 1970 00:00:00 GMT", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float) -> None:
    assert retry_after(header, now=10) == seconds


def test_a_status_is_worth_retrying_if_that_changes_nothing() -> None:
    assert worth_retrying(429, Replay.UNSENT)
    assert not worth_retrying(503, Replay.UNSENT)
    assert worth_retrying(503, Replay.SAFE)
    assert not worth_retrying(404, Replay.SAFE)


def test_counters_count_in_every_thread() -> None:
    counters = CacheCounters(disco_hits=5)

    def work() -> None:
        for _ in range(1000):
            counters.record_disco_hit()
            counters.record_jwks_hit()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counters.record_disco_miss()
    counters.record_jwks_miss()
    counters.record_jwks_refresh()
    assert counters.snapshot() == {
        "disco_hits": 8005,
        "disco_misses": 1,
        "jwks_hits": 8000,
        "jwks_misses": 1,
        "jwks_refreshes": 1,
    }
    assert counters == CacheCounters(8005, 1, 8000, 1, 1)
    assert repr(counters).startswith("CacheCounters(disco_hits=8005, ")
    counters.reset()
    assert counters == CacheCounters()


def test_there_is_one_set_of_counters_a_process() -> None:
    assert get_cache_counters() is get_cache_counters()


def test_a_request_without_credentials_sends_its_form_alone() -> None:
    prepared = HttpRequest("POST", "https://op.example", form={"a": "1"}).prepare()
    assert prepared.content == b"a=1"
    named = HttpRequest(
        "POST", "https://op.example", form={}, authentication=NoClientAuthentication()
    )
    assert named.prepare().content == b""


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
def test_what_is_raised_while_sending_becomes_a_failed_response(
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


def test_what_is_sent_and_what_comes_back_is_not_shown() -> None:
    url = "https://op.example/token?code=c0de"
    asked = HttpRequest("POST", url, form={"client_secret": "s3cret"}, access_token="t0ken")
    assert repr(asked).startswith("HttpRequest('POST', 'https://op.example/token")
    assert repr(HttpResponse(200, {"x": "y"}, b"t0ken")) == "HttpResponse(200, 5 bytes)"
    for shown in (repr(asked), str(asked), f"{asked}", repr(asked.prepare())):
        assert [part for part in ("c0de", "s3cret", "t0ken") if part in shown] == []


@pytest.mark.parametrize(
    ("kind", "status", "outage"),
    [
        (ErrorKind.NETWORK_ERROR, None, True),
        (DiscoveryErrorKind.NETWORK_ERROR, None, True),
        (ErrorKind.UNEXPECTED_STATUS, 429, True),
        (DiscoveryErrorKind.UNEXPECTED_STATUS, 500, True),
        (None, 599, True),
        (ErrorKind.UNEXPECTED_STATUS, 404, False),
        (ErrorKind.RESPONSE_REFUSED, None, False),
        (DiscoveryErrorKind.INVALID_DOCUMENT, None, False),
        (None, None, False),
    ],
)
def test_whether_a_provider_is_down_has_one_answer(
    kind: ErrorKind | DiscoveryErrorKind | None, status: int | None, outage: bool
) -> None:
    assert is_outage(kind, status) is outage
    response = BaseResponse(False, "failed", error_kind=kind, status_code=status)
    assert Rhythm(5, 1000).goes_on(response) is outage
    error = unavailable_error(response, "discovery_failed")
    assert isinstance(error, KeysUnavailableException) is outage
    assert isinstance(error, ProviderUnusableException) is not outage

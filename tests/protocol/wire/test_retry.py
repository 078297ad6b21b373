"""Retries: which answers are worth one, after which pause, and whether a provider is down."""

from __future__ import annotations

import pytest

from py_identity_model import (
    DiscoveryErrorKind,
    ErrorKind,
    KeysUnavailableException,
    ProviderUnusableException,
)
from py_identity_model._validation.config import unavailable_error
from py_identity_model._wire.messages import (
    Replay,
)
from py_identity_model._wire.models import BaseResponse
from py_identity_model._wire.polling import PollingSchedule
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
    assert PollingSchedule(5, 1000).should_continue(response) is outage
    error = unavailable_error(response, "discovery_failed")
    assert isinstance(error, KeysUnavailableException) is outage
    assert isinstance(error, ProviderUnusableException) is not outage

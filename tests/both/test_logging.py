"""Logging: silent by itself, and without secrets."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from py_identity_model._logging import scrub
from py_identity_model.logging_config import (
    configure_logging,
    logger,
    redact_sensitive,
    redact_token,
    redact_url,
)


@pytest.fixture
def restored() -> Iterator[None]:
    handlers, level = logger.handlers[:], logger.level
    yield
    logger.handlers[:] = handlers
    logger.setLevel(level)


def test_the_logger_is_silent_by_itself() -> None:
    assert logger is logging.getLogger("py_identity_model")
    assert any(isinstance(handler, logging.NullHandler) for handler in logger.handlers)


def test_logging_is_switched_on_once(restored: None) -> None:
    stream = io.StringIO()
    configure_logging(logging.DEBUG)
    configure_logging(logging.INFO, handler=logging.StreamHandler(stream))
    logger.info("hello")
    logger.debug("unheard")
    assert stream.getvalue().endswith(" - py_identity_model - INFO - hello\n")
    assert len(logger.handlers) == 1


def test_a_format_may_be_given_and_a_handlers_own_is_retained(restored: None) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("own %(message)s"))
    configure_logging(handler=handler)
    logger.warning("a")
    configure_logging(log_format="given %(message)s", handler=handler)
    logger.warning("b")
    assert stream.getvalue() == "own a\ngiven b\n"


def test_values_under_secret_names_are_redacted() -> None:
    found = redact_sensitive(
        {
            "client_secret": "s",
            "Client-Secret": "s",
            "ACCESS_TOKEN": "s",
            "refresh_token": None,
            "scope": "api",
            "long": "x" * 101,
            "number": 5,
            "nested": {"password": "s", "user": "u"},
            "listed": [
                {"access_token": "s", "scope": "api"},
                ["x", {"client_notification_token": "s"}],
            ],
            "pair": ("u", {"login_hint_token": "s"}),
        }
    )
    assert found == {
        "client_secret": "***REDACTED***",
        "Client-Secret": "***REDACTED***",
        "ACCESS_TOKEN": "***REDACTED***",
        "refresh_token": None,
        "scope": "api",
        "long": "x" * 20 + "...[TRUNCATED]",
        "number": 5,
        "nested": {"password": "***REDACTED***", "user": "u"},
        "listed": [
            {"access_token": "***REDACTED***", "scope": "api"},
            ["x", {"client_notification_token": "***REDACTED***"}],
        ],
        "pair": ("u", {"login_hint_token": "***REDACTED***"}),
    }


def test_a_token_is_shown_by_its_ends_alone() -> None:
    assert redact_token("abcdefghijklmnopqrst") == "abcd...qrst"
    assert redact_token("abcdefghijklmnopqrs") == "***"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://u:p@op.example:1/cb?code=1#f", "https://op.example:1/cb"),
        ("https://op.example", "https://op.example"),
        ("http://[", "<unreadable URL>"),
        (None, "<unreadable URL>"),
    ],
)
def test_a_url_is_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    assert redact_url(url) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("my s/cret and s%2Fcret", "my ***REDACTED*** and ***REDACTED***"),
        ('{"access_token": "a\\"b", "x": 1}', '{"access_token": "***REDACTED***", "x": 1}'),
        ('{"id_token":"cut off', '{"id_token":"***REDACTED***"'),
        ("Authorization: Basic bWU6c2VjcmV0", "Authorization: Basic ***REDACTED***"),
        ("sent bearer abcdefgh.ijk", "sent bearer ***REDACTED***"),
        ("a basic error", "a basic error"),
    ],
)
def test_a_text_is_freed_of_secrets_in_every_form(text: str, shown: str) -> None:
    assert scrub(text, ["s/cret", None, ""]) == shown


def test_an_address_in_a_log_can_be_written_anywhere() -> None:
    assert redact_url("https://op.example/\ud800") == "https://op.example/\\ud800"

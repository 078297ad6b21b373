"""Settings from the environment."""

from __future__ import annotations

import os

import pytest

from py_identity_model._settings import (
    DISCO_CACHE_MAX_ENTRIES,
    HTTP_RETRY_MAX_ATTEMPTS,
    HTTP_TIMEOUT,
    JWKS_CACHE_MAX_ENTRIES,
    JWKS_CACHE_TTL,
    KID_MISS_REFRESH_COOLDOWN,
    ca_bundle,
)
from py_identity_model.exceptions import InvalidArgumentError
from py_identity_model.ssl_config import ensure_ssl_compatibility, get_ssl_verify
from tests.support import refused


def test_without_a_variable_the_default_is_in_force() -> None:
    assert HTTP_TIMEOUT.read() == 30
    assert JWKS_CACHE_TTL.read() == 3600


def test_the_first_variable_that_says_something_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_RETRY_COUNT", "7")
    assert HTTP_RETRY_MAX_ATTEMPTS.read() == 7
    monkeypatch.setenv("HTTP_RETRY_MAX_ATTEMPTS", " ")
    assert HTTP_RETRY_MAX_ATTEMPTS.read() == 7
    monkeypatch.setenv("HTTP_RETRY_MAX_ATTEMPTS", "2")
    assert HTTP_RETRY_MAX_ATTEMPTS.read() == 2


@pytest.mark.parametrize("text", ["soon", "-1", "0", "inf", "nan"])
def test_a_strict_setting_refuses_invalid_values(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_TIMEOUT", text)
    with refused(InvalidArgumentError, "invalid_setting") as caught:
        HTTP_TIMEOUT.read()
    assert "HTTP_TIMEOUT" in str(caught.value)
    assert caught.value.details == {"variable": "HTTP_TIMEOUT"}


@pytest.mark.parametrize(
    ("text", "number"), [("1", 60), ("600", 600), ("1e9", 86400), ("soon", 3600), ("nan", 3600)]
)
def test_a_lenient_setting_falls_back(
    text: str, number: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JWKS_CACHE_TTL", text)
    assert JWKS_CACHE_TTL.read() == number


def test_a_cooldown_may_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KID_MISS_REFRESH_COOLDOWN", "0")
    assert KID_MISS_REFRESH_COOLDOWN.read() == 0


def test_a_count_below_one_is_ignored(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("JWKS_CACHE_MAX_ENTRIES", "0")
    assert JWKS_CACHE_MAX_ENTRIES.read() == DISCO_CACHE_MAX_ENTRIES.read() == 1000
    assert "JWKS_CACHE_MAX_ENTRIES is not usable" in caplog.text


def test_the_ca_variables_are_read_once_until_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    assert get_ssl_verify() is True
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/ca.pem")
    assert ca_bundle() == "/ca.pem"
    assert get_ssl_verify() is True
    get_ssl_verify.cache_clear()
    assert get_ssl_verify() == "/ca.pem"


def test_the_environment_is_never_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/ca.pem")
    before = dict(os.environ)
    ensure_ssl_compatibility()
    get_ssl_verify()
    assert dict(os.environ) == before

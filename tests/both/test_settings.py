"""Settings from the environment."""

from __future__ import annotations

import os
from dataclasses import fields
from typing import Any

import pytest

from py_identity_model import Config, Settings
from py_identity_model._settings import (
    DISCO_CACHE_MAX_ENTRIES,
    HTTP_RETRY_MAX_ATTEMPTS,
    HTTP_TIMEOUT,
    JWKS_CACHE_MAX_ENTRIES,
    JWKS_CACHE_TTL,
    KID_MISS_REFRESH_COOLDOWN,
    SETTINGS,
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


def test_every_setting_is_a_field_of_settings_and_the_reverse() -> None:
    assert {one.name for one in fields(Settings)} == set(SETTINGS)
    for one in SETTINGS.values():
        assert one.field == one.key.replace(".", "_")
        assert one.lowest_passed <= one.lowest <= one.default <= one.highest


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_a_program_may_pass_the_lowest_number_of_a_setting_and_nothing_below(name: str) -> None:
    lowest: Any = SETTINGS[name].lowest_passed
    assert getattr(Settings(**{name: lowest}), name) == lowest
    refusals: list[Any] = [lowest - 0.0005, True, "5", float("inf")]
    for wrong in refusals:
        with refused(InvalidArgumentError, "invalid_setting") as caught:
            Settings(**{name: wrong})
        assert name in str(caught.value)


def test_a_configuration_has_the_defaults_in_force_but_for_those_that_the_contract_fixes() -> None:
    own = {name: getattr(Config(), name) for name in SETTINGS if hasattr(Config(), name)}
    other = {name: value for name, value in own.items() if value != SETTINGS[name].default}
    assert other == {
        "jwks_cache_ttl": 86400,
        "jwks_cache_max_entries": 64,
        "discovery_cache_max_entries": 64,
    }
    assert set(SETTINGS) - set(own) == {"cache_max_stale", "cache_min_ttl"}

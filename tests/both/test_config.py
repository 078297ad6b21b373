"""The configuration of an application."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from py_identity_model import (
    ClientAuthMethod,
    Config,
    ConfigError,
    ConfigIssue,
    ConfigSource,
    EnvSource,
    MappingSource,
    PyIdentityModelException,
    Secret,
)


def issues_of(**arguments: Any) -> list[tuple[str, tuple[str, ...]]]:
    """Return what is wrong with a configuration."""
    with pytest.raises(ConfigError) as caught:
        Config.build(**{"env": False, **arguments})
    return [(issue.code, issue.keys) for issue in caught.value.issues]


def test_a_secret_does_not_show_itself() -> None:
    secret = Secret("hidden")
    assert secret.expose() == "hidden"
    assert repr(secret) == "Secret('<redacted>')"
    assert f"{secret}" == "<redacted>"
    assert secret == Secret("hidden") != Secret("other")
    assert secret != "hidden"
    assert len({secret, Secret("hidden")}) == 1


def test_without_anything_the_defaults_are_in_force() -> None:
    config = Config.build(env=False)
    assert config == Config()
    assert (config.http_timeout, config.http_retry_max_attempts) == (30.0, 3)
    assert config.client_scope == "openid profile email"
    assert config.client_excluded_paths == ("/docs", "/openapi.json", "/health")
    assert hash(config) == hash(Config())
    with pytest.raises(FrozenInstanceError):
        config.http_timeout = 1  # type: ignore[misc]


def test_overrides_win_over_sources_in_order_over_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_TIMEOUT", "1")
    monkeypatch.setenv("MAX_JWKS_KEYS", "1")
    monkeypatch.setenv("MAX_JWKS_SIZE", "1")
    monkeypatch.setenv("HTTP_RETRY_COUNT", "1")
    config = Config.build(
        sources=[
            MappingSource({"http.timeout": "2", "jwks.max_keys": "2"}, name="first"),
            MappingSource({"jwks.max_keys": "3", "jwks.max_size": "3"}),
        ],
        overrides={"http.timeout": "4", "unknown": "x"},
    )
    assert (config.http_timeout, config.jwks_max_keys) == (4, 2)
    assert (config.jwks_max_size, config.http_retry_max_attempts) == (3, 1)
    assert Config.build(env=False).http_timeout == 30


def test_a_client_is_read_from_the_environment_by_its_prefix(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {
        "SHOP_DISCOVERY_URL": " https://op.example ",
        "SHOP_CLIENT_ID": "web",
        "SHOP_CLIENT_SECRET": " spaces count ",
        "SHOP_EXCLUDED_PATHS": "/a, /b,",
        "OIDC_CLIENT_ID": "another",
    }.items():
        monkeypatch.setenv(name, value)
    config = Config.from_env(
        prefix="SHOP_", group="client", client_auth_method=ClientAuthMethod.CLIENT_SECRET_BASIC
    )
    assert config.client_discovery_url == "https://op.example"
    assert config.client_id == config.client_audience == "web"
    assert config.client_secret == Secret(" spaces count ")
    assert config.client_excluded_paths == ("/a", "/b")
    assert "spaces" not in repr(config)
    assert pickle.loads(pickle.dumps(config)) == copy.copy(config) == config


def test_a_presets_own_audience_is_kept() -> None:
    given = {"client.discovery_url": "https://op.example", "client.id": "web"}
    config = Config.build(overrides={**given, "client.audience": "api"}, env=False)
    assert config.client_audience == "api"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("http.timeout", value) for value in ("", "soon", "0", "-1", "inf", "nan")),
        *(("http.retry.max_attempts", value) for value in ("1.5", "-1", "many")),
        *(("jwks.max_keys", value) for value in ("0", "")),
        *(("jwks.cache.ttl", value) for value in ("59", "86401")),
        *(("jwks.kid_miss_cooldown", value) for value in ("-1", "3601")),
        *(("client.discovery_url", value) for value in ("op.example", "/x", "https://[", " ")),
    ],
)
def test_an_invalid_value_is_reported_without_being_shown(key: str, value: str) -> None:
    assert issues_of(overrides={key: value}) == [("CFG-003", (key,))]
    with pytest.raises(ConfigError) as caught:
        Config.build(overrides={key: value}, env=False)
    assert len(value) < 3 or value not in str(caught.value)


@pytest.mark.parametrize("key", ["client.id", "client.secret", "client.excluded_paths"])
def test_an_empty_string_does_not_count(key: str) -> None:
    given = {"client.discovery_url": "https://op.example", key: " "}
    assert issues_of(overrides=given) == [("CFG-003", (key,))]


def test_an_empty_variable_counts_as_present(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_TIMEOUT", "")
    with pytest.raises(ConfigError, match="CFG-003"):
        Config.from_env()


def test_a_client_must_be_complete() -> None:
    assert issues_of(group="client") == [
        ("CFG-001", ("client.discovery_url",)),
        ("CFG-001", ("client.id",)),
    ]
    whole = {"client.discovery_url": "https://op.example", "client.id": "web"}
    method = ClientAuthMethod.CLIENT_SECRET_POST
    assert issues_of(group="client", overrides=whole, client_auth_method=method) == [
        ("CFG-002", ("client.secret",))
    ]
    assert Config.build(overrides=whole, env=False, group="client").client_secret is None


def test_half_a_client_is_of_no_use() -> None:
    assert issues_of(overrides={"client.id": "web", "client.scope": "a"}) == [
        ("CFG-002", ("client.id", "client.scope"))
    ]
    assert issues_of(overrides={"client.id": "web"}, group="unknown") == [
        ("CFG-002", ("client.id",))
    ]


class Broken:
    """A source that fails."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def resolve(self, keys: Sequence[str]) -> Mapping[str, str]:
        if isinstance(self._answer, Exception):
            raise self._answer
        found: Mapping[str, str] = self._answer
        return found


def test_a_source_that_fails_is_named_and_its_words_are_not_quoted() -> None:
    broken = Broken(RuntimeError("the password is hidden"))
    assert isinstance(broken, ConfigSource)
    with pytest.raises(ConfigError) as caught:
        Config.build(sources=[broken, Broken({"http.timeout": 7})], env=False)
    assert [(issue.code, issue.keys) for issue in caught.value.issues] == [
        ("CFG-004", ("source:Broken",)),
        ("CFG-004", ("source:Broken", "http.timeout")),
    ]
    assert "hidden" not in str(caught.value)


def test_all_errors_are_reported_at_once_in_order() -> None:
    wrong = {"client.redirect_uri": "x", "jwks.max_keys": "0", "http.timeout": "x"}
    assert issues_of(overrides=wrong, group="client") == [
        ("CFG-003", ("http.timeout",)),
        ("CFG-003", ("jwks.max_keys",)),
        ("CFG-001", ("client.discovery_url",)),
        ("CFG-001", ("client.id",)),
        ("CFG-003", ("client.redirect_uri",)),
    ]


def test_a_configuration_error_is_outside_the_tree() -> None:
    issue = ConfigIssue("CFG-001", ("a", "b"), "missing")
    error = ConfigError([issue])
    assert not isinstance(error, PyIdentityModelException)
    assert str(error) == "CFG-001: missing (a, b)"
    assert pickle.loads(pickle.dumps(error)).issues == error.issues


def test_sources_have_names_and_hide_values() -> None:
    assert "hidden" not in repr(MappingSource({"client.secret": "hidden"}, name="file"))
    assert EnvSource().name == "env"
    assert ClientAuthMethod.CLIENT_SECRET_BASIC.requires_secret
    assert not ClientAuthMethod.NONE.requires_secret

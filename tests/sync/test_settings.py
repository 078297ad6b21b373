# Generated from aio/test_settings.py by scripts/make_sync.py; edit that file.
"""Settings that a call is given."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from py_identity_model import Config
from py_identity_model.exceptions import InvalidArgumentError, TokenValidationException
from py_identity_model.sync import (
    ClientCredentialsTokenRequest,
    DiscoveryDocumentRequest,
    ErrorKind,
    JwksRequest,
    Settings,
    get_discovery_document,
    get_jwks,
    health,
    prime,
    process_jarm_response,
    refresh,
    request_client_credentials_token,
    validate_token,
)
from py_identity_model.testing import Answer, EmbeddedProvider
from tests.support import CONFIG, Drip, answering, failing, refused


def test_retries_follow_the_settings_of_the_call(provider: EmbeddedProvider) -> None:
    provider.intercept = failing("/token")
    request = ClientCredentialsTokenRequest(provider.token_endpoint, "machine")
    request_client_credentials_token(
        request, settings=Settings(http_retry_max_attempts=1, http_retry_base_delay=0)
    )
    assert provider.count("/token") == 2
    request_client_credentials_token(request)
    assert provider.count("/token") == 2 + 4


def test_the_timeout_of_the_call_bounds_it_in_total() -> None:
    with Drip(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n", b"x") as slow:
        response = get_jwks(
            JwksRequest(slow.url),
            settings=Settings(http_timeout=0.1, http_retry_max_attempts=0),
        )
    assert response.error_kind is ErrorKind.NETWORK_ERROR


def test_the_bounds_of_a_key_set_follow_the_settings(provider: EmbeddedProvider) -> None:
    request = JwksRequest(provider.jwks_uri)
    for settings, text in (
        (Settings(jwks_max_keys=1), "too many keys"),
        (Settings(jwks_max_size=10), "too large"),
    ):
        assert text in str((get_jwks(request, settings=settings)).error)
    assert (get_jwks(request)).is_successful


def test_a_call_decides_the_lifetime_of_its_cache_entries(provider: EmbeddedProvider) -> None:
    short = Settings(jwks_cache_ttl=5, discovery_cache_ttl=7, cache_max_stale=0)
    validate_token(provider.mint(), CONFIG, provider.issuer, settings=short)
    state = health(provider.issuer)
    assert state.document is not None
    assert state.keys is not None
    assert state.document.fresh_for == pytest.approx(7, abs=0.5)
    assert state.keys.fresh_for == pytest.approx(5, abs=0.5)
    refresh(provider.issuer, settings=Settings(jwks_cache_ttl=500))
    state = health(provider.issuer)
    assert state.keys is not None
    assert state.keys.fresh_for == pytest.approx(500, abs=0.5)


def test_priming_takes_settings_too(provider: EmbeddedProvider) -> None:
    state = prime(provider.issuer, settings=Settings(jwks_cache_ttl=9))
    assert state.keys is not None
    assert state.keys.fresh_for == pytest.approx(9, abs=0.5)


def test_settings_reach_what_a_function_calls(provider: EmbeddedProvider) -> None:
    provider.intercept = answering("/.well-known/openid-configuration", Answer(503))
    once = Settings(http_retry_max_attempts=0)
    with pytest.raises(TokenValidationException):
        process_jarm_response(
            "e30.e30.e30",
            client_id="web",
            disco_doc_address=provider.issuer,
            is_jwt=True,
            settings=once,
        )
    assert len(provider.requests) == 1
    get_discovery_document(DiscoveryDocumentRequest(provider.issuer), settings=once)
    assert len(provider.requests) == 2


def test_something_else_than_settings_is_refused(provider: EmbeddedProvider) -> None:
    wrong: object = {"http_timeout": 1}
    request = ClientCredentialsTokenRequest(provider.token_endpoint, "machine")
    response = request_client_credentials_token(request, settings=wrong)  # type: ignore[arg-type]
    assert response.error_kind is ErrorKind.INVALID_CONFIGURATION
    assert provider.requests == []


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_every_setting_has_a_lowest_value(name: str) -> None:
    odd: tuple[Any, ...] = (-1, float("nan"), float("inf"), True, "5")
    for value in odd:
        with refused(InvalidArgumentError, "invalid_setting"):
            Settings(**{name: value})


def test_the_given_values_of_a_configuration_become_settings() -> None:
    given = {"http.timeout": "5", "jwks.cache.ttl": "120", "jwks.cache.max_entries": "0"}
    config = Config.build(overrides=given, env=False)
    settings = Settings.from_config(config)
    assert settings == Settings(http_timeout=5, jwks_cache_ttl=120, jwks_cache_max_entries=1)

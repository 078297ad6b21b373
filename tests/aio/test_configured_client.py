"""Clients made from a Config."""

from __future__ import annotations

import pytest

from py_identity_model import Config, InvalidArgumentError, NoClientAuthentication
from py_identity_model._settings import Settings
from py_identity_model.aio import AsyncOAuthClient
from py_identity_model.testing import EmbeddedProvider
from tests.support import refused


def configured(provider: EmbeddedProvider, **more: str) -> Config:
    named = {f"client.{name}": value for name, value in more.items()}
    known = {
        "client.discovery_url": provider.issuer,
        "client.id": provider.client_id,
        "client.secret": provider.client_secret,
        "http.timeout": "7",
    }
    return Config.build(overrides=known | named, env=False)


@pytest.mark.parametrize("path", ["", "/.well-known/openid-configuration"])
async def test_a_client_gets_tokens_as_configured(path: str, provider: EmbeddedProvider) -> None:
    config = configured(provider, discovery_url=provider.issuer + path)
    client = AsyncOAuthClient.from_config(config)
    assert client.issuer == provider.issuer
    source = await client.token_source(scope="read")
    assert (await source.get_token()).scope == "read"


async def test_a_login_asks_for_what_is_configured(provider: EmbeddedProvider) -> None:
    config = configured(provider, redirect_uri="https://app.example/cb")
    begun = await AsyncOAuthClient.from_config(config).authorization_request()
    assert "scope=openid+profile+email" in begun.url
    assert begun.redirect_uri == "https://app.example/cb"
    other = await AsyncOAuthClient.from_config(
        config, redirect_uri="https://app.example/other", scope="openid"
    ).authorization_request()
    assert other.redirect_uri == "https://app.example/other"
    assert "email" not in other.url


def test_another_authentication_replaces_the_secret(provider: EmbeddedProvider) -> None:
    client = AsyncOAuthClient.from_config(configured(provider), NoClientAuthentication())
    assert isinstance(client.client_authentication, NoClientAuthentication)
    assert provider.client_secret not in repr(vars(client))


def test_only_settings_that_were_given_are_passed_on(provider: EmbeddedProvider) -> None:
    client = AsyncOAuthClient.from_config(configured(provider))
    assert client._client.settings == Settings(http_timeout=7.0)


def test_a_config_without_a_client_is_a_mistake() -> None:
    with refused(InvalidArgumentError, "invalid_argument") as caught:
        AsyncOAuthClient.from_config(Config.build(env=False))
    assert 'group="client"' in str(caught.value)

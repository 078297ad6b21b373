# Generated from aio/test_first_mistakes.py by scripts/make_sync.py; edit that file.
"""What beginners do wrong: each message says in plain words what to do instead."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model import (
    AccessTokenRefusedException,
    InvalidArgumentError,
    TokenValidationConfig,
    TokenValidationException,
)
from py_identity_model.sync import (
    AccessTokenVerifier,
    OAuthClient,
    get_discovery_document,
    get_jwks,
    validate_token,
)
from py_identity_model.testing import EmbeddedProvider


@pytest.mark.parametrize("issuer", ["auth.example.com", "localhost:8080", "id token", "//auth"])
def test_an_issuer_without_a_scheme_is_refused_at_once(issuer: str) -> None:
    with pytest.raises(InvalidArgumentError, match=r"must be a URL, such as https://auth\.example"):
        AccessTokenVerifier(issuer, "api")
    with pytest.raises(InvalidArgumentError, match=r"must be a URL, such as https://auth\.example"):
        OAuthClient(issuer, "web")


def test_the_address_of_metadata_is_no_issuer_of_tokens(provider: EmbeddedProvider) -> None:
    address = f"{provider.issuer}/.well-known/openid-configuration"
    with pytest.raises(InvalidArgumentError, match=f"what tokens name, {provider.issuer}, and not"):
        AccessTokenVerifier(address, "api")


def test_a_redirect_uri_is_a_whole_uri(provider: EmbeddedProvider) -> None:
    client = OAuthClient(provider.issuer, "web", redirect_uri="/callback")
    with pytest.raises(InvalidArgumentError, match=r"https://app\.example\.com/callback, not '/ca"):
        client.authorization_request()
    own_scheme = client.authorization_request(redirect_uri="com.example.app:/callback")
    assert own_scheme.redirect_uri == "com.example.app:/callback"


def test_a_token_alone_is_not_the_authorization_field(provider: EmbeddedProvider) -> None:
    verifier = AccessTokenVerifier(provider.issuer, provider.audience)
    token = provider.mint(sub="alice")
    with pytest.raises(AccessTokenRefusedException, match="calls verify_token") as caught:
        verifier.verify(token)
    assert caught.value.code == "missing_token"
    assert token not in str(caught.value)
    with pytest.raises(AccessTokenRefusedException, match=r"no access token$"):
        verifier.verify("Basic a.b.c")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "DPoP"])
def test_the_authorization_field_is_not_a_token(provider: EmbeddedProvider, scheme: str) -> None:
    field = f"{scheme} {provider.mint(sub='alice')}"
    config = TokenValidationConfig(perform_disco=True, audience=provider.audience)
    with pytest.raises(TokenValidationException, match="pass the token alone"):
        validate_token(field, config, provider.issuer)
    verifier = AccessTokenVerifier(provider.issuer, provider.audience)
    with pytest.raises(AccessTokenRefusedException, match="pass the token alone"):
        verifier.verify_token(field)


def test_an_opaque_token_needs_introspection(provider: EmbeddedProvider) -> None:
    config = TokenValidationConfig(perform_disco=True, audience=provider.audience)
    with pytest.raises(TokenValidationException, match="opaque tokens need introspection"):
        validate_token("gho_16C7e42F292c6912E7710c838347Ae178B4a", config, provider.issuer)


@pytest.mark.parametrize("config", [None, {"audience": "api"}, "api"])
def test_a_configuration_is_an_object(provider: EmbeddedProvider, config: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="expected a TokenValidationConfig, not"):
        validate_token(provider.mint(), config, provider.issuer)


def test_a_request_is_not_its_address(provider: EmbeddedProvider) -> None:
    address: Any = provider.issuer
    with pytest.raises(InvalidArgumentError, match="expected a DiscoveryDocumentRequest, not str"):
        get_discovery_document(address)
    with pytest.raises(InvalidArgumentError, match="expected a JwksRequest, not str"):
        get_jwks(address)


def test_a_503_says_to_operators_why(provider: EmbeddedProvider) -> None:
    issuer = "http://auth.example.com"
    verifier = AccessTokenVerifier(issuer, "api")
    with pytest.raises(AccessTokenRefusedException) as caught:
        verifier.verify_token(provider.mint(iss=issuer))
    assert caught.value.status_code == 503
    assert caught.value.details["reason"] == (
        "HTTPS is required for http://auth.example.com; if that is expected, "
        "accept it with DiscoveryPolicy(require_https=False)"
    )
    assert "HTTPS" not in str(caught.value.headers)

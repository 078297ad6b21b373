"""Which of a provider's published keys verify which tokens."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

from py_identity_model._jose.encoding import encode_base64url
from py_identity_model.aio import TokenCache, TokenValidationConfig, validate_token
from py_identity_model.exceptions import (
    SignatureVerificationException,
    TokenValidationException,
)
from py_identity_model.testing import Answer, EmbeddedProvider
from tests.support import CONFIG, answering, refused

OWN = ECKey.generate_key("P-256")


def published(provider: EmbeddedProvider, **members: Any) -> dict[str, Any]:
    """The provider's RSA key, with other members; None removes one."""
    members = {**provider.keys[0].as_dict(), **members}
    return {name: value for name, value in members.items() if value is not None}


def publish(provider: EmbeddedProvider, *keys: dict[str, Any]) -> None:
    provider.intercept = answering("/jwks", Answer.of_json({"keys": keys}))


@pytest.mark.parametrize(
    "members",
    [
        {"use": "enc"},
        {"use": None, "key_ops": ["encrypt"]},
        {"use": "enc", "key_ops": ["verify"]},
        {"alg": "RSA-OAEP"},
    ],
)
async def test_a_published_key_for_something_else_verifies_nothing(
    provider: EmbeddedProvider, members: dict[str, Any]
) -> None:
    publish(provider, published(provider, **members))
    for token in (provider.mint(), provider.mint(header={"kid": None})):
        for _ in range(2):  # whatever is remembered of the first
            with pytest.raises(TokenValidationException) as caught:
                await validate_token(token, CONFIG, provider.issuer)
            assert caught.value.code in {"unfit_key", "no_matching_key"}


async def test_a_given_key_is_not_examined(provider: EmbeddedProvider) -> None:
    for members in ({"use": "enc"}, {"use": None, "key_ops": ["encrypt"]}):
        key = published(provider, **members)
        config = TokenValidationConfig(
            perform_disco=False, key=key, algorithms=["RS256"], audience="api"
        )
        assert await validate_token(provider.mint(), config)


async def test_of_two_keys_with_one_name_that_for_signatures_is_found(
    provider: EmbeddedProvider,
) -> None:
    other = RSAKey.generate_key(2048).as_dict(private=False)
    kid = provider.keys[0].kid
    publish(provider, {**other, "kid": kid, "use": "enc"}, published(provider))
    for _ in range(2):
        assert await validate_token(provider.mint(), CONFIG, provider.issuer)


async def test_a_name_that_no_key_has_matters_only_where_some_key_has_one(
    provider: EmbeddedProvider,
) -> None:
    other = RSAKey.generate_key(2048)
    good, wrong = published(provider, kid=None), other.as_dict(private=False)
    publish(provider, wrong, good)
    for header in ({}, {"kid": "any"}):
        token = provider.mint(header=header)
        for _ in range(2):
            assert await validate_token(token, CONFIG, provider.issuer)
    forged = token[:-8] + "AAAAAAAA"
    with refused(SignatureVerificationException, "invalid_signature"):
        await validate_token(forged, CONFIG, provider.issuer)


async def test_a_nameless_key_beside_named_ones_is_not_tried(provider: EmbeddedProvider) -> None:
    other = {**RSAKey.generate_key(2048).as_dict(private=False), "kid": "other"}
    publish(provider, published(provider, kid=None), other)
    for _ in range(2):
        with refused(TokenValidationException, "no_matching_key"):
            await validate_token(provider.mint(), CONFIG, provider.issuer)


async def test_a_nameless_key_that_was_replaced_is_fetched(provider: EmbeddedProvider) -> None:
    for _ in range(2):
        publish(provider, published(provider, kid=None))
        assert await validate_token(provider.mint(), CONFIG, provider.issuer)
        provider.rotate_keys()
    assert provider.count("/jwks") == 2


def padded(provider: EmbeddedProvider, name: str = "x") -> str:
    """A token whose segments are padded, as AWS load balancers make them."""
    now = int(time.time())
    claims = {"iss": provider.issuer, "aud": "api", "exp": now + 60, "name": name}
    header = {"alg": "ES256", "kid": "own", "client": name}
    parts = [encode_base64url(json.dumps(part).encode()) for part in (header, claims)]
    message = b".".join(part + b"=" * (-len(part) % 4) for part in parts)
    signature = JWSRegistry.algorithms["ES256"].sign(message, OWN)
    return (message + b"." + encode_base64url(signature) + b"==").decode()


@pytest.mark.parametrize("name", ["x", "xx", "xxx"])
async def test_padded_segments_are_accepted_only_where_allowed(
    provider: EmbeddedProvider, name: str
) -> None:
    publish(provider, published(provider), {**OWN.as_dict(private=False), "kid": "own"})
    allowing = replace(CONFIG, allow_padded_base64url=True)
    remembering = replace(allowing, token_cache=TokenCache())
    token = padded(provider, name)
    for _ in range(2):  # cold, then warm
        for config in (allowing, remembering):
            assert (await validate_token(token, config, provider.issuer))["name"] == name
            assert await validate_token(provider.mint(), config, provider.issuer)
        for config in (CONFIG, replace(CONFIG, token_cache=remembering.token_cache)):
            assert await validate_token(provider.mint(), config, provider.issuer)
            with refused(TokenValidationException, "malformed_token") as caught:
                await validate_token(token, config, provider.issuer)
            assert "allow_padded_base64url=True" in str(caught.value)
        with pytest.raises(SignatureVerificationException):
            await validate_token(token.replace("=", ""), allowing, provider.issuer)

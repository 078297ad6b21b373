"""Valid ID tokens that a client does not take: for others as well, or too old."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from py_identity_model.aio import (
    AsyncOAuthClient,
    AsyncSession,
    ClientSecretBasic,
    TokenValidationConfig,
    validate_id_token,
)
from py_identity_model.exceptions import (
    ConfigurationException,
    IdTokenValidationException,
    InvalidAudienceException,
)
from py_identity_model.testing import Answer, EmbeddedProvider
from tests.support import answering, refused


async def log_in(
    provider: EmbeddedProvider, *, claims: dict[str, Any], **options: Any
) -> AsyncSession:
    client = AsyncOAuthClient(
        provider.issuer,
        provider.client_id,
        ClientSecretBasic(provider.client_secret),
        redirect_uri="https://rp.example/cb",
        **options,
    )
    begun = await client.authorization_request()
    landing = str(httpx.get(begun.url, trust_env=False).headers["location"])
    usual = {"sub": "alice", "client_id": None, "nonce": begun.nonce}
    id_token = provider.mint(header={"typ": "JWT"}, **(usual | claims))
    token = {"access_token": "t", "token_type": "Bearer", "id_token": id_token}
    provider.intercept = answering("/token", Answer.of_json(token))
    return await client.callback(landing, begun)


async def test_further_audiences_must_be_trusted(provider: EmbeddedProvider) -> None:
    me = provider.client_id
    for audience in (me, [me]):
        assert await log_in(provider, claims={"aud": audience})
    several = {"aud": [me, "billing"], "azp": me}
    with refused(IdTokenValidationException, "untrusted_audience"):
        await log_in(provider, claims=several)
    assert await log_in(provider, claims=several, trusted_audiences=["billing"])
    more = {"aud": [me, "billing", "evil"], "azp": me}
    with pytest.raises(IdTokenValidationException) as caught:
        await log_in(provider, claims=more, trusted_audiences=["billing"])
    assert caught.value.details["audiences"] == ["evil"]


async def test_a_trusted_audience_does_not_replace_the_client(
    provider: EmbeddedProvider,
) -> None:
    with pytest.raises(InvalidAudienceException):
        await log_in(provider, claims={"aud": "billing"}, trusted_audiences=["billing"])
    foreign = {"aud": [provider.client_id, "billing"], "azp": "billing"}
    with refused(IdTokenValidationException, "azp_mismatch"):
        await log_in(provider, claims=foreign, trusted_audiences=["billing"])


async def test_the_function_takes_further_audiences_as_before(provider: EmbeddedProvider) -> None:
    token = provider.mint(aud=["web", "billing"], azp="web", header={"typ": "JWT"})
    config = TokenValidationConfig(perform_disco=True, audience="web")
    assert await validate_id_token(token, config, provider.issuer)


async def test_the_age_of_an_id_token_may_be_bounded(provider: EmbeddedProvider) -> None:
    old = {"aud": provider.client_id, "iat": int(time.time()) - 301}
    assert await log_in(provider, claims=old)
    with refused(IdTokenValidationException, "id_token_too_old"):
        await log_in(provider, claims=old, max_id_token_age=300)
    assert await log_in(provider, claims=old, max_id_token_age=300, leeway=60)


def test_trusted_audiences_are_a_list() -> None:
    with pytest.raises(ConfigurationException, match="trusted_audiences"):
        AsyncOAuthClient("https://op.example", "web", trusted_audiences="billing")

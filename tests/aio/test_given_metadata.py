"""Metadata that the program gives: any host, but not plain http."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from py_identity_model.aio import (
    AsyncOAuthClient,
    DiscoveryDocumentResponse,
    DiscoveryPolicy,
    TlsClientAuth,
)
from py_identity_model.exceptions import ConfigurationException, DiscoveryHTTPSRequiredError
from py_identity_model.testing import EmbeddedProvider
from tests.support import refused

ISSUER = "https://op.example"
NAMES = [one.name for one in fields(DiscoveryDocumentResponse) if one.name.endswith("_endpoint")]
ACCEPTED = [
    "https://elsewhere.example/x",
    "https://10.0.0.5/x",  # the program names it, so it may be internal
    "https://op.internal/x",
    "http://127.0.0.1:8080/x",
    "http://localhost/x",
    "http://[::1]/x",
    "http://op:8080/x",  # within a network, as a preset's internal_url
    "http://op.internal/x",
    "http://10.0.0.5/x",
    "http://[fd00::1]/x",
]
PLAIN = [
    "http://op.example/x",
    "http://127.0.0.1.evil.example/x",
    "http://8.8.8.8/x",
    "http://134744072/x",  # the same address
    "http://[2606:4700::1111]/x",
]


def client_with(policy: DiscoveryPolicy | None = None, **members: Any) -> AsyncOAuthClient:
    metadata = DiscoveryDocumentResponse(True, issuer=ISSUER, **members)
    return AsyncOAuthClient(
        ISSUER,
        "web",
        metadata=metadata,
        redirect_uri="https://app.example/cb",
        discovery_policy=policy,
    )


def client_naming(name: str, url: str) -> AsyncOAuthClient:
    members: dict[str, Any] = {name: url}
    return client_with(**members)


@pytest.mark.parametrize("name", NAMES)
async def test_no_endpoint_of_given_metadata_is_plain_http(name: str) -> None:
    for url in ACCEPTED:
        assert await client_naming(name, url).endpoint(name) == url
    for url in PLAIN:
        with refused(DiscoveryHTTPSRequiredError, "https_required") as caught:
            await client_naming(name, url).endpoint(name)
        assert f"{name} is not https" in str(caught.value)
        assert "DiscoveryPolicy(require_https=False)" in str(caught.value)


@pytest.mark.parametrize(
    "policy", [DiscoveryPolicy(require_https=False), DiscoveryPolicy(validate_endpoints=False)]
)
async def test_a_policy_that_says_so_accepts_it(policy: DiscoveryPolicy) -> None:
    client = client_with(policy, token_endpoint=PLAIN[0])
    assert await client.endpoint("token_endpoint") == PLAIN[0]


async def test_the_policy_may_refuse_loopback_as_well() -> None:
    client = client_with(
        DiscoveryPolicy(allow_http_on_loopback=False), token_endpoint="http://127.0.0.1/x"
    )
    with refused(DiscoveryHTTPSRequiredError, "https_required"):
        await client.endpoint("token_endpoint")


async def test_other_schemes_are_not_endpoints() -> None:
    for url in ("ftp://op.example/x", "ftp://op/x", "http:///x", "op.example/x", "https://"):
        with refused(ConfigurationException, "invalid_url"):
            await client_with(token_endpoint=url).endpoint("token_endpoint")


async def test_an_endpoint_that_is_not_used_stops_nothing() -> None:
    client = client_with(token_endpoint=ACCEPTED[0], userinfo_endpoint=PLAIN[0])
    assert await client.endpoint("token_endpoint") == ACCEPTED[0]


async def test_aliases_for_certificates_are_endpoints() -> None:
    def client(alias: str) -> AsyncOAuthClient:
        metadata = DiscoveryDocumentResponse(
            True,
            issuer=ISSUER,
            token_endpoint=f"{ISSUER}/token",
            mtls_endpoint_aliases={"token_endpoint": alias},
        )
        return AsyncOAuthClient(ISSUER, "web", TlsClientAuth("client.pem"), metadata=metadata)

    for url in ("https://elsewhere.example/x", "https://op.example/x"):
        assert await client(url).endpoint("token_endpoint") == url
    for url in ("http://op.example/x", "http://op:8080/x"):
        with refused(DiscoveryHTTPSRequiredError, "https_required"):
            await client(url).endpoint("token_endpoint")
    with refused(ConfigurationException, "internal_address"):
        await client("https://10.0.0.5/x").endpoint("token_endpoint")


async def test_a_login_goes_to_no_plain_endpoint() -> None:
    client = client_with(authorization_endpoint=PLAIN[0], token_endpoint=ACCEPTED[0])
    with refused(DiscoveryHTTPSRequiredError, "https_required"):
        await client.authorization_request()


@pytest.mark.parametrize("url", PLAIN)
async def test_keys_of_given_metadata_are_not_fetched_by_plain_http(
    provider: EmbeddedProvider, url: str
) -> None:
    client = client_with(jwks_uri=url)
    with pytest.raises(Exception, match="HTTPS is required"):
        await client.accept_logout_token(provider.mint_logout_token(iss=ISSUER, aud="web"))

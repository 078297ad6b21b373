"""Endpoints of a provider's document, checked when they are used."""

from __future__ import annotations

import pytest

from py_identity_model import DiscoveryPolicy
from py_identity_model._validation.endpoint_rules import check_alias, check_endpoint
from py_identity_model.exceptions import ConfigurationException, DiscoveryHTTPSRequiredError
from tests.support import refused

ISSUER = "https://op.example"
ADDRESS = f"{ISSUER}/.well-known/openid-configuration"
STRICT = DiscoveryPolicy()


@pytest.mark.parametrize("url", [f"{ISSUER}/token", "https://op.example:443/token"])
def test_an_endpoint_on_the_issuers_host_is_used(url: str) -> None:
    assert check_endpoint("token_endpoint", url, STRICT, ISSUER, ADDRESS) == url


def test_an_endpoint_on_another_host_is_refused_with_the_line_that_accepts_it() -> None:
    url = "https://elsewhere.example/token"
    with refused(ConfigurationException, "internal_address") as caught:
        check_endpoint("token_endpoint", url, STRICT, ISSUER, ADDRESS)
    assert "additional_endpoint_base_addresses" in str(caught.value)
    assert caught.value.details["host"] == "elsewhere.example"
    policy = DiscoveryPolicy(additional_endpoint_base_addresses=["https://elsewhere.example"])
    assert check_endpoint("token_endpoint", url, policy, ISSUER, ADDRESS) == url


@pytest.mark.parametrize("url", ["http://op.example/token", "ftp://op.example", 7, "", None])
def test_an_endpoint_without_tls_is_refused(url: object) -> None:
    with pytest.raises((ConfigurationException, DiscoveryHTTPSRequiredError)):
        check_endpoint("token_endpoint", url, STRICT, ISSUER, ADDRESS)


def test_a_policy_that_validates_no_endpoints_uses_them_as_they_are() -> None:
    policy = DiscoveryPolicy(validate_endpoints=False)
    url = "https://elsewhere.example/token"
    assert check_endpoint("token_endpoint", url, policy, ISSUER, ADDRESS) == url


def test_an_alias_may_be_on_any_public_host() -> None:
    url = "https://mtls.op.example/token"
    assert check_alias("token_endpoint", url, STRICT, ISSUER, ADDRESS) == url


@pytest.mark.parametrize("host", ["10.0.0.7", "192.168.1.1", "[fd00::1]", "keycloak"])
def test_an_alias_at_an_internal_address_needs_an_internal_provider(host: str) -> None:
    url = f"https://{host}/token"
    with refused(ConfigurationException, "internal_address") as caught:
        check_alias("token_endpoint", url, STRICT, ISSUER, ADDRESS)
    assert f"additional_endpoint_base_addresses=['https://{host}']" in str(caught.value)
    policy = DiscoveryPolicy(additional_endpoint_base_addresses=[f"https://{host}"])
    assert check_alias("token_endpoint", url, policy, ISSUER, ADDRESS) == url
    assert check_alias("token_endpoint", url, STRICT, f"https://{host}") == url


def test_an_alias_on_loopback_is_for_policies_that_allow_loopback() -> None:
    url = "https://127.0.0.1:8443/token"
    with refused(ConfigurationException, "internal_address"):
        check_alias("token_endpoint", url, STRICT, ISSUER)
    policy = DiscoveryPolicy(allow_loopback_endpoints=True)
    assert check_alias("token_endpoint", url, policy, ISSUER) == url

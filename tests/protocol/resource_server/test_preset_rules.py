"""Presets as rules of a verifier: they fill what the verifier leaves open, and no more."""

from __future__ import annotations

from typing import Any

from py_identity_model import DiscoveryPolicy, TokenValidationConfig
from py_identity_model._resource_server.access_token_policy import AccessTokenPolicy
from py_identity_model._resource_server.preset_rules import apply_preset
from py_identity_model._validation.key_access import KeyAccess
from py_identity_model._validation.provider_preset import Provider

OPEN = TokenValidationConfig(perform_disco=True)
BY_KID: dict[str, Any] = {
    "key_url_template": "https://keys.example/{kid}",
    "key_id_pattern": "[a-z]+",
    "required_header": {"signer": "mine"},
}


def applied(
    config: TokenValidationConfig = OPEN, policy: dict[str, Any] | None = None, **preset: Any
) -> tuple[TokenValidationConfig, AccessTokenPolicy]:
    provider = Provider(**{"name": "ours", "issuer": "https://op.example", **preset})
    return apply_preset(provider, config, AccessTokenPolicy(**(policy or {})))


def test_the_preset_names_algorithms_roles_and_scopes() -> None:
    config, policy = applied(
        algorithms=["ES256"], roles_claim=["realm_access", "roles"], scope_claim="scp"
    )
    assert config.algorithms == ["ES256"]
    assert (policy.roles, policy.scopes) == (("realm_access", "roles"), "scp")


def test_what_the_verifier_says_wins() -> None:
    config = TokenValidationConfig(perform_disco=True, algorithms=["RS256"], audience="mine")
    config, policy = applied(
        config,
        {"roles": ("groups",)},
        algorithms=["ES256"],
        roles_claim="roles",
        audience=["theirs"],
    )
    assert (config.algorithms, config.audience) == (["RS256"], "mine")
    assert policy.roles == ("groups",)


def test_an_audience_that_the_provider_decides_is_demanded() -> None:
    config, policy = applied(audience=["theirs"])
    assert config.audience == ["theirs"]
    assert config.options is not None
    assert config.options["verify_aud"]
    assert policy.audience == frozenset({"theirs"})


def test_without_an_audience_the_clients_are_demanded_instead() -> None:
    config, policy = applied(client_ids=["web"])
    assert config.options is not None
    assert not config.options["verify_aud"]
    assert policy.client_ids == frozenset({"web"})
    assert policy.may_lack_audience
    assert not policy.has_no_recipient


def test_a_preset_that_names_nobody_leaves_it_to_the_verifier() -> None:
    _, policy = applied()
    assert policy.has_no_recipient


def test_required_claims_and_headers_are_taken_over() -> None:
    _, policy = applied(required_claims={"groups": ["admins"]}, **BY_KID)
    assert policy.required_values == {"groups": ("admins",)}
    assert policy.required_header == {"signer": "mine"}


def test_the_strict_profile_of_either_counts() -> None:
    for config, policy in (applied(profile="rfc9068"), applied(policy={"profile": "rfc9068"})):
        assert policy.is_strict
        assert config.options is not None
        assert config.options["verify_sub"]
    assert not applied()[1].is_strict


def test_keys_that_take_more_have_a_policy_of_their_own() -> None:
    config, _ = applied(**BY_KID)
    assert isinstance(config.discovery_policy, KeyAccess)
    assert config.discovery_policy.is_pem
    config, _ = applied(jwks_uri="https://op.example/jwks", ca_file="ca.pem", token_file="t")
    assert isinstance(config.discovery_policy, KeyAccess)
    assert (config.discovery_policy.ca_file, config.discovery_policy.token_file) == ("ca.pem", "t")


def test_the_hosts_of_both_are_allowed() -> None:
    given = DiscoveryPolicy(additional_endpoint_base_addresses=["https://mine.example"])
    config = TokenValidationConfig(perform_disco=True, discovery_policy=given)
    found = applied(config, hosts=["theirs.example"])[0].discovery_policy
    assert found is not None
    bases = ["https://mine.example", "https://theirs.example"]
    assert found.additional_endpoint_base_addresses == bases


def test_a_policy_that_gains_nothing_stays_the_same_object() -> None:
    given = DiscoveryPolicy()
    config = TokenValidationConfig(perform_disco=True, discovery_policy=given)
    assert applied(config)[0].discovery_policy is given
    assert applied()[0].discovery_policy is None

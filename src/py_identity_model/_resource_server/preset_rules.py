"""Presets applied to the rules of a verifier."""

from __future__ import annotations

from dataclasses import replace

from .._validation.config import TokenValidationConfig
from .._validation.key_access import KeyAccess
from .._validation.provider_preset import Provider
from .._wire.arguments import algorithms_of
from .._wire.discovery_policy import DiscoveryPolicy, extend_policy
from .access_token_policy import AccessTokenPolicy, roles_path


def apply_preset(
    preset: Provider, config: TokenValidationConfig, policy: AccessTokenPolicy
) -> tuple[TokenValidationConfig, AccessTokenPolicy]:
    """Return both with the values of ``preset`` where the verifier has none of its own."""
    config, policy = _with_recipients(preset, config, policy)
    strict = policy.is_strict or preset.profile == "rfc9068"
    algorithms = config.algorithms
    if algorithms is None and preset.algorithms is not None:
        algorithms = algorithms_of(preset.algorithms)
    roles = policy.roles
    if roles is None and preset.roles_claim is not None:
        claim = preset.roles_claim
        roles = roles_path(claim if isinstance(claim, str) else tuple(claim))
    config = replace(
        config,
        algorithms=algorithms,
        discovery_policy=_discovery_policy(preset, config.discovery_policy),
        allow_padded_base64url=preset.allow_padded_base64url,
        options={**(config.options or {}), "verify_sub": strict},
    )
    policy = replace(
        policy,
        profile="rfc9068" if strict else policy.profile,
        roles=roles,
        scopes=preset.scope_claim,
        accept_id_tokens=policy.accept_id_tokens or preset.access_tokens_are_id_tokens,
        required_values=preset.required_claims,
        required_header=preset.required_header,
    )
    return config, policy


def _with_recipients(
    preset: Provider, config: TokenValidationConfig, policy: AccessTokenPolicy
) -> tuple[TokenValidationConfig, AccessTokenPolicy]:
    clients = policy.client_ids
    if clients is None and preset.client_ids is not None:
        clients = frozenset(preset.client_ids)
    policy = replace(policy, client_ids=clients)
    if preset.audience is None and (
        preset.client_ids is not None or preset.key_url_template is not None
    ):
        # Its tokens have no aud, so the verifier's audience cannot be required of them.
        options = {**(config.options or {}), "verify_aud": False}
        return replace(config, audience=None, options=options), replace(
            policy, may_lack_audience=True
        )
    if config.audience is not None or preset.audience is None:
        return config, policy
    names = list(preset.audience)
    options = {**(config.options or {}), "verify_aud": True}
    config = replace(config, audience=names, options=options)
    return config, replace(policy, audience=frozenset(names))


def _discovery_policy(preset: Provider, given: DiscoveryPolicy | None) -> DiscoveryPolicy | None:
    """Return the policy that the metadata and keys of ``preset`` need, within the verifier's."""
    merged = extend_policy(given, preset.discovery_policy)
    is_pem = preset.key_url_template is not None
    if is_pem or preset.ca_file is not None or preset.token_file is not None:
        return KeyAccess(
            **vars(merged), ca_file=preset.ca_file, token_file=preset.token_file, is_pem=is_pem
        )
    return given if merged == (given or DiscoveryPolicy()) else merged

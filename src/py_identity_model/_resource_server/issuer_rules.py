"""The rules for the access tokens of one issuer, computed once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .._validation.config import TokenValidationConfig, rules_for
from .._validation.key_access import key_address
from .._validation.provider_preset import Provider
from .._wire.arguments import algorithms_of, audience_of
from .._wire.discovery_policy import named_by_program
from .._wire.urls import spellings_of
from ..exceptions import InvalidArgumentError
from .access_token_policy import AccessTokenPolicy
from .access_token_refusals import AccessTokenRefusals
from .preset_rules import apply_preset
from .trusted_issuer import TrustedIssuer, spellings, unverified_header
from .verified_access_token import TokenContext

_MOST_HEADERS = 256
_IN_HEADER = ("exp", "iss")


class IssuerRules:
    """The rules for tokens of one issuer; ``trusted`` is None for tokens without an issuer.

    ``headers`` are those of accepted tokens, whose ``typ`` need not be checked again.
    ``named_by_tokens`` says that tokens, and so strangers, choose what is fetched.
    """

    __slots__ = (
        "_claims_rules",
        "_from_header",
        "_template",
        "address",
        "config",
        "context",
        "headers",
        "named_by_tokens",
        "policy",
        "trusted",
    )

    def __init__(
        self,
        trusted: TrustedIssuer | None,
        issuer: str | None,
        config: TokenValidationConfig,
        policy: AccessTokenPolicy,
        refusals: AccessTokenRefusals,
        *,
        named_by_tokens: bool = False,
    ) -> None:
        self.trusted = trusted
        self._template = trusted if trusted is not None and trusted.is_template else None
        self.headers: set[str] = set()
        self._from_header = trusted is not None and trusted.key_id_pattern is not None
        self.named_by_tokens = named_by_tokens or (
            trusted is not None and trusted.is_named_by_tokens
        )
        self.address = issuer
        if trusted is not None and issuer is not None:
            config, policy = _with_issuer_settings(trusted, config, policy)
            config = _with_addresses(trusted, issuer, config)
            if not self.named_by_tokens and not trusted.is_template:
                config = _with_program_policy(trusted, config)
            self.address = trusted.document_address or issuer
        if policy.has_no_recipient:
            raise _no_recipient_error(None if trusted is None else trusted.preset)
        self.policy = policy
        self._claims_rules = rules_for(config)
        self.config = _without_header_claims(config) if self._from_header else config
        self.context = TokenContext(refusals, policy.roles or "roles", policy.scopes)

    def config_for(self, token: str) -> TokenValidationConfig:
        """Return the configuration for validating a token, of which nothing is verified yet.

        If each key has its own address, nothing is fetched for a header that would be refused in
        any case.
        """
        trusted = self.trusted
        if trusted is None or trusted.key_id_pattern is None or trusted.keys_address is None:
            return self.config
        header = unverified_header(token)
        self.policy.check_required_header(header)
        address = key_address(trusted.keys_address, trusted.key_id_pattern, header.get("kid"))
        return replace(self.config, jwks_uri=address)

    def check_header(self, header: Mapping[str, Any], claims: dict[str, Any], now: float) -> None:
        """Raise unless a verified header is that of a token for this API.

        If it has ``exp`` and ``iss`` instead of the claims, both are checked, and copied into the
        claims.
        """
        self.policy.check_header(header)
        if not self._from_header:
            return
        moved = {name: header[name] for name in _IN_HEADER if name in header}
        self._claims_rules.check({**claims, **moved}, now)
        claims.update({**moved, **claims})
        self._claims_rules.check(claims, now)

    def remember(self, header: str) -> None:
        """Remember a valid header; its token was verified, so strangers cannot fill the memory."""
        if self._from_header:  # its times must be checked again
            return
        if len(self.headers) >= _MOST_HEADERS:
            self.headers.clear()
        self.headers.add(header)

    def check_introspected(
        self, claims: dict[str, Any], now: float, *, without_audience: bool
    ) -> None:
        """Raise unless an introspection result passes all the checks of JWTs.

        RFC 7662 §2.2 allows omitting what JWTs must have: ``iss`` and ``exp`` may be missing, since
        the issuer itself says that the token is active.  A missing ``aud`` is different: nothing
        else says that the token is for this API.
        """
        checks_aud = "aud" in claims or not without_audience
        rules = self._claims_rules
        rules._replace(
            issuers=self._literal_issuers() or rules.issuers,
            required=(),
            verify_iss=self.trusted is not None and claims.get("iss") is not None,
            verify_aud=rules.verify_aud and checks_aud,
        ).check(claims, now)
        if self._template is not None:
            self._template.check_bound_claim(claims)
        self.policy.check_introspected(claims)

    def _literal_issuers(self) -> frozenset[str]:
        """Return the names that an introspection result may have for a literal issuer.

        For JWTs the issuer's document decides on a final slash.  An introspection has no document,
        so nothing but the configured name and the known spellings of it counts.
        """
        if self.trusted is None or self._template is not None:
            return frozenset()
        names = (self.trusted.identifier, *self.trusted.other_names)
        return frozenset(one for name in names for one in spellings_of(name))

    def check(self, claims: dict[str, Any]) -> None:
        """Raise unless the claims of a verified JWT are those of a token for this API."""
        if self._template is not None:
            self._template.check_bound_claim(claims)
        self.policy.check(claims)


def _with_issuer_settings(
    trusted: TrustedIssuer, config: TokenValidationConfig, policy: AccessTokenPolicy
) -> tuple[TokenValidationConfig, AccessTokenPolicy]:
    """Return configuration and policy with the settings of one issuer."""
    if trusted.discovery_policy is not None:
        config = replace(config, discovery_policy=trusted.discovery_policy)
    if trusted.preset is not None:
        config, policy = apply_preset(trusted.preset, config, policy)
    if trusted.audience is not None or trusted.client_ids is not None:
        config, policy = _with_recipients(trusted, config, policy)
    if trusted.algorithms is not None:
        config = replace(config, algorithms=algorithms_of(trusted.algorithms))
    if trusted.roles is not None:
        policy = replace(policy, roles=trusted.roles)
    accepts = trusted.accept_id_tokens_as_access_tokens
    if accepts is not None:
        policy = replace(policy, accept_id_tokens=accepts)
    return config, policy


def _with_recipients(
    trusted: TrustedIssuer, config: TokenValidationConfig, policy: AccessTokenPolicy
) -> tuple[TokenValidationConfig, AccessTokenPolicy]:
    """Return both with an issuer's own audience, or with its clients instead."""
    preset = trusted.preset
    own = trusted.audience or (None if preset is None else preset.audience)
    names = None if own is None else audience_of("audience", own)
    clients = policy.client_ids if trusted.client_ids is None else frozenset(trusted.client_ids)
    options = {**(config.options or {}), "verify_aud": names is not None}
    audience = None if names is None else frozenset([names] if isinstance(names, str) else names)
    config = replace(config, audience=names, options=options)
    optional = names is None and policy.may_lack_audience
    return config, replace(
        policy, audience=audience, client_ids=clients, may_lack_audience=optional
    )


# One branch per way to find keys: each excludes those below it. Separate functions would hide it.
def _with_addresses(
    trusted: TrustedIssuer, issuer: str, config: TokenValidationConfig
) -> TokenValidationConfig:
    """Return ``config`` with the location of the keys, and the names that go with them."""
    tokens = [issuer] if trusted.is_template else [trusted.identifier, *trusted.other_names]
    # Tokens have the name of another issuer.
    if trusted.preset is not None and trusted.preset.issuer is None:
        config = replace(config, options={**(config.options or {}), "verify_iss": False})
    if trusted.keys_address is not None:
        return replace(
            config, issuer=tokens[0], token_issuers=tokens, jwks_uri=trusted.keys_address
        )
    policy = config.discovery_policy
    preset = trusted.preset
    elsewhere = preset is None and trusted.disco_doc_address is not None
    mismatch = policy is not None and policy.allow_issuer_mismatch
    if elsewhere and mismatch and not trusted.is_template:
        # The program named the document and the issuer of tokens, so the issuer in the document is
        # irrelevant. No policy does that for what tokens name.
        return replace(config, issuer=None, token_issuers=tokens)
    if trusted.is_template:
        names = [issuer, *_templates(trusted.identifier)]
    else:
        names = [trusted.identifier] if preset is None else list(preset.document_issuers)
    documents = list(dict.fromkeys(each for name in names for each in spellings(name)))
    if trusted.is_template or len(names) > 1:
        return replace(config, issuer=documents, token_issuers=tokens)
    return replace(config, issuer=documents)  # tokens must have the issuer of the document


def _with_program_policy(
    trusted: TrustedIssuer, config: TokenValidationConfig
) -> TokenValidationConfig:
    """Return ``config`` for an issuer that the program names: it decides where its endpoints are.

    A document at another address must still name the issuer; where a policy lets it name another,
    its keys may be where the issuer of the tokens is, even at an internal address.
    """
    policy = named_by_program(config.discovery_policy)
    elsewhere = trusted.disco_doc_address is not None and trusted.preset is None
    if elsewhere and not policy.allow_issuer_mismatch:
        policy = replace(policy, expected_issuer=trusted.identifier)
    elif elsewhere and not trusted.is_template:
        named = [*policy.additional_endpoint_base_addresses, trusted.identifier]
        policy = replace(policy, additional_endpoint_base_addresses=named)
    return replace(config, discovery_policy=policy)


def _templates(issuer: str) -> tuple[str, str]:
    """Return a template, and its spelling in documents: Microsoft uses a fixed placeholder."""
    return issuer, re.sub(r"\{\w+\}", "{tenantid}", issuer)


def _without_header_claims(config: TokenValidationConfig) -> TokenValidationConfig:
    """Return ``config`` for claims that may lack members of their header."""
    options = {**(config.options or {}), "require": [], "verify_iss": False}
    return replace(config, options=options)


def _no_recipient_error(preset: Provider | None) -> InvalidArgumentError:
    text = "audience must name this API, or client_ids the clients whose tokens are accepted"
    if preset is None:
        return InvalidArgumentError(text)
    return InvalidArgumentError(f"{text}: the preset {preset.name} defines neither")

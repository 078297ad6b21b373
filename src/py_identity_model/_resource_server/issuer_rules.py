"""The rules for the access tokens of one issuer, worked out once."""

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
from ..exceptions import InvalidArgumentError
from .access_token_policy import AccessTokenPolicy
from .access_token_refusals import AccessTokenRefusals
from .preset_rules import apply_preset
from .trusted_issuer import TrustedIssuer, spellings, unverified_header
from .verified_access_token import TokenContext

_MOST_HEADERS = 256
_IN_HEADER = ("exp", "iss")


class IssuerRules:
    """How tokens of one issuer are judged; ``trusted`` is None where a token names no issuer.

    ``headers`` are those of tokens that were accepted: their ``typ`` need not be looked at again.
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
            config, policy = _of_issuer(trusted, config, policy)
            config = _addressed(trusted, issuer, config)
            if not self.named_by_tokens and not trusted.is_template:
                config = _named_by_program(trusted, config)
            self.address = trusted.document_address or issuer
        if policy.names_nobody:
            raise _names_nobody_error(None if trusted is None else trusted.preset)
        self.policy = policy
        self._claims_rules = rules_for(config)
        self.config = _without_header_claims(config) if self._from_header else config
        self.context = TokenContext(refusals, policy.roles or "roles", policy.scopes)

    def config_for(self, token: str) -> TokenValidationConfig:
        """Return how a token, of which nothing is verified yet, is to be validated.

        Where each key has an address of its own, nothing is fetched for a header that would be
        refused in any case.
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

        Where it carries ``exp`` and ``iss`` instead of the claims, both are judged, and put into
        the claims that lack them.
        """
        self.policy.check_header(header)
        if not self._from_header:
            return
        moved = {name: header[name] for name in _IN_HEADER if name in header}
        self._claims_rules.check({**claims, **moved}, now)
        claims.update({**moved, **claims})
        self._claims_rules.check(claims, now)

    def remember(self, header: str) -> None:
        """Keep a header that fits; its token was verified, so strangers cannot fill the memory."""
        if self._from_header:  # its times must be judged again
            return
        if len(self.headers) >= _MOST_HEADERS:
            self.headers.clear()
        self.headers.add(header)

    def check_introspected(
        self, claims: dict[str, Any], now: float, *, without_audience: bool
    ) -> None:
        """Raise unless what the issuer says of a token passes every check that JWTs pass.

        RFC 7662 §2.2 leaves out what JWTs must have: ``iss`` and ``exp`` may be missing, since
        the issuer itself says that the token is active.  A missing ``aud`` is another matter:
        nothing else says that the token is for this API.
        """
        checks_aud = "aud" in claims or not without_audience
        rules = self._claims_rules
        rules._replace(
            required=(),
            verify_iss=self.trusted is not None and claims.get("iss") is not None,
            verify_aud=rules.verify_aud and checks_aud,
        ).check(claims, now)
        if self._template is not None:
            self._template.check_bound_claim(claims)
        self.policy.check_introspected(claims)

    def check(self, claims: dict[str, Any]) -> None:
        """Raise unless the claims of a verified JWT are those of a token for this API."""
        if self._template is not None:
            self._template.check_bound_claim(claims)
        self.policy.check(claims)


def _of_issuer(
    trusted: TrustedIssuer, config: TokenValidationConfig, policy: AccessTokenPolicy
) -> tuple[TokenValidationConfig, AccessTokenPolicy]:
    """Return configuration and policy with what is special about one issuer."""
    if trusted.discovery_policy is not None:
        config = replace(config, discovery_policy=trusted.discovery_policy)
    if trusted.preset is not None:
        config, policy = apply_preset(trusted.preset, config, policy)
    if trusted.audience is not None or trusted.client_ids is not None:
        config, policy = _for_whom(trusted, config, policy)
    if trusted.algorithms is not None:
        config = replace(config, algorithms=algorithms_of(trusted.algorithms))
    if trusted.roles is not None:
        policy = replace(policy, roles=trusted.roles)
    accepts = trusted.accept_id_tokens_as_access_tokens
    if accepts is not None:
        policy = replace(policy, accept_id_tokens=accepts)
    return config, policy


def _for_whom(
    trusted: TrustedIssuer, config: TokenValidationConfig, policy: AccessTokenPolicy
) -> tuple[TokenValidationConfig, AccessTokenPolicy]:
    """Return both with an issuer's own audience, or its clients in place of one."""
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


def _addressed(
    trusted: TrustedIssuer, issuer: str, config: TokenValidationConfig
) -> TokenValidationConfig:
    """Return ``config`` with where keys come from, and which names go with them."""
    tokens = [issuer] if trusted.is_template else [trusted.identifier, *trusted.other_names]
    if trusted.preset is not None and trusted.preset.issuer is None:  # tokens carry another's
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
        # The program named the document, and the issuer of tokens: what it says is of no account.
        # No policy does that for what tokens name.
        return replace(config, issuer=None, token_issuers=tokens)
    if trusted.is_template:
        names = [issuer, *_templates(trusted.identifier)]
    else:
        names = [trusted.identifier] if preset is None else list(preset.document_issuers)
    documents = list(dict.fromkeys(each for name in names for each in spellings(name)))
    if trusted.is_template or len(names) > 1:
        return replace(config, issuer=documents, token_issuers=tokens)
    return replace(config, issuer=documents)  # tokens must say what the document says


def _named_by_program(
    trusted: TrustedIssuer, config: TokenValidationConfig
) -> TokenValidationConfig:
    """Return ``config`` for an issuer that the program names: it says where its endpoints are.

    A document that is found elsewhere must name the issuer all the same.
    """
    policy = named_by_program(config.discovery_policy)
    elsewhere = trusted.disco_doc_address is not None and trusted.preset is None
    if elsewhere and not policy.allow_issuer_mismatch:
        policy = replace(policy, expected_issuer=trusted.identifier)
    return replace(config, discovery_policy=policy)


def _templates(issuer: str) -> tuple[str, str]:
    """Return a template, and as documents write it: Microsoft's name for the place is fixed."""
    return issuer, re.sub(r"\{\w+\}", "{tenantid}", issuer)


def _without_header_claims(config: TokenValidationConfig) -> TokenValidationConfig:
    """Return ``config`` for claims that may lack what their header has."""
    options = {**(config.options or {}), "require": [], "verify_iss": False}
    return replace(config, options=options)


def _names_nobody_error(preset: Provider | None) -> InvalidArgumentError:
    text = "audience must name this API, or client_ids the clients whose tokens are accepted"
    if preset is None:
        return InvalidArgumentError(text)
    return InvalidArgumentError(f"{text}: the preset {preset.name} knows neither")

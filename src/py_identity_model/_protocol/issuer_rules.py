"""The rules for the access tokens of one issuer, worked out once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..exceptions import InvalidArgumentError
from .access_token_policy import AccessTokenPolicy
from .access_token_refusals import AccessTokenRefusals
from .arguments import algorithms_of, audience_of
from .policy import DiscoveryPolicy, named_by_program
from .token_validation import TokenValidationConfig, rules_for
from .trusted_issuer import TrustedIssuer
from .verified_access_token import TokenContext

_MOST_HEADERS = 256


class IssuerRules:
    """How tokens of one issuer are judged; ``trusted`` is None where a token names no issuer.

    ``headers`` are those of tokens that were accepted: their ``typ`` need not be looked at again.
    """

    __slots__ = (
        "_claims_rules",
        "_template",
        "address",
        "config",
        "context",
        "headers",
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
        if trusted is not None:
            config, policy = _of_issuer(trusted, config, policy)
        if policy.names_nobody:
            raise InvalidArgumentError(
                "audience must name this API, or client_ids the clients whose tokens are accepted"
            )
        self.config = _for_issuer(config, trusted, issuer, named_by_tokens)
        self.address = issuer if trusted is None else trusted.disco_doc_address or issuer
        self.policy = policy
        self._claims_rules = rules_for(self.config)
        self.context = TokenContext(refusals, policy.roles)

    def remember(self, header: str) -> None:
        """Keep a header that fits; its token was verified, so strangers cannot fill the memory."""
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


def _for_issuer(
    config: TokenValidationConfig,
    trusted: TrustedIssuer | None,
    issuer: str | None,
    named_by_tokens: bool,
) -> TokenValidationConfig:
    """Return the configuration for one issuer, and what is trusted of its document.

    An issuer that the program names may say where its endpoints are; one that a token names may
    not.  A document that is found elsewhere must name the issuer all the same.
    """
    policy = config.discovery_policy
    if trusted is None or issuer is None:
        return replace(config, issuer=issuer)
    if trusted.jwks_uri is not None:
        return replace(config, issuer=issuer, jwks_uri=trusted.jwks_uri)
    if trusted.is_template:  # as a list: no policy makes a document vouch for what tokens name
        return replace(config, issuer=[issuer])
    if not named_by_tokens:
        policy = named_by_program(policy)
    if trusted.disco_doc_address is not None:
        policy = replace(policy or DiscoveryPolicy(), expected_issuer=issuer)
    return replace(config, issuer=issuer, discovery_policy=policy)


def _of_issuer(
    trusted: TrustedIssuer, config: TokenValidationConfig, policy: AccessTokenPolicy
) -> tuple[TokenValidationConfig, AccessTokenPolicy]:
    """Return configuration and policy with what is special about one issuer."""
    if trusted.audience is not None or trusted.client_ids is not None:
        config, policy = _for_whom(trusted, config, policy)
    if trusted.algorithms is not None:
        config = replace(config, algorithms=algorithms_of(trusted.algorithms))
    if trusted.discovery_policy is not None:
        config = replace(config, discovery_policy=trusted.discovery_policy)
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
    names = None if trusted.audience is None else audience_of("audience", trusted.audience)
    clients = policy.client_ids if trusted.client_ids is None else frozenset(trusted.client_ids)
    options = {**(config.options or {}), "verify_aud": names is not None}
    audience = None if names is None else frozenset([names] if isinstance(names, str) else names)
    config = replace(config, audience=names, options=options)
    return config, replace(policy, audience=audience, client_ids=clients)

# Generated from aio/trusted_issuers.py by scripts/make_sync.py; edit that file.
"""Whom a verifier trusts, and the rules that go with each issuer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from .._protocol.access_token_policy import AccessTokenPolicy
from .._protocol.access_token_refusals import AccessTokenRefusals
from .._protocol.issuer_rules import IssuerRules
from .._protocol.token_validation import TokenValidationConfig
from .._protocol.trusted_issuer import TrustedIssuer, untrusted_issuer_error
from .._seam.sync import call
from ..exceptions import (
    ConfigurationException,
    InvalidArgumentError,
    TokenValidationException,
)

Resolver = Callable[[str], Any]
"""Returns the :class:`TrustedIssuer` of an issuer, or None."""

Issuers = str | TrustedIssuer | Sequence[str | TrustedIssuer] | Resolver

_MOST_ISSUERS = 256


class TrustedIssuers:
    """The issuers of a verifier, named beforehand or by a resolver."""

    def __init__(
        self,
        issuers: Issuers,
        config: TokenValidationConfig,
        policy: AccessTokenPolicy,
        refusals: AccessTokenRefusals,
    ) -> None:
        self._config = config
        self._policy = policy
        self._refusals = refusals
        self._resolver: Resolver | None = None
        self._listed: tuple[TrustedIssuer, ...] = ()
        if callable(issuers) and not isinstance(issuers, TrustedIssuer):
            self._resolver = issuers
        else:
            self._listed = _listed(issuers)
        self._rules: dict[str, IssuerRules] = {}
        first = self._listed[0] if len(self._listed) == 1 else None
        self.only: IssuerRules | None = None  # where there is but one, and no template
        if first is not None and not first.is_template:
            self.only = self._rules_of(first, first.issuer)
        self._unnamed = self.only
        if first is None and not policy.names_nobody:
            self._unnamed = IssuerRules(None, None, config, policy, refusals)
        for one in self._listed:  # so that rules which contradict each other are refused at once
            IssuerRules(one, one.issuer, config, policy, refusals)

    def rules_for(self, issuer: object) -> IssuerRules:
        """Return the rules for the issuer that a token names.

        Raises InvalidIssuerException for one that is not trusted.
        """
        if not isinstance(issuer, str):
            raise untrusted_issuer_error(issuer, self._listed)
        trusted = self._trusted(issuer)
        if trusted is None or not trusted.matches(issuer):
            raise untrusted_issuer_error(issuer, self._listed)
        return self._rules_of(trusted, issuer)

    def rules_for_introspected(self, issuer: object) -> IssuerRules:
        """Return the rules for a token that was introspected, which may name no issuer.

        It must name one where a template is trusted: nothing else binds it to a tenant.
        """
        if issuer is None and self._unnamed is not None:
            return self._unnamed
        return self.rules_for(issuer)

    def are_named_by_tokens(self, rules: IssuerRules) -> bool:
        """Return whether tokens, and so strangers, choose the address behind ``rules``."""
        return self._resolver is not None or (
            rules.trusted is not None and rules.trusted.is_template
        )

    def _trusted(self, issuer: str) -> TrustedIssuer | None:
        if self._resolver is None:
            return next((one for one in self._listed if one.matches(issuer)), None)
        try:
            found = call(self._resolver, issuer)
        except TokenValidationException:
            raise
        except Exception as error:  # strangers choose what it is called with, and so when it fails
            raise TokenValidationException(
                f"the resolver of issuers failed: {type(error).__name__}",
                code="issuers_unavailable",
            ) from error
        if found is not None and not isinstance(found, TrustedIssuer):
            raise ConfigurationException("issuers must return a TrustedIssuer or None")
        return found

    def _rules_of(self, trusted: TrustedIssuer, issuer: str) -> IssuerRules:
        known = self._rules.get(issuer)
        if known is not None and (known.trusted is trusted or known.trusted == trusted):
            return known
        rules = IssuerRules(trusted, issuer, self._config, self._policy, self._refusals)
        if len(self._rules) >= _MOST_ISSUERS:
            self._rules.clear()
        self._rules[issuer] = rules
        return rules


def _listed(
    issuers: str | TrustedIssuer | Sequence[str | TrustedIssuer],
) -> tuple[TrustedIssuer, ...]:
    if isinstance(issuers, (str, TrustedIssuer)):
        issuers = [issuers]
    if not isinstance(issuers, Collection) or not issuers:
        raise InvalidArgumentError("issuers must name at least one issuer, or be callable")
    return tuple(one if isinstance(one, TrustedIssuer) else TrustedIssuer(one) for one in issuers)

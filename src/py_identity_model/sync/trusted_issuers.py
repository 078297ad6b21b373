# Generated from aio/trusted_issuers.py by scripts/make_sync.py; edit that file.
"""The trusted issuers of a verifier, and their rules."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from .._resource_server.access_token_policy import AccessTokenPolicy
from .._resource_server.access_token_refusals import AccessTokenRefusals
from .._resource_server.issuer_rules import IssuerRules
from .._resource_server.trusted_issuer import (
    TrustedIssuer,
    issuer_for_log,
    untrusted_issuer_error,
    unverified_header,
    unverified_issuer,
)
from .._seam.sync import call
from .._validation.config import TokenValidationConfig
from .._validation.provider_preset import Provider
from .._wire.arguments import check_issuer_address
from ..exceptions import ConfigurationException, InvalidArgumentError, TokenValidationException

Resolver = Callable[[str], Any]
"""Maps an issuer to a :class:`TrustedIssuer`, a preset, a URL, or None."""

Issuer = str | TrustedIssuer | Provider
Issuers = Issuer | Sequence[Issuer] | Resolver

_MOST_ISSUERS = 256


class TrustedIssuers:
    """The issuers of a verifier, given as a list or by a resolver."""

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
        if callable(issuers) and not isinstance(issuers, (TrustedIssuer, Provider)):
            self._resolver = issuers
        else:
            self._listed = _list_issuers(issuers)
        self._by_header = tuple(one for one in self._listed if one.key_id_pattern is not None)
        self._rules: dict[str, IssuerRules] = {}
        first = self._listed[0] if len(self._listed) == 1 else None
        self.only: IssuerRules | None = None  # if there is a single one, and not a template
        if first is not None and not first.is_template:
            self.only = self._rules_of(first, first.identifier)
        self._unnamed = self.only
        if first is None and not policy.has_no_recipient:
            self._unnamed = IssuerRules(None, None, config, policy, refusals)
        for one in self._listed:  # so that contradictory rules are refused at once
            IssuerRules(one, one.identifier, config, policy, refusals)

    def rules_for_token(self, token: str) -> IssuerRules:
        """Return the rules for the issuer that an unverified token names.

        Raises InvalidIssuerException for an untrusted one.
        """
        if self._by_header and (found := self._find_by_header(unverified_header(token))):
            return self._rules_of(found, found.identifier)
        return self.rules_for(unverified_issuer(token))

    def rules_for(self, issuer: object) -> IssuerRules:
        """Return the rules for an issuer.

        Raises InvalidIssuerException for an untrusted one.
        """
        if not isinstance(issuer, str):
            raise untrusted_issuer_error(issuer, self._listed)
        trusted = self._find_trusted(issuer)
        if trusted is None or not (trusted.matches(issuer) or trusted.resembles(issuer)):
            raise untrusted_issuer_error(issuer, self._listed)
        return self._rules_of(trusted, issuer if trusted.is_template else trusted.identifier)

    def configured_name(self, authorization: object) -> str | None:
        """Return the name by which the program trusts the issuer that a request's token names.

        Of a template that is the template: strangers choose what its tokens have in its place.
        """
        if not isinstance(authorization, str):
            return None
        rules = self._rules.get(issuer_for_log(authorization.partition(" ")[2].strip()) or "")
        return None if rules is None or rules.trusted is None else rules.trusted.identifier

    def rules_for_introspected(self, issuer: object) -> IssuerRules:
        """Return the rules for an introspected token, which may not name an issuer.

        It must name one if a template is trusted: nothing else binds it to a tenant.
        """
        if issuer is None and self._unnamed is not None:
            return self._unnamed
        return self.rules_for(issuer)

    def _find_by_header(self, header: dict[str, Any]) -> TrustedIssuer | None:
        """Return the issuer of tokens with such a header; a single one also with deviations.

        The header comes first: the claims of a load balancer's token may name the issuer of its
        users, which may be trusted as well.
        """
        names = [one.preset.required_header if one.preset else {} for one in self._by_header]
        for one, wanted in zip(self._by_header, names, strict=True):
            if wanted.items() <= header.items():
                return one
        close = [
            one
            for one, wanted in zip(self._by_header, names, strict=True)
            if wanted.keys() & header.keys()
        ]
        return close[0] if close else None

    def _find_trusted(self, issuer: str) -> TrustedIssuer | None:
        if self._resolver is None:
            exact = (one for one in self._listed if one.matches(issuer))
            close = (one for one in self._listed if one.resembles(issuer))
            return next(exact, None) or next(close, None)
        try:
            found = call(self._resolver, issuer)
        except TokenValidationException:
            raise
        except Exception as error:  # strangers choose its argument, and so when it fails
            raise TokenValidationException(
                f"the resolver of issuers failed: {type(error).__name__}",
                code="issuers_unavailable",
            ) from error
        if isinstance(found, (str, Provider)):
            return TrustedIssuer(found)
        if found is not None and not isinstance(found, TrustedIssuer):
            raise ConfigurationException(
                "issuers must return a TrustedIssuer, a preset, a URL, or None"
            )
        return found

    def _rules_of(self, trusted: TrustedIssuer, issuer: str) -> IssuerRules:
        known = self._rules.get(issuer)
        if known is not None and (known.trusted is trusted or known.trusted == trusted):
            return known
        rules = IssuerRules(
            trusted,
            issuer,
            self._config,
            self._policy,
            self._refusals,
            named_by_tokens=self._resolver is not None,
        )
        if len(self._rules) >= _MOST_ISSUERS:
            self._rules.clear()
        self._rules[issuer] = rules
        return rules


def _list_issuers(issuers: Issuer | Sequence[Issuer]) -> tuple[TrustedIssuer, ...]:
    if isinstance(issuers, (str, TrustedIssuer, Provider)):
        issuers = [issuers]
    if not isinstance(issuers, Collection) or not issuers:
        raise InvalidArgumentError(
            "issuers must name at least one issuer, or be callable, and not be "
            f"{type(issuers).__name__}"
        )
    listed = tuple(one if isinstance(one, TrustedIssuer) else TrustedIssuer(one) for one in issuers)
    _refuse_contradictions(listed)
    for one in listed:
        _check_address(one)
    return listed


def _check_address(trusted: TrustedIssuer) -> None:
    """Raise for an issuer of whose tokens none could ever be accepted."""
    if not isinstance(trusted.issuer, str) or trusted.jwks_uri or trusted.disco_doc_address:
        return
    check_issuer_address(trusted.issuer)
    before, found, _ = trusted.issuer.partition("/.well-known/")
    if found:
        raise InvalidArgumentError(
            f"issuer must be what tokens name, {before}, and not the address of its metadata"
        )


def _refuse_contradictions(listed: Sequence[TrustedIssuer]) -> None:
    """Raise for two entries of one issuer: the second would silently be ignored."""
    known: dict[str, TrustedIssuer] = {}
    for one in listed:
        if one.key_id_pattern is not None:  # these are distinguished by their headers
            continue
        for name in (one.identifier, *one.other_names):
            if known.setdefault(name, one) != one:
                raise InvalidArgumentError(f"issuers name {name} twice, with different rules")

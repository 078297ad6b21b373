"""The provider of a client: an issuer or a preset, and its particularities for logins."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from .._jose.excerpt import found
from .._jose.sign import SIGNING_ALGORITHMS
from .._protocol.discovery import DiscoveryDocumentResponse, metadata_of
from .._validation.provider_document import Provider as Discovered
from .._validation.provider_preset import Provider
from .._wire.arguments import check_issuer_address
from .._wire.client_authentication import ClientAuthentication, ClientSecretPost
from .._wire.discovery_policy import DiscoveryPolicy, extend_policy
from .._wire.urls import implied_issuer
from ..exceptions import (
    ConfigurationException,
    IdTokenValidationException,
    InvalidArgumentError,
    InvalidIssuerException,
)

_EDWARDS = frozenset({"EdDSA", "Ed25519"})

IssuerCheck = Callable[[dict[str, Any]], None]
"""Raises InvalidIssuerException for claims of another issuer."""


@dataclass(frozen=True)
class ClientProvider:
    """The provider at which a client logs users in: issuer, document address, and preset."""

    issuer: str
    address: str
    preset: Provider | None = None

    @classmethod
    def of(cls, given: object) -> ClientProvider:
        """Return the provider that was given as the issuer; raise InvalidArgumentError."""
        if not isinstance(given, Provider):
            if not isinstance(given, str) or not given.strip():
                raise InvalidArgumentError("issuer must be a non-blank string, or a preset")
            check_issuer_address(given)
            return cls(given, given)
        address = given.discovery_address or given.issuer
        if given.issuer is None or address is None or "{" in address:
            raise InvalidArgumentError(
                f"issuer: the preset {given.name} does not say where users log in"
            )
        return cls(given.issuer, address, given)

    @property
    def scope(self) -> str:
        """The default scope of logins."""
        return "openid" if self.preset is None or self.preset.openid else ""

    @property
    def has_nonce(self) -> bool:
        """Whether logins send a nonce, and ID tokens contain it."""
        return self.preset is None or self.preset.nonce

    @property
    def has_challenge(self) -> bool:
        """Whether logins send a code challenge."""
        return self.preset is None or self.preset.pkce

    def with_token_type(self, token: Mapping[str, Any]) -> dict[str, Any]:
        """Return a token response with its ``token_type``, or the preset's if it has none."""
        named = token.get("token_type")
        if named is not None or self.preset is None:
            return {**token}
        return {**token, "token_type": self.preset.token_type}

    @property
    def is_unprotected_for_a_reason(self) -> bool:
        """Whether a preset says, with its reason, that there is neither nonce nor PKCE."""
        return not (self.has_nonce or self.has_challenge) and bool(
            self.preset and self.preset.notes
        )

    def authorization_parameters(self, response_mode: str | None) -> dict[str, Any]:
        """Return the preset's parameters of authorization requests."""
        if self.preset is None:
            return {"response_mode": response_mode}
        mode = response_mode or self.preset.response_mode
        return {**self.preset.extra_authorization_parameters, "response_mode": mode}

    def authentication(
        self, given: ClientAuthentication | None, client_secret: str | None
    ) -> ClientAuthentication | None:
        """Return the preset's authentication method if only a secret was given."""
        wanted = None if self.preset is None else self.preset.client_authentication
        if given is None and client_secret and wanted == ClientSecretPost.method:
            return ClientSecretPost(client_secret)
        return given

    def algorithms(
        self, chosen: Sequence[str] | None, metadata: DiscoveryDocumentResponse
    ) -> Sequence[str] | None:
        """Return the algorithms that may sign ID tokens: as registered, else the provider's own.

        Symmetric ones are never included: only a registration can say that a secret is meant.
        """
        if chosen is not None:
            return chosen
        named = metadata.id_token_signing_alg_values_supported
        if self.preset is not None and self.preset.algorithms is not None:
            named = list(self.preset.algorithms)
        if not isinstance(named, list):
            return None
        named = [one for one in named if isinstance(one, str)]
        if not _EDWARDS.isdisjoint(named):  # RFC 9864 gave Ed25519 a name of its own
            named = [*named, *_EDWARDS]
        return [one for one in named if one in SIGNING_ALGORITHMS]

    def policy(self, given: DiscoveryPolicy | None) -> DiscoveryPolicy | None:
        """Return the policy extended by the needs of the preset's document and endpoints."""
        if self.preset is None:
            return given
        policy = extend_policy(given, self.preset.discovery_policy)
        if self.preset.internal_url is None:
            return policy
        # The document may name endpoints by both names.
        bases = [*policy.additional_endpoint_base_addresses, self.issuer, self.preset.internal_url]
        return replace(policy, additional_endpoint_base_addresses=bases)

    def given_metadata(self) -> DiscoveryDocumentResponse | None:
        """Return the metadata of a provider without a document."""
        members = {} if self.preset is None else self.preset.metadata
        if self.preset is None or "issuer" not in members or self.preset.document_address:
            return None
        content = json.dumps(dict(members)).encode()
        return metadata_of(Discovered(self.issuer, members.get("jwks_uri"), content))

    def metadata_of(self, discovered: Discovered) -> DiscoveryDocumentResponse:
        """Return the metadata in a document, completed by the preset."""
        if self.preset is None:
            return metadata_of(discovered)
        self.check_metadata(discovered.issuer)
        found_there = metadata_of(discovered)
        document = {**self.preset.metadata, **(found_there.document or {})}
        if document == found_there.document:
            return found_there
        return metadata_of(discovered._replace(content=json.dumps(document).encode()))

    def check_metadata(self, named: str | None) -> None:
        """Raise ConfigurationException for metadata of another issuer than the client's."""
        expected = {self.issuer}
        if self.preset is not None and self.preset.bound_claim is None:
            expected |= {*self.preset.other_issuers}
            # It may have another name inside a cluster.
            if self.preset.discovery_address is not None:
                expected.add(implied_issuer(self.preset.discovery_address))
        if named is None or named.removesuffix("/") not in {
            one.removesuffix("/") for one in expected
        }:
            raise ConfigurationException(
                "the metadata belongs to another issuer",
                {"issuer": found(named), "expected": sorted(expected)},
                code="issuer_not_configured",
            )

    def issuer_check(self, named: str) -> IssuerCheck | None:
        """Return the check of tokens' issuers; None if they must be exactly ``named``.

        ``named`` is the issuer that the metadata names.
        """
        family = self._family(named)
        if family is None:
            return None

        def check(claims: dict[str, Any]) -> None:
            literal = family.bound_claim is None and claims.get("iss") == named
            if not literal and not family.is_issuer_of(claims):
                raise _issuer_error(family, claims)

        return check

    def _family(self, named: str) -> Provider | None:
        """Return a provider with several names: a preset, or a known template of the same host."""
        if self.preset is not None:
            several = self.preset.bound_claim or self.preset.other_issuers or named != self.issuer
            return self.preset if several else None
        if "{" not in named or urlsplit(named).netloc != urlsplit(self.address).netloc:
            return None
        from .._wire.known_hosts import known_issuer  # loads the table

        known = known_issuer(named)
        if known is None or known.bound_claim is None:
            return None
        return Provider(name="known", issuer=named, bound_claim=known.bound_claim)

    def expected_issuer(self, named: str, answered: object) -> str:
        """Return the issuer that an authorization response must name.

        ``named`` is the issuer in the metadata, ``answered`` the one in the response: it counts if
        it is a name of the same provider.  That of a template is compared once more, by
        :meth:`check_tenant`.
        """
        if isinstance(answered, str) and (family := self._family(named)) is not None:
            if family.bound_claim is None and family.is_issuer_of({"iss": answered}):
                return answered
            value = _value_in(family.issuer or "", answered)
            if value and family.is_issuer_of({"iss": answered, family.bound_claim or "": value}):
                return answered
        return named

    def check_tenant(self, named: str, answered: str | None, claims: Mapping[str, Any]) -> None:
        """Raise InvalidIssuerException if response and ID token are from two tenants."""
        family = self._family(named)
        if family is None or family.bound_claim is None or answered is None:
            return
        if claims and claims.get("iss") != answered:
            raise InvalidIssuerException(
                "Invalid issuer: the response came from another issuer",
                {"issuer": found(claims.get("iss")), "expected": answered},
            )

    def check_required_claims(self, claims: Mapping[str, Any]) -> None:
        """Raise IdTokenValidationException unless an ID token has the claims that the preset
        requires.
        """
        wanted = {} if self.preset is None else self.preset.required_id_token_claims
        for name, values in wanted.items():
            if claims.get(name) not in values:
                raise IdTokenValidationException(
                    f"Invalid ID token: the {name} claim has a value that is not accepted",
                    "payload",
                    {"claim": name, "found": found(claims.get(name)), "expected": [*values]},
                    code="claim_not_accepted",
                )


def _value_in(template: str, issuer: str) -> str | None:
    before, brace, rest = template.partition("{")
    after = rest.partition("}")[2]
    if not brace or not (issuer.startswith(before) and issuer.endswith(after)):
        return None
    return issuer[len(before) : len(issuer) - len(after)]


def _issuer_error(family: Provider, claims: Mapping[str, Any]) -> InvalidIssuerException:
    details = {"issuer": found(claims.get("iss")), "expected": [family.issuer]}
    if family.bound_claim is not None:
        details |= {"claim": family.bound_claim, "found": found(claims.get(family.bound_claim))}
    return InvalidIssuerException("Invalid issuer", details)

"""Whose access tokens are taken: one issuer, several, or a family of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._jose.encoding import decode_base64url, parse_object
from .._jose.tokens import MAX_TOKEN_SIZE
from ..exceptions import InvalidArgumentError, InvalidIssuerException
from .policy import DiscoveryPolicy

_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class TrustedIssuer:
    """An issuer whose access tokens are taken, and what is special about it.

    ``issuer`` may hold one place in braces, as Microsoft Entra's
    ``https://login.microsoftonline.com/{tenantid}/v2.0``: whatever stands there must equal the
    token's claim ``bound_claim``, and be among ``allowed_values`` unless that is None.
    ``audience``, ``algorithms`` and ``discovery_policy`` replace the verifier's own;
    ``disco_doc_address`` is where the metadata is, if not below the issuer.

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for a template that binds nothing.

    Example::

        TrustedIssuer(
            "https://login.microsoftonline.com/{tenantid}/v2.0", bound_claim="tid"
        )
    """

    issuer: str
    audience: str | Sequence[str] | None = None
    algorithms: Sequence[str] | None = None
    discovery_policy: DiscoveryPolicy | None = None
    disco_doc_address: str | None = None
    bound_claim: str | None = None
    allowed_values: Collection[str] | None = None
    _pattern: re.Pattern[str] | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.issuer, str) or not self.issuer:
            raise InvalidArgumentError("issuer must be text, and not be empty")
        places = _PLACE.findall(self.issuer)
        if len(places) > 1 or bool(places) is not bool(self.bound_claim):
            raise InvalidArgumentError("a template has one place in braces, and a bound_claim")
        if places:
            before, after = (re.escape(part) for part in re.split(_PLACE, self.issuer)[::2])
            pattern = re.compile(f"{before}([A-Za-z0-9][A-Za-z0-9._-]*){after}")
            object.__setattr__(self, "_pattern", pattern)

    @property
    def is_template(self) -> bool:
        """Whether it stands for many issuers."""
        return self._pattern is not None

    def matches(self, issuer: str) -> bool:
        """Return whether ``issuer`` is this one, or one of the family.

        Example::

            TrustedIssuer("https://op.example").matches("https://op.example")
        """
        if self._pattern is None:
            return issuer == self.issuer
        match = self._pattern.fullmatch(issuer)
        return match is not None and self._allows(match[1])

    def _allows(self, value: str) -> bool:
        return self.allowed_values is None or value in self.allowed_values

    def check_bound_claim(self, claims: Mapping[str, Any]) -> None:
        """Raise InvalidIssuerException unless the claim is what stands in the issuer."""
        if self._pattern is None or self.bound_claim is None:
            return
        match = self._pattern.fullmatch(str(claims.get("iss")))
        if match is None or claims.get(self.bound_claim) != match[1]:
            raise InvalidIssuerException(
                f"Invalid issuer: the {self.bound_claim} claim is that of another one",
                {"claim": self.bound_claim},
                code="issuer_claim_mismatch",
            )


def unverified_issuer(token: str) -> str | None:
    """Return whom a token names as its issuer; nobody has verified that."""
    if len(token) > MAX_TOKEN_SIZE:
        return None
    try:
        claims = parse_object(decode_base64url(token.split(".")[1].encode()))
    except (ValueError, IndexError):
        return None
    issuer = claims.get("iss")
    return issuer if isinstance(issuer, str) else None


def unknown_issuer(issuer: str | None) -> InvalidIssuerException:
    """Return what to raise for an issuer that nobody trusts."""
    return InvalidIssuerException(
        "Invalid issuer: it is not trusted",
        {"issuer": None if issuer is None else issuer[:200]},
        code="untrusted_issuer",
    )

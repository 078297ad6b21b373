"""Whose access tokens are accepted: one issuer, several, or a family of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._jose.encoding import decode_base64url, parse_object
from .._jose.excerpt import found
from .._jose.tokens import MAX_TOKEN_SIZE, read_claims, read_header, split_token
from ..exceptions import InvalidArgumentError, InvalidIssuerException, TokenValidationException
from .access_token_policy import roles_path
from .addresses import is_in_family, is_same_issuer
from .arguments import algorithms_of, audience_of, names_of
from .policy import DiscoveryPolicy

_PLACE = re.compile(r"\{(\w+)\}")
_TEMPLATE = re.compile(r"(https?://[^/?#@{}\s]+/(?:[^/?#{}\s]+/)*)\{\w+\}((?:/[^?#{}\s]*)?)")
_VALUE = "[A-Za-z0-9][A-Za-z0-9._-]*"


@dataclass(frozen=True)
class TrustedIssuer:
    """An issuer whose access tokens are accepted, and what is special about it.

    :param issuer: the issuer; one segment of its path may be a name in braces, as in Microsoft
        Entra's ``https://login.microsoftonline.com/{tenantid}/v2.0``
    :param audience: names of this API in its tokens, instead of the verifier's
    :param algorithms: allow-list of algorithms, instead of the verifier's
    :param discovery_policy: policy for its metadata, instead of the verifier's
    :param disco_doc_address: where its metadata is, if not below the issuer; it must name this
        issuer, unless a ``discovery_policy`` with ``allow_issuer_mismatch`` binds the keys found
        there to this issuer all the same (AD FS, whose access tokens have another)
    :param bound_claim: for a template, the claim that must equal what stands in the issuer
    :param allowed_values: for a template, what may stand there; None allows everything
    :param client_ids: clients whose tokens are accepted, instead of the verifier's; they take the
        place of an audience unless ``audience`` is given here as well
    :param roles: where its tokens name roles, instead of the verifier's
    :param accept_id_tokens_as_access_tokens: whether its ID tokens are tokens for this API
    :param jwks_uri: where its keys are, for an issuer without metadata

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for a template that binds nothing, or
    whose variable is anything else than one whole segment of the path.

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
    client_ids: Collection[str] | None = field(default=None, kw_only=True)
    roles: str | tuple[str, ...] | None = field(default=None, kw_only=True)
    accept_id_tokens_as_access_tokens: bool | None = field(default=None, kw_only=True)
    jwks_uri: str | None = field(default=None, kw_only=True)
    _pattern: re.Pattern[str] | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.issuer, str) or not self.issuer:
            raise InvalidArgumentError("issuer must be text, and not be empty")
        if self.audience is not None:
            audience_of("audience", self.audience)
        if self.algorithms is not None:
            algorithms_of(self.algorithms)
        for name in ("allowed_values", "client_ids"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, frozenset(names_of(name, value)))
        if self.roles is not None:
            roles_path(self.roles)
        if self.jwks_uri is not None and self.disco_doc_address is not None:
            raise InvalidArgumentError("jwks_uri and disco_doc_address exclude each other")
        object.__setattr__(self, "_pattern", self._template())

    def _template(self) -> re.Pattern[str] | None:
        if "{" not in self.issuer and "}" not in self.issuer:
            if self.bound_claim is not None or self.allowed_values is not None:
                raise InvalidArgumentError(
                    "bound_claim and allowed_values are for an issuer with a name in braces"
                )
            return None
        parts = _TEMPLATE.fullmatch(self.issuer)
        if parts is None:
            raise InvalidArgumentError(
                "issuer must have its one name in braces as a whole segment of its path"
            )
        if not isinstance(self.bound_claim, str) or not self.bound_claim:
            raise InvalidArgumentError(
                "bound_claim must name the claim that equals what stands in the issuer"
            )
        return re.compile(f"{re.escape(parts[1])}({_VALUE}){re.escape(parts[2])}")

    @property
    def is_template(self) -> bool:
        """Whether it stands for many issuers."""
        return self._pattern is not None

    def matches(self, issuer: str) -> bool:
        """Return whether ``issuer`` may be this one, or is one of the family.

        A final slash is forgiven, and known spellings are: which of them tokens must name, to the
        letter, the issuer's metadata says.

        Example::

            TrustedIssuer("https://op.example").matches("https://op.example")
        """
        if self._pattern is None:
            return is_same_issuer(self.issuer, issuer) or is_in_family(self.issuer, issuer)
        match = self._pattern.fullmatch(issuer)
        return match is not None and self._allows(match[1])

    def _allows(self, value: str) -> bool:
        return self.allowed_values is None or value in self.allowed_values

    def check_bound_claim(self, claims: Mapping[str, Any]) -> None:
        """Raise InvalidIssuerException unless the claim is what stands in the issuer."""
        if self._pattern is None or self.bound_claim is None:
            return
        match = self._pattern.fullmatch(str(claims.get("iss")))
        value = claims.get(self.bound_claim)
        if match is None or value != match[1]:
            raise InvalidIssuerException(
                f"Invalid issuer: the {self.bound_claim} claim is that of another issuer",
                {
                    "claim": self.bound_claim,
                    "found": found(value),
                    "expected": None if match is None else match[1],
                },
                code="issuer_claim_mismatch",
            )


def is_jwt(token: str) -> bool:
    """Whether ``token`` begins as a signed JWT does: three segments, and a header with ``alg``."""
    if token.count(".") != 2 or len(token) > MAX_TOKEN_SIZE or not token.isascii():
        return False
    try:
        header = parse_object(decode_base64url(token.partition(".")[0].encode()))
    except ValueError:
        return False
    return isinstance(header.get("alg"), str)


def unverified_issuer(token: str) -> Any:
    """Return what a token names as its issuer; nothing has been verified.

    Raises TokenValidationException for one that is malformed.
    """
    segments = split_token(token)
    read_header(segments.header)
    try:
        payload = decode_base64url(segments.payload)
    except ValueError:
        raise TokenValidationException(
            "The JWT is malformed: it is not base64url", "payload", code="malformed_token"
        ) from None
    return read_claims(payload).get("iss")


def issuer_for_log(token: str) -> str | None:
    """Return the issuer that a refused token names, whatever else is wrong with it."""
    try:
        issuer = unverified_issuer(token)
    except TokenValidationException:
        return None
    return issuer if isinstance(issuer, str) else None


def untrusted_issuer_error(
    issuer: object, expected: Iterable[TrustedIssuer] = ()
) -> InvalidIssuerException:
    """Return what to raise for an issuer that is not among those ``expected``."""
    return InvalidIssuerException(
        "Invalid issuer: it is not trusted",
        {"issuer": found(issuer), "expected": [one.issuer for one in expected]},
        code="untrusted_issuer",
    )

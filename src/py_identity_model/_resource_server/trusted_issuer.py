"""Trusted issuers of access tokens: one issuer, or a family of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._jose.encoding import decode_base64url, parse_object, without_padding
from .._jose.excerpt import found
from .._jose.tokens import MAX_TOKEN_SIZE, decode_segments, read_claims, read_header, split_token
from .._validation.provider_preset import Provider
from .._wire.arguments import (
    algorithms_of,
    audience_of,
    check_address,
    check_kind,
    check_policy,
    check_text,
    names_of,
)
from .._wire.discovery_policy import DiscoveryPolicy
from .._wire.urls import is_in_family, is_same_issuer
from ..exceptions import InvalidArgumentError, InvalidIssuerException, TokenValidationException
from .access_token_policy import roles_path

_PLACE = re.compile(r"\{(\w+)\}")
_TEMPLATE = re.compile(r"(https?://[^/?#@{}\s]+/(?:[^/?#{}\s]+/)*)\{\w+\}((?:/[^?#{}\s]*)?)")
_VALUE = "[A-Za-z0-9][A-Za-z0-9._-]*"


@dataclass(frozen=True)
class TrustedIssuer:
    """An issuer whose access tokens are accepted, with its own rules.

    :param issuer: the issuer; one segment of its path may be a name in braces, as in Microsoft
        Entra's ``https://login.microsoftonline.com/{tenantid}/v2.0``; or a preset of
        ``py_identity_model.providers``, whose rules apply where nothing else is given here
    :param audience: names of this API in its tokens, instead of the verifier's
    :param algorithms: allow-list of algorithms, instead of the verifier's
    :param discovery_policy: policy for its metadata, instead of the verifier's
    :param disco_doc_address: the address of its metadata, if not below the issuer; the metadata
        must name this issuer, unless a ``discovery_policy`` with ``allow_issuer_mismatch`` binds
        its keys to this issuer nevertheless (AD FS, whose access tokens have another issuer)
    :param bound_claim: for a template, the claim that must equal the variable part
    :param allowed_values: for a template, the allowed values of that part; None allows all
    :param client_ids: clients whose tokens are accepted, instead of the verifier's; they replace an
        audience unless ``audience`` is given here as well
    :param roles: where its tokens name roles, instead of the verifier's
    :param accept_id_tokens_as_access_tokens: whether its ID tokens are tokens for this API
    :param jwks_uri: the URL of its keys, for an issuer without metadata

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for a template that binds nothing, or
    whose variable is not one whole segment of the path.

    Example::

        TrustedIssuer(
            "https://login.microsoftonline.com/{tenantid}/v2.0", bound_claim="tid"
        )
    """

    issuer: str | Provider
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
        if not isinstance(self.issuer, (str, Provider)) or not self.issuer:
            raise InvalidArgumentError("issuer must be a non-empty string, or a Provider")
        check_policy("discovery_policy", self.discovery_policy)
        check_kind(
            "accept_id_tokens_as_access_tokens", self.accept_id_tokens_as_access_tokens, bool
        )
        check_text("disco_doc_address", self.disco_doc_address)
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
        self._check_addresses()
        object.__setattr__(self, "_pattern", self._template())

    def _check_addresses(self) -> None:
        if self.jwks_uri is not None:
            check_address("jwks_uri", self.jwks_uri, require_https=False)
        if self.jwks_uri is not None and self.disco_doc_address is not None:
            raise InvalidArgumentError("jwks_uri and disco_doc_address are mutually exclusive")
        if self.preset is None:
            return
        if self.bound_claim is not None or self.allowed_values is not None:
            raise InvalidArgumentError(
                f"bound_claim and allowed_values are set by the preset {self.preset.name}"
            )
        own = self.preset.key_url_template or self.preset.token_file or self.preset.ca_file
        if own is not None and (self.jwks_uri or self.disco_doc_address):
            # Credentials and key formats are only for the address that the preset names.
            raise InvalidArgumentError(
                f"jwks_uri and disco_doc_address: the preset {self.preset.name} says where its "
                "keys are; dataclasses.replace(preset, jwks_uri=...) changes that"
            )
        if self.document_address is None and self.keys_address is None:
            raise InvalidArgumentError(
                f"issuer: the preset {self.preset.name} defines neither a document nor keys, so "
                "its tokens cannot be verified here; jwks_uri names keys"
            )

    @property
    def preset(self) -> Provider | None:
        """The preset that was given as the issuer."""
        return self.issuer if isinstance(self.issuer, Provider) else None

    @property
    def identifier(self) -> str:
        """The issuer as a string; made up for a preset whose tokens name another issuer."""
        if isinstance(self.issuer, str):
            return self.issuer
        named = f"{self.issuer.name}:{','.join(self.issuer.required_header.values())}"
        return self.issuer.issuer or named

    @property
    def other_names(self) -> tuple[str, ...]:
        """Further names of the issuer in tokens, which its preset binds to it."""
        return () if self.preset is None else tuple(self.preset.other_issuers)

    @property
    def keys_address(self) -> str | None:
        """The address of its keys if there is no document, or a template of such addresses."""
        if self.jwks_uri is not None or self.preset is None:
            return self.jwks_uri
        if self.disco_doc_address is not None:
            return None
        preset = self.preset
        named = preset.jwks_uri or preset.key_url_template
        return named if named is not None else preset.metadata.get("jwks_uri")

    @property
    def key_id_pattern(self) -> str | None:
        """The form of a ``kid`` if each key has its own address."""
        if self.preset is None or self.keys_address != self.preset.key_url_template:
            return None
        return None if self.keys_address is None else self.preset.key_id_pattern

    @property
    def document_address(self) -> str | None:
        """The address of its document, if that is not derived from the issuer of a token."""
        if self.disco_doc_address is not None or self.preset is None:
            return self.disco_doc_address
        preset = self.preset
        literal = preset.issuer if preset.bound_claim is None else None
        return preset.discovery_address or (literal if preset.document_address else None)

    @property
    def is_named_by_tokens(self) -> bool:
        """Whether unverified tokens decide what is fetched."""
        if self.key_id_pattern is not None:
            return True
        return self.is_template and not (self.keys_address or self.document_address)

    @property
    def _bound(self) -> tuple[str | None, Collection[str] | None]:
        if self.preset is None:
            return self.bound_claim, self.allowed_values
        return self.preset.bound_claim, self.preset.allowed_values

    def _template(self) -> re.Pattern[str] | None:
        issuer, (bound_claim, allowed_values) = self.identifier, self._bound
        if self.preset is not None and bound_claim is None:
            return None
        if "{" not in issuer and "}" not in issuer:
            if bound_claim is not None or allowed_values is not None:
                raise InvalidArgumentError(
                    "bound_claim and allowed_values are for an issuer with a name in braces"
                )
            return None
        parts = _TEMPLATE.fullmatch(issuer)
        if parts is None:
            raise InvalidArgumentError(
                "issuer must have exactly one name in braces, as a whole path segment"
            )
        if not isinstance(bound_claim, str) or not bound_claim:
            raise InvalidArgumentError(
                "bound_claim must name the claim that equals the variable part of the issuer"
            )
        return re.compile(f"{re.escape(parts[1])}({_VALUE}){re.escape(parts[2])}")

    @property
    def is_template(self) -> bool:
        """Whether it is a template for many issuers."""
        return self._pattern is not None

    def matches(self, issuer: str) -> bool:
        """Return whether ``issuer`` may be this one, or an instance of the template.

        A final slash and known spellings are ignored: the issuer's metadata decides which of them
        tokens must name exactly.

        Example::

            TrustedIssuer("https://op.example").matches("https://op.example")
        """
        if self.preset is not None and self.preset.issuer is None:
            return False
        if self._pattern is None:
            return issuer == self.identifier or issuer in self.other_names
        match = self._pattern.fullmatch(issuer)
        return match is not None and self._allows(match[1])

    def resembles(self, issuer: str) -> bool:
        """Return whether ``issuer`` may be this literal one, in another spelling or its family.

        Its document then decides which of them tokens must name exactly.
        """
        fixed = self.is_template or self.other_names or self.keys_address is not None
        named = self.identifier
        return not fixed and (is_same_issuer(named, issuer) or is_in_family(named, issuer))

    def _allows(self, value: str) -> bool:
        allowed = self._bound[1]
        return allowed is None or value in allowed

    def check_bound_claim(self, claims: Mapping[str, Any]) -> None:
        """Raise InvalidIssuerException unless the claim equals the variable part of the issuer."""
        claim = self._bound[0]
        if self._pattern is None or claim is None:
            return
        match = self._pattern.fullmatch(str(claims.get("iss")))
        value = claims.get(claim)
        if match is None or value != match[1]:
            raise InvalidIssuerException(
                f"Invalid issuer: the {claim} claim belongs to another issuer",
                {
                    "claim": claim,
                    "found": found(value),
                    "expected": None if match is None else match[1],
                },
                code="issuer_claim_mismatch",
            )


def spellings(issuer: str) -> tuple[str, ...]:
    """Return an issuer that is a URL with and without a final slash."""
    if "://" not in issuer:
        return (issuer,)
    return issuer, issuer.removesuffix("/") if issuer.endswith("/") else f"{issuer}/"


def is_jwt(token: str) -> bool:
    """Return whether ``token`` looks like a signed JWT: three segments, a header with ``alg``."""
    if token.count(".") != 2 or len(token) > MAX_TOKEN_SIZE or not token.isascii():
        return False
    try:
        header = parse_object(decode_base64url(without_padding(token.partition(".")[0].encode())))
    except ValueError:
        return False
    return isinstance(header.get("alg"), str)


def unverified_issuer(token: str) -> Any:
    """Return the issuer that a token names; nothing has been verified.

    Raises TokenValidationException for a malformed token.
    """
    # With or without padding: the issuer's rules decide later whether that is accepted.
    segments = split_token(token, allow_padded_base64url=True)
    read_header(segments.header)
    payload, _ = decode_segments(segments)
    return read_claims(payload).get("iss")


def unverified_header(token: str) -> dict[str, Any]:
    """Return the header of a token; nothing has been verified.

    Raises TokenValidationException for a malformed token, or a header that must not be accepted.
    """
    segments = split_token(token, allow_padded_base64url=True)
    read_header(segments.header)
    decode_segments(segments)
    return parse_object(decode_base64url(segments.header))


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
    """Return the exception for an issuer that is not among those ``expected``."""
    return InvalidIssuerException(
        "Invalid issuer: it is not trusted",
        {"issuer": found(issuer), "expected": [one.identifier for one in expected]},
        code="untrusted_issuer",
    )

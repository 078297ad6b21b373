"""A verifier's requirements on the claims of access tokens."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from .._jose.claims import check_audience
from .._jose.excerpt import found
from ..exceptions import InvalidArgumentError, InvalidAudienceException, TokenValidationException
from .access_token import (
    MARKS,
    check_access_token_claims,
    check_access_token_typ,
    check_introspected_type,
    check_marks,
    check_usual_typ,
)

Profile = Literal["access-token", "rfc9068", "lenient"]
ClaimPath = str | tuple[str, ...]
_PROFILES = ("access-token", "rfc9068", "lenient")
_CLIENT_CLAIMS = ("client_id", "azp", "cid", "appid")


@dataclass(frozen=True)
class AccessTokenPolicy:
    """The rules of one issuer's access tokens, beyond signature, issuer, audience and times.

    ``required_values`` are claims, each with a set of values one of which it must have.
    ``may_lack_audience`` is for issuers whose tokens have no ``aud``: ``client_ids`` or
    ``required_header`` replace it, and an ``aud`` that is present nevertheless must be one of
    ``audience``.
    """

    profile: Profile = "access-token"
    audience: frozenset[str] | None = None
    client_ids: frozenset[str] | None = None
    required_claims: tuple[str, ...] = ()
    roles: ClaimPath | None = None
    accept_id_tokens: bool = False
    scopes: str | None = None
    required_values: Mapping[str, Collection[str]] = field(default_factory=dict)
    required_header: Mapping[str, str] = field(default_factory=dict)
    may_lack_audience: bool = False

    def __post_init__(self) -> None:
        if self.profile not in _PROFILES:
            raise InvalidArgumentError(f"profile must be one of {', '.join(_PROFILES)}")
        if self.is_strict and self.accept_id_tokens:
            raise InvalidArgumentError(
                "accept_id_tokens_as_access_tokens contradicts profile rfc9068"
            )

    @property
    def has_no_recipient(self) -> bool:
        """Whether nothing says for whom a token must be: any would be accepted."""
        if self.may_lack_audience:
            return not self.client_ids and not self.required_header
        return self.audience is None and not self.client_ids

    @property
    def is_strict(self) -> bool:
        """Whether the profile is that of RFC 9068."""
        return self.profile == "rfc9068"

    def check_header(self, header: Mapping[str, Any]) -> None:
        """Raise unless a header is an access token's, and has the required members."""
        self.check_required_header(header)
        if self.is_strict:
            check_access_token_typ(header.get("typ"))
        else:
            check_usual_typ(header, id_tokens=self.accept_id_tokens)

    def check_required_header(self, header: Mapping[str, Any]) -> None:
        """Raise unless a header, verified or not, has each required member with its value."""
        for name, value in self.required_header.items():
            if header.get(name) != value:
                raise TokenValidationException(
                    f"Invalid token: the header {name} does not have the required value",
                    "header",
                    {"member": name, "found": found(header.get(name)), "expected": value},
                    code="wrong_header",
                )

    def check(self, claims: dict[str, Any]) -> None:
        """Raise unless verified claims are those of an access token accepted here."""
        if self.profile == "rfc9068":
            check_access_token_claims(claims)
        else:
            if not MARKS.isdisjoint(claims):
                check_marks(claims, id_tokens=self.accept_id_tokens)
            if type(claims.get("sub")) is not str:
                _read_subject(claims)
        if self.may_lack_audience or self.client_ids is not None:
            self._check_recipient(claims)
        if self.required_claims or self.required_values:
            self._check_required(claims)

    def check_introspected(self, claims: dict[str, Any]) -> None:
        """Raise unless an introspection result is that of an access token accepted here."""
        self.check_required_header({})  # an introspection has none
        check_introspected_type(claims, id_tokens=self.accept_id_tokens)
        check_marks(claims, id_tokens=self.accept_id_tokens)
        _read_subject(claims)
        self._check_recipient(claims)
        self._check_required(claims)

    def _check_recipient(self, claims: Mapping[str, Any]) -> None:
        audience = claims.get("aud")
        if audience is not None and self.audience is not None and self.may_lack_audience:
            check_audience(audience, self.audience)
        if self.client_ids is None:
            return
        if audience is not None and self.audience is None:
            check_audience(audience, self.client_ids)
        client = client_of(claims)
        if client not in self.client_ids:
            raise InvalidAudienceException(
                "Invalid client: tokens of this client are not accepted",
                {"client_id": found(client), "expected": sorted(self.client_ids)},
                code="invalid_client_id",
            )

    def _check_required(self, claims: Mapping[str, Any]) -> None:
        for name in self.required_claims:
            if claims.get(name) is None:
                raise TokenValidationException(
                    f"Invalid token: the {name} claim is missing",
                    "payload",
                    {"claim": name},
                    code="missing_claim",
                )
        for name, values in self.required_values.items():
            _check_value(name, claims.get(name), values)


def _check_value(name: str, value: object, expected: Collection[str]) -> None:
    """Raise unless a claim has one of the values, or is a list with one of them."""
    listed = value if isinstance(value, list) else [value]
    if not any(isinstance(one, str) and one in expected for one in listed):
        raise TokenValidationException(
            f"Invalid token: the {name} claim has a value that is not accepted",
            "payload",
            {"claim": name, "found": found(value), "expected": sorted(expected)},
            code="claim_not_accepted",
        )


def _read_subject(claims: dict[str, Any]) -> None:
    """Convert an integer ``sub`` to a string: some servers number their users."""
    subject = claims.get("sub")
    if type(subject) is int:
        claims["sub"] = str(subject)
    elif not isinstance(subject, (str, type(None))):
        raise TokenValidationException(
            "Invalid token: the sub claim is not a string",
            "payload",
            {"claim": "sub", "found": found(subject)},
            code="invalid_claim",
        )


def client_of(claims: Mapping[str, Any]) -> str | None:
    """Return the client that a token was issued to, from the claim that names it."""
    for name in _CLIENT_CLAIMS:
        value = claims.get(name)
        if isinstance(value, str):
            return value
    return None


def scopes_of(claims: Mapping[str, Any], name: str | None = None) -> frozenset[str]:
    """Return the granted scopes, from a string or a list.

    They are in ``scope`` or ``scp``, or else in the claim called ``name``.
    """
    value = (claims.get("scope") or claims.get("scp")) if name is None else claims.get(name)
    if type(value) is str:
        return frozenset(value.split())
    return _strings_in(value) if isinstance(value, list) else frozenset()


def roles_of(claims: Mapping[str, Any], path: ClaimPath) -> frozenset[str]:
    """Return the roles at ``path``: a list, a single string, or the members of an object.

    A string is the name of a claim, or else a path with dots; a tuple is a path.
    """
    if isinstance(path, str):
        path = (path,) if path in claims else tuple(path.split("."))
    value: Any = claims
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    if isinstance(value, str):
        return frozenset([value])
    if isinstance(value, Mapping):
        return frozenset(name for name, given in value.items() if given)
    return _strings_in(value) if isinstance(value, list) else frozenset()


def roles_path(path: str | Sequence[str]) -> ClaimPath:
    """Return ``path`` if it is valid; raise InvalidArgumentError otherwise."""
    several = path if isinstance(path, (list, tuple)) else ()
    parts = (path,) if isinstance(path, str) else tuple(several)
    if not parts or not all(isinstance(one, str) and one for one in parts):
        raise InvalidArgumentError("roles must be the name of a claim, a dotted path, or a tuple")
    return path if isinstance(path, str) else parts


def _strings_in(values: Collection[object]) -> frozenset[str]:
    return frozenset(one for one in values if isinstance(one, str))

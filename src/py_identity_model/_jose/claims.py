"""Rules for the claims of a token (RFC 7519 §4.1)."""

import math
import re
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from ..exceptions import (
    InvalidAudienceException,
    InvalidIssuerException,
    TokenExpiredException,
    TokenValidationException,
)
from .excerpt import found

_END_OF_TIME = 1 << 62


class IssuerFamily:
    """The issuers of a template: the variable part must also be the value of a claim.

    ``in`` is always false: a name alone is not enough, :func:`check_claims` compares the claim.
    """

    def __init__(
        self, template: str, value: str, claim: str, only: Collection[str] | None = None
    ) -> None:
        before, _, rest = template.partition("{")
        self._template = template
        self._value = value
        self._ends = before, rest.partition("}")[2]
        self._pattern = re.compile(value.join(map(re.escape, self._ends)))
        self._claim = claim
        self._only = only

    def __contains__(self, issuer: object) -> bool:
        return False

    def __iter__(self) -> Iterator[str]:
        return iter([self._template] if self._only is None else self._only)

    def __len__(self) -> int:
        return 1 if self._only is None else len(self._only)

    def names(self, issuer: str) -> bool:
        """Return whether ``issuer`` is an instance of the template."""
        fits = self._pattern.fullmatch(issuer) is not None
        return fits and (self._only is None or issuer in self._only)

    def limited_to(self, some: Collection[str]) -> "IssuerFamily":
        """Return the same, restricted to ``some``; the template itself in ``some`` means all."""
        if self._template in some:
            return self
        only = [one for one in some if self.names(one)]
        return IssuerFamily(self._template, self._value, self._claim, only)

    def check(self, issuer: str, claims: dict[str, Any]) -> None:
        """Raise InvalidIssuerException unless the claims belong to this issuer."""
        if not self.names(issuer):
            raise _issuer_error(issuer, self)
        before, after = self._ends
        value = claims.get(self._claim)
        if type(value) is not str or f"{before}{value}{after}" != issuer:
            raise InvalidIssuerException(
                f"Invalid issuer: the {self._claim} claim belongs to another issuer",
                {"claim": self._claim, "found": found(value), "issuer": found(issuer)},
                code="issuer_claim_mismatch",
            )


def names_issuer(issuers: Collection[str], issuer: str) -> bool:
    """Return whether ``issuer`` is an expected one, without a look at other claims."""
    return issuers.names(issuer) if isinstance(issuers, IssuerFamily) else issuer in issuers


class ClaimsRules(NamedTuple):
    """The expectations on a token's claims; None means no expectation."""

    issuers: Collection[str] | None = None
    audiences: frozenset[str] | None = None
    subject: str | None = None
    leeway: float = 0.0
    required: tuple[str, ...] = ()
    verify_iss: bool = True
    verify_aud: bool = True
    verify_sub: bool = True
    verify_jti: bool = True
    strict_aud: bool = False
    iat_leeway: float | None = None  # where it differs from the leeway of exp and nbf

    def check(self, claims: dict[str, Any], now: float) -> None:
        """Raise for the first rule that ``claims`` violate; ``now`` is the wall clock."""
        check_claims(self[:], claims, now)


PlainRules = tuple[
    Collection[str] | None,
    frozenset[str] | None,
    str | None,
    float,
    tuple[str, ...],
    bool,
    bool,
    bool,
    bool,
    bool,
    float | None,
]
"""The fields of :class:`ClaimsRules`: a plain tuple is unpacked in a quarter of the time."""


# Whole on purpose, for the same reason as PreparedValidator.validate_ascii, which calls it: the
# usual case is one pass without a call; every deviation goes to a function of its own.
def check_claims(rules: PlainRules, claims: dict[str, Any], now: float) -> None:
    """Raise unless ``claims`` satisfy the ``rules`` at ``now``, in seconds since 1970."""
    issuers, audiences, subject, leeway, required, iss, aud, sub, jti, strict, ahead = rules
    get = claims.get
    for name in required:
        if get(name) is None:
            raise _missing_error(name)
    # Fast path for the usual types and values; everything else takes the strict checks.
    latest = now + (leeway if ahead is None else ahead)
    value = get("iat")
    if value is not None and not (type(value) is int and -_END_OF_TIME < value <= latest):
        _check_past(value, "iat", latest, "issued_in_future")
    latest = now + leeway
    value = get("nbf")
    if value is not None and not (type(value) is int and -_END_OF_TIME < value <= latest):
        _check_past(value, "nbf", latest, "not_yet_valid")
    value = get("exp")
    if (
        value is not None
        and not (type(value) is int and now < value < _END_OF_TIME)
        and _number(value, "exp") <= now - leeway
    ):
        raise TokenExpiredException("Token has expired")
    if issuers is not None and iss:
        value = get("iss")
        if not (type(value) is str and value in issuers):
            _check_issuer(value, issuers, claims)
    if aud:
        value = get("aud")
        if not (audiences is not None and type(value) is str and value in audiences):
            check_audience(value, audiences, strict)
    if sub:
        value = get("sub")
        if type(value) is not str or subject is not None:
            _check_subject(value, subject)
    if jti and type(get("jti", "")) is not str:
        raise _invalid_error("the jti claim is not a string")


def _check_past(value: object, name: str, latest: float, code: str) -> None:
    if _number(value, name) > latest:
        raise _invalid_error(f"the {name} claim is in the future", code)


def _check_issuer(issuer: object, issuers: Collection[str], claims: dict[str, Any]) -> None:
    if issuer is None:
        raise _missing_error("iss")
    if not (isinstance(issuers, IssuerFamily) and type(issuer) is str):
        raise _issuer_error(issuer, issuers)
    issuers.check(issuer, claims)


def _issuer_error(issuer: object, issuers: Collection[str]) -> InvalidIssuerException:
    return InvalidIssuerException(
        "Invalid issuer", {"issuer": found(issuer), "expected": sorted(issuers)}
    )


def check_audience(
    audience: object, audiences: frozenset[str] | None, strict: bool = False
) -> None:
    """Raise unless the claim ``aud`` names one of ``audiences``."""
    if audiences is None:
        if audience:
            raise InvalidAudienceException(
                "Invalid audience",
                {
                    "reason": "the token has an audience, but none is expected",
                    "found": found(audience),
                },
            )
        return
    if not audience:
        raise _missing_error("aud")
    named = audience if type(audience) is list and not strict else [audience]
    fits = False
    for one in named:
        if type(one) is not str:
            fits = False
            break
        if one in audiences:
            fits = True
    if not fits:
        raise InvalidAudienceException(
            "Invalid audience", {"found": found(audience), "expected": sorted(audiences)}
        )


def _check_subject(subject: object, expected: str | None) -> None:
    if subject is not None and type(subject) is not str:
        raise _invalid_error("the sub claim is not a string")
    if expected is not None and subject != expected:
        raise _invalid_error("the sub claim is not the expected subject", "invalid_subject")


def numeric_date(value: Any) -> float | None:
    """Return a NumericDate; None for booleans, strings and values out of range."""
    kind = type(value)
    if kind is int:
        if -_END_OF_TIME < value < _END_OF_TIME:
            return value  # type: ignore[no-any-return]
    elif kind is float and math.isfinite(value):
        return value  # type: ignore[no-any-return]
    return None


def _number(value: object, name: str) -> float:
    number = numeric_date(value)
    if number is None:
        raise _invalid_error(f"the {name} claim is not a number")
    return number


def _invalid_error(text: str, code: str = "invalid_claim") -> TokenValidationException:
    return TokenValidationException(f"Invalid token: {text}", "payload", {"error": text}, code=code)


def _missing_error(name: str) -> TokenValidationException:
    text = f"the {name} claim is missing"
    return TokenValidationException(
        f"Invalid token: {text}", "payload", {"error": text, "claim": name}, code="missing_claim"
    )

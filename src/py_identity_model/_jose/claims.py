"""The rules that a token's claims must keep (RFC 7519 §4.1)."""

import math
from collections.abc import Collection
from typing import Any, NamedTuple, NoReturn

from ..exceptions import (
    InvalidAudienceException,
    InvalidIssuerException,
    TokenExpiredException,
    TokenValidationException,
)
from .excerpt import found

_END_OF_TIME = 1 << 62


class ClaimsRules(NamedTuple):
    """What is expected; None expects nothing."""

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
    iat_leeway: float | None = None  # where it is another than the leeway of exp and nbf

    def check(self, claims: dict[str, Any], now: float) -> None:
        """Raise for the first rule that ``claims`` break; ``now`` is the wall clock."""
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
"""What is in :class:`ClaimsRules`: without names it is taken apart in a quarter of the time."""


def check_claims(rules: PlainRules, claims: dict[str, Any], now: float) -> None:
    """Raise unless ``claims`` keep the ``rules`` at ``now``, in seconds since 1970."""
    issuers, audiences, subject, leeway, required, iss, aud, sub, jti, strict, ahead = rules
    get = claims.get
    for name in required:
        if get(name) is None:
            raise _missing(name)
    # What is usual is told at a glance; a closer look is taken at everything else.
    latest = now + (leeway if ahead is None else ahead)
    value = get("iat")
    if value is not None and not (type(value) is int and value <= latest):
        _check_past(value, "iat", latest, "issued_in_future")
    latest = now + leeway
    value = get("nbf")
    if value is not None and not (type(value) is int and value <= latest):
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
            _refuse_issuer(value, issuers)
    if aud:
        value = get("aud")
        if not (audiences is not None and type(value) is str and value in audiences):
            check_audience(value, audiences, strict)
    if sub:
        value = get("sub")
        if type(value) is not str or subject is not None:
            _check_subject(value, subject)
    if jti and type(get("jti", "")) is not str:
        raise _invalid("the jti claim is not text")


def _check_past(value: Any, name: str, latest: float, code: str) -> None:
    if _number(value, name) > latest:
        raise _invalid(f"the {name} claim is in the future", code)


def _refuse_issuer(issuer: Any, issuers: Collection[str]) -> NoReturn:
    if issuer is None:
        raise _missing("iss")
    raise InvalidIssuerException(
        "Invalid issuer", {"issuer": found(issuer), "expected": sorted(issuers)}
    )


def check_audience(audience: Any, audiences: frozenset[str] | None, strict: bool = False) -> None:
    """Raise unless the claim ``aud`` names one of ``audiences``."""
    if audiences is None:
        if audience:
            raise InvalidAudienceException(
                "Invalid audience",
                {"reason": "the token has one, none is expected", "found": found(audience)},
            )
        return
    if not audience:
        raise _missing("aud")
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


def _check_subject(subject: Any, expected: str | None) -> None:
    if subject is not None and type(subject) is not str:
        raise _invalid("the sub claim is not text")
    if expected is not None and subject != expected:
        raise _invalid("the sub claim is not the expected one", "invalid_subject")


def numeric_date(value: Any) -> float | None:
    """Return a NumericDate; None for booleans, strings and what no clock will show."""
    kind = type(value)
    if kind is int:
        if -_END_OF_TIME < value < _END_OF_TIME:
            return value  # type: ignore[no-any-return]
    elif kind is float and math.isfinite(value):
        return value  # type: ignore[no-any-return]
    return None


def _number(value: Any, name: str) -> float:
    number = numeric_date(value)
    if number is None:
        raise _invalid(f"the {name} claim is not a number")
    return number


def _invalid(text: str, code: str = "invalid_claim") -> TokenValidationException:
    return TokenValidationException(f"Invalid token: {text}", "payload", {"error": text}, code=code)


def _missing(name: str) -> TokenValidationException:
    text = f"the {name} claim is missing"
    return TokenValidationException(
        f"Invalid token: {text}", "payload", {"error": text, "claim": name}, code="missing_claim"
    )

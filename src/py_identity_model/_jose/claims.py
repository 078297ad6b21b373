"""The rules that a token's claims must keep (RFC 7519 §4.1)."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ..exceptions import (
    InvalidAudienceException,
    InvalidIssuerException,
    TokenExpiredException,
    TokenValidationException,
)


@dataclass(frozen=True, slots=True)
class ClaimsRules:
    """What is expected; None expects nothing."""

    issuers: Collection[str] | None = None
    audiences: Collection[str] | None = None
    subject: str | None = None
    leeway: float = 0.0
    required: tuple[str, ...] = ()
    verify_iss: bool = True
    verify_aud: bool = True
    verify_sub: bool = True
    verify_jti: bool = True
    strict_aud: bool = False

    def check(self, claims: dict[str, Any], now: float) -> None:
        """Raise for the first rule that ``claims`` break; ``now`` is the wall clock."""
        for name in self.required:
            if claims.get(name) is None:
                raise _missing(name)
        self._check_times(claims, now)
        if self.verify_iss and self.issuers is not None:
            self._check_issuer(claims)
        if self.verify_aud:
            self._check_audience(claims)
        if self.verify_sub:
            self._check_subject(claims)
        if self.verify_jti and not isinstance(claims.get("jti", ""), str):
            raise _invalid("the jti claim is not text")

    def _check_times(self, claims: dict[str, Any], now: float) -> None:
        issued = _number(claims, "iat")
        if issued is not None and issued > now + self.leeway:
            raise _invalid("the iat claim is in the future", "issued_in_future")
        earliest = _number(claims, "nbf")
        if earliest is not None and earliest > now + self.leeway:
            raise _invalid("the nbf claim is in the future", "not_yet_valid")
        latest = _number(claims, "exp")
        if latest is not None and latest <= now - self.leeway:
            raise TokenExpiredException("Token has expired")

    def _check_issuer(self, claims: dict[str, Any]) -> None:
        issuer = claims.get("iss")
        if issuer is None:
            raise _missing("iss")
        assert self.issuers is not None
        if not isinstance(issuer, str) or issuer not in self.issuers:
            raise InvalidIssuerException("Invalid issuer", {"expected": sorted(self.issuers)})

    def _check_audience(self, claims: dict[str, Any]) -> None:
        audience = claims.get("aud")
        if self.audiences is None:
            if audience:
                raise InvalidAudienceException(
                    "Invalid audience", {"reason": "the token has one, none is expected"}
                )
            return
        if not audience:
            raise _missing("aud")
        named = [audience] if isinstance(audience, str) else audience
        fits = isinstance(named, list) and all(isinstance(one, str) for one in named)
        if self.strict_aud and (not isinstance(audience, str) or len(self.audiences) != 1):
            fits = False
        if not fits or not set(named).intersection(self.audiences):
            raise InvalidAudienceException("Invalid audience", {"expected": sorted(self.audiences)})

    def _check_subject(self, claims: dict[str, Any]) -> None:
        subject = claims.get("sub")
        if subject is not None and not isinstance(subject, str):
            raise _invalid("the sub claim is not text")
        if self.subject is not None and subject != self.subject:
            raise TokenValidationException(
                "Invalid token: the sub claim is not the expected one",
                "payload",
                {"error": "the sub claim is not the expected one"},
                code="invalid_subject",
            )


def _number(claims: dict[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not _finite(value):
        raise _invalid(f"the {name} claim is not a number")
    return value


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond what a float holds
        return False


def _invalid(text: str, code: str = "invalid_claim") -> TokenValidationException:
    return TokenValidationException(f"Invalid token: {text}", "payload", {"error": text}, code=code)


def _missing(name: str) -> TokenValidationException:
    text = f"the {name} claim is missing"
    return TokenValidationException(
        f"Invalid token: {text}", "payload", {"error": text, "claim": name}, code="missing_claim"
    )

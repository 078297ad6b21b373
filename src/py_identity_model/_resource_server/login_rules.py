"""Required strength and age of a user's login (RFC 9470)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._jose.claims import numeric_date
from .._jose.excerpt import found
from .._wire.arguments import acr_values_from, seconds_of
from ..exceptions import TokenValidationException

_WEAK_LOGIN = "insufficient_user_authentication"


class _WeakLogin(TokenValidationException):
    """The login behind a token does not meet the request's needs; verifiers convert this."""

    code = _WEAK_LOGIN

    def __init__(
        self, claims: Mapping[str, Any], acr_values: Sequence[str], max_age: float | None
    ) -> None:
        details = {
            "acr": found(claims.get("acr")),
            "auth_time": found(claims.get("auth_time")),
            "acr_values": list(acr_values),
            "max_age": max_age,
        }
        super().__init__("The user's login is too weak or too old", "payload", details)
        self.acr_values = acr_values
        self.max_age = max_age


@dataclass(frozen=True)
class LoginRules:
    """Tolerances: ``leeway`` extends ``max_age``, ``ahead`` is how far an issuer's clock may be
    ahead.
    """

    leeway: float
    ahead: float

    def check(
        self,
        claims: Mapping[str, Any],
        acr_values: str | Sequence[str],
        max_age: float | None,
        now: float,
    ) -> None:
        """Raise unless the login behind a token is as strong and as recent as required (§3)."""
        levels = acr_values_from(acr_values)
        oldest = None if max_age is None else seconds_of("max_age", max_age)
        level = claims.get("acr")
        strong = not levels or (isinstance(level, str) and level in levels)
        if not strong or not self._is_recent(claims, oldest, now):
            raise _WeakLogin(claims, levels, oldest)

    def _is_recent(self, claims: Mapping[str, Any], oldest: float | None, now: float) -> bool:
        if oldest is None:
            return True
        since = numeric_date(claims.get("auth_time"))
        return since is not None and -self.ahead <= now - since <= oldest + self.leeway


def weak_login_parameters(error: Exception) -> dict[str, Any] | None:
    """Return the parameters of the challenge if the login was too weak or too old (§3)."""
    if not isinstance(error, _WeakLogin):
        return None
    return {
        "error": _WEAK_LOGIN,
        "error_description": "A stronger or more recent login is required",
        "acr_values": " ".join(error.acr_values) or None,
        "max_age": None if error.max_age is None else int(error.max_age),
    }

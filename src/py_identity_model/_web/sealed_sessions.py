"""Sessions that are sealed into cookies: everything but the refresh token."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from .._jose.claims import numeric_date

_LEEWAY = 60.0  # seconds
_SEALED = ("access_token", "id_token", "token_type", "scope")


class SealedSession(NamedTuple):
    """What a sealed cookie says of a login."""

    provider: str
    token: dict[str, Any]
    claims: dict[str, Any]
    userinfo: dict[str, Any] | None
    expires_at: datetime | None
    session_state: str | None

    def to_text(self) -> str:
        """Return the text to seal: without a refresh token, which works once."""
        token = {name: self.token[name] for name in _SEALED if name in self.token}
        until = None if self.expires_at is None else self.expires_at.timestamp()
        members = [self.provider, token, self.claims, self.userinfo, until, self.session_state]
        return json.dumps(members, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str, now: float | None = None) -> SealedSession | None:
        """Return what :meth:`to_text` wrote; None once its access token has expired."""
        provider, token, claims, userinfo, until, state = json.loads(text)
        if until is not None and until <= (time.time() if now is None else now):
            return None
        ends = None if until is None else datetime.fromtimestamp(until, UTC)
        return cls(provider, token, claims, userinfo, ends, state)


def stored_text(provider: str, session: str) -> str:
    """Return the text to seal for a session in a store."""
    return json.dumps([provider, session], separators=(",", ":"))


def read_stored(text: str) -> tuple[str, str]:
    """Return what :func:`stored_text` was made of."""
    provider, session = json.loads(text)
    return provider, session


def meets(
    claims: Mapping[str, Any], acr_values: tuple[str, ...], max_age: float | None, now: float
) -> bool:
    """Return whether a login is strong and recent enough (RFC 9470 §3)."""
    if acr_values and claims.get("acr") not in acr_values:
        return False
    if max_age is None:
        return True
    since = numeric_date(claims.get("auth_time"))
    return since is not None and -_LEEWAY <= now - since <= max_age + _LEEWAY

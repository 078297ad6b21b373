"""Tokens that are kept: what is remembered of them, and by which name."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

from .base import BaseRequest
from .dpop import DPoPKey
from .token_endpoint import TokenResponse, expiry_of

_TIMES = frozenset({"expires_at", "renew_at"})
_NEEDED = frozenset({"access_token", "token_type"})


@dataclass(frozen=True)
class StoredToken:
    """A token as a source gives it out; times are wall clock times in seconds.

    ``renew_at`` is when it should be renewed: a while before ``expires_at``, at a slightly
    different moment for each, so that many programs do not come at once.
    """

    access_token: str = field(repr=False)
    token_type: str = "Bearer"
    scope: str | None = None
    expires_at: float | None = None
    renew_at: float | None = None
    refresh_token: str | None = field(default=None, repr=False)
    id_token: str | None = field(default=None, repr=False)

    def is_fresh(self, now: float) -> bool:
        """Return whether it need not be renewed yet.

        Example::

            StoredToken("t").is_fresh(0.0)
        """
        return self.renew_at is None or now < self.renew_at

    def is_usable(self, now: float) -> bool:
        """Return whether it has not expired.

        Example::

            StoredToken("t", expires_at=10.0).is_usable(9.0)
        """
        return self.expires_at is None or now < self.expires_at

    def to_json(self) -> str:
        """Return everything as JSON, secrets included: encrypt it before it leaves the process.

        Example::

            StoredToken("t").to_json()
        """
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> StoredToken:
        """Return what :meth:`to_json` wrote; raises ValueError for anything else.

        Example::

            StoredToken.from_json(StoredToken("t").to_json())
        """
        members = json.loads(text)
        if not isinstance(members, dict) or not isinstance(members.get("access_token"), str):
            raise ValueError("not a stored token")
        kept = {one.name: members[one.name] for one in fields(cls) if one.name in members}
        for name, value in kept.items():
            kinds = (int, float) if name in _TIMES else (str,)
            if type(value) not in kinds and (value is not None or name in _NEEDED):
                raise ValueError(f"{name} is not what it must be")
        return cls(**kept)


def stored_from(
    response: TokenResponse, margin: float, now: float, previous_refresh_token: str | None
) -> StoredToken:
    """Return what to keep of a successful answer; without a new refresh token the old one."""
    token = response.token or {}
    expiry = expiry_of(token, datetime.fromtimestamp(now, UTC))
    expires_at = None if expiry is None else expiry.timestamp()
    return StoredToken(
        access_token=str(token["access_token"]),
        token_type=str(token.get("token_type") or "Bearer"),
        scope=_text(token.get("scope")),
        expires_at=expires_at,
        renew_at=_renewal(expires_at, margin, now),
        refresh_token=_text(token.get("refresh_token")) or previous_refresh_token,
        id_token=_text(token.get("id_token")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _renewal(expires_at: float | None, margin: float, now: float) -> float | None:
    if expires_at is None:
        return None
    early = min(margin, (expires_at - now) / 2) * random.uniform(0.8, 1.0)  # noqa: S311  # no secret
    return expires_at - early


def request_key(request: BaseRequest) -> str:
    """Return a name for everything that a request says: equal requests have equal names."""
    text = json.dumps(_plain(request), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> Any:
    if isinstance(value, DPoPKey):
        return value.jwk_thumbprint
    if is_dataclass(value) and not isinstance(value, type):
        members = {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
        return {"type": type(value).__name__, **members}
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(one) for one in value]
    if callable(value):
        return f"{getattr(value, '__qualname__', type(value).__name__)}-{id(value)}"
    return value

"""Stored tokens, and the rules for token responses that may be stored."""

from __future__ import annotations

import json
import random
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime

from .._protocol.token_endpoint import (
    TokenResponse,
    check_token_answer,
    expiry_of,
    token_request_error,
)

REFUSAL_GAP = 60.0
"""Seconds during which a token that replaced a refused one is not replaced itself."""

_TIMES = frozenset({"expires_at", "renew_at", "replaced_refused_at"})
_NEEDED = frozenset({"access_token", "token_type"})


@dataclass(frozen=True)
class StoredToken:
    """A token, as sources return it; times are wall clock times in seconds.

    ``renew_at`` is the time to renew it: some time before ``expires_at``, with a random difference,
    so that many programs do not renew at the same time.  ``replaced_refused_at`` is when it
    replaced a token that a server refused.  The ``id_token`` is validated only if the source
    belongs to a session; to learn who the user of a device is, log in with an
    :class:`OAuthClient`.
    """

    access_token: str = field(repr=False)
    token_type: str = "Bearer"
    scope: str | None = None
    expires_at: float | None = None
    renew_at: float | None = None
    refresh_token: str | None = field(default=None, repr=False)
    id_token: str | None = field(default=None, repr=False)
    replaced_refused_at: float | None = None

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

    def may_be_replaced(self, now: float) -> bool:
        """Return whether a server's refusal justifies a request for another token.

        Otherwise an API that refuses every token would cost a token request per call.

        Example::

            StoredToken("t").may_be_replaced(0.0)
        """
        since = self.replaced_refused_at
        return since is None or not 0 <= now - since < REFUSAL_GAP

    def serves(self, now: float, refused: str | None) -> bool:
        """Return whether it can be used although ``refused`` cannot."""
        if self.access_token == refused:
            return self.is_usable(now) and not self.may_be_replaced(now)
        return self.is_fresh(now)

    def spares(self, now: float, refused: str | None) -> bool:
        """Return whether it can be used while others renew it, although ``refused`` cannot."""
        return self.access_token != refused and self.is_usable(now)

    def to_json(self) -> str:
        """Return all fields as JSON, secrets included: encrypt it before it leaves the process.

        Example::

            StoredToken("t").to_json()
        """
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> StoredToken:
        """Return the token that :meth:`to_json` wrote; raise ValueError for anything else.

        Example::

            StoredToken.from_json(StoredToken("t").to_json())
        """
        try:
            return cls.from_members(json.loads(text))
        except RecursionError:
            raise ValueError("not a stored token") from None

    @classmethod
    def from_members(cls, members: object) -> StoredToken:
        """Return the token with the fields in ``members``; raise ValueError for anything else."""
        if not isinstance(members, dict) or not isinstance(members.get("access_token"), str):
            raise ValueError("not a stored token")
        known = {one.name: members[one.name] for one in fields(cls) if one.name in members}
        for name, value in known.items():
            kinds = (int, float) if name in _TIMES else (str,)
            if type(value) not in kinds and (value is not None or name in _NEEDED):
                raise ValueError(f"{name} is malformed")
        return cls(**known)


def stored_token_from(
    response: TokenResponse,
    margin: float,
    now: float,
    *,
    address: str = "",
    dpop: bool = False,
    refused: str | None = None,
) -> StoredToken:
    """Return the token to store from a response.

    ``refused`` is the access token that the new one replaces because a server refused it.  Raises
    TokenRequestException for a failed response, and like :func:`check_token_answer`.
    """
    token = response.token if response.is_successful else None
    if token is None or not token.get("access_token"):
        raise token_request_error(address, response)
    check_token_answer(token, address, bound=dpop)
    expiry = expiry_of(token, datetime.fromtimestamp(now, UTC))
    expires_at = None if expiry is None else expiry.timestamp()
    return StoredToken(
        access_token=token["access_token"],
        token_type=token.get("token_type") or "Bearer",
        scope=text_of(token.get("scope")),
        expires_at=expires_at,
        renew_at=renewal_time(expires_at, margin, now),
        refresh_token=text_of(token.get("refresh_token")),
        id_token=text_of(token.get("id_token")),
        replaced_refused_at=None if refused is None else now,
    )


def text_of(value: object) -> str | None:
    """Return ``value`` if it is a non-empty string, otherwise None."""
    return value if isinstance(value, str) and value else None


def renewal_time(expires_at: float | None, margin: float, now: float) -> float | None:
    """Return when to renew: ``margin`` seconds early, at most half the lifetime, with jitter."""
    if expires_at is None:
        return None
    early = min(margin, (expires_at - now) / 2) * random.uniform(0.8, 1.0)  # noqa: S311  # no secret
    return expires_at - early

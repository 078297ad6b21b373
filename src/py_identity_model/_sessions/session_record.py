"""Records of logins, as session stores hold them, and their updates by token responses."""

from __future__ import annotations

import hashlib
import json
import math
import secrets
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple, TypeVar

from .._protocol.refresh_grant import RefreshTokenResponse
from .._protocol.token_endpoint import token_request_error
from .._wire.endpoint import whole_number
from .._wire.stored_value import pack_value, unpack_value
from ..exceptions import InvalidArgumentError, TokenRequestException
from .request_name import plain_text
from .stored_token import StoredToken, stored_token_from, text_of

T = TypeVar("T")

SESSION_LIFETIME = 30 * 86400.0
"""Seconds without use until a login is dropped if its provider sets no expiry."""

LOGIN_TARGET = ""
"""The target of the access token that was issued with the login."""

_KIND = "session"
_MOST_TARGETS = 64
_BOUND = ("iss", "sub", "aud", "azp", "auth_time", "nonce", "iat")
_OF_TOKENS = frozenset({"access_token", "refresh_token", "id_token"})


class Pending(NamedTuple):
    """A refresh token that was presented, while its response is not stored yet.

    ``holder`` presented it, and may know its successor until ``until`` (wall clock).
    """

    holder: str
    until: float


@dataclass(frozen=True)
class SessionRecord:
    """One login: one refresh token, and its access tokens by target.

    ``version`` counts the writes, ``stamp`` distinguishes two writes of one version.  ``claims``
    are those of the newest ID token, ``original`` those of the first one, which later ones are
    compared with.  ``answer`` has the other members of the token response; ``refused`` says that
    the provider refused the refresh token.  ``resource`` is what the login's access token was
    requested and is renewed for (RFC 8707).  Times are wall clock times in seconds.
    """

    issuer: str = ""
    client_id: str = ""
    version: int = 0
    stamp: str = field(default="", repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    refresh_expires_at: float | None = None
    id_token: str | None = field(default=None, repr=False)
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False)
    original: Mapping[str, Any] = field(default_factory=dict, repr=False)
    userinfo: Mapping[str, Any] | None = field(default=None, repr=False)
    answer: Mapping[str, Any] = field(default_factory=dict, repr=False)
    access_tokens: Mapping[str, StoredToken] = field(default_factory=dict, repr=False)
    refused: bool = False
    written_at: float = 0.0
    pending: Pending | None = field(default=None, repr=False)
    session_state: str | None = field(default=None, repr=False)
    resource: str | Sequence[str] | None = None

    @property
    def subject(self) -> str | None:
        """The user, from the ID token's ``sub``."""
        return text_of(self.claims.get("sub"))

    @property
    def session_id(self) -> str | None:
        """The provider's session, from the ID token's ``sid``."""
        return text_of(self.claims.get("sid"))

    def token_for(self, target: str) -> StoredToken | None:
        """Return the access token of a target, with the refresh token and ID token."""
        found = self.access_tokens.get(target)
        if found is None:
            return None
        return replace(found, refresh_token=self.refresh_token, id_token=self.id_token)

    def lifetime(self, now: float, session_lifetime: float) -> float:
        """Return for how many seconds from ``now`` a store must hold the record."""
        if self.refresh_token is not None:
            ends = self.refresh_expires_at
            return session_lifetime if ends is None else max(0.0, ends - now)
        if self.refused:
            return session_lifetime
        ends_of_tokens = [one.expires_at for one in self.access_tokens.values()]
        known = [one for one in ends_of_tokens if one is not None]
        if len(known) < len(ends_of_tokens):
            return session_lifetime
        return max(0.0, max(known, default=now) - now)

    def pack(self, name: str) -> str:
        """Return the string to store under ``name``, secrets included: encrypt it.

        Example::

            SessionRecord(refresh_token="r").pack("name")
        """
        members = {one.name: getattr(self, one.name) for one in fields(self)}
        tokens = {target: vars(token) for target, token in self.access_tokens.items()}
        return pack_value(_KIND, name, {**members, "access_tokens": tokens})

    @classmethod
    def unpack(cls, name: str, text: str) -> SessionRecord:
        """Return the record that :meth:`pack` wrote for ``name``; raise ValueError for others.

        Example::

            SessionRecord.unpack("name", SessionRecord(refresh_token="r").pack("name"))
        """
        members = unpack_value(_KIND, name, text)
        known = {one.name: members[one.name] for one in fields(cls) if one.name in members}
        for member, value in known.items():
            if type(value) not in _KINDS[member]:
                raise ValueError(f"{member} is malformed")
        tokens = known.get("access_tokens", {}).items()
        known["access_tokens"] = {one: StoredToken.from_members(token) for one, token in tokens}
        if known.get("pending") is not None:
            holder, until = known["pending"]
            if not isinstance(holder, str) or not isinstance(until, (int, float)):
                raise ValueError("pending is malformed")
            known["pending"] = Pending(holder, until)
        return cls(**known)


_NONE = type(None)
_KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("issuer", "client_id", "stamp"), (str,)),
    **dict.fromkeys(("refresh_token", "id_token", "session_state"), (str, _NONE)),
    **dict.fromkeys(("claims", "original", "answer", "access_tokens"), (dict,)),
    "version": (int,),
    "refused": (bool,),
    "refresh_expires_at": (int, float, _NONE),
    "written_at": (int, float),
    "userinfo": (dict, _NONE),
    "resource": (str, list, _NONE),
    "pending": (list, _NONE),
}


def begin_record(
    token: Mapping[str, Any],
    claims: Mapping[str, Any],
    first: StoredToken | None,
    *,
    issuer: str,
    client_id: str,
    now: float,
    userinfo: Mapping[str, Any] | None = None,
    session_state: str | None = None,
    resource: str | Sequence[str] | None = None,
) -> SessionRecord:
    """Return the record of a login, from the token response ``token`` and its access token
    ``first``.
    """
    return SessionRecord(
        issuer=issuer,
        client_id=client_id,
        refresh_token=text_of(token.get("refresh_token")),
        refresh_expires_at=_refresh_end(token, now),
        id_token=text_of(token.get("id_token")),
        claims=own_copy(dict(claims)),
        original=own_copy({name: claims[name] for name in _BOUND if name in claims}),
        userinfo=None if userinfo is None else own_copy(dict(userinfo)),
        answer=own_copy({name: one for name, one in token.items() if name not in _OF_TOKENS}),
        access_tokens={} if first is None else {LOGIN_TARGET: bare(first)},
        session_state=session_state,
        resource=resource if resource is None or isinstance(resource, str) else [*resource],
    )


def own_copy(value: T) -> T:
    """Return a copy of JSON values that shares nothing with them.

    Anything else is returned as it is: it is refused where the record is stored.
    """
    try:
        return deepcopy(value)
    except Exception:
        return value


def record_name(issuer: str, client_id: str, token: Mapping[str, Any], subject: object) -> str:
    """Return the name of the record that these tokens start.

    The same tokens lead to the same record, also in another process.  The access token alone is not
    enough: some providers issue the same one for the next login.
    """
    refresh, *others = [token.get(f"{kind}_token") for kind in ("refresh", "access", "id")]
    secret = [refresh] if refresh else others
    if not any(secret):
        secret = [secrets.token_hex(16)]
    text = json.dumps(["session", issuer, client_id, secret, subject], default=repr)
    return hashlib.sha256(text.encode()).hexdigest()


def target_name(parameters: Mapping[str, Any]) -> str:
    """Return the name of an access token's target, from the parameters of its request."""
    asked = {name: _as_set(name, one) for name, one in parameters.items() if one is not None}
    return hashlib.sha256(plain_text(asked).encode()).hexdigest() if asked else LOGIN_TARGET


def _as_set(name: str, value: Any) -> Any:
    if name == "scope" and isinstance(value, str):
        return sorted({*value.split()})
    if name in {"scope", "resource", "audience"}:
        return [value] if isinstance(value, str) else sorted({*value})
    return value


def checked_lifetime(seconds: float) -> float:
    """Return the seconds; raise InvalidArgumentError for invalid ones."""
    if not 0 < seconds < math.inf:
        raise InvalidArgumentError("session_lifetime must be positive seconds")
    return seconds


class Renewal(NamedTuple):
    """The effect of a refresh response on a record.

    ``record`` is to be stored in any case.  Then ``error`` is raised, if there is one; otherwise
    ``unconfirmed`` is stored, if there is one and its ID token is valid.
    """

    record: SessionRecord
    error: TokenRequestException | None = None
    unconfirmed: SessionRecord | None = None


def apply_refresh(
    record: SessionRecord,
    response: RefreshTokenResponse,
    target: str,
    *,
    address: str,
    margin: float,
    now: float,
    dpop: bool,
    refused: str | None = None,
) -> Renewal:
    """Return the record after a response to its refresh token.

    A response that must not be used may still have rotated the refresh token: then the successor is
    stored, and the error raised.  Raises TokenRequestException if the provider refused the request
    and the refresh token remains valid, or its state is unknown.
    """
    if not response.is_successful:
        refusal = token_request_error(address, response)
        # Any other error leaves the refresh token usable: forgetting it would end the login.
        if response.oauth_error != "invalid_grant":
            raise refusal
        error = login_required_error("the provider refused the refresh token", address)
        error.details = refusal.details
        error.status_code = refusal.status_code
        return Renewal(replace(record, refresh_token=None, refused=True), error)
    token = response.token or {}
    rotated = _rotate(record, token, now)
    try:
        fresh = stored_token_from(
            response, margin, now, address=address, dpop=dpop, refused=refused
        )
    except TokenRequestException as error:
        # The response is unusable, but the provider may have replaced the refresh token already.
        return Renewal(rotated, error)
    complete = replace(rotated, access_tokens=_with_token(rotated, target, bare(fresh), now))
    if target == LOGIN_TARGET:
        answer = own_copy({name: one for name, one in token.items() if name not in _OF_TOKENS})
        complete = replace(complete, answer=answer)
    if fresh.id_token is None:
        return Renewal(complete)
    # The successor is stored before the ID token is validated, which may take a fetch of keys.
    return Renewal(rotated, unconfirmed=replace(complete, id_token=fresh.id_token))


def _rotate(record: SessionRecord, token: Mapping[str, Any], now: float) -> SessionRecord:
    successor, ends = text_of(token.get("refresh_token")), _refresh_end(token, now)
    if successor is None and ends is None:
        return record
    return replace(record, refresh_token=successor or record.refresh_token, refresh_expires_at=ends)


def _with_token(
    record: SessionRecord, target: str, token: StoredToken, now: float
) -> dict[str, StoredToken]:
    tokens = {
        name: one
        for name, one in record.access_tokens.items()
        if name != target and (name == LOGIN_TARGET or one.is_usable(now))
    }
    while len(tokens) >= _MOST_TARGETS:
        del tokens[next(name for name in tokens if name != LOGIN_TARGET)]
    return {**tokens, target: token}


def with_id_token(record: SessionRecord, id_token: str, claims: Mapping[str, Any]) -> SessionRecord:
    """Return ``record`` with a newer ID token, whose ``claims`` were verified."""
    return replace(record, id_token=id_token, claims={**record.original, **claims})


def bare(token: StoredToken) -> StoredToken:
    """Return ``token`` without the members that the record stores once for all of them."""
    return replace(token, refresh_token=None, id_token=None)


def _refresh_end(token: Mapping[str, Any], now: float) -> float | None:
    # Keycloak's `refresh_expires_in` is 0 for offline tokens, which do not expire.
    seconds = whole_number(token.get("refresh_expires_in"))
    return now + seconds if seconds else None


def login_required_error(text: str, address: str | None = None) -> TokenRequestException:
    """Return the exception for a session that only a new login can restore."""
    return TokenRequestException(f"Login required: {text}", address, code="login_required")


def renewal_pending_error(seconds: float) -> TokenRequestException:
    """Return the exception for a refresh token whose successor another holder may know."""
    return TokenRequestException(
        "The refresh token was presented elsewhere, and the response is not stored yet: "
        f"try again, in at most {seconds:.0f} s",
        code="renewal_pending",
        details={"retry_after": seconds},
    )


def store_unavailable_error(error: Exception, address: str | None = None) -> TokenRequestException:
    """Return the exception for a session store that is unavailable."""
    text = f"The session store is unavailable: {type(error).__name__}"
    return TokenRequestException(text, address, code="store_unavailable")

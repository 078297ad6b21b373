"""Restrictions on ID tokens that are up to the client (OpenID Connect Core §3.1.3.7)."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any

from .._jose.claims import numeric_date
from .._jose.excerpt import found
from .._jose.token_types import ID_TOKEN, media_type
from .._jose.tokens import read_header, split_token
from .._wire.compare import same_text
from ..exceptions import IdTokenValidationException, TokenValidationException

# "JOSE" names a format, as "JWT" does (RFC 7515 §4.1.9); the last two are registered nowhere.
_TYPES = frozenset({"jwt", "jose", "id+jwt", ID_TOKEN})
_OTHER_KINDS = {
    "typ": frozenset({"bearer", "refresh", "offline", "logout"}),
    "token_use": frozenset({"access", "refresh"}),
}


def check_token_kind(claims: Mapping[str, Any], typ: object) -> None:
    """Raise for a verified token that is another kind of token by its ``typ`` or its claims.

    Access tokens, logout tokens and security events are signed by the same keys (RFC 8725 §3.11).
    """
    if typ is not None and media_type(typ) not in _TYPES:
        raise _refused_error(
            "its header has the typ of another kind of token",
            "wrong_typ",
            typ=found(typ),
            expected=["JWT", ID_TOKEN, None],
        )
    for name, others in _OTHER_KINDS.items():
        value = claims.get(name)
        if isinstance(value, str) and value.lower() in others:
            text = f"it is another kind of token by its claim {name}"
            raise _refused_error(text, "wrong_typ", claim=name, found=found(value))
    if "events" in claims:
        raise _refused_error("it is a security event by its claim events", "wrong_typ")


def check_audiences(claims: Mapping[str, Any], trusted: Collection[str]) -> None:
    """Raise for a verified ID token with further audiences that are not ``trusted`` (no. 3)."""
    named = claims.get("aud")
    audiences = [named] if isinstance(named, str) else list(named or ())
    unknown = [str(one)[:200] for one in audiences if one not in trusted]
    if unknown:
        raise _refused_error(
            "it has further audiences that are not trusted; if that is expected, name them in "
            "trusted_audiences",
            "untrusted_audience",
            audiences=unknown,
        )


def check_age(
    claims: Mapping[str, Any], max_age: float | None, leeway: float, now: float | None = None
) -> None:
    """Raise for a verified ID token issued more than ``max_age`` seconds ago (no. 10)."""
    if max_age is None:
        return
    issued = numeric_date(claims.get("iat"))
    if issued is None or (time.time() if now is None else now) - issued > max_age + leeway:
        raise _refused_error("it was issued too long ago", "id_token_too_old", max_age=max_age)


def check_nonce(claims: Mapping[str, Any], sent: str | None, *, required: bool) -> None:
    """Raise for a verified ID token whose nonce is not the one sent, or is missing (no. 11).

    ``required`` says that it must have one.  A nonce although none was sent belongs to another
    login.
    """
    named = claims.get("nonce")
    if sent is not None and same_text(named, sent):
        return
    if named is not None:
        raise _refused_error("the nonce does not match the request", "nonce_mismatch")
    if required:
        raise _refused_error(
            "it has no nonce; if this provider sends none, require_nonce=False accepts that",
            "nonce_mismatch",
        )


def check_registered_algorithm(id_token: str, allowed: Collection[str] | None) -> None:
    """Raise for an ID token signed by an algorithm that was not registered (no. 7).

    Nothing is verified yet; malformed tokens are refused by the verifier.
    """
    if allowed is None:
        return
    algorithm = read_header(split_token(id_token).header).alg
    if algorithm not in allowed:
        raise TokenValidationException(
            f"The algorithm {algorithm} is not allowed: if ID tokens are registered to "
            "be signed by it, name it in id_token_algorithms",
            "header",
            {"alg": algorithm, "allowed": sorted(allowed)},
            code="algorithm_not_allowed",
        )


def check_request_id(claims: Mapping[str, Any], auth_req_id: str) -> None:
    """Raise for an ID token of another backchannel authentication request (CIBA §10.3.1)."""
    named = claims.get("urn:openid:params:jwt:claim:auth_req_id")
    if named is not None and named != auth_req_id:
        raise _refused_error("it belongs to another authentication request", "auth_req_id_mismatch")


def _refused_error(text: str, code: str, **details: Any) -> IdTokenValidationException:
    return IdTokenValidationException(
        f"Invalid ID token: {text}", "payload", {"error": text, **details}, code=code
    )

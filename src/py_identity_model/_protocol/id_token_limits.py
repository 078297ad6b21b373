"""Which ID tokens a client takes beyond valid ones (OpenID Connect Core §3.1.3.7)."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any

from .._jose.claims import numeric_date
from ..exceptions import IdTokenValidationException


def check_audiences(claims: Mapping[str, Any], trusted: Collection[str]) -> None:
    """Raise for a verified ID token that is also for somebody who is not ``trusted`` (no. 3)."""
    named = claims.get("aud")
    audiences = [named] if isinstance(named, str) else list(named or ())
    unknown = [str(one)[:200] for one in audiences if one not in trusted]
    if unknown:
        raise _refused(
            "it is also for audiences that are not trusted; if that is right, name them in "
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
        raise _refused("it was issued too long ago", "id_token_too_old", max_age=max_age)


def check_request_id(claims: Mapping[str, Any], auth_req_id: str) -> None:
    """Raise for an ID token that answers another request of the back channel (CIBA §10.3.1)."""
    named = claims.get("urn:openid:params:jwt:claim:auth_req_id")
    if named is not None and named != auth_req_id:
        raise _refused("it answers another authentication request", "auth_req_id_mismatch")


def _refused(text: str, code: str, **details: Any) -> IdTokenValidationException:
    return IdTokenValidationException(
        f"Invalid ID token: {text}", "payload", {"error": text, **details}, code=code
    )

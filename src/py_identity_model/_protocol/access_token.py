"""What an access token must be by its own profile (RFC 9068)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..exceptions import TokenValidationException

_REQUIRED = ("iss", "exp", "aud", "sub", "client_id", "iat", "jti")


def check_access_token(claims: Mapping[str, Any], typ: object) -> None:
    """Raise TokenValidationException unless verified claims and ``typ`` are an access token's."""
    if typ != "at+jwt" and not _is_access_token(typ):
        raise TokenValidationException(
            "The JWT is of another type", "header", {"expected": "at+jwt"}, code="wrong_typ"
        )
    for name in _REQUIRED:
        if not claims.get(name):
            break
    else:
        return
    missing = [name for name in _REQUIRED if not claims.get(name)]
    raise TokenValidationException(
        f"Invalid token: missing: {', '.join(missing)}",
        "payload",
        {"error": "missing claims", "claims": missing},
        code="missing_claim",
    )


def _is_access_token(typ: object) -> bool:
    return isinstance(typ, str) and typ.lower().removeprefix("application/") == "at+jwt"

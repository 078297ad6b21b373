"""What an access token must be by its own profile (RFC 9068)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..exceptions import TokenValidationException

_REQUIRED = ("iss", "exp", "aud", "sub", "client_id", "iat", "jti")


def check_access_token_typ(typ: object) -> None:
    """Raise TokenValidationException unless a header's ``typ`` is an access token's (§2.1)."""
    if not isinstance(typ, str) or typ.lower().removeprefix("application/") != "at+jwt":
        raise TokenValidationException(
            "The JWT is of another type", "header", {"expected": "at+jwt"}, code="wrong_typ"
        )


def check_access_token_claims(claims: Mapping[str, Any]) -> None:
    """Raise TokenValidationException unless every claim is there that must be (§2.2)."""
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

"""Rules for ID tokens in token refresh responses (OpenID Connect Core §12.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..exceptions import IdTokenValidationException


def check_refreshed_id_token(original: Mapping[str, Any], claims: Mapping[str, Any]) -> None:
    """Raise IdTokenValidationException unless verified claims belong to the first login.

    ``original`` are the claims of the login's ID token.  ``iss``, ``sub`` and ``aud`` must be the
    same, ``auth_time`` and ``nonce`` where present, ``azp`` in any case; the token must not be
    older than the first.  OpenID Connect Core §12.2.
    """
    for name in ("iss", "sub", "azp"):
        if name in original or (name == "azp" and _has_id_token(original)):
            _compare(name, original.get(name), claims.get(name))
    if "aud" in original:
        _compare("aud", _as_set(original["aud"]), _as_set(claims.get("aud")))
    for name in ("auth_time", "nonce"):
        if name in claims and name in original:
            _compare(name, original[name], claims[name])
    if "nonce" in claims and "nonce" not in original and _has_id_token(original):
        raise _mismatch_error("nonce")
    if _is_older(claims.get("iat"), original.get("iat")):
        raise _mismatch_error("iat")


def _has_id_token(original: Mapping[str, Any]) -> bool:
    """Return whether these are the claims of a token, not of a user named by the program."""
    return "iss" in original and "aud" in original


def _compare(name: str, first: object, now: object) -> None:
    if first != now:
        raise _mismatch_error(name)


def _as_set(audience: object) -> object:
    if isinstance(audience, list):
        return {one for one in audience if isinstance(one, str)}
    return {audience} if isinstance(audience, str) else audience


def _is_older(now: object, first: object) -> bool:
    return isinstance(now, (int, float)) and isinstance(first, (int, float)) and now < first


def _mismatch_error(name: str) -> IdTokenValidationException:
    return IdTokenValidationException(
        f"Invalid ID token: {name} is not that of the login's ID token",
        "payload",
        {"claim": name},
        code="refreshed_id_token_mismatch",
    )

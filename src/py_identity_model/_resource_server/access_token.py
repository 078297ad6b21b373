"""Recognition of access tokens among JWTs, by their profile (RFC 9068) or by convention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._jose.excerpt import found
from .._jose.token_types import ACCESS_TOKEN, ID_TOKEN, media_type
from ..exceptions import TokenValidationException

_REQUIRED = ("iss", "exp", "aud", "sub", "client_id", "iat", "jti")
_USUAL_TYPES = frozenset({"jwt", ACCESS_TOKEN})
_HASHES = ("at_hash", "c_hash", "s_hash")
_NEVER = ("events", "htu", "token_introspection")  # logout tokens, DPoP proofs, introspections
_KINDS = ("typ", "token_use", "token_type")  # claims in which servers name the kind of token
MARKS = frozenset({*_HASHES, *_NEVER, *_KINDS, "nonce"})
"""A token without any of these claims is accepted by :func:`check_marks`."""
_ACCESS = frozenset({"access", "access_token"})
_ID_KINDS = frozenset({"id", "id_token", "serialized-id"})
_OTHER_KINDS = frozenset({"refresh", "refresh_token", "offline", "offline_access", "logout"})
_TOKEN_TYPES = _ACCESS | {"bearer", "dpop", "jwt", "at+jwt"}
_ID_TOKEN_HINT = "accept_id_tokens_as_access_tokens=True accepts ID tokens"
_URN = "urn:ietf:params:oauth:token-type:"
_ABSENT = object()


def check_access_token_typ(typ: object) -> None:
    """Raise TokenValidationException unless a header's ``typ`` is an access token's (§2.1)."""
    if media_type(typ) != ACCESS_TOKEN:
        raise TokenValidationException(
            "The JWT has an unexpected type",
            "header",
            {"typ": found(typ), "expected": ACCESS_TOKEN},
            code="wrong_typ",
        )


def check_access_token_claims(claims: Mapping[str, Any]) -> None:
    """Raise TokenValidationException unless all required claims are present (§2.2)."""
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


def check_usual_typ(header: Mapping[str, Any], *, id_tokens: bool = False) -> None:
    """Raise unless a header's ``typ`` is absent, ``JWT`` or ``at+jwt``, in any spelling.

    With ``id_tokens`` it may also declare an ID token.
    """
    typ = header.get("typ", _ABSENT)
    if typ is _ABSENT or media_type(typ) in _USUAL_TYPES:
        return
    is_id_token = media_type(typ) == ID_TOKEN
    if is_id_token and id_tokens:
        return
    text = f"The JWT is an ID token by its typ; {_ID_TOKEN_HINT}"
    raise TokenValidationException(
        text if is_id_token else "The JWT is not an access token by its typ",
        "header",
        {"typ": found(typ), "expected": ["JWT", ACCESS_TOKEN, None]},
        code="wrong_typ",
    )


def check_marks(claims: Mapping[str, Any], *, id_tokens: bool = False) -> None:
    """Raise for claims that mark another kind of token than an access token.

    ID tokens are recognized by the hashes of what was issued with them, by the names that some
    servers give them (``typ``, ``token_use``), or by a ``nonce`` if nothing says that the token is
    for an API.  ``id_tokens`` accepts them nevertheless.
    """
    for name in _NEVER:
        if name in claims:
            raise _marked_error(claims, name)
    for name in _KINDS:
        if _word(claims, name) in _OTHER_KINDS:
            raise _marked_error(claims, name)
    if not id_tokens:
        _check_id_token_marks(claims)


def check_introspected_type(claims: Mapping[str, Any], *, id_tokens: bool = False) -> None:
    """Raise unless the ``token_type`` of an introspection, if present, is that of an access token.

    With ``id_tokens`` it may also be that of an ID token.

    It is the type that the token endpoint named (RFC 7662 §2.2): ``N_A`` there means that the
    token is not an access token (RFC 8693 §2.2.1).
    """
    said = claims.get("token_type")
    kinds = _TOKEN_TYPES | _ID_KINDS if id_tokens else _TOKEN_TYPES
    if said is not None and _word(claims, "token_type") not in kinds:
        raise _marked_error(claims, "token_type")


def _check_id_token_marks(claims: Mapping[str, Any]) -> None:
    for name in _HASHES:
        if name in claims:
            raise _id_token_error(claims, name)
    for name in _KINDS:
        if _word(claims, name) in _ID_KINDS:
            raise _id_token_error(claims, name)
    if "nonce" not in claims or claims.get("scope") or claims.get("scp"):
        return
    if _word(claims, "typ") != "bearer" and _word(claims, "token_use") not in _ACCESS:
        raise _id_token_error(claims, "nonce")


def _word(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value.lower().removeprefix(_URN) if isinstance(value, str) else ""


def _id_token_error(claims: Mapping[str, Any], name: str) -> TokenValidationException:
    return TokenValidationException(
        f"The JWT is an ID token by its claim {name}; {_ID_TOKEN_HINT}",
        "payload",
        {"claim": name, "found": _mark_of(claims, name)},
        code="wrong_typ",
    )


def _marked_error(claims: Mapping[str, Any], name: str) -> TokenValidationException:
    return TokenValidationException(
        f"The token is not an access token by its claim {name}",
        "payload",
        {"claim": name, "found": _mark_of(claims, name)},
        code="wrong_typ",
    )


def _mark_of(claims: Mapping[str, Any], name: str) -> object:
    # The value of a nonce or a hash adds nothing; its presence is enough.
    return found(claims[name]) if name in _KINDS else None

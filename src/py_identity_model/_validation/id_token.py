"""Rules for ID tokens beyond those for all tokens (OpenID Connect Core §3.1.3.7)."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Collection, Mapping
from typing import Any

from .._jose.algorithms import ML_DSA
from .._jose.claims import numeric_date
from .._jose.encoding import encode_base64url
from .._jose.token_types import is_for_something_else
from .._wire.arguments import seconds_of
from .._wire.compare import same_text
from ..exceptions import IdTokenValidationException

_HASHES = {"256": "sha256", "384": "sha384", "512": "sha512"}
_EDWARDS_HASHES = {"EdDSA": "sha512", "Ed25519": "sha512"}


def check_id_token(
    claims: Mapping[str, Any],
    alg: str,
    *,
    audience: str | Collection[str] | None,
    leeway: float,
    nonce: str | None,
    access_token: str | None,
    code: str | None,
    state: str | None,
    max_age: int | None,
    at_hash_required: bool,
    now: float | None = None,
) -> None:
    """Raise IdTokenValidationException unless verified claims meet all rules for this ID token."""
    subject = claims.get("sub")
    if subject is None or subject == "":
        raise _refused_error("the sub claim is missing", "missing_subject")
    if not isinstance(subject, str):
        raise _refused_error("the sub claim is not a string", "invalid_subject")
    for name in ("exp", "iat"):
        if claims.get(name) is None:
            raise _refused_error(f"the {name} claim is missing", "missing_time")
    _check_party(claims, audience)
    if nonce is not None and not same_text(claims.get("nonce"), nonce):
        raise _refused_error("the nonce does not match the request", "nonce_mismatch")
    if max_age is not None:
        check_auth_time(claims, max_age, leeway, now)
    if access_token is not None and (at_hash_required or "at_hash" in claims):
        _check_hash(claims, "at_hash", access_token, alg)
    if code is not None:
        _check_hash(claims, "c_hash", code, alg)
    if state is not None:
        _check_hash(claims, "s_hash", state, alg)


def check_id_token_typ(typ: object) -> None:
    """Raise IdTokenValidationException for a header with the typ of another kind of token.

    ID tokens have ``JWT`` or no typ; anything else is accepted unless it is registered for another
    kind of token (RFC 8725 §3.11), which must never serve as an ID token.
    """
    if is_for_something_else(typ):
        raise _refused_error("its header has the typ of another kind of token", "wrong_typ")


def _check_party(claims: Mapping[str, Any], audience: str | Collection[str] | None) -> None:
    party, named = claims.get("azp"), claims.get("aud")
    if isinstance(named, list) and len(named) > 1 and not party:
        raise _refused_error("the azp claim is missing beside several audiences", "missing_azp")
    if party is None or audience is None:
        return
    expected = [audience] if isinstance(audience, str) else list(audience)
    if not any([same_text(party, one) for one in expected]):  # noqa: C419  # all, for their time
        raise _refused_error("the azp claim names another client", "azp_mismatch")


def check_auth_time(
    claims: Mapping[str, Any],
    max_age: int,
    leeway: float,
    now: float | None = None,
    *,
    ahead: float = math.inf,
) -> None:
    """Raise IdTokenValidationException unless the user logged in at most ``max_age`` seconds ago.

    ``leeway`` extends it; ``ahead`` is how far in the future the login may be, for clocks: one of
    next year would pass every ``max_age``.  Raises InvalidArgumentError for a ``max_age`` that is
    not a number of seconds: every login would pass NaN.
    """
    oldest = seconds_of("max_age", max_age)
    since = numeric_date(claims.get("auth_time"))
    if since is None:
        raise _refused_error("the auth_time claim is missing or not a number", "missing_auth_time")
    age = (time.time() if now is None else now) - since
    if age > oldest + leeway:
        raise _refused_error("the user's last login is too long ago", "authentication_too_old")
    if -age > ahead:
        raise _refused_error("the user's last login is in the future", "authentication_in_future")


def _check_hash(claims: Mapping[str, Any], name: str, value: str, alg: str) -> None:
    if not isinstance(value, str) or not value.isascii():
        raise _refused_error(f"the value that {name} is the hash of is not ASCII", "hash_mismatch")
    if name not in claims:
        raise _refused_error(f"the {name} claim is missing", "missing_hash")
    if not same_text(claims[name], half_hash(value, alg)):
        raise _refused_error(f"the {name} claim does not match", "hash_mismatch")


def half_hash(value: str, alg: str) -> str:
    """Return the left half of the hash that ``alg`` uses, in base64url (§3.1.3.6)."""
    if alg in ML_DSA:  # no specification says which: ML-DSA's own (FIPS 204), as oidc-provider does
        return encode_base64url(hashlib.shake_256(value.encode()).digest(32)).decode()
    name = _EDWARDS_HASHES.get(alg) or _HASHES.get(alg[-3:])
    if name is None:
        raise _refused_error(f"no hash is defined for {alg}", "hash_undefined")
    digest = hashlib.new(name, value.encode()).digest()
    return encode_base64url(digest[: len(digest) // 2]).decode()


def _refused_error(text: str, code: str) -> IdTokenValidationException:
    return IdTokenValidationException(
        f"Invalid ID token: {text}", "payload", {"error": text}, code=code
    )

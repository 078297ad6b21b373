"""``decode``: a token taken apart and explained. Nothing is verified."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ..exceptions import TokenValidationException
from . import inputs
from .output import Output
from .tokens import Parts, readable, take_apart

WARNING = "NOT VERIFIED: anybody can write such a token. `verify` says whether it is genuine."
_MEANINGS = {
    "iss": "who issued it",
    "sub": "whom it is about",
    "aud": "whom it is meant for",
    "exp": "when it expires",
    "nbf": "when it begins",
    "iat": "when it was issued",
    "jti": "its own identifier",
    "azp": "the client that it was issued to",
    "client_id": "the client that it was issued to",
    "scope": "what it grants",
    "scp": "what it grants",
    "cnf": "what it is bound to: it is useless without",
    "nonce": "the login that it belongs to (an ID token)",
    "at_hash": "the access token that it came with (an ID token)",
    "auth_time": "when the user logged in",
    "acr": "how the user logged in",
    "amr": "by which means the user logged in",
    "sid": "the session at the provider",
    "act": "who acts for the subject",
    "events": "what happened (a logout token)",
    "alg": "how it is signed",
    "kid": "which key signed it",
    "typ": "what kind of token it is",
}


def explain(token: str, now: float) -> tuple[Parts, list[tuple[str, str, str]]]:
    """Return a token's parts, and a row for each member: name, value, meaning.

    Raises :class:`TokenValidationException` for what cannot be taken apart.
    """
    parts = take_apart(token)
    if parts.problem is not None and not parts.header:
        raise TokenValidationException(
            f"This is not a JWT: {parts.problem}", code="malformed_token"
        )
    rows = [*_rows(parts.header, now), *_rows(parts.claims, now)]
    return parts, rows


def _rows(members: Mapping[str, Any], now: float) -> list[tuple[str, str, str]]:
    shown = readable(members, now)
    return [(name, value, _MEANINGS.get(name, "")) for name, value in shown.items()]


def command(token_file: inputs.TokenFile = None, as_json: inputs.Json = False) -> None:
    """Take a token apart and explain it. NOTHING IS VERIFIED: see `verify` for that.

    The token comes by standard input (or OIDC_TOKEN, or --token-file).
    """
    with Output(as_json) as out:
        parts, rows = explain(inputs.read_token(token_file), time.time())
        if as_json:
            out.members(
                {
                    "verified": False,
                    "kind": parts.kind,
                    "header": dict(parts.header),
                    "claims": dict(parts.claims),
                    "problem": parts.problem,
                }
            )
            return
        out.say(WARNING, "bold yellow")
        out.rows(("member", "value", "meaning"), rows)
        if parts.problem is not None:
            out.say(f"The claims cannot be read: {parts.problem}", "yellow")
        out.say(WARNING, "bold yellow")

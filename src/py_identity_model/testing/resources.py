"""The embedded provider's userinfo and end session endpoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from ..exceptions import DPoPProofException
from .oauth import Server
from .proofs import Proofs
from .wire import Answer, Received


def userinfo(
    received: Received, server: Server, proofs: Proofs, claims_of: Callable[[str | None], Any]
) -> Answer:
    """Return the user of an access token; bound tokens need their proof (RFC 9449 §7)."""
    scheme, _, token = received.headers.get("authorization", "").partition(" ")
    known = server.access_tokens.get(token)
    if known is None or not known.is_active or "openid" not in known.scope.split():
        return _invalid_token(scheme)
    if known.jkt is not None:
        bound = {"access_token": token, "token_claims": {"cnf": {"jkt": known.jkt}}}
        try:
            proven = proofs.thumbprint(received, **bound)
        except DPoPProofException as error:
            return proofs.resource_refusal(error)
        if proven is None:
            return _invalid_token("DPoP")
    if scheme.lower() != ("bearer" if known.jkt is None else "dpop"):
        return _invalid_token(scheme)
    return Answer.of_json(claims_of(known.login.user))


def end_session(received: Received) -> Answer:
    """Return the redirect that follows a logout, or a plain response."""
    values = received.query if received.method == "GET" else received.form
    target = values.get("post_logout_redirect_uri")
    if target is None:
        return Answer.of_json({"logged_out": True})
    state = {"state": values["state"]} if "state" in values else {}
    joint = "&" if "?" in target else "?"
    query = f"{joint}{urlencode(state)}" if state else ""
    return Answer(302, b"", {"location": target + query})


def _invalid_token(scheme: str) -> Answer:
    offered = "DPoP" if scheme.lower() == "dpop" else "Bearer"
    challenge = f'{offered} error="invalid_token"'
    return Answer.of_json({"error": "invalid_token"}, 401, www_authenticate=challenge)

# Generated from aio/logout.py by scripts/make_sync.py; edit that file.
"""Validate logout tokens."""

from __future__ import annotations

from time import time
from typing import Any

from .._jose.tokens import header_members
from .._protocol.logout import (
    check_logout_claims,
    check_logout_typ,
    replayable_until,
    replayed_error,
    store_error,
)
from .._resource_server.replay import ReplayStore, replay_key
from .._settings import Settings
from .._validation.config import TokenValidationConfig
from ._transport.http import HTTPClient
from ._transport.opening import open_token
from .replay_store import remember_once
from .token_validation import validate_token


def validate_logout_token(
    logout_token: str,
    token_validation_config: TokenValidationConfig,
    disco_doc_address: str | None = None,
    http_client: HTTPClient | None = None,
    *,
    replay_store: ReplayStore | None = None,
    require_typ: bool = False,
    require_exp: bool = False,
    settings: Settings | None = None,
) -> dict[str, Any]:
    """Return the claims of a logout token: end the sessions of its ``sid``, or of its ``sub``.

    The configuration's ``audience`` is the client.  With ``replay_store`` a token works once;
    ``require_typ`` refuses tokens whose header does not say ``logout+jwt``, and ``require_exp``
    those without ``exp``, as older providers' do not; without ``exp`` a token is accepted for 300
    seconds after its ``iat``.  The other parameters are those of :func:`validate_token`.

    Raises what :func:`validate_token` does, and :class:`LogoutTokenValidationException`.
    OpenID Connect Back-Channel Logout §2.6.

    Example::

        claims = validate_logout_token(
            form["logout_token"],
            TokenValidationConfig(perform_disco=True, audience="web"),
            "https://op.example",
            replay_store=store,
        )
    """
    signed, config = open_token(logout_token, token_validation_config)
    claims = validate_token(signed, config, disco_doc_address, http_client, settings=settings)
    check_logout_typ(header_members(signed).get("typ"), require=require_typ)
    leeway = config.leeway or 0.0
    check_logout_claims(claims, require_exp=require_exp, leeway=leeway, now=time())
    if replay_store is not None:
        key = replay_key("logout", str(claims["iss"]), claims["jti"])
        remember_once(
            replay_store,
            key,
            replayable_until(claims, leeway) + leeway,
            replayed=replayed_error(),
            unavailable=store_error(),
        )
    return claims

# Generated from aio/logout.py by scripts/make_sync.py; edit that file.
"""Validation of logout tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import time
from typing import Any

from .._jose.tokens import header_members
from .._protocol.logout import (
    check_logout_claims,
    check_logout_typ,
    remembered_until,
    replayed_error,
    store_error,
)
from .._resource_server.replay import ReplayStore, received_key
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

    :param logout_token: the token that was posted
    :param token_validation_config: as for :func:`validate_token`; its ``audience`` is the client
    :param disco_doc_address: as for :func:`validate_token`
    :param http_client: used instead of this worker's own
    :param replay_store: refuses a token that was already used
    :param require_typ: refuse tokens whose header does not have the typ ``logout+jwt``
    :param require_exp: refuse tokens without ``exp``, which some older providers omit; they are
        otherwise accepted for 300 seconds after their ``iat``
    :param settings: settings for this call

    Raises the exceptions of :func:`validate_token`, and :class:`LogoutTokenValidationException`.
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
        remember_once(
            replay_store,
            logout_key(claims, config.audience),
            remembered_until(claims, leeway),
            replayed=replayed_error(),
            unavailable=store_error(),
        )
    return claims


def logout_key(claims: Mapping[str, Any], audience: str | Sequence[str] | None) -> str:
    """Return the key of a logout token in replay stores."""
    return received_key("logout", str(claims["iss"]), audience, claims["jti"])

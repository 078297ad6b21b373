"""Validate logout tokens."""

from __future__ import annotations

from time import time
from typing import Any

from .._jose.tokens import header_members
from .._protocol.logout import check_logout_claims, check_logout_typ, replayed
from .._protocol.replay import ReplayStore
from .._protocol.token_validation import TokenValidationConfig, opened
from .._seam.aio import call
from .._settings import Settings
from .http import AsyncHTTPClient
from .token_validation import validate_token

_REMEMBERED = 86400.0  # seconds, where a token does not say when it expires


async def validate_logout_token(
    logout_token: str,
    token_validation_config: TokenValidationConfig,
    disco_doc_address: str | None = None,
    http_client: AsyncHTTPClient | None = None,
    *,
    replay_store: ReplayStore | None = None,
    require_typ: bool = False,
    settings: Settings | None = None,
) -> dict[str, Any]:
    """Return the claims of a logout token: end the sessions of its ``sid``, or of its ``sub``.

    The configuration's ``audience`` is the client.  With ``replay_store`` a token works once;
    ``require_typ`` refuses tokens whose header does not say ``logout+jwt``, as older providers'
    do not.  The other parameters are those of :func:`validate_token`.

    Raises what :func:`validate_token` does, and :class:`LogoutTokenValidationException`.
    OpenID Connect Back-Channel Logout §2.6.

    Example::

        claims = await validate_logout_token(
            form["logout_token"],
            TokenValidationConfig(perform_disco=True, audience="web"),
            "https://op.example",
            replay_store=store,
        )
    """
    signed, config = opened(logout_token, token_validation_config)
    claims = await validate_token(signed, config, disco_doc_address, http_client, settings=settings)
    check_logout_typ(header_members(signed).get("typ"), require=require_typ)
    check_logout_claims(claims)
    if replay_store is not None:
        until = claims.get("exp", time() + _REMEMBERED) + (config.leeway or 0.0)
        if not await call(replay_store.add, f"logout:{claims['iss']}:{claims['jti']}", until):
            raise replayed()
    return claims

"""Validation of access tokens by their profile (RFC 9068)."""

from __future__ import annotations

from typing import Any

from .._jose.tokens import header_members
from .._resource_server.access_token import check_access_token_claims, check_access_token_typ
from .._settings import Settings
from .._validation.config import TokenValidationConfig
from ._transport.http import AsyncHTTPClient
from ._transport.opening import open_token
from .token_validation import validate_token


async def validate_access_token(
    access_token: str,
    token_validation_config: TokenValidationConfig,
    disco_doc_address: str | None = None,
    http_client: AsyncHTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> dict[str, Any]:
    """Return the claims of an access token that conforms to RFC 9068.

    Besides the checks of :func:`validate_token`, the header must have the typ ``at+jwt``, and the
    claims ``iss``, ``exp``, ``aud``, ``sub``, ``client_id``, ``iat`` and ``jti`` must be present,
    so that an ID token is never accepted as an access token.  The parameters and exceptions are
    those of :func:`validate_token`.  RFC 9068 §4.

    Example::

        claims = await validate_access_token(
            access_token,
            TokenValidationConfig(perform_disco=True, audience="api"),
            "https://op.example",
        )
    """
    signed, config = await open_token(access_token, token_validation_config)
    claims = await validate_token(signed, config, disco_doc_address, http_client, settings=settings)
    check_access_token_typ(header_members(signed).get("typ"))
    check_access_token_claims(claims)
    return claims

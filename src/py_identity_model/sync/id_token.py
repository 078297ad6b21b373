# Generated from aio/id_token.py by scripts/make_sync.py; edit that file.
"""Validate ID tokens."""

from __future__ import annotations

from typing import Any

from .._jose.tokens import header_members
from .._settings import Settings
from .._validation.config import TokenValidationConfig
from .._validation.id_token import check_id_token, check_id_token_typ
from ._transport.http import HTTPClient
from ._transport.opening import open_token
from .token_validation import validate_token


def validate_id_token(
    id_token: str,
    token_validation_config: TokenValidationConfig,
    disco_doc_address: str | None = None,
    http_client: HTTPClient | None = None,
    *,
    nonce: str | None = None,
    access_token: str | None = None,
    code: str | None = None,
    max_age: int | None = None,
    state: str | None = None,
    response_type: str | None = None,
    settings: Settings | None = None,
) -> dict[str, Any]:
    """Return the claims of an ID token, if it is the answer to this authorization request.

    The configuration's ``audience`` is the client.  ``nonce`` and ``max_age`` (seconds) are
    those of the request; ``access_token``, ``code`` and ``state`` are what came with the token,
    compared with ``at_hash``, ``c_hash`` and ``s_hash``.  An ``at_hash`` may be missing in the
    code flow, but not when ``code`` is given or ``response_type`` has the word ``token``.  The
    other parameters are those of :func:`validate_token`.

    Raises what :func:`validate_token` does, and :class:`IdTokenValidationException`.
    OpenID Connect Core §3.1.3.7, §3.2.2.11 and §3.3.2.11.

    Example::

        claims = validate_id_token(
            id_token,
            TokenValidationConfig(perform_disco=True, audience="web"),
            "https://op.example",
            nonce=kept["nonce"],
        )
    """
    signed, config = open_token(id_token, token_validation_config)
    claims = validate_token(signed, config, disco_doc_address, http_client, settings=settings)
    header = header_members(signed)
    check_id_token_typ(header.get("typ"))
    check_id_token(
        claims,
        header["alg"],
        audience=config.audience,
        leeway=config.leeway or 0.0,
        nonce=nonce,
        access_token=access_token,
        code=code,
        state=state,
        max_age=max_age,
        at_hash_required=code is not None or "token" in (response_type or "").split(),
    )
    return claims

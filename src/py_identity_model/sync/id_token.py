# Generated from aio/id_token.py by scripts/make_sync.py; edit that file.
"""Validation of ID tokens."""

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
    """Return the claims of an ID token, if it belongs to this authorization request.

    :param id_token: the ID token
    :param token_validation_config: as for :func:`validate_token`; its ``audience`` is the client
    :param disco_doc_address: as for :func:`validate_token`
    :param http_client: used instead of this worker's own
    :param nonce: that of the request
    :param access_token: the access token of the same response, compared with ``at_hash``
    :param code: the code of the same response, compared with ``c_hash``
    :param max_age: that of the request, in seconds
    :param state: the state of the same response, compared with ``s_hash``
    :param response_type: that of the request
    :param settings: settings for this call

    An ``at_hash`` may be missing in the code flow, but not when ``code`` is given or
    ``response_type`` has the word ``token``.

    Raises the exceptions of :func:`validate_token`, and :class:`IdTokenValidationException`.
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

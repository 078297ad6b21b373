# Generated from aio/introspection.py by scripts/make_sync.py; edit that file.
"""Ask about tokens."""

from __future__ import annotations

from functools import partial

from .._protocol.introspection import (
    ENDPOINT,
    TokenIntrospectionRequest,
    TokenIntrospectionResponse,
    verified,
)
from .._settings import Settings
from ._transport.endpoint import ask
from ._transport.http import HTTPClient
from .signed_answers import verified_answer


def introspect_token(
    request: TokenIntrospectionRequest,
    http_client: HTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> TokenIntrospectionResponse:
    """Ask the provider what a token is worth; only ``claims["active"]`` being True counts.

    A signed answer is verified where ``request`` says by what.  ``http_client`` is used instead
    of this worker's own.  Nothing is raised: a failed response says why in ``error``,
    ``error_kind`` and ``oauth_error``.  RFC 7662 §2, RFC 9701 §5.

    Example::

        response = introspect_token(
            TokenIntrospectionRequest(
                "https://op.example/introspect", token, client_id="api", client_secret="s3cret"
            )
        )
        active = response.is_successful and response.claims.get("active") is True
    """
    return introspect(request, http_client, settings, in_turn=False)


def introspect(
    request: TokenIntrospectionRequest,
    http_client: HTTPClient | None,
    settings: Settings | None,
    *,
    in_turn: bool,
) -> TokenIntrospectionResponse:
    """Do what :func:`introspect_token` does; ``in_turn`` where strangers chose the token."""
    response = ask(ENDPOINT, request, http_client, settings, in_turn=in_turn)
    raw, config = vars(response).get("raw"), request.token_validation_config
    if raw is None or config is None:
        return response
    read, address = partial(verified, request, raw), request.disco_doc_address
    typ = "token-introspection+jwt"
    return verified_answer(ENDPOINT, raw, config, address, http_client, settings, read, typ=typ)

# Generated from aio/introspection.py by scripts/make_sync.py; edit that file.
"""Token introspection."""

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
from .signed_answers import verify_response


def introspect_token(
    request: TokenIntrospectionRequest,
    http_client: HTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> TokenIntrospectionResponse:
    """Request the state of a token; it is valid only if ``claims["active"]`` is True.

    :param request: the token, and the client
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    A signed response is verified if ``request`` has the configuration for it.  Nothing is raised: a
    failed response gives the reason in ``error``, ``error_kind`` and ``oauth_error``.  RFC 7662 §2,
    RFC 9701 §5.

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
    """Do the same as :func:`introspect_token`; ``in_turn`` if strangers chose the token."""
    response = ask(ENDPOINT, request, http_client, settings, in_turn=in_turn)
    raw, config = vars(response).get("raw"), request.token_validation_config
    if raw is None or config is None:
        return response
    read, address = partial(verified, request, raw), request.disco_doc_address
    typ = "token-introspection+jwt"
    return verify_response(ENDPOINT, raw, config, address, http_client, settings, read, typ=typ)

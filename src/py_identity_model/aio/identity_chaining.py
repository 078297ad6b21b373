"""Grants for another domain."""

from __future__ import annotations

from .._protocol.identity_chaining import (
    CHAINED_GRANT,
    ID_JAG_GRANT,
    AuthorizationGrantResponse,
    ChainedGrantRequest,
    IdentityAssertionGrantRequest,
)
from .._settings import Settings
from ._transport.endpoint import ask
from ._transport.http import AsyncHTTPClient


async def request_identity_assertion_grant(
    request: IdentityAssertionGrantRequest,
    http_client: AsyncHTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> AuthorizationGrantResponse:
    """Request a grant (ID-JAG) at another server from the user's identity provider.

    :param request: the user's ID token, the other server, and the client
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    The grant is the ``assertion`` of :func:`request_jwt_bearer_token` at the other server.  A
    response with another kind of token, or for another server, is a failed one.  Nothing is raised:
    a failed response gives the reason in ``error``, ``error_kind`` and ``oauth_error``.
    draft-ietf-oauth-identity-assertion-authz-grant.

    Example::

        response = await request_identity_assertion_grant(
            IdentityAssertionGrantRequest(
                "https://op.example/token", "wiki", id_token, "https://chat.example"
            )
        )
        if response.is_successful:
            token = await request_jwt_bearer_token(
                JwtBearerTokenRequest("https://chat.example/token", "wiki", response.grant)
            )
    """
    return await ask(ID_JAG_GRANT, request, http_client, settings)


async def request_chained_grant(
    request: ChainedGrantRequest,
    http_client: AsyncHTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> AuthorizationGrantResponse:
    """Request a grant with which a client goes on to another trust domain.

    :param request: the token of this domain, the other server, and the client
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    The grant is the ``assertion`` of :func:`request_jwt_bearer_token` at the other server.  A
    response with an access token is a failed one.  Nothing is raised: a failed response gives the
    reason in ``error``, ``error_kind`` and ``oauth_error``.  draft-ietf-oauth-identity-chaining.

    Example::

        response = await request_chained_grant(
            ChainedGrantRequest(
                "https://op.example/token",
                "gateway",
                access_token,
                resource="https://as.b.example",
            )
        )
    """
    return await ask(CHAINED_GRANT, request, http_client, settings)

"""Fetch key sets."""

from __future__ import annotations

from .._protocol import jwks as protocol
from .._protocol.jwks import JwksRequest, JwksResponse
from .._settings import Settings, in_force
from .fetching import fetch_keys
from .http import AsyncHTTPClient


async def get_jwks(
    jwks_request: JwksRequest,
    http_client: AsyncHTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> JwksResponse:
    """Fetch a provider's key set.

    ``jwks_request`` says where it is; ``http_client`` is used instead of this worker's own.
    The answer is never cached; keys that cannot be used are left out.  Nothing is raised: a
    failed response says why in ``error`` and ``error_kind``.  RFC 7517 §5.

    Example::

        response = await get_jwks(JwksRequest(address="https://op.example/jwks"))
        if response.is_successful:
            print([key.kid for key in response.keys])
    """
    with in_force(settings):
        fetched = await fetch_keys(lambda: protocol.build(jwks_request), http_client)
    return protocol.response_of(fetched.judged)

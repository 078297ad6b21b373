"""Fetch key sets."""

from __future__ import annotations

from dataclasses import replace

from .._logging import logger, redact_url
from .._protocol import jwks as protocol
from .._protocol.jwks import JwksRequest, JwksResponse
from .._protocol.messages import Fetched
from .._settings import Settings, in_force
from .http import AsyncHTTPClient, send


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
        return (await fetch_keys(jwks_request, http_client)).response


async def fetch_keys(
    request: JwksRequest,
    http_client: AsyncHTTPClient | None,
    *,
    retries: int | None = None,
    etag: str | None = None,
    in_turn: bool = False,
) -> Fetched[JwksResponse]:
    """Do the work of :func:`get_jwks`, with at most ``retries`` retries.

    ``etag`` names the version that is known: if it still stands, only that is told.  With
    ``in_turn`` the request waits while too many like it are under way.
    """
    try:
        built = replace(protocol.build(request), etag=etag)
        logger.info("fetching the key set %s", redact_url(built.url))
        answer = await send(built, http_client, retries=retries, in_turn=in_turn)
        if answer.status_code == 304:
            control = answer.headers.get("cache-control")
            return Fetched(JwksResponse(True, cache_control=control), etag, unchanged=True)
        fetched = Fetched(protocol.parse(answer), answer.headers.get("etag"))
    except Exception as error:
        fetched = Fetched(protocol.failed(error))
    if not fetched.response.is_successful:
        logger.error("fetching a key set failed: %s", fetched.response.error_kind)
    return fetched

# Generated from aio/jwks.py by scripts/make_sync.py; edit that file.
"""Fetch key sets."""

from __future__ import annotations

from .._logging import logger, redact_url
from .._protocol import jwks as protocol
from .._protocol.fetching import AS_CONFIGURED, Attempt
from .._protocol.jwks import JwksRequest, JwksResponse
from .._protocol.messages import Fetched
from .._settings import Settings, in_force
from .fetching import fetch
from .http import HTTPClient


def get_jwks(
    jwks_request: JwksRequest,
    http_client: HTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> JwksResponse:
    """Fetch a provider's key set.

    ``jwks_request`` says where it is; ``http_client`` is used instead of this worker's own.
    The answer is never cached; keys that cannot be used are left out.  Nothing is raised: a
    failed response says why in ``error`` and ``error_kind``.  RFC 7517 §5.

    Example::

        response = get_jwks(JwksRequest(address="https://op.example/jwks"))
        if response.is_successful:
            print([key.kid for key in response.keys])
    """
    with in_force(settings):
        return (fetch_keys(jwks_request, http_client)).response


def fetch_keys(
    request: JwksRequest,
    http_client: HTTPClient | None,
    attempt: Attempt = AS_CONFIGURED,
) -> Fetched[JwksResponse]:
    """Do the work of :func:`get_jwks`, as ``attempt`` says."""
    try:
        built = protocol.build(request)
        logger.info("fetching the key set %s", redact_url(built.url))
        fetched = fetch(
            built,
            http_client,
            attempt,
            protocol.parse,
            lambda control: JwksResponse(True, cache_control=control),
        )
    except Exception as error:
        fetched = Fetched(protocol.failed(error))
    if not fetched.response.is_successful:
        logger.error("fetching a key set failed: %s", fetched.response.error_kind)
    return fetched

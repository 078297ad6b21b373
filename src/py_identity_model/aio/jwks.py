"""Uncached fetching of key sets."""

from __future__ import annotations

from .._protocol.jwks import JwksRequest, JwksResponse, response_of
from .._settings import Settings, in_force
from .._validation.fetch_result import Location
from .._validation.key_set_rules import KEY_SET_IN_FULL
from .._wire.arguments import check_instance
from .._wire.discovery_policy import DiscoveryPolicy
from ._cache.fetching import AsyncFetcher
from ._transport.http import AsyncHTTPClient

_fetcher = AsyncFetcher(KEY_SET_IN_FULL)


async def get_jwks(
    jwks_request: JwksRequest,
    http_client: AsyncHTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> JwksResponse:
    """Fetch a provider's key set.

    :param jwks_request: the address of the key set, and the policy
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    The response is never cached; unusable keys are left out.  Nothing is raised: a failed response
    gives the reason in ``error`` and ``error_kind``.  RFC 7517 §5.

    Example::

        response = await get_jwks(JwksRequest(address="https://op.example/jwks"))
        if response.is_successful:
            print([key.kid for key in response.keys])
    """
    check_instance(jwks_request, JwksRequest)
    policy = jwks_request.policy or DiscoveryPolicy()
    with in_force(settings):
        location = Location(jwks_request.address, policy, ())  # nothing is cached
        result = await _fetcher.fetch(location, http_client)
    return response_of(result)

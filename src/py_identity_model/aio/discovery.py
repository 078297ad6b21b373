"""Uncached fetching of provider metadata."""

from __future__ import annotations

from .._protocol.discovery import (
    DiscoveryDocumentRequest,
    DiscoveryDocumentResponse,
)
from .._protocol.discovery_rules import (
    DOCUMENT_IN_FULL,
    checked_response_of,
)
from .._settings import Settings, in_force
from .._validation.fetch_result import Location
from .._wire.arguments import check_instance
from .._wire.discovery_policy import DiscoveryPolicy
from ._cache.fetching import AsyncFetcher
from ._transport.http import AsyncHTTPClient

_fetcher = AsyncFetcher(DOCUMENT_IN_FULL)


async def get_discovery_document(
    disco_doc_req: DiscoveryDocumentRequest,
    http_client: AsyncHTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> DiscoveryDocumentResponse:
    """Fetch and check a provider's discovery document.

    :param disco_doc_req: the provider, and the policy
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    The response is never cached.  Nothing is raised: a failed response gives the reason in
    ``error`` and ``error_kind``.  OpenID Connect Discovery §4, RFC 8414 §3.

    Example::

        response = await get_discovery_document(
            DiscoveryDocumentRequest(address="https://op.example")
        )
        if response.is_successful:
            print(response.token_endpoint)
    """
    check_instance(disco_doc_req, DiscoveryDocumentRequest)
    policy = disco_doc_req.policy or DiscoveryPolicy()
    with in_force(settings):
        location = Location(disco_doc_req.address, policy, ())  # nothing is cached
        result = await _fetcher.fetch(location, http_client)
    return checked_response_of(result, disco_doc_req.address, policy)

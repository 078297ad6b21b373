# Generated from aio/discovery.py by scripts/make_sync.py; edit that file.
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
from ._cache.fetching import Fetcher
from ._transport.http import HTTPClient

_fetcher = Fetcher(DOCUMENT_IN_FULL)


def get_discovery_document(
    disco_doc_req: DiscoveryDocumentRequest,
    http_client: HTTPClient | None = None,
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

        response = get_discovery_document(
            DiscoveryDocumentRequest(address="https://op.example")
        )
        if response.is_successful:
            print(response.token_endpoint)
    """
    check_instance(disco_doc_req, DiscoveryDocumentRequest)
    policy = disco_doc_req.policy or DiscoveryPolicy()
    with in_force(settings):
        location = Location(disco_doc_req.address, policy, ())  # nothing is cached
        result = _fetcher.fetch(location, http_client)
    return checked_response_of(result, disco_doc_req.address, policy)

# Generated from aio/discovery.py by scripts/make_sync.py; edit that file.
"""Fetch provider metadata."""

from __future__ import annotations

from functools import partial

from .._logging import logger, redact_url
from .._protocol import discovery as protocol
from .._protocol.discovery import DiscoveryDocumentRequest, DiscoveryDocumentResponse
from .._protocol.fetching import AS_CONFIGURED, Attempt
from .._protocol.messages import Fetched
from .._settings import Settings, in_force
from .fetching import fetch
from .http import HTTPClient


def get_discovery_document(
    disco_doc_req: DiscoveryDocumentRequest,
    http_client: HTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> DiscoveryDocumentResponse:
    """Fetch and check a provider's discovery document.

    ``disco_doc_req`` names the provider; ``http_client`` is used instead of this worker's own.
    The answer is never cached.  Nothing is raised: a failed response says why in ``error`` and
    ``error_kind``.  OpenID Connect Discovery §4, RFC 8414 §3.

    Example::

        response = get_discovery_document(
            DiscoveryDocumentRequest(address="https://op.example")
        )
        if response.is_successful:
            print(response.token_endpoint)
    """
    with in_force(settings):
        return (fetch_document(disco_doc_req, http_client)).response


def fetch_document(
    request: DiscoveryDocumentRequest,
    http_client: HTTPClient | None,
    attempt: Attempt = AS_CONFIGURED,
) -> Fetched[DiscoveryDocumentResponse]:
    """Do the work of :func:`get_discovery_document`, as ``attempt`` says."""
    try:
        built = protocol.build(request)
        logger.info("fetching the discovery document %s", redact_url(built.url))
        fetched = fetch(
            built,
            http_client,
            attempt,
            partial(protocol.parse, request),
            lambda control: DiscoveryDocumentResponse(True, cache_control=control),
        )
    except Exception as error:
        fetched = Fetched(protocol.failed(error))
    if not fetched.response.is_successful:
        logger.error("discovery failed: %s", fetched.response.error_kind)
    return fetched

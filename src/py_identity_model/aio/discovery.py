"""Fetch provider metadata."""

from __future__ import annotations

from .._logging import logger, redact_url
from .._protocol import discovery as protocol
from .._protocol.discovery import DiscoveryDocumentRequest, DiscoveryDocumentResponse
from .http import AsyncHTTPClient, send


async def get_discovery_document(
    disco_doc_req: DiscoveryDocumentRequest, http_client: AsyncHTTPClient | None = None
) -> DiscoveryDocumentResponse:
    """Fetch and check a provider's discovery document.

    ``disco_doc_req`` names the provider; ``http_client`` is used instead of this worker's own.
    The answer is never cached.  Nothing is raised: a failed response says why in ``error`` and
    ``error_kind``.  OpenID Connect Discovery §4, RFC 8414 §3.

    Example::

        response = await get_discovery_document(
            DiscoveryDocumentRequest(address="https://op.example")
        )
        if response.is_successful:
            print(response.token_endpoint)
    """
    return await fetch_document(disco_doc_req, http_client)


async def fetch_document(
    request: DiscoveryDocumentRequest,
    http_client: AsyncHTTPClient | None,
    *,
    retries: int | None = None,
) -> DiscoveryDocumentResponse:
    """Do the work of :func:`get_discovery_document`, with at most ``retries`` retries."""
    try:
        built = protocol.build(request)
        logger.info("fetching the discovery document %s", redact_url(built.url))
        response = protocol.parse(request, await send(built, http_client, retries=retries))
    except Exception as error:
        response = protocol.failed(error)
    if not response.is_successful:
        logger.error("discovery failed: %s", response.error_kind)
    return response

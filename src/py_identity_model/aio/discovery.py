"""Fetch provider metadata."""

from __future__ import annotations

from .._logging import log_failed_request, logger, redact_url
from .._protocol import discovery as protocol
from .._protocol.discovery import DiscoveryDocumentRequest, DiscoveryDocumentResponse
from .._settings import Settings, in_force
from .http import AsyncHTTPClient, send


async def get_discovery_document(
    disco_doc_req: DiscoveryDocumentRequest,
    http_client: AsyncHTTPClient | None = None,
    *,
    settings: Settings | None = None,
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
    with in_force(settings):
        try:
            built = protocol.build(disco_doc_req)
            logger.info("fetching the discovery document %s", redact_url(built.url))
            response = protocol.parse(disco_doc_req, await send(built, http_client))
        except Exception as error:
            response = protocol.failed(error)
    if not response.is_successful:
        log_failed_request("discovery", disco_doc_req.address, response.error_kind)
    return response

"""Metadata of protected resources."""

from __future__ import annotations

from .._protocol.protected_resource import (
    ENDPOINT,
    ProtectedResourceMetadataRequest,
    ProtectedResourceMetadataResponse,
)
from .._settings import Settings
from ._transport.endpoint import ask
from ._transport.http import AsyncHTTPClient


async def get_protected_resource_metadata(
    request: ProtectedResourceMetadataRequest,
    http_client: AsyncHTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> ProtectedResourceMetadataResponse:
    """Fetch the metadata of a protected resource, and check that it is for that resource.

    :param request: the resource, and the policy
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    Nothing is raised: a failed response gives the reason in ``error`` and ``error_kind``.  RFC 9728
    §3.

    Example::

        response = await get_protected_resource_metadata(
            ProtectedResourceMetadataRequest("https://api.example/orders")
        )
        if response.is_successful:
            print(response.authorization_servers)
    """
    return await ask(ENDPOINT, request, http_client, settings)

"""What MCP servers, and the authorization servers that they name, say of themselves."""

from __future__ import annotations

from typing import NamedTuple

from ..._protocol.discovery import DiscoveryDocumentRequest, DiscoveryDocumentResponse
from ..._protocol.protected_resource import (
    ProtectedResourceMetadataRequest,
    ProtectedResourceMetadataResponse,
)
from ..._relying_party.mcp import (
    SERVER_METADATA,
    bound_issuer,
    check_resource,
    check_server,
    default_server,
    document_policy,
    issuer_named_by,
    metadata_places,
    origin_of_server,
    server_documents,
)
from ..._settings import Settings
from ..._wire.discovery_policy import DiscoveryPolicy, named_by_program
from ..._wire.models import BaseResponse
from ..._wire.urls import is_same_issuer
from ...exceptions import MCPAuthorizationException
from .._transport.endpoint import ask
from .._transport.http import AsyncHTTPClient
from ..discovery import get_discovery_document


class AsyncMCPServerFound(NamedTuple):
    """A server's name for itself, the scopes it supports, and its authorization server."""

    resource: str | None
    scopes_supported: object
    metadata: DiscoveryDocumentResponse


class AsyncMCPServers:
    """Looks at one MCP server.  Everything that it names is a stranger's word.

    ``issuer`` is the authorization server that the program trusts; None is any that the server
    names, with endpoints on its own authority or in ``policy``.
    """

    def __init__(
        self,
        server_url: str,
        issuer: str | None,
        policy: DiscoveryPolicy | None,
        http_client: AsyncHTTPClient | None,
        settings: Settings | None,
    ) -> None:
        self._url = server_url
        self._issuer = issuer
        self.policy = DiscoveryPolicy() if policy is None else policy
        if issuer is not None:
            self.policy = named_by_program(policy)
        self._http_client = http_client
        self._settings = settings

    def may_use(self, issuer: str) -> bool:
        """Return whether the program lets an authorization server be used."""
        return self._issuer is None or is_same_issuer(self._issuer, issuer)

    async def look(self, named: str | None, current: str | None) -> AsyncMCPServerFound:
        """Return what the server says; ``named`` is where its challenge says that it says so.

        ``current`` is the authorization server that is used so far.  Raises
        MCPAuthorizationException.
        """
        found = await self._fetch_resource_metadata(named)
        if found is None:
            return AsyncMCPServerFound(None, None, await self._fetch_of_first_revision())
        issuer = issuer_named_by(found, self._url, self._issuer, current, self.policy)
        return AsyncMCPServerFound(
            found.resource, found.scopes_supported, await self.authorization_server(issuer)
        )

    async def _fetch_resource_metadata(
        self, named: str | None
    ) -> ProtectedResourceMetadataResponse | None:
        """Return the server's metadata (RFC 9728); None where it has none."""
        for place in metadata_places(self._url, named):
            request = ProtectedResourceMetadataRequest(self._url, self.policy, url=place)
            found = await ask(SERVER_METADATA, request, self._http_client, self._settings)
            if found.is_successful:
                return check_resource(self._url, place, found)
            if not _is_elsewhere(found):
                raise _unusable_error("resource_metadata_unusable", found, place)
        if named is None:
            return None
        raise _unusable_error("resource_metadata_unusable", found, named)

    async def authorization_server(self, issuer: str) -> DiscoveryDocumentResponse:
        """Return the metadata of an authorization server (RFC 8414, OpenID Connect Discovery)."""
        found = await self._fetch_document(issuer)
        if not found.is_successful:
            raise _unusable_error("authorization_server_unusable", found, issuer)
        check_server(found, self.policy)
        return found

    async def find_again(self, issuer: str) -> DiscoveryDocumentResponse:
        """Return the metadata of an authorization server that was used before.

        A server by the first revision is its own, and may publish none.
        """
        if issuer == origin_of_server(self._url):
            found = await self.look(None, issuer)
            if found.metadata.issuer == issuer:
                return found.metadata
        return await self.authorization_server(issuer)

    async def _fetch_document(self, issuer: str) -> DiscoveryDocumentResponse:
        policy = document_policy(self.policy)
        for address in server_documents(issuer):
            found = await get_discovery_document(
                DiscoveryDocumentRequest(address, policy),
                self._http_client,
                settings=self._settings,
            )
            if not _is_elsewhere(found):
                break
        return found

    async def _fetch_of_first_revision(self) -> DiscoveryDocumentResponse:
        """Return the metadata of a server that is its own authorization server (2025-03-26)."""
        issuer = origin_of_server(self._url)
        if self._issuer is not None:
            bound_issuer(self._issuer, [issuer])
        found = await self._fetch_document(issuer)
        if found.is_successful:
            check_server(found, self.policy)
            return found
        if _is_elsewhere(found):
            return default_server(self._url)
        raise _unusable_error("authorization_server_unusable", found, issuer)


def _is_elsewhere(found: BaseResponse) -> bool:
    """Whether a server says that it has no document there: it may have one at another address."""
    status = found.status_code
    return status is not None and 400 <= status < 500 and status != 429


def _unusable_error(code: str, found: BaseResponse, place: str) -> MCPAuthorizationException:
    details = {"address": place, "status_code": found.status_code}
    return MCPAuthorizationException(str(found.error), details, code=code)

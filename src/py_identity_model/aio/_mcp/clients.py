"""Clients at the authorization servers of MCP servers: the program's own, or registered ones."""

from __future__ import annotations

import time
from typing import NamedTuple

from ..._logging import logger
from ..._protocol.discovery import DiscoveryDocumentResponse
from ..._relying_party.mcp_clients import MCPClientOptions, MCPRegistration
from ..._sessions.session_record import store_unavailable_error
from ..._settings import Settings
from ..._wire.client_authentication import ClientAuthentication
from ..._wire.stored_value import pack_value, unpack_value
from .._transport.http import AsyncHTTPClient
from .._transport.stores import AsyncTokenStore
from ..registration import register_client

_KIND = "mcp-client"


class AsyncMCPIdentity(NamedTuple):
    """Who the client is at one authorization server."""

    client_id: str
    authentication: ClientAuthentication


class AsyncMCPClients:
    """Knows, registers and stores who the client is; each registration is its issuer's alone."""

    def __init__(
        self,
        options: MCPClientOptions,
        store: AsyncTokenStore,
        http_client: AsyncHTTPClient | None,
        settings: Settings | None,
    ) -> None:
        self._options = options
        self._store = store
        self._http_client = http_client
        self._settings = settings

    async def client_at(self, metadata: DiscoveryDocumentResponse) -> AsyncMCPIdentity:
        """Return who the client is at an authorization server, after registering it if needed."""
        own = self._options.client_at(metadata)
        if own is not None:
            authentication = self._options.own_client(own)
            assert authentication is not None
            return AsyncMCPIdentity(own, authentication)
        issuer = str(metadata.issuer)
        known = await self._find(issuer)
        if known is None:
            known = await self._register(issuer, metadata)
        return AsyncMCPIdentity(known.client_id, known.authentication)

    async def client_called(self, issuer: str, client_id: str) -> AsyncMCPIdentity | None:
        """Return the client of an earlier login, if it is still known."""
        own = self._options.own_client(client_id)
        if own is not None:
            return AsyncMCPIdentity(client_id, own)
        known = await self._find(issuer)
        if known is None or known.client_id != client_id:
            return None
        return AsyncMCPIdentity(client_id, known.authentication)

    async def forget(self, issuer: str) -> None:
        """Forget the registration at an authorization server."""
        try:
            await self._store.delete(self._options.key(issuer))
        except Exception as error:
            raise store_unavailable_error(error) from error

    async def forget_refused(self, issuer: str, client_id: str) -> bool:
        """Forget a registration that its authorization server has forgotten.

        False for the program's own client: no other one can be registered in its place.
        """
        if self._options.own_client(client_id) is not None:
            return False
        known = await self._find(issuer)
        if known is not None and known.client_id == client_id:  # others may have a new one already
            await self.forget(issuer)
        return True

    async def _find(self, issuer: str) -> MCPRegistration | None:
        key = self._options.key(issuer)
        try:
            text = await self._store.get(key)
        except Exception as error:
            raise store_unavailable_error(error) from error
        if text is None:
            return None
        try:
            found = MCPRegistration.from_members(unpack_value(_KIND, key, text))
        except ValueError:
            logger.warning("a stored registration cannot be read")
            return None
        return found if found.issuer == issuer and found.is_good(time.time()) else None

    async def _register(self, issuer: str, metadata: DiscoveryDocumentResponse) -> MCPRegistration:
        request = self._options.registration_at(metadata)
        response = await register_client(request, self._http_client, settings=self._settings)
        registration = MCPRegistration.of(issuer, response)
        key = self._options.key(issuer)
        try:
            await self._store.set(key, pack_value(_KIND, key, registration.members()), None)
        except Exception as error:
            raise store_unavailable_error(error) from error
        return registration

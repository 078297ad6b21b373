# Generated from aio/_mcp/client.py by scripts/make_sync.py; edit that file.
"""The client of one authorization server that an MCP server named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..._protocol.discovery import DiscoveryDocumentResponse
from ..._seam.sync import Result
from ..._sessions.session_record import SessionRecord
from ..._wire.client_authentication import ClientAuthentication
from ..oauth_client import OAuthClient


class MCPClient(OAuthClient):
    """Logs in for access tokens alone: nobody reads an ID token, although some servers send one.

    Its metadata comes by the rules for MCP servers, at its first use.
    """

    find_metadata: Callable[[], Result[DiscoveryDocumentResponse]]
    name: str
    _found: DiscoveryDocumentResponse | None = None

    def metadata(self) -> DiscoveryDocumentResponse:
        """Return the metadata of the authorization server."""
        if self._found is None:
            self._found = self.find_metadata()
        return self._found

    def proof_of_identity(self) -> ClientAuthentication:
        """Return how the client authenticates; its assertions are for the issuer."""
        return self._proof_of_identity()

    def _has_id_token(self, scope: str, response_type: str = "code") -> bool:
        return False

    def confirm_id_token(self, record: SessionRecord, target: str) -> SessionRecord:
        """Return the record without the ID token that a renewal brought."""
        return replace(record, id_token=None)

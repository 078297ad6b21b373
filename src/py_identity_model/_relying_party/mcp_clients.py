"""Who a client of MCP servers is: named by the program, by a document, or registered when needed.

Model Context Protocol, Authorization: client registration; RFC 7591, OAuth Client ID Metadata
Document (an IETF draft).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .._client_auth.assertion import PrivateKeyJwtAuthentication
from .._protocol.client_metadata import build_client_id_metadata
from .._protocol.client_metadata_fields import ClientMetadata, members_of
from .._protocol.discovery import DiscoveryDocumentResponse
from .._protocol.registration import ClientRegistrationRequest, ClientRegistrationResponse
from .._wire.client_authentication import (
    ClientAuthentication,
    ClientSecretBasic,
    ClientSecretPost,
    NoClientAuthentication,
)
from .._wire.urls import is_loopback
from ..exceptions import InvalidArgumentError, MCPAuthorizationException
from .mcp import checked_server_url

_METHODS = ("none", "client_secret_basic", "client_secret_post")
_USUAL_METHODS = ("client_secret_basic",)  # RFC 8414 §2
_BY_SECRET: dict[str, type[ClientSecretBasic | ClientSecretPost]] = {
    "client_secret_basic": ClientSecretBasic,
    "client_secret_post": ClientSecretPost,
}


@dataclass(frozen=True)
class MCPClientOptions:
    """What the program says of itself, checked."""

    server_url: str
    redirect_uri: str | None
    issuer: str | None
    client_id: str | None
    authentication: ClientAuthentication | None
    metadata_url: str | None
    metadata: ClientMetadata | None
    binds_tokens: bool

    def __post_init__(self) -> None:
        checked_server_url(self.server_url)
        if self.redirect_uri is not None:
            _check_redirect_uri(self.redirect_uri)
        if self.client_id is not None and self.issuer is None:
            raise InvalidArgumentError(
                "client_id needs issuer, the authorization server that knows the client: the MCP "
                "server could name any other, which would be shown the client's secret"
            )
        if self.authentication is not None and self.client_id is None:
            of_document = isinstance(self.authentication, PrivateKeyJwtAuthentication)
            if self.metadata_url is None or not of_document:
                raise InvalidArgumentError(
                    "client_authentication goes with client_id, or a PrivateKeyJwtAuthentication "
                    "with client_metadata_url"
                )
        if self.metadata_url is not None:
            build_client_id_metadata(self.metadata_url, [self.redirect_uri or "urn:none"])

    def own_client(self, client_id: str) -> ClientAuthentication | None:
        """Return how the program's own client authenticates; None for another client."""
        if client_id not in {self.client_id, self.metadata_url}:
            return None
        return self.authentication or NoClientAuthentication()

    def client_at(self, metadata: DiscoveryDocumentResponse) -> str | None:
        """Return the id of the program's own client where the server takes it."""
        if self.client_id is not None:
            return self.client_id
        supported = (metadata.document or {}).get("client_id_metadata_document_supported")
        return self.metadata_url if supported is True else None

    def registration_at(self, metadata: DiscoveryDocumentResponse) -> ClientRegistrationRequest:
        """Return the request for a registration; raises MCPAuthorizationException."""
        endpoint = metadata.registration_endpoint
        if endpoint is None or self.redirect_uri is None:
            raise MCPAuthorizationException(
                "the authorization server registers no clients by itself, and does not take "
                "client_metadata_url if that was given: register there, and pass client_id and "
                "issuer",
                {"issuer": metadata.issuer},
                code="no_registration",
            )
        supported = metadata.token_endpoint_auth_methods_supported
        known = supported if isinstance(supported, list) else _USUAL_METHODS
        usual: dict[str, Any] = {
            "redirect_uris": [self.redirect_uri],
            "client_name": "py-identity-model",
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "application_type": _application_type(self.redirect_uri),
            "token_endpoint_auth_method": next((one for one in _METHODS if one in known), None),
            "dpop_bound_access_tokens": True if self.binds_tokens else None,
        }
        said = {} if self.metadata is None else members_of(self.metadata)
        return ClientRegistrationRequest(endpoint, **{**usual, **said})

    def key(self, issuer: str) -> str:
        """Return under which name the registration at ``issuer`` is stored."""
        said = {} if self.metadata is None else members_of(self.metadata)
        text = json.dumps(
            ["mcp-client", self.server_url, issuer, self.redirect_uri, said, self.binds_tokens],
            sort_keys=True,
        )
        return f"mcp-client-{hashlib.sha256(text.encode()).hexdigest()}"


def _check_redirect_uri(redirect_uri: str) -> None:
    """Raise InvalidArgumentError for an address to which a code must not be sent."""
    try:
        parts = urlsplit(redirect_uri)
        host = parts.hostname or ""
    except (ValueError, AttributeError):
        raise InvalidArgumentError("redirect_uri must be a URL") from None
    safe = bool(host) if parts.scheme == "https" else "." in parts.scheme
    if not (safe or (parts.scheme == "http" and is_loopback(host))) or "#" in redirect_uri:
        raise InvalidArgumentError(
            "redirect_uri must be https, http on loopback, or of a scheme of your own with a dot "
            "(RFC 8252 §7), and have no fragment"
        )


def _application_type(redirect_uri: str) -> str:
    parts = urlsplit(redirect_uri)
    remote = parts.scheme == "https" and not is_loopback(parts.hostname or "")
    return "web" if remote else "native"


@dataclass(frozen=True)
class MCPRegistration:
    """A client as one authorization server registered it."""

    issuer: str
    client_id: str
    method: str
    client_secret: str | None = field(default=None, repr=False)
    expires_at: float | None = None

    @classmethod
    def of(cls, issuer: str, response: ClientRegistrationResponse) -> MCPRegistration:
        """Return what was registered; raises MCPAuthorizationException if it cannot be used."""
        if not response.is_successful:
            raise MCPAuthorizationException(
                "the authorization server refused the registration",
                {"issuer": issuer, "oauth_error": response.oauth_error},
                code="registration_refused",
            )
        secret = response.client_secret
        method = response.token_endpoint_auth_method or (
            "client_secret_basic" if secret else "none"
        )
        if method not in _METHODS or (method != "none" and not secret):
            raise MCPAuthorizationException(
                f"the client was registered for {method!r}, which it cannot do",
                {"issuer": issuer},
                code="registration_unusable",
            )
        expires = response.client_secret_expires_at or None
        return cls(issuer, str(response.client_id), method, secret, expires)

    @classmethod
    def from_members(cls, members: Mapping[str, Any]) -> MCPRegistration:
        """Return what :meth:`members` wrote; raises ValueError for anything else."""
        try:
            found = cls(**members)
        except TypeError:
            raise ValueError("not a registration") from None
        texts = (found.issuer, found.client_id, found.method)
        if not all(isinstance(one, str) for one in texts) or found.method not in _METHODS:
            raise ValueError("not a registration")
        return found

    def members(self) -> dict[str, Any]:
        """Return what to store, the secret included."""
        return asdict(self)

    def is_good(self, now: float) -> bool:
        """Return whether its secret has not expired."""
        return self.expires_at is None or now < self.expires_at

    @property
    def authentication(self) -> ClientAuthentication:
        """How the client authenticates."""
        if self.method == "none":
            return NoClientAuthentication()
        return _BY_SECRET[self.method](self.client_secret or "")

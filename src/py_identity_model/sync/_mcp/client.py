# Generated from aio/_mcp/client.py by scripts/make_sync.py; edit that file.
"""The client of one authorization server that an MCP server named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import Any

from ..._jose.dpop_proof import DPoPKey
from ..._protocol.discovery import DiscoveryDocumentResponse
from ..._relying_party.client_arguments import AuthorizationOptions, UserTokenRules
from ..._relying_party.client_profile import SIGNED_MESSAGES
from ..._relying_party.client_provider import ClientProvider
from ..._relying_party.login import AuthorizationRequest
from ..._resource_server.replay import MemoryReplayStore
from ..._seam.sync import Result, deadline
from ..._sessions.session_record import SESSION_LIFETIME, SessionRecord
from ..._settings import CACHE_MAX_STALE, DISCO_CACHE_TTL, Settings, in_force
from ..._wire.client_authentication import ClientAuthentication
from ..._wire.discovery_policy import DiscoveryPolicy
from ...exceptions import PyIdentityModelException
from .._transport.http import HTTPClient
from ..login_answers import LoginAnswers
from ..login_requests import LoginRequests
from ..provider_client import ProviderClient
from ..provider_tokens import ProviderTokens
from ..session import Session
from ..session_access import SessionAccess
from ..session_locks import request_seconds
from ..session_records import SessionRecords
from ..session_store import SessionStore
from ..token_source import TokenSource

_LONGEST_WAIT = 2.0  # seconds, where older metadata is known

FindMetadata = Callable[[], Result[DiscoveryDocumentResponse]]


class _WithoutIdToken(AuthorizationOptions):
    """Logins for access tokens alone: nobody reads an ID token, although some servers send one."""

    def has_id_token(self, scope: str, response_type: str = "code") -> bool:
        return False


class MCPProvider(ProviderClient):
    """A client whose metadata comes by the rules for MCP servers.

    It is fetched at its first use, and as fresh afterwards as the documents of other providers: the
    server may move its endpoints while a login lasts.
    """

    find_metadata: FindMetadata
    _found: DiscoveryDocumentResponse | None = None
    _found_at = 0.0

    def remember(self, metadata: DiscoveryDocumentResponse) -> None:
        """Take over metadata that was just fetched."""
        self._found, self._found_at = metadata, monotonic()

    def metadata(self) -> DiscoveryDocumentResponse:
        """Return the metadata of the authorization server."""
        with in_force(self.settings):
            fresh, longest = DISCO_CACHE_TTL.read(), CACHE_MAX_STALE.read()
        age = monotonic() - self._found_at
        known = self._found if age < max(fresh, longest) else None
        if known is not None and age < fresh:
            return known
        try:
            with nullcontext() if known is None else deadline(_LONGEST_WAIT):
                found = self.find_metadata()
        except (PyIdentityModelException, TimeoutError):
            if known is None:
                raise
            return known
        self.remember(found)
        return found


class MCPSessions(SessionAccess):
    """Sessions whose ID tokens nobody reads."""

    def confirm_id_token(self, record: SessionRecord, target: str) -> SessionRecord:
        """Return the record without the ID token that a renewal brought."""
        return replace(record, id_token=None)


class MCPClient:
    """Logs in at one authorization server, and stores the session in ``session_store``."""

    def __init__(
        self,
        issuer: str,
        client_id: str,
        authentication: ClientAuthentication,
        find_metadata: FindMetadata,
        *,
        redirect_uri: str | None,
        dpop_key: DPoPKey | None,
        session_store: SessionStore,
        http_client: HTTPClient | None,
        policy: DiscoveryPolicy,
        settings: Settings | None,
    ) -> None:
        provider = ClientProvider.of(issuer)
        self.provider = MCPProvider(
            provider,
            client_id,
            authentication,
            profile=None,
            dpop_key=dpop_key,
            presents_certificate=False,
            metadata=None,
            http_client=http_client,
            policy=policy,
            settings=settings,
        )
        self.provider.find_metadata = find_metadata
        options = _WithoutIdToken.of(
            provider,
            None,
            redirect_uri=redirect_uri,
            scope=None,
            use_par=False,
            signing=None,
            publish_request_object=None,
            message_signing=SIGNED_MESSAGES,
            expect_id_token=False,
            require_nonce=False,
        )
        rules = UserTokenRules.of(
            client_id,
            algorithms=None,
            trusted_audiences=(),
            max_age=None,
            leeway=None,
            allow_weak_keys=False,
            decryption_keys=None,
            require_encrypted=(),
            client_secret=None,
        )
        seconds = partial(request_seconds, http_client, settings)
        records = SessionRecords(session_store, SESSION_LIFETIME, seconds)
        tokens = ProviderTokens(self.provider, rules)
        self._sessions = MCPSessions(self.provider, tokens, records)
        self._requests = LoginRequests(self.provider, options)
        self._answers = LoginAnswers(
            self.provider, tokens, self._sessions, options, MemoryReplayStore()
        )

    def begin(self, scope: list[str], further: Mapping[str, Any]) -> AuthorizationRequest:
        """Begin a login."""
        return self._requests.begin(
            redirect_uri=None,
            scope=scope,
            response_type="code",
            response_mode=None,
            max_age=None,
            code_challenge="S256",
            further=further,
        )

    def finish(self, answer: str | Mapping[str, Any], begun: AuthorizationRequest) -> Session:
        """Finish a login."""
        return self._answers.finish(answer, begun, userinfo=False)

    def session_source(self, session: Session | str) -> TokenSource:
        """Return the tokens of a session, or of the one that a text names."""
        if isinstance(session, str):
            session = self._sessions.session(session)
        return self._sessions.token_source(session=session, margin=60.0)

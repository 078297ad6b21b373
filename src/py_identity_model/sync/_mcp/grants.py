# Generated from aio/_mcp/grants.py by scripts/make_sync.py; edit that file.
"""Access tokens for an MCP server, by the grant that the program chose."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ..._jose.dpop_proof import DPoPKey
from ..._protocol.client_credentials import ClientCredentialsTokenRequest
from ..._protocol.grants import JwtBearerTokenRequest
from ..._relying_party.login import AuthorizationRequest
from ..._relying_party.mcp import MCPTarget, require_pkce, with_offline_access
from ..._seam.sync import MaybeResult, call, deadline
from ..._sessions.stored_token import StoredToken, stored_token_from
from ..._settings import Settings
from ...exceptions import MCPAuthorizationException, TokenRequestException
from .._cache.single_flight import SingleFlight
from .._transport.http import HTTPClient
from .._transport.stores import TokenStore
from ..client_tokens import ClientTokenSource
from ..grants import request_jwt_bearer_token
from ..stored_records import StoredRecords
from ..token_source import TokenSource
from .client import MCPClient, MCPProvider
from .clients import MCPIdentity
from .servers import MCPServerFound, MCPServers

MCPLogin = Callable[[str], MaybeResult[str | Mapping[str, Any]]]
"""Opens an authorization URL, and returns what the browser came back with."""

MCPAssertion = Callable[[MCPTarget], MaybeResult[str]]
"""Returns a signed JWT that is exchanged for an access token."""


class MCPGrant:
    """What one authorization brought: tokens of ``issuer`` for ``scopes``.

    ``session`` names the login that they belong to, if it was one.
    """

    def __init__(
        self,
        issuer: str,
        client_id: str,
        scopes: frozenset[str],
        source: TokenSource | StoredToken,
        session: str | None = None,
    ) -> None:
        self.issuer = issuer
        self.client_id = client_id
        self.scopes = scopes
        self.session = session
        self._source = source

    def token(self) -> StoredToken | None:
        """Return a token that is good now; None where only another authorization can help."""
        if isinstance(self._source, StoredToken):
            return self._source if self._source.is_usable(time.time()) else None
        return self._ask(self._source.get_token)

    def renew(self, refused: str) -> StoredToken | None:
        """Return another token than ``refused``; None where only another authorization can help."""
        if isinstance(self._source, StoredToken):
            return None
        found = self._ask(partial(self._source.renew, refused))
        return None if found is None or found.access_token == refused else found

    def _ask(self, ask: Callable[[], Any]) -> StoredToken | None:
        try:
            found: StoredToken = ask()
        except TokenRequestException as error:
            if error.code != "login_required":
                raise
            return None
        return found


class MCPGrants:
    """Asks authorization servers for tokens: by a login, an assertion, or as the client itself."""

    def __init__(
        self,
        servers: MCPServers,
        server_url: str,
        redirect_uri: str | None,
        *,
        login: MCPLogin | None,
        assertion: MCPAssertion | None,
        login_timeout: float,
        dpop_key: DPoPKey | None,
        store: TokenStore,
        account: str | None,
        http_client: HTTPClient | None,
        settings: Settings | None,
    ) -> None:
        self._servers = servers
        self._server_url = server_url
        self._redirect_uri = redirect_uri
        self._login = login
        self._assertion = assertion
        self._login_timeout = login_timeout
        self._logins: SingleFlight[str | Mapping[str, Any]] = SingleFlight(
            "py_identity_model.mcp_login"
        )
        self._dpop_key = dpop_key
        self._store = store
        self._account = account
        self._http_client = http_client
        self._settings = settings

    def obtain(
        self, found: MCPServerFound, identity: MCPIdentity, scopes: frozenset[str]
    ) -> MCPGrant:
        """Return a new authorization."""
        name = secrets.token_hex(16)
        client = self._client(str(found.metadata.issuer), identity, name)
        client.provider.remember(found.metadata)
        if self._login is not None:
            return self._log_in(self._login, client, name, found, scopes)
        if self._assertion is not None:
            return self._exchange_assertion(self._assertion, client.provider, found, scopes)
        return self._request_as_itself(client.provider, found, scopes)

    def restore(
        self, issuer: str, identity: MCPIdentity, scopes: frozenset[str], session: str
    ) -> MCPGrant | None:
        """Return the authorization of an earlier login; None if its record is lost."""
        name, _, text = session.partition(" ")
        client = self._client(issuer, identity, name)
        try:
            source = client.session_source(text)
        except TokenRequestException as error:
            if error.code != "login_required":
                raise
            return None
        return MCPGrant(issuer, identity.client_id, scopes, source, session)

    def _client(self, issuer: str, identity: MCPIdentity, name: str) -> MCPClient:
        return MCPClient(
            issuer,
            identity.client_id,
            identity.authentication,
            partial(self._servers.find_again, issuer),
            redirect_uri=self._redirect_uri,
            dpop_key=self._dpop_key,
            session_store=StoredRecords(self._store, f"mcp-{name}"),
            http_client=self._http_client,
            policy=self._servers.policy,
            settings=self._settings,
        )

    def _log_in(
        self,
        login: MCPLogin,
        client: MCPClient,
        name: str,
        found: MCPServerFound,
        scopes: frozenset[str],
    ) -> MCPGrant:
        require_pkce(found.metadata)
        wanted = with_offline_access(scopes, found.metadata)
        extra: dict[str, Any] = {"prompt": "consent"} if "offline_access" in wanted else {}
        if found.resource is not None:
            extra["resource"] = found.resource
        begun = client.begin(sorted(wanted), extra)
        session = client.finish(self._answer(login, begun), begun)
        source = client.session_source(session)
        text = f"{name} {session.to_json()}"
        return MCPGrant(begun.issuer, begun.client_id, wanted, source, text)

    def _answer(self, login: MCPLogin, begun: AuthorizationRequest) -> str | Mapping[str, Any]:
        """Return what the browser came back with, in time."""
        ask = partial(self._ask_user, login, begun)
        try:
            joined = self._logins.run(begun.state, ask, patience=self._login_timeout)
        except TimeoutError:
            raise _timed_out_error(begun) from None
        assert joined is not None
        return joined[0]

    def _ask_user(self, login: MCPLogin, begun: AuthorizationRequest) -> str | Mapping[str, Any]:
        try:
            with deadline(self._login_timeout):  # of no use to threads, which are left behind
                answer: str | Mapping[str, Any] = call(login, begun.url)
        except TimeoutError:  # it may come before the patience of those who wait is over
            raise _timed_out_error(begun) from None
        return answer

    def _request_as_itself(
        self, client: MCPProvider, found: MCPServerFound, scopes: frozenset[str]
    ) -> MCPGrant:
        request = ClientCredentialsTokenRequest(
            client.endpoint("token_endpoint"),
            client.client_id,
            scope=_text(scopes),
            resource=found.resource,
        )
        client.identify(request)
        source = ClientTokenSource(client, request, self._store, key=self._account)
        return MCPGrant(client.issuer, client.client_id, scopes, source)

    def _exchange_assertion(
        self,
        assertion: MCPAssertion,
        client: MCPProvider,
        found: MCPServerFound,
        scopes: frozenset[str],
    ) -> MCPGrant:
        address = client.endpoint("token_endpoint")
        target = MCPTarget(
            self._server_url, client.issuer, address, found.resource, tuple(sorted(scopes))
        )
        request = JwtBearerTokenRequest(
            address,
            client.client_id,
            call(assertion, target),
            scope=_text(scopes),
            resource=found.resource,
        )
        response = client.ask(request_jwt_bearer_token, request)
        bound = self._dpop_key is not None
        token = stored_token_from(response, 0.0, time.time(), address=address, dpop=bound)
        return MCPGrant(client.issuer, client.client_id, scopes, token)


def _timed_out_error(begun: AuthorizationRequest) -> MCPAuthorizationException:
    return MCPAuthorizationException(
        "the login took longer than login_timeout",
        {"issuer": begun.issuer},
        code="login_timed_out",
    )


def _text(scopes: frozenset[str]) -> str | None:
    return " ".join(sorted(scopes)) or None

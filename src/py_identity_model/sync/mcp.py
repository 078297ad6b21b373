# Generated from aio/mcp.py by scripts/make_sync.py; edit that file.
"""Authorization of clients of MCP servers (Model Context Protocol)."""

from __future__ import annotations

from collections.abc import Generator, Iterable

import httpx

from .._http_library import library_of
from .._jose.dpop_proof import DPoPKey
from .._protocol.client_metadata_fields import ClientMetadata
from .._relying_party.mcp import AuthorizationLimits, demand_of
from .._relying_party.mcp_clients import MCPClientOptions
from .._sessions.stored_token import StoredToken
from .._sessions.token_auth import answers_for, log_unrepeated, origin_of_url
from .._settings import Settings
from .._wire.arguments import (
    check_callable,
    check_kind,
    check_policy,
    check_store,
    check_text,
    scopes_from,
    seconds_of,
)
from .._wire.client_authentication import ClientAuthentication
from .._wire.discovery_policy import DiscoveryPolicy
from ..exceptions import InvalidArgumentError, PyIdentityModelException
from ._mcp.clients import MCPClients
from ._mcp.grants import MCPAssertion, MCPGrants, MCPLogin
from ._mcp.servers import MCPServers
from ._mcp.tokens import MCPTokens
from ._transport.http import HTTPClient, check_http_client, shared_nonces
from ._transport.stores import TokenStore
from .request_auth import RequestAuth
from .token_store import MemoryTokenStore

_MOST_ROUNDS = 4


class MCPAuth(RequestAuth):
    """Authorizes requests to one MCP server: an ``auth`` of httpx, or of httpx2.

    A refusal leads to the server's metadata, to the authorization server that it names, to a
    client there, and to a login for this server; the request is sent again with the token.  A
    token that has ended is renewed; a server that demands another scope gets a login with it, a
    few times.  However many requests are refused, the user logs in once.  Only the server's
    own origin gets the token.

    Everything that the server names is a stranger's word: plain http is for loopback, internal
    addresses are for servers that are on one, documents must be those of the server and of the
    issuer, and endpoints on the issuer's authority (``discovery_policy`` names others).

    :param server_url: the MCP server's URL
    :param login: opens an authorization URL in the user's browser, and returns the URL that the
        browser comes back to, or its parameters
    :param redirect_uri: where the browser comes back to; it goes with ``login``
    :param assertion: instead of ``login``, returns a signed JWT for an :class:`MCPTarget`: of a
        platform (workload identity), or of a company's identity provider (ID-JAG); with
        neither, tokens are the client's own (client credentials)
    :param issuer: the only authorization server that is used; needed for ``client_id``
    :param client_id: the client as it was registered at ``issuer``
    :param client_authentication: how it authenticates; by default it is a public client
    :param client_metadata_url: the ``client_id`` where the authorization server takes
        documents, see :func:`build_client_id_metadata`
    :param client_metadata: what the client says of itself where it is registered by itself
    :param scope: scopes that are asked for besides those that the server names
    :param dpop_key: binds tokens to a key; one that is not bound is refused
    :param store: stores logins and registrations, secrets included; in this object by default
    :param account: whose login it is; needed with ``store``, which may be shared by several
        users
    :param login_timeout: seconds that ``login`` may take
    :param most_step_ups: how many logins in an hour the server may cause by demanding other
        scopes
    :param discovery_policy: other rules for what the server names
    :param http_client: asks authorization servers; used instead of this worker's own
    :param settings: settings for its requests

    Requests raise :class:`MCPAuthorizationException`, and what :meth:`OAuthClient.callback`
    raises.  Model Context Protocol, Authorization; RFC 9728, RFC 8414, RFC 7591, RFC 7636,
    RFC 8707, RFC 9207.

    Example::

        auth = MCPAuth(
            "https://mcp.example/mcp", open_in_browser, redirect_uri="http://127.0.0.1:3000/cb"
        )
    """

    def __init__(
        self,
        server_url: str,
        login: MCPLogin | None = None,
        *,
        redirect_uri: str | None = None,
        assertion: MCPAssertion | None = None,
        issuer: str | None = None,
        client_id: str | None = None,
        client_authentication: ClientAuthentication | None = None,
        client_metadata_url: str | None = None,
        client_metadata: ClientMetadata | None = None,
        scope: str | Iterable[str] = (),
        dpop_key: DPoPKey | None = None,
        store: TokenStore | None = None,
        account: str | None = None,
        login_timeout: float = 300.0,
        most_step_ups: int = 5,
        discovery_policy: DiscoveryPolicy | None = None,
        http_client: HTTPClient | None = None,
        settings: Settings | None = None,
    ) -> None:
        check_kind("dpop_key", dpop_key, DPoPKey)
        check_callable("login", login)
        check_callable("assertion", assertion)
        check_text("account", account)
        check_text("issuer", issuer)
        check_kind("settings", settings, Settings)
        check_text("redirect_uri", redirect_uri)
        check_kind("client_metadata", client_metadata, ClientMetadata)
        check_policy("discovery_policy", discovery_policy)
        if type(most_step_ups) is not int or most_step_ups < 0:
            raise InvalidArgumentError("most_step_ups must be a whole number, not negative")
        super().__init__(dpop_key, shared_nonces(http_client))
        options = MCPClientOptions(
            server_url,
            redirect_uri,
            issuer,
            client_id,
            client_authentication,
            client_metadata_url,
            client_metadata,
            dpop_key is not None,
        )
        _check_grant(options, login, assertion)
        if not seconds_of("login_timeout", login_timeout):
            raise InvalidArgumentError("login_timeout must be positive seconds")
        if store is not None:
            check_store("store", store, TokenStore)
            if not account:
                raise InvalidArgumentError(
                    "store needs account, which says whose login it is: what is stored would "
                    "serve every user"
                )
        check_http_client(http_client)
        kept = MemoryTokenStore() if store is None else store
        servers = MCPServers(server_url, issuer, discovery_policy, http_client, settings)
        grants = MCPGrants(
            servers,
            server_url,
            redirect_uri,
            login=login,
            assertion=assertion,
            login_timeout=login_timeout,
            dpop_key=dpop_key,
            store=kept,
            account=account,
            http_client=http_client,
            settings=settings,
        )
        self._origin = origin_of_url(httpx.URL(server_url))
        self._tokens = MCPTokens(
            server_url,
            account or "",
            scopes_from("scope", scope),
            servers,
            MCPClients(options, kept, http_client, settings),
            grants,
            kept,
            AuthorizationLimits(most_step_ups),
        )

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        """Send ``request`` with a token, again where another one helps."""
        if origin_of_url(request.url) != self._origin:
            yield request
            return
        # Other streams are used up by sending.
        repeatable = isinstance(request.stream, library_of(request).ByteStream)
        token = self._tokens.current()
        for left in reversed(range(_MOST_ROUNDS)):
            nonce = self._put(request, token)
            response = yield request
            demanded = self._learn(request, response, nonce)
            if demanded is not None and demanded != nonce and repeatable:
                try:
                    nonce = self._put(request, token)
                except PyIdentityModelException as error:
                    log_unrepeated(error)
                    return
                response = yield request
                self._learn(request, response, nonce)
            demand = demand_of(response) if answers_for(self._origin, response) else None
            if demand is None and response.status_code < 400:
                self._tokens.prove(token)
            if demand is None or not repeatable or left == 0:
                return
            token = self._tokens.authorize(demand, token)
            if token is None:
                return

    def forget(self) -> None:
        """Forget the login and the client's registration: the next request begins again.

        Raises :class:`TokenRequestException` (``store_unavailable``).

        Example::

            auth.forget()
        """
        self._tokens.forget()

    def _put(self, request: httpx.Request, token: StoredToken | None) -> str | None:
        return None if token is None else self._authorize(request, token)


def _check_grant(
    options: MCPClientOptions, login: MCPLogin | None, assertion: MCPAssertion | None
) -> None:
    """Raise InvalidArgumentError unless one grant is chosen, with what it needs."""
    if login is not None and assertion is not None:
        raise InvalidArgumentError("login and assertion exclude each other")
    if (login is None) is not (options.redirect_uri is None):
        raise InvalidArgumentError("login and redirect_uri go together")
    if login is None and options.client_id is None and options.metadata_url is None:
        raise InvalidArgumentError("without login, client_id and issuer say who the client is")
    if login is None and assertion is None and options.authentication is None:
        raise InvalidArgumentError(
            "client_authentication proves who the client is, or login or assertion for whom it acts"
        )

# Generated from aio/_mcp/tokens.py by scripts/make_sync.py; edit that file.
"""The access token for one MCP server: stored, renewed, and authorized again when refused."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from ..._logging import log_failure, logger
from ..._relying_party.mcp import AuthorizationLimits, Demand, scopes_to_ask
from ..._seam.lock_waits import waiting_at_most
from ..._seam.sync import Result, finish
from ..._sessions.session_record import store_unavailable_error
from ..._sessions.stored_token import StoredToken
from ..._wire.stored_value import pack_value, unpack_value
from ...exceptions import MCPAuthorizationException, TokenRequestException
from .._cache.single_flight import SingleFlight
from .._transport.stores import TokenStore
from ..session import read_session
from ..session_locks import enter, leave
from .clients import MCPClients
from .grants import MCPGrant, MCPGrants
from .servers import MCPServers

_KIND = "mcp-login"
_MOST_WAITED = 5.0  # seconds
_REFUSED_CLIENT = frozenset({"invalid_client", "unauthorized_client"})


class MCPTokens:
    """Authorizes once however many requests were refused, and remembers logins in the store.

    The store's lock is held meanwhile: processes that share the store share one login.
    """

    def __init__(
        self,
        server_url: str,
        account: str,
        own_scopes: frozenset[str],
        servers: MCPServers,
        clients: MCPClients,
        grants: MCPGrants,
        store: TokenStore,
        limits: AuthorizationLimits,
    ) -> None:
        self._server_url = server_url
        self._own_scopes = own_scopes
        self._servers = servers
        self._clients = clients
        self._grants = grants
        self._store = store
        self._limits = limits
        text = json.dumps(["mcp-login", server_url, account])
        self._key = f"mcp-login-{hashlib.sha256(text.encode()).hexdigest()}"
        self._grant: MCPGrant | None = None
        self._is_loaded = False
        self._flights: SingleFlight[MCPGrant | None] = SingleFlight("py_identity_model.mcp")
        self.clock = time.time

    def current(self) -> StoredToken | None:
        """Return a token that is good now, if there is one."""
        if not self._is_loaded:
            self._load()
        return None if self._grant is None else self._ask(self._grant, self._grant.token)

    def prove(self, token: StoredToken | None) -> None:
        """Remember that the server accepted a token."""
        if token is not None:
            self._limits.prove(token.access_token)

    def authorize(self, demand: Demand, refused: StoredToken | None) -> StoredToken | None:
        """Return another token than ``refused``; None where the server's answer has to do."""
        spent = None if refused is None else refused.access_token
        found = self.current()
        if found is not None and found.access_token != spent:
            return found  # another request was faster
        if not self._limits.allow(demand, spent, self.clock()):
            return None
        call = partial(self._authorize, demand, spent)
        joined = self._flights.run("authorize", call)
        grant = None if joined is None else joined[0]
        found = None if grant is None else grant.token()
        return None if found is None or found.access_token == spent else found

    def _ask(
        self, grant: MCPGrant, ask: Callable[[], Result[StoredToken | None]]
    ) -> StoredToken | None:
        """Return the token of a grant; None where its client has to be registered again."""
        try:
            return ask()
        except TokenRequestException as error:
            if error.details.get("oauth_error") not in _REFUSED_CLIENT:
                raise
            if not self._clients.forget_refused(grant.issuer, grant.client_id):
                raise
            return None

    def forget(self) -> None:
        """Forget the login and the client's registration, also for a caller who is cancelled.

        The lock would otherwise stay in a shared store, and delay the next login.
        """
        finish(self._forget_alone, _MOST_WAITED)

    def _forget_alone(self) -> None:
        try:
            with waiting_at_most(_MOST_WAITED):
                with self._hold_lock():
                    self._forget()
        except TokenRequestException as error:
            if error.code != "renewal_pending":
                raise
            self._forget()  # one that was killed while it logged in delays no logout

    def _forget(self) -> None:
        self._load()
        grant, self._grant = self._grant, None
        if grant is not None:
            self._clients.forget(grant.issuer)
            self._delete(grant)

    def _authorize(self, demand: Demand, spent: str | None) -> MCPGrant | None:
        try:
            with self._hold_lock():
                return self._obtain_grant(demand, spent)
        except MCPAuthorizationException as error:
            log_failure("authorization", self._server_url, error)
            raise

    # The steps of the specification's flow in its order; each needs the outcome of the one before.
    def _obtain_grant(self, demand: Demand, spent: str | None) -> MCPGrant | None:
        self._load()
        before = self._grant
        if before is not None:
            found = self._ask(before, before.token)
            if found is not None and found.access_token != spent:
                return before  # another process was faster
        server = self._servers.look(
            demand.resource_metadata, None if before is None else before.issuer
        )
        if before is not None and before.issuer != server.metadata.issuer:
            before = None  # what was granted elsewhere says nothing here
        scopes = scopes_to_ask(
            demand,
            server.scopes_supported,
            frozenset() if before is None else before.scopes,
            self._own_scopes,
        )
        if before is not None and spent is not None and scopes <= before.scopes:
            renewed = self._ask(before, partial(before.renew, spent))
            if renewed is not None:
                self._limits.note(demand, before.scopes, renewed.access_token, self.clock())
                return before
        identity = self._clients.client_at(server.metadata)
        try:
            grant = self._grants.obtain(server, identity, scopes)
            token = grant.token()
        except TokenRequestException as error:
            if error.details.get("oauth_error") in _REFUSED_CLIENT:
                self._clients.forget(str(server.metadata.issuer))
            raise
        if token is None:
            return None
        self._limits.note(demand, grant.scopes, token.access_token, self.clock())
        replaced, self._grant = self._grant, grant
        self._save(grant)
        if replaced is not None:
            self._discard(replaced)
        return grant

    @contextmanager
    def _hold_lock(self) -> Iterator[None]:
        context = self._store.lock(self._key)
        enter(context)
        try:
            yield
        finally:
            leave(context)

    def _load(self) -> None:
        """Take the login that the store knows, unless it is the one known here."""
        members = self._read_store()
        self._is_loaded = True
        session = members.get("session")
        if session is None or (self._grant is not None and self._grant.session == session):
            return
        if not self._servers.may_use(members["issuer"]):
            return  # it is from before the program chose
        identity = self._clients.client_called(members["issuer"], members["client_id"])
        if identity is None:
            return
        grant = self._grants.restore(
            members["issuer"], identity, frozenset(members["scopes"]), session
        )
        self._grant = grant or self._grant

    def _read_store(self) -> dict[str, Any]:
        try:
            text = self._store.get(self._key)
        except Exception as error:
            raise store_unavailable_error(error) from error
        if text is None:
            return {}
        try:
            members = unpack_value(_KIND, self._key, text)
            texts = (members["issuer"], members["client_id"], members["session"])
            if not all(isinstance(one, str) for one in (*texts, *members["scopes"])):
                raise ValueError("a member is not a string")
        except (ValueError, KeyError, TypeError):
            logger.warning("a stored login cannot be read")
            return {}
        return members

    def _save(self, grant: MCPGrant) -> None:
        if grant.session is None:
            return
        members = {
            "issuer": grant.issuer,
            "client_id": grant.client_id,
            "scopes": sorted(grant.scopes),
            "session": grant.session,
        }
        try:
            self._store.set(self._key, pack_value(_KIND, self._key, members), None)
        except Exception as error:  # it is good here; the next process logs in again
            logger.warning("a login cannot be stored: %s", type(error).__name__)

    def _delete(self, grant: MCPGrant) -> None:
        try:
            self._store.delete(self._key)
        except Exception as error:
            raise store_unavailable_error(error) from error
        self._discard(grant)

    def _discard(self, grant: MCPGrant) -> None:
        """Delete the record of a login that another one replaced."""
        if grant.session is None:
            return
        try:
            self._store.delete(read_session(grant.session.partition(" ")[2])[0])
        except Exception as error:
            logger.warning("an old login cannot be deleted: %s", type(error).__name__)

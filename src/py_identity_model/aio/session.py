"""Sessions: the user of a login, and tokens that are renewed automatically."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, Unpack

from .._protocol.revocation import TokenRevocationResponse
from .._protocol.token_endpoint import expiry_of
from .._relying_party.client_parameters import TokenParameters
from .._sessions.lineages import Lineage
from .._sessions.session_record import (
    LOGIN_TARGET,
    SessionRecord,
    begin_record,
    login_required_error,
    own_copy,
)
from .._sessions.stored_token import StoredToken, renewal_time, text_of
from .._wire.arguments import check_kind, names_of
from .._wire.models import Scope
from ..exceptions import ConfigurationException, InvalidArgumentError

if TYPE_CHECKING:
    from .session_records import AsyncSessionRecords
    from .token_auth import AsyncTokenAuth
    from .token_source import AsyncTokenSource

_MARGIN = 60.0


class AsyncSessionClient(Protocol):
    """The interface that a session needs of its client."""

    async def session(self, text: str) -> AsyncSession:
        """Return the session that a string names."""
        ...

    async def token_source(
        self, *, session: AsyncSession, margin: float = _MARGIN, **more: Unpack[TokenParameters]
    ) -> AsyncTokenSource:
        """Return the tokens of a session."""
        ...

    async def renew_session(self, session: AsyncSession) -> StoredToken:
        """Renew the access token of a login."""
        ...

    async def revoke(self, session: AsyncSession, /) -> TokenRevocationResponse:
        """End a session, and revoke its tokens."""
        ...


class AsyncSessionState:
    """The knowledge of one object about a login: the newest record, and where it is stored."""

    def __init__(self, record: SessionRecord, client: AsyncSessionClient | None = None) -> None:
        self.record = record
        self.client = client
        self.records: AsyncSessionRecords | None = None
        self.name: str | None = None
        self.lineage: Lineage | None = None
        self.ended = False
        self.made_in = os.getpid()

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "client": None, "records": None, "lineage": None}

    def learn(self, record: SessionRecord) -> None:
        """Take over a record that is newer than the known one."""
        if record.version >= self.record.version:
            self.record = record

    def check(self) -> None:
        """Raise ``login_required`` if the session was ended here."""
        if self.ended:
            raise login_required_error("the session was ended")


class AsyncSession:
    """A login, as :meth:`AsyncOAuthClient.callback` returns it.

    Its tokens belong to a record in the client's ``session_store``, under one name for any number
    of objects: all of them, in every process that shares the store, use the newest tokens, and a
    refresh token is presented once.  The properties show what this object knows: a renewal by
    another process becomes visible at the next call that needs the store.

    Store the result of :meth:`to_json`, not tokens; :meth:`AsyncOAuthClient.session` reads it
    again.  A session created from tokens starts a record with them when a client first uses it; the
    same tokens lead to the same record.

    :param token: the token endpoint's response
    :param claims: the verified claims of its ID token
    :param expires_at: when its access token expires; by default ``expires_in`` counts from now
    :param userinfo: the claims that userinfo returned, if requested
    :param session_state: the value for watching the session with the provider's iframe, if any
    :param client: the client whose login it is, if it is to be used without naming it again
    :param resource: the target of its access token, also for renewals (RFC 8707)

    Example::

        session = AsyncSession({"access_token": "a", "refresh_token": "r"}, {"sub": "alice"})
        print(session.subject)
    """

    def __init__(
        self,
        token: Mapping[str, Any],
        claims: Mapping[str, Any],
        expires_at: datetime | None = None,
        userinfo: Mapping[str, Any] | None = None,
        *,
        session_state: str | None = None,
        client: AsyncSessionClient | None = None,
        resource: str | Sequence[str] | None = None,
    ) -> None:
        about = {} if userinfo is None else userinfo
        for name, members in (("token", token), ("claims", claims), ("userinfo", about)):
            if not isinstance(members, Mapping):
                raise InvalidArgumentError(
                    f"{name} must be a mapping, not {type(members).__name__}"
                )
        check_kind("expires_at", expires_at, datetime)
        check_kind("session_state", session_state, str)
        if resource is not None and not isinstance(resource, str):
            names_of("resource", resource)
        now = datetime.now(UTC)
        record = begin_record(
            token,
            claims,
            _first_token(token, expires_at, now),
            issuer="",
            client_id="",
            now=now.timestamp(),
            userinfo=userinfo,
            session_state=session_state,
            resource=resource,
        )
        self._state = AsyncSessionState(record, client)

    @property
    def _record(self) -> SessionRecord:
        return self._state.record

    @property
    def token(self) -> dict[str, Any]:
        """The token endpoint's response with the newest tokens."""
        record, current = self._record, self._record.access_tokens.get(LOGIN_TARGET)
        tokens = {
            "access_token": None if current is None else current.access_token,
            "refresh_token": record.refresh_token,
            "id_token": record.id_token,
        }
        named = {name: value for name, value in tokens.items() if value is not None}
        return own_copy({**record.answer, **named})

    @property
    def claims(self) -> dict[str, Any]:
        """The claims of the newest ID token."""
        return own_copy(dict(self._record.claims))

    @property
    def userinfo(self) -> dict[str, Any] | None:
        """The claims that userinfo returned at the login, if requested."""
        about = self._record.userinfo
        return None if about is None else own_copy(dict(about))

    @property
    def expires_at(self) -> datetime | None:
        """The expiry of the login's access token."""
        current = self._record.access_tokens.get(LOGIN_TARGET)
        ends = None if current is None else current.expires_at
        return None if ends is None else datetime.fromtimestamp(ends, UTC)

    @property
    def subject(self) -> str:
        """The user; unique for the issuer.

        Raises :class:`ConfigurationException` (``no_subject``) for a login without OpenID, whose
        user only the provider's API knows.
        """
        subject = self._record.claims.get("sub")
        if subject is None:
            raise ConfigurationException(
                "the login has no ID token, so the user is unknown: request the scope openid, or "
                "query the provider's API with the access token",
                code="no_subject",
            )
        return str(subject)

    @property
    def access_token(self) -> str:
        """The newest access token of the login, which may have expired."""
        return str(self._record.access_tokens[LOGIN_TARGET].access_token)

    @property
    def refresh_token(self) -> str | None:
        """The newest refresh token, if there is one."""
        return self._record.refresh_token

    @property
    def id_token(self) -> str | None:
        """The newest ID token, if there is one: the ``id_token_hint`` of a logout."""
        return self._record.id_token

    @property
    def session_state(self) -> str | None:
        """The value for watching the session with the provider's iframe (Session Management §3)."""
        return self._record.session_state

    def to_json(self) -> str:
        """Return the name of the session's record, and its version; no token.

        The string and the store are enough to act as the user: protect it like a session cookie.
        Raises :class:`ConfigurationException` for a session that no client has used.

        Example::

            await client.bind(session)  # as callbacks do
            kept["session"] = session.to_json()
        """
        if self._state.name is None:
            raise ConfigurationException(
                "the session has no record yet: use it with a client first",
                code="session_not_stored",
            )
        return json.dumps({"name": self._state.name, "version": self._record.version})

    @classmethod
    async def from_json(cls, text: str, client: AsyncSessionClient) -> AsyncSession:
        """Return the session that :meth:`to_json` named; see :meth:`AsyncOAuthClient.session`.

        Example::

            await client.bind(session)
            same = await AsyncSession.from_json(session.to_json(), client)
        """
        return await client.session(text)

    async def get_access_token(
        self,
        *,
        resource: str | Sequence[str] | None = None,
        scope: Scope | None = None,
    ) -> str:
        """Return a valid access token.

        Without arguments it is the login's.  ``resource`` (RFC 8707) and ``scope`` name another
        one, which is requested once and renewed in time.

        Raises :class:`TokenRequestException`: ``login_required`` if only the user can help,
        ``store_unavailable``, ``renewal_pending`` while another process that presented the refresh
        token cannot store the response (try again), or the provider's error.

        Example::

            orders = await session.get_access_token()
        """
        source = await self._owner().token_source(session=self, **_named(resource, scope))
        return (await source.get_token()).access_token

    async def auth(
        self,
        *,
        resource: str | Sequence[str] | None = None,
        scope: Scope | None = None,
        origins: Collection[str] | None = None,
    ) -> AsyncTokenAuth:
        """Return an ``auth`` for your own HTTP client; see :class:`AsyncTokenAuth`.

        ``resource`` and ``scope`` are those of :meth:`get_access_token`, ``origins`` those that
        get the token.

        Example::

            auth = await session.auth(origins=["https://api.example"])
        """
        from .token_auth import AsyncTokenAuth  # loads httpx, whichever library is used

        source = await self._owner().token_source(session=self, **_named(resource, scope))
        return AsyncTokenAuth(source, origins=origins)

    async def refresh(self) -> str:
        """Renew the login's access token now, whatever its age, and return it.

        Raises the exceptions of :meth:`get_access_token`.

        Example::

            token = await session.refresh()
        """
        return (await self._owner().renew_session(self)).access_token

    async def revoke(self) -> TokenRevocationResponse:
        """End the session here and in the store, then revoke its tokens at the provider.

        The record is deleted whatever the provider responds.  See :meth:`AsyncOAuthClient.revoke`.

        Example::

            response = await session.revoke()
        """
        return await self._owner().revoke(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(version={self._record.version})"

    def _owner(self) -> AsyncSessionClient:
        if self._state.client is None:
            raise ConfigurationException(
                "the session belongs to no client yet: pass client= or use the client's methods",
                code="session_without_client",
            )
        return self._state.client


def state_of(session: AsyncSession) -> AsyncSessionState:
    """Return the shared, changeable state of a session."""
    if not isinstance(session, AsyncSession):
        kind = type(session).__name__
        raise InvalidArgumentError(f"session must be an AsyncSession, not {kind}")
    return session._state


def read_session(text: str) -> tuple[str, int]:
    """Return the name and version that :meth:`AsyncSession.to_json` wrote.

    Raises :class:`InvalidArgumentError` for anything else.
    """
    try:
        members = json.loads(text)
        name, version = members["name"], members["version"]
    except (ValueError, TypeError, KeyError, RecursionError):
        name = version = None
    if type(name) is not str or type(version) is not int or version < 1:
        raise InvalidArgumentError("this is not the string of a session")
    return name, version


def _named(resource: str | Sequence[str] | None, scope: Scope | None) -> TokenParameters:
    named = TokenParameters()
    if resource is not None:
        named["resource"] = resource
    if scope is not None:
        named["scope"] = scope
    return named


def _first_token(
    token: Mapping[str, Any], expires_at: datetime | None, now: datetime
) -> StoredToken | None:
    access_token = text_of(token.get("access_token"))
    if access_token is None:
        return None
    ends = expires_at or expiry_of(token, now)
    until = None if ends is None else ends.timestamp()
    return StoredToken(
        access_token,
        text_of(token.get("token_type")) or "Bearer",
        text_of(token.get("scope")),
        until,
        renewal_time(until, _MARGIN, now.timestamp()),
    )

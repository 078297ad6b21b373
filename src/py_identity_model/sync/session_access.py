# Generated from aio/session_access.py by scripts/make_sync.py; edit that file.
"""What a client does with sessions: begin, find, renew and end them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from .._protocol.refresh_grant import RefreshTokenRequest, RefreshTokenResponse
from .._sessions.session_record import (
    LOGIN_TARGET,
    Renewal,
    SessionRecord,
    judge_refresh,
    login_required_error,
    record_name,
    renewal_pending_error,
    target_name,
    with_id_token,
)
from .._sessions.stored_token import StoredToken
from .._validation.refreshed_id_token import check_refreshed_id_token
from ..exceptions import InvalidArgumentError, PyIdentityModelException
from .provider_tokens import ProviderTokens
from .refresh_grant import refresh_token
from .session import Session, SessionState, read_session, state_of
from .session_records import SessionRecords
from .session_store import MemorySessionStore
from .token_source import TokenSource

if TYPE_CHECKING:
    from .oauth_client import OAuthClient

_TOUCHES = 10


class SessionAccess(ProviderTokens):
    """Holds the sessions of a client."""

    def session(self, text: str) -> Session:
        """Return the session whose :meth:`Session.to_json` is ``text``, from the store.

        Raises :class:`InvalidArgumentError` for another text, and :class:`TokenRequestException`:
        ``login_required`` for a session that has ended, that belongs to another client, or whose
        record in the store is older than the text; ``store_unavailable``.

        Example::

            client.bind(session)
            same = client.session(session.to_json())
        """
        name, version = read_session(text)
        record = self._sessions.load(name, version)
        if (record.issuer, record.client_id) != (self.issuer, self.client_id):
            raise login_required_error("the session belongs to another client")
        session = Session({}, {})
        self._attach(state_of(session), name, record)
        return session

    def bind(self, session: Session) -> SessionRecords:
        """Return where the record of a session is, after beginning it if there is none.

        Callbacks do it, and every method that gets a session.  Raises what :meth:`session` does.

        Example::

            client.bind(session)
            print(session.to_json())
        """
        state = state_of(session)
        state.check()
        if state.records is not None:
            self._check_owner(state.record)
            return state.records
        if state.name is not None:  # it was pickled
            record = self._sessions.load(state.name, state.record.version)
            self._check_owner(record)
            self._attach(state, state.name, record)
            return self._sessions
        first = self._first_record(state)
        name = record_name(
            self.issuer, self.client_id, session.token, state.record.claims.get("sub")
        )
        _check_json(first, name)
        self._attach(state, name, self._sessions.begin(name, first))
        return self._sessions

    def _first_record(self, state: SessionState) -> SessionRecord:
        first = replace(state.record, issuer=self.issuer, client_id=self.client_id)
        alone = isinstance(self._sessions.store, MemorySessionStore)
        if alone and os.getpid() != state.made_in:  # each child of a fork has a copy of it
            return replace(first, refresh_token=None)
        return first

    def _check_owner(self, record: SessionRecord) -> None:
        if (record.issuer, record.client_id) != (self.issuer, self.client_id):
            raise InvalidArgumentError(
                "the session belongs to another client", code="session_of_another_client"
            )

    def _attach(self, state: SessionState, name: str, record: SessionRecord) -> None:
        state.client = _as_owner(self)
        state.records, state.name, state.record = self._sessions, name, record
        state.lineage = self._sessions.lineages.of(name)
        self._sessions.lineages.learn(name, record, is_stored=False)

    def session_clock(self) -> Callable[[], float]:
        """Return the wall clock that sessions go by."""
        return self._sessions.clock

    def renew_session(self, session: Session) -> StoredToken:
        """Renew the login's access token, whatever its age; see :meth:`Session.refresh`."""
        renewal = SessionRenewal(self, session, LOGIN_TARGET, {}, 60.0)
        return renewal.token("refresh", None, lambda record: False)

    def confirm_id_token(self, record: SessionRecord, target: str) -> SessionRecord:
        """Return a record with a new ID token once it was validated against the first one."""
        id_token = record.id_token or ""
        claims = self._id_token_claims(
            id_token, access_token=record.access_tokens[target].access_token
        )
        check_refreshed_id_token(record.original, claims)
        return with_id_token(record, id_token, claims)

    def refresh_request(self, token: str, parameters: Mapping[str, Any]) -> RefreshTokenRequest:
        """Return the request that presents a refresh token."""
        common = {
            "client_authentication": self._proof_of_identity(),
            "dpop_key": self.dpop_key,
        }
        address = self.endpoint("token_endpoint")
        return RefreshTokenRequest(address, self.client_id, token, **{**common, **parameters})

    def present(self, request: RefreshTokenRequest) -> RefreshTokenResponse:
        """Send a refresh token."""
        return refresh_token(request, self._http_client, settings=self._settings)


class SessionRenewal:
    """The access token of a session for one target."""

    def __init__(
        self,
        client: SessionAccess,
        session: Session,
        target: str,
        parameters: Mapping[str, Any],
        margin: float,
    ) -> None:
        self.responses: list[RefreshTokenResponse] = []
        self._client = client
        self._session = session
        self._target = target
        self._parameters = parameters
        self._margin = margin
        self.clock = client.session_clock()

    def known(self) -> StoredToken | None:
        """Return the token that the session knows, without asking the store."""
        state = state_of(self._session)
        state.check()
        return state.record.token_for(self._target)

    def token(
        self, key: object, refused: str | None, serves: Callable[[SessionRecord], bool]
    ) -> StoredToken:
        """Return the token once the record ``serves``; calls with one ``key`` share a renewal."""
        records = self._client.bind(self._session)
        state = state_of(self._session)
        name, seen = str(state.name), state.record.version
        record = records.load(name, seen)
        if not serves(record):
            parameters = self._parameters
            if self._target == LOGIN_TARGET and record.resource is not None:
                parameters = {**parameters, "resource": record.resource}
            request = self._client.refresh_request("", parameters)
            record = records.renew(
                name,
                key,
                partial(self._present, request, refused),
                where=self._client.issuer,
                serves=serves,
                seen=seen,
                confirm=self._confirm,
            )
        state.learn(record)
        token = record.token_for(self._target)
        if token is None or not token.is_usable(self.clock()):  # somebody renewed another one
            raise renewal_pending_error(0.0)
        return token

    def touch(self) -> None:
        """Tell the store that the session is in use, where it has not heard of it for long."""
        state = state_of(self._session)
        records = state.records
        if records is None or state.record.refresh_expires_at is not None:
            return
        if records.clock() - state.record.written_at < records.lifetime / _TOUCHES:
            return
        with suppress(PyIdentityModelException):
            state.learn(
                records.update(str(state.name), state.record.version, lambda record: record)
            )

    def _present(
        self, request: RefreshTokenRequest, refused: str | None, record: SessionRecord
    ) -> Renewal:
        request = replace(request, refresh_token=record.refresh_token or "")
        response = self._client.present(request)
        self.responses.append(response)
        return judge_refresh(
            record,
            response,
            self._target,
            address=request.address,
            margin=self._margin,
            now=self.clock(),
            dpop=request.dpop_key is not None,
            refused=refused,
        )

    def _confirm(self, record: SessionRecord) -> SessionRecord:
        return self._client.confirm_id_token(record, self._target)


class SessionTokenSource(TokenSource):
    """A source of the access tokens of a session, for one target."""

    def __init__(
        self,
        client: SessionAccess,
        session: Session,
        parameters: Mapping[str, Any],
        margin: float,
    ) -> None:
        state = state_of(session)
        state.client = state.client or _as_owner(client)
        self._prepare(margin, parameters.get("dpop_key", client.dpop_key))
        RefreshTokenRequest("", "", "", **parameters)  # raises here for a name that it lacks
        self._target = target_name(parameters)
        self._renewal = SessionRenewal(client, session, self._target, parameters, margin)
        self.clock = client.session_clock()
        self._renewal.clock = lambda: self.clock()

    def get_token(self) -> StoredToken:
        """Return a token that is good now; see :meth:`TokenSource.get_token`."""
        self._current = self._renewal.known()
        token = super().get_token()
        self._renewal.touch()
        return token

    def renew(self, refused: str) -> StoredToken:
        """Return another token than ``refused``; see :meth:`TokenSource.renew`."""
        self._current = self._renewal.known()
        return super().renew(refused)

    def _renew(self, refused: str | None) -> StoredToken:
        serves = partial(self._serves_target, refused)
        self._current = self._renewal.token((self._target, refused), refused, serves)
        return self._current

    def _serves_target(self, refused: str | None, record: SessionRecord) -> bool:
        token = record.token_for(self._target)
        return token is not None and token.serves(self.clock(), refused)


def _as_owner(client: Any) -> OAuthClient:
    owner: OAuthClient = client
    return owner


def _check_json(record: SessionRecord, name: str) -> None:
    try:
        record.pack(name)
    except (TypeError, ValueError, RecursionError):
        raise InvalidArgumentError(
            "token, claims and userinfo of a session must be JSON values"
        ) from None

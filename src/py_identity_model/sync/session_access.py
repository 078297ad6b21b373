# Generated from aio/session_access.py by scripts/make_sync.py; edit that file.
"""A client's operations on sessions: create, find, renew and end."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Literal, Unpack

from .._protocol.refresh_grant import RefreshTokenRequest, RefreshTokenResponse
from .._protocol.revocation import TokenRevocationRequest, TokenRevocationResponse
from .._protocol.token_endpoint import check_token_answer
from .._protocol.userinfo import UserInfoResponse
from .._relying_party.client_parameters import TokenParameters
from .._seam.lock_waits import waiting_at_most
from .._sessions.session_record import (
    LOGIN_TARGET,
    Renewal,
    SessionRecord,
    apply_refresh,
    login_required_error,
    record_name,
    renewal_pending_error,
    target_name,
    with_id_token,
)
from .._sessions.stored_token import StoredToken
from .._validation.refreshed_id_token import check_refreshed_id_token
from .._wire.models import Scope, repeatable
from ..exceptions import InvalidArgumentError, PyIdentityModelException, TokenRequestException
from .provider_client import ProviderClient
from .provider_tokens import ProviderTokens
from .refresh_grant import refresh_token
from .revocation import revoke_token
from .session import Session, SessionState, read_session, state_of
from .session_records import SessionRecords
from .session_store import MemorySessionStore
from .token_source import TokenSource

_TOUCHES = 10  # how often a record is extended in its lifetime
_MARGIN = 60.0  # seconds


class SessionAccess:
    """The sessions of a client.

    :param client: the client at the provider
    :param tokens: validates the ID tokens of renewals
    :param records: the records of sessions
    """

    def __init__(
        self,
        client: ProviderClient,
        tokens: ProviderTokens,
        records: SessionRecords,
    ) -> None:
        self.client = client
        self.tokens = tokens
        self.records = records

    def session(self, text: str) -> Session:
        """Return the session whose :meth:`Session.to_json` is ``text``, from the store."""
        name, version = read_session(text)
        record = self.records.storage.load(name, version)
        if (record.issuer, record.client_id) != (self.client.issuer, self.client.client_id):
            raise login_required_error("the session belongs to another client")
        session = Session({}, {})
        self._attach(state_of(session), name, record)
        return session

    def bind(self, session: Session) -> SessionRecords:
        """Return the location of a session's record, after creating it if there is none."""
        state = state_of(session)
        state.check()
        if state.records is not None:
            self._check_owner(state.record)
            return state.records
        if state.name is not None:  # it was pickled
            record = self.records.storage.load(state.name, state.record.version)
            self._check_owner(record)
            self._attach(state, state.name, record)
            return self.records
        first = self._first_record(state)
        name = record_name(
            self.client.issuer, self.client.client_id, session.token, state.record.claims.get("sub")
        )
        _check_json(first, name)
        self._attach(state, name, self.records.storage.begin(name, first))
        return self.records

    def _first_record(self, state: SessionState) -> SessionRecord:
        first = replace(state.record, issuer=self.client.issuer, client_id=self.client.client_id)
        alone = isinstance(self.records.storage.store, MemorySessionStore)
        if alone and os.getpid() != state.made_in:  # each child of a fork has a copy of it
            return replace(first, refresh_token=None)
        return first

    def _check_owner(self, record: SessionRecord) -> None:
        if (record.issuer, record.client_id) != (self.client.issuer, self.client.client_id):
            raise InvalidArgumentError(
                "the session belongs to another client", code="session_of_another_client"
            )

    def _attach(self, state: SessionState, name: str, record: SessionRecord) -> None:
        state.client = self
        state.records, state.name, state.record = self.records, name, record
        state.lineage = self.records.storage.lineages.of(name)
        self.records.storage.lineages.learn(name, record, is_stored=False)

    def begin(self, session: Session) -> Session:
        """Return a session after storing its first record."""
        self.bind(session)
        return session

    def token_source(
        self,
        *,
        session: Session,
        margin: float = _MARGIN,
        **more: Unpack[TokenParameters],
    ) -> TokenSource:
        """Return the tokens of a session for one target."""
        parameters = {name: repeatable(one) for name, one in more.items()}
        return SessionTokenSource(self, session, parameters, margin)

    def renew_session(self, session: Session) -> StoredToken:
        """Renew the login's access token, whatever its age; see :meth:`Session.refresh`."""
        renewal = SessionRenewal(self, session, LOGIN_TARGET, {}, _MARGIN)
        return renewal.token("refresh", None, lambda record: False)

    def refresh(self, session: Session | str, scope: Scope | None) -> RefreshTokenResponse:
        """Exchange the refresh token of a session, or one by itself, for new tokens."""
        parameters = {} if scope is None else {"scope": repeatable(scope)}
        if isinstance(session, str):
            return self._refresh_text(session, parameters)
        renewal = SessionRenewal(self, session, target_name(parameters), parameters, _MARGIN)
        try:
            renewal.token(object(), None, lambda record: bool(renewal.responses))
        except TokenRequestException:
            if not renewal.responses or renewal.responses[-1].is_successful:
                raise
        return renewal.responses[-1]

    def _refresh_text(self, token: str, parameters: dict[str, Any]) -> RefreshTokenResponse:
        request = self.refresh_request(token, parameters)
        response = self.client.ask(refresh_token, request)
        if not response.is_successful:
            return response
        answer = self.client.provider.with_token_type(response.token or {})
        check_token_answer(answer, request.address, bound=self.client.dpop_key is not None)
        if answer.get("id_token"):
            self.tokens.id_token_claims(answer["id_token"], access_token=answer.get("access_token"))
        return response

    def refresh_request(self, token: str, parameters: Mapping[str, Any]) -> RefreshTokenRequest:
        """Return the request that presents a refresh token."""
        address = self.client.endpoint("token_endpoint")
        request = RefreshTokenRequest(address, self.client.client_id, token, **parameters)
        self.client.identify(request)
        return request

    def confirm_id_token(self, record: SessionRecord, target: str) -> SessionRecord:
        """Return a record with a new ID token after validating it against the first one."""
        id_token = record.id_token or ""
        claims = self.tokens.id_token_claims(
            id_token, access_token=record.access_tokens[target].access_token
        )
        check_refreshed_id_token(record.original, claims)
        return with_id_token(record, id_token, claims)

    def userinfo(
        self,
        access_token: Session | str,
        expected_sub: str | None,
        method: Literal["GET", "POST"],
    ) -> UserInfoResponse:
        """Request the claims of a session's user, or of the one expected for an access token."""
        if not isinstance(access_token, str):
            known = state_of(access_token).record.subject or expected_sub
            expected_sub = known or access_token.subject
            source = self.token_source(session=access_token)
            access_token = (source.get_token()).access_token
        if expected_sub is None:
            raise InvalidArgumentError("expected_sub is required with an access token")
        return self.tokens.userinfo(access_token, expected_sub=expected_sub, method=method)

    def revoke(self, token: Session | str, hint: str | None = None) -> TokenRevocationResponse:
        """End a session, and revoke its tokens; or revoke one token by itself."""
        if not isinstance(token, str):
            token, hint = self._end(token)
        request = TokenRevocationRequest(
            self.client.endpoint("revocation_endpoint"), token, self.client.client_id, hint
        )
        return self.client.ask(revoke_token, request)

    def forget(self, session: Session) -> None:
        """End a session, and leave its tokens to the provider."""
        self._end(session)

    def _end(self, session: Session) -> tuple[str, str]:
        """Delete the record of a session; return the token to revoke, and its kind."""
        records = self.bind(session)
        state = state_of(session)
        record = records.remove(str(state.name), state.record.version) or state.record
        state.learn(record)
        state.ended = True
        return token_to_revoke(session)


def token_to_revoke(session: Session) -> tuple[str, str]:
    """Return the token whose revocation ends a login at the provider, and its kind."""
    if session.refresh_token is not None:
        return session.refresh_token, "refresh_token"
    return str(session.token.get("access_token", "")), "access_token"


class SessionRenewal:
    """The access token of a session for one target."""

    def __init__(
        self,
        sessions: SessionAccess,
        session: Session,
        target: str,
        parameters: Mapping[str, Any],
        margin: float,
    ) -> None:
        self.responses: list[RefreshTokenResponse] = []
        self._sessions = sessions
        self._session = session
        self._target = target
        self._parameters = parameters
        self._margin = margin
        self.clock = sessions.records.storage.clock

    def known(self) -> StoredToken | None:
        """Return the token that the session knows, without asking the store."""
        state = state_of(self._session)
        state.check()
        return state.record.token_for(self._target)

    def token(
        self,
        key: object,
        refused: str | None,
        serves: Callable[[SessionRecord], bool],
        spares: Callable[[SessionRecord], bool] = lambda record: False,
    ) -> StoredToken:
        """Return the token once the record ``serves``; calls with one ``key`` share a renewal.

        While others renew the login, the token of a record that ``spares`` waiting is returned.
        """
        records = self._sessions.bind(self._session)
        state = state_of(self._session)
        name, seen = str(state.name), state.record.version
        record = records.storage.load(name, seen)
        if not serves(record):
            parameters = self._parameters
            if self._target == LOGIN_TARGET and record.resource is not None:
                parameters = {**parameters, "resource": record.resource}
            request = self._sessions.refresh_request("", parameters)
            record = records.renew(
                name,
                key,
                partial(self._present, request, refused),
                where=self._sessions.client.issuer,
                serves=serves,
                seen=seen,
                confirm=self._confirm,
                known=record,
                spares=spares,
            )
        state.learn(record)
        token = record.token_for(self._target)
        if token is None or not token.is_usable(self.clock()):  # another target was renewed
            raise renewal_pending_error(0.0)
        return token

    def touch(self) -> None:
        """Extend the record in the store, if it was not extended for long."""
        state = state_of(self._session)
        records = state.records
        if records is None or state.record.refresh_expires_at is not None:
            return
        if records.storage.clock() - state.record.written_at < records.storage.lifetime / _TOUCHES:
            return
        with suppress(PyIdentityModelException), waiting_at_most(0.0):
            state.learn(
                records.update(str(state.name), state.record.version, lambda record: record)
            )

    def _present(
        self, request: RefreshTokenRequest, refused: str | None, record: SessionRecord
    ) -> Renewal:
        request = replace(request, refresh_token=record.refresh_token or "")
        response = self._sessions.client.ask(refresh_token, request)
        self.responses.append(response)
        return apply_refresh(
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
        return self._sessions.confirm_id_token(record, self._target)


class SessionTokenSource(TokenSource):
    """A source of the access tokens of a session, for one target."""

    def __init__(
        self,
        sessions: SessionAccess,
        session: Session,
        parameters: Mapping[str, Any],
        margin: float,
    ) -> None:
        state = state_of(session)
        state.client = state.client or sessions
        RefreshTokenRequest("", "", "", **parameters)  # raises here for a missing name
        dpop_key = parameters.get("dpop_key", sessions.client.dpop_key)
        self._prepare(margin, dpop_key, sessions.client.http_client, target_name(parameters))
        self._renewal = SessionRenewal(sessions, session, self._target, parameters, margin)
        self.clock = sessions.records.storage.clock
        self._renewal.clock = lambda: self.clock()

    def get_token(self) -> StoredToken:
        """Return a valid token; see :meth:`TokenSource.get_token`."""
        self._current = self._renewal.known()
        token = super().get_token()
        self._renewal.touch()
        return token

    def renew(self, refused: str) -> StoredToken:
        """Return another token than ``refused``; see :meth:`TokenSource.renew`."""
        self._current = self._renewal.known()
        return super().renew(refused)

    def _stored_token(self) -> StoredToken | None:
        return self._renewal.known()

    def _renew(self, refused: str | None) -> StoredToken:
        serves = partial(self._serves, refused)
        spares = partial(self._spares, refused)
        self._current = self._renewal.token((self._target, refused), refused, serves, spares)
        return self._current


def _check_json(record: SessionRecord, name: str) -> None:
    try:
        record.pack(name)
    except (TypeError, ValueError, RecursionError):
        raise InvalidArgumentError(
            "token, claims and userinfo of a session must be JSON values"
        ) from None

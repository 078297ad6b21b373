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
from .provider_client import AsyncProviderClient
from .provider_tokens import AsyncProviderTokens
from .refresh_grant import refresh_token
from .revocation import revoke_token
from .session import AsyncSession, AsyncSessionState, read_session, state_of
from .session_records import AsyncSessionRecords
from .session_store import AsyncMemorySessionStore
from .token_source import AsyncTokenSource

_TOUCHES = 10  # how often a record is extended in its lifetime
_MARGIN = 60.0  # seconds


class AsyncSessionAccess:
    """The sessions of a client.

    :param client: the client at the provider
    :param tokens: validates the ID tokens of renewals
    :param records: the records of sessions
    """

    def __init__(
        self,
        client: AsyncProviderClient,
        tokens: AsyncProviderTokens,
        records: AsyncSessionRecords,
    ) -> None:
        self.client = client
        self.tokens = tokens
        self.records = records

    async def session(self, text: str) -> AsyncSession:
        """Return the session whose :meth:`AsyncSession.to_json` is ``text``, from the store."""
        name, version = read_session(text)
        record = await self.records.storage.load(name, version)
        if (record.issuer, record.client_id) != (self.client.issuer, self.client.client_id):
            raise login_required_error("the session belongs to another client")
        session = AsyncSession({}, {})
        self._attach(state_of(session), name, record)
        return session

    async def bind(self, session: AsyncSession) -> AsyncSessionRecords:
        """Return the location of a session's record, after creating it if there is none."""
        state = state_of(session)
        state.check()
        if state.records is not None:
            self._check_owner(state.record)
            return state.records
        if state.name is not None:  # it was pickled
            record = await self.records.storage.load(state.name, state.record.version)
            self._check_owner(record)
            self._attach(state, state.name, record)
            return self.records
        first = self._first_record(state)
        name = record_name(
            self.client.issuer, self.client.client_id, session.token, state.record.claims.get("sub")
        )
        _check_json(first, name)
        self._attach(state, name, await self.records.storage.begin(name, first))
        return self.records

    def _first_record(self, state: AsyncSessionState) -> SessionRecord:
        first = replace(state.record, issuer=self.client.issuer, client_id=self.client.client_id)
        alone = isinstance(self.records.storage.store, AsyncMemorySessionStore)
        if alone and os.getpid() != state.made_in:  # each child of a fork has a copy of it
            return replace(first, refresh_token=None)
        return first

    def _check_owner(self, record: SessionRecord) -> None:
        if (record.issuer, record.client_id) != (self.client.issuer, self.client.client_id):
            raise InvalidArgumentError(
                "the session belongs to another client", code="session_of_another_client"
            )

    def _attach(self, state: AsyncSessionState, name: str, record: SessionRecord) -> None:
        state.client = self
        state.records, state.name, state.record = self.records, name, record
        state.lineage = self.records.storage.lineages.of(name)
        self.records.storage.lineages.learn(name, record, is_stored=False)

    async def begin(self, session: AsyncSession) -> AsyncSession:
        """Return a session after storing its first record."""
        await self.bind(session)
        return session

    async def token_source(
        self,
        *,
        session: AsyncSession,
        margin: float = _MARGIN,
        **more: Unpack[TokenParameters],
    ) -> AsyncTokenSource:
        """Return the tokens of a session for one target."""
        parameters = {name: repeatable(one) for name, one in more.items()}
        return AsyncSessionTokenSource(self, session, parameters, margin)

    async def renew_session(self, session: AsyncSession) -> StoredToken:
        """Renew the login's access token, whatever its age; see :meth:`AsyncSession.refresh`."""
        renewal = AsyncSessionRenewal(self, session, LOGIN_TARGET, {}, _MARGIN)
        return await renewal.token("refresh", None, lambda record: False)

    async def refresh(
        self, session: AsyncSession | str, scope: Scope | None
    ) -> RefreshTokenResponse:
        """Exchange the refresh token of a session, or one by itself, for new tokens."""
        parameters = {} if scope is None else {"scope": repeatable(scope)}
        if isinstance(session, str):
            return await self._refresh_text(session, parameters)
        renewal = AsyncSessionRenewal(self, session, target_name(parameters), parameters, _MARGIN)
        try:
            await renewal.token(object(), None, lambda record: bool(renewal.responses))
        except TokenRequestException:
            if not renewal.responses or renewal.responses[-1].is_successful:
                raise
        return renewal.responses[-1]

    async def _refresh_text(self, token: str, parameters: dict[str, Any]) -> RefreshTokenResponse:
        request = await self.refresh_request(token, parameters)
        response = await self.client.ask(refresh_token, request)
        if not response.is_successful:
            return response
        answer = self.client.provider.with_token_type(response.token or {})
        check_token_answer(answer, request.address, bound=self.client.dpop_key is not None)
        if answer.get("id_token"):
            await self.tokens.id_token_claims(
                answer["id_token"], access_token=answer.get("access_token")
            )
        return response

    async def refresh_request(
        self, token: str, parameters: Mapping[str, Any]
    ) -> RefreshTokenRequest:
        """Return the request that presents a refresh token."""
        address = await self.client.endpoint("token_endpoint")
        request = RefreshTokenRequest(address, self.client.client_id, token, **parameters)
        await self.client.identify(request)
        return request

    async def confirm_id_token(self, record: SessionRecord, target: str) -> SessionRecord:
        """Return a record with a new ID token after validating it against the first one."""
        id_token = record.id_token or ""
        claims = await self.tokens.id_token_claims(
            id_token, access_token=record.access_tokens[target].access_token
        )
        check_refreshed_id_token(record.original, claims)
        return with_id_token(record, id_token, claims)

    async def userinfo(
        self,
        access_token: AsyncSession | str,
        expected_sub: str | None,
        method: Literal["GET", "POST"],
    ) -> UserInfoResponse:
        """Request the claims of a session's user, or of the one expected for an access token."""
        if not isinstance(access_token, str):
            known = state_of(access_token).record.subject or expected_sub
            expected_sub = known or access_token.subject
            source = await self.token_source(session=access_token)
            access_token = (await source.get_token()).access_token
        if expected_sub is None:
            raise InvalidArgumentError("expected_sub is required with an access token")
        return await self.tokens.userinfo(access_token, expected_sub=expected_sub, method=method)

    async def revoke(
        self, token: AsyncSession | str, hint: str | None = None
    ) -> TokenRevocationResponse:
        """End a session, and revoke its tokens; or revoke one token by itself."""
        if not isinstance(token, str):
            token, hint = await self._end(token)
        request = TokenRevocationRequest(
            await self.client.endpoint("revocation_endpoint"), token, self.client.client_id, hint
        )
        return await self.client.ask(revoke_token, request)

    async def forget(self, session: AsyncSession) -> None:
        """End a session, and leave its tokens to the provider."""
        await self._end(session)

    async def _end(self, session: AsyncSession) -> tuple[str, str]:
        """Delete the record of a session; return the token to revoke, and its kind."""
        records = await self.bind(session)
        state = state_of(session)
        record = await records.remove(str(state.name), state.record.version) or state.record
        state.learn(record)
        state.ended = True
        return token_to_revoke(session)


def token_to_revoke(session: AsyncSession) -> tuple[str, str]:
    """Return the token whose revocation ends a login at the provider, and its kind."""
    if session.refresh_token is not None:
        return session.refresh_token, "refresh_token"
    return str(session.token.get("access_token", "")), "access_token"


class AsyncSessionRenewal:
    """The access token of a session for one target."""

    def __init__(
        self,
        sessions: AsyncSessionAccess,
        session: AsyncSession,
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

    async def token(
        self,
        key: object,
        refused: str | None,
        serves: Callable[[SessionRecord], bool],
        spares: Callable[[SessionRecord], bool] = lambda record: False,
    ) -> StoredToken:
        """Return the token once the record ``serves``; calls with one ``key`` share a renewal.

        While others renew the login, the token of a record that ``spares`` waiting is returned.
        """
        records = await self._sessions.bind(self._session)
        state = state_of(self._session)
        name, seen = str(state.name), state.record.version
        record = await records.storage.load(name, seen)
        if not serves(record):
            parameters = self._parameters
            if self._target == LOGIN_TARGET and record.resource is not None:
                parameters = {**parameters, "resource": record.resource}
            request = await self._sessions.refresh_request("", parameters)
            record = await records.renew(
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

    async def touch(self) -> None:
        """Extend the record in the store, if it was not extended for long."""
        state = state_of(self._session)
        records = state.records
        if records is None or state.record.refresh_expires_at is not None:
            return
        if records.storage.clock() - state.record.written_at < records.storage.lifetime / _TOUCHES:
            return
        with suppress(PyIdentityModelException), waiting_at_most(0.0):
            state.learn(
                await records.update(str(state.name), state.record.version, lambda record: record)
            )

    async def _present(
        self, request: RefreshTokenRequest, refused: str | None, record: SessionRecord
    ) -> Renewal:
        request = replace(request, refresh_token=record.refresh_token or "")
        response = await self._sessions.client.ask(refresh_token, request)
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

    async def _confirm(self, record: SessionRecord) -> SessionRecord:
        return await self._sessions.confirm_id_token(record, self._target)


class AsyncSessionTokenSource(AsyncTokenSource):
    """A source of the access tokens of a session, for one target."""

    def __init__(
        self,
        sessions: AsyncSessionAccess,
        session: AsyncSession,
        parameters: Mapping[str, Any],
        margin: float,
    ) -> None:
        state = state_of(session)
        state.client = state.client or sessions
        RefreshTokenRequest("", "", "", **parameters)  # raises here for a missing name
        dpop_key = parameters.get("dpop_key", sessions.client.dpop_key)
        self._prepare(margin, dpop_key, sessions.client.http_client, target_name(parameters))
        self._renewal = AsyncSessionRenewal(sessions, session, self._target, parameters, margin)
        self.clock = sessions.records.storage.clock
        self._renewal.clock = lambda: self.clock()

    async def get_token(self) -> StoredToken:
        """Return a valid token; see :meth:`AsyncTokenSource.get_token`."""
        self._current = self._renewal.known()
        token = await super().get_token()
        await self._renewal.touch()
        return token

    async def renew(self, refused: str) -> StoredToken:
        """Return another token than ``refused``; see :meth:`AsyncTokenSource.renew`."""
        self._current = self._renewal.known()
        return await super().renew(refused)

    async def _stored_token(self) -> StoredToken | None:
        return self._renewal.known()

    async def _renew(self, refused: str | None) -> StoredToken:
        serves = partial(self._serves, refused)
        spares = partial(self._spares, refused)
        self._current = await self._renewal.token((self._target, refused), refused, serves, spares)
        return self._current


def _check_json(record: SessionRecord, name: str) -> None:
    try:
        record.pack(name)
    except (TypeError, ValueError, RecursionError):
        raise InvalidArgumentError(
            "token, claims and userinfo of a session must be JSON values"
        ) from None

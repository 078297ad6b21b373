"""Logouts at the provider, and those that it orders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from .._protocol.logout import (
    build_end_session_url,
    pending_error,
    remembered_until,
    replayed_error,
    store_error,
)
from .._protocol.security_events import SecurityEvent
from .._resource_server.replay import ReplayStore
from .._validation.id_token_limits import check_registered_algorithm
from ..exceptions import InvalidArgumentError, PyIdentityModelException
from ._transport.opening import open_token
from .logout import logout_key, validate_logout_token
from .provider_client import AsyncProviderClient
from .provider_tokens import AsyncProviderTokens
from .replay_store import process_once
from .security_events import validate_security_event_token
from .session import AsyncSession, state_of
from .session_records import AsyncSessionRecords

_PROBE = "py_identity_model:probe"


class AsyncProviderLogouts:
    """Leads browsers to the provider's logout, and ends the sessions that the provider names.

    :param client: the client at the provider
    :param tokens: validates the provider's tokens
    :param records: the records of sessions
    """

    def __init__(
        self,
        client: AsyncProviderClient,
        tokens: AsyncProviderTokens,
        records: AsyncSessionRecords,
    ) -> None:
        self._client = client
        self._tokens = tokens
        self._records = records

    async def check_store(self) -> None:
        """Raise TokenRequestException (``store_unavailable``) while the store does not answer."""
        await self._records.storage.find(_PROBE)

    async def end_sessions(self, sub: str | None, sid: str | None) -> int:
        """End sessions by the names that the provider gives; return how many.

        One that cannot be ended stops no other; its error is raised afterwards.
        """
        names = [(name, True) for name in await self._find(sub if sid is None else None, sid)]
        if sub is not None and sid is not None:
            names += [(name, False) for name in await self._find(sub, None)]
        ended, failures = 0, list[PyIdentityModelException]()
        for name, any_sid in names:
            try:
                ended += await self._end(name, any_sid=any_sid)
            except PyIdentityModelException as error:
                failures.append(error)
        if failures:
            raise failures[0]
        return ended

    async def _find(self, sub: str | None, sid: str | None) -> list[str]:
        return await self._records.storage.find_by(self._client.issuer, sub, sid)

    async def _end(self, name: str, *, any_sid: bool) -> bool:
        record = await self._records.storage.find(name)
        if record is None or record.client_id != self._client.client_id:
            return False
        if record.session_id is not None and not any_sid:
            return False
        await self._records.remove(name, record.version)
        return True

    async def end_session_url(
        self,
        session: AsyncSession | None,
        *,
        id_token_hint: str | None,
        post_logout_redirect_uri: str | None,
        state: str | None,
        logout_hint: str | None,
        ui_locales: str | None,
        extra_parameters: Mapping[str, str] | None,
    ) -> str:
        """Return the URL of a logout; see :meth:`AsyncOAuthClient.end_session_url`."""
        if session is not None and id_token_hint is not None:
            raise InvalidArgumentError("give the session or id_token_hint, not both")
        return build_end_session_url(
            await self._client.endpoint("end_session_endpoint"),
            id_token_hint=id_token_hint if session is None else state_of(session).record.id_token,
            client_id=self._client.client_id,
            post_logout_redirect_uri=post_logout_redirect_uri,
            state=state,
            logout_hint=logout_hint,
            ui_locales=ui_locales,
            **extra_parameters or {},
        )

    async def accept(self, logout_token: str, replay_store: ReplayStore | None) -> int:
        """End the sessions that a logout token names; return how many."""
        client = self._client
        # Providers need not encrypt logout tokens where they encrypt ID tokens (§2.4).
        wanted = replace(await self._tokens.config("id_token"), allow_unencrypted=True)
        signed, config = await open_token(logout_token, wanted)
        check_registered_algorithm(signed, config.algorithms)
        claims = await validate_logout_token(
            signed,
            config,
            client.provider.address,
            client.http_client,
            require_exp=True,
            settings=client.settings,
        )
        end = partial(self.end_sessions, claims.get("sub"), claims.get("sid"))
        if replay_store is None:
            return await end()
        return await process_once(
            replay_store,
            logout_key(claims, config.audience),
            remembered_until(claims, config.leeway or 0.0),
            end,
            replayed=replayed_error(),
            pending=pending_error(),
            unavailable=store_error(),
        )

    async def security_event(self, token: str, audience: str, max_age: float) -> SecurityEvent:
        """Return the event in a security event token of the provider, for ``audience``."""
        client = self._client
        config = replace(
            await self._tokens.config("id_token"),
            audience=audience,
            algorithms=None,  # those are of ID tokens, and so are the secret and the leeway
            client_secret=None,
            leeway=None,
            allow_unencrypted=True,
        )
        return await validate_security_event_token(
            token,
            config,
            client.provider.address,
            client.http_client,
            max_age=max_age,
            settings=client.settings,
        )

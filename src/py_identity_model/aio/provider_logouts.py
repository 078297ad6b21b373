"""Logouts that the provider orders: which sessions end."""

from __future__ import annotations

from typing import Any

from .._resource_server.replay import ReplayStore, replay_key
from .._seam.aio import call
from .logout import validate_logout_token
from .session_access import AsyncSessionAccess

_PROBE = "py_identity_model:probe"


class AsyncProviderLogouts(AsyncSessionAccess):
    """Ends sessions of a client in its store, wherever they began."""

    async def check_session_store(self) -> None:
        """Raise :class:`TokenRequestException` (``store_unavailable``) while it does not answer.

        So a login can wait before its code is spent.

        Example::

            await client.check_session_store()
        """
        await self._sessions.find(_PROBE)

    async def end_sessions(self, *, sub: str | None = None, sid: str | None = None) -> int:
        """End the sessions of the provider's session ``sid``, or all of ``sub``; return how many.

        With both, those of the ``sid``, and those of the ``sub`` whose ID token named no ``sid``.
        Sessions of other clients in the same store live on.  A session that ended in the store
        has ended for every process that shares it.

        Raises :class:`InvalidArgumentError` where neither is named, and
        :class:`TokenRequestException` (``store_unavailable``, ``renewal_pending``).

        Example::

            ended = await client.end_sessions(sid="08a5019c-17e1-4977-8f42-65a12843ea02")
        """
        names = await self._sessions.find_by(self.issuer, sub if sid is None else None, sid)
        ended = [await self._end_one(name, any_sid=True) for name in names]
        if sub is not None and sid is not None:
            more = await self._sessions.find_by(self.issuer, sub, None)
            ended += [await self._end_one(name, any_sid=False) for name in more]
        return sum(ended)

    async def _end_one(self, name: str, *, any_sid: bool) -> bool:
        record = await self._sessions.find(name)
        if record is None or record.client_id != self.client_id:
            return False
        if record.session_id is not None and not any_sid:
            return False
        await self._sessions.remove(name, record.version)
        return True

    async def accept_logout_token(
        self, logout_token: str, replay_store: ReplayStore | None = None
    ) -> int:
        """End the sessions that a logout token names; return how many.

        See :func:`validate_logout_token`; tokens without ``exp`` are refused.  A token whose
        sessions could not be ended may come again.

        Raises what :func:`validate_logout_token` and :meth:`end_sessions` do.
        OpenID Connect Back-Channel Logout §2.6 and §2.7.

        Example::

            ended = await client.accept_logout_token(form["logout_token"], replays)
        """
        claims = await validate_logout_token(
            logout_token,
            await self._token_config("id_token"),
            self._provider.address,
            self._http_client,
            replay_store=replay_store,
            require_exp=True,
            settings=self._settings,
        )
        try:
            return await self.end_sessions(sub=claims.get("sub"), sid=claims.get("sid"))
        except BaseException:
            await _forget(replay_store, claims)
            raise


async def _forget(replay_store: ReplayStore | None, claims: dict[str, Any]) -> None:
    discard = getattr(replay_store, "discard", None)
    if discard is not None:
        await call(discard, replay_key("logout", str(claims["iss"]), claims["jti"]))

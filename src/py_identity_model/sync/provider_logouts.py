# Generated from aio/provider_logouts.py by scripts/make_sync.py; edit that file.
"""Logouts that the provider orders: which sessions end."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from .._protocol.logout import pending_error, remembered_until, replayed_error, store_error
from .._protocol.security_events import SecurityEvent
from .._resource_server.replay import ReplayStore
from .._validation.id_token_limits import check_registered_algorithm
from ._transport.opening import open_token
from .logout import logout_key, validate_logout_token
from .provider_client import ProviderClient
from .provider_tokens import ProviderTokens
from .replay_store import process_once
from .security_events import validate_security_event_token
from .session_records import SessionRecords

_PROBE = "py_identity_model:probe"


class ProviderLogouts:
    """Ends sessions of a client in its store, wherever they began.

    :param client: the client at the provider
    :param tokens: how tokens of the provider are judged
    :param records: where the records of sessions are
    """

    def __init__(
        self,
        client: ProviderClient,
        tokens: ProviderTokens,
        records: SessionRecords,
    ) -> None:
        self._client = client
        self._tokens = tokens
        self._records = records

    def check_store(self) -> None:
        """Raise TokenRequestException (``store_unavailable``) while the store does not answer."""
        self._records.find(_PROBE)

    def end_sessions(self, sub: str | None, sid: str | None) -> int:
        """End sessions by the names that the provider gives; return how many."""
        names = self._find(sub if sid is None else None, sid)
        ended = [self._end(name, any_sid=True) for name in names]
        if sub is not None and sid is not None:
            ended += [self._end(name, any_sid=False) for name in self._find(sub, None)]
        return sum(ended)

    def _find(self, sub: str | None, sid: str | None) -> list[str]:
        return self._records.find_by(self._client.issuer, sub, sid)

    def _end(self, name: str, *, any_sid: bool) -> bool:
        record = self._records.find(name)
        if record is None or record.client_id != self._client.client_id:
            return False
        if record.session_id is not None and not any_sid:
            return False
        self._records.remove(name, record.version)
        return True

    def accept(self, logout_token: str, replay_store: ReplayStore | None) -> int:
        """End the sessions that a logout token names; return how many."""
        client = self._client
        # Providers need not encrypt logout tokens where they encrypt ID tokens (§2.4).
        wanted = replace(self._tokens.config("id_token"), allow_unencrypted=True)
        signed, config = open_token(logout_token, wanted)
        check_registered_algorithm(signed, config.algorithms)
        claims = validate_logout_token(
            signed,
            config,
            client.provider.address,
            client.http_client,
            require_exp=True,
            settings=client.settings,
        )
        end = partial(self.end_sessions, claims.get("sub"), claims.get("sid"))
        if replay_store is None:
            return end()
        return process_once(
            replay_store,
            logout_key(claims),
            remembered_until(claims, config.leeway or 0.0),
            end,
            replayed=replayed_error(),
            pending=pending_error(),
            unavailable=store_error(),
        )

    def security_event(self, token: str, audience: str, max_age: float) -> SecurityEvent:
        """Return the event in a security event token of the provider, for ``audience``."""
        client = self._client
        config = replace(
            self._tokens.config("id_token"),
            audience=audience,
            algorithms=None,  # those are of ID tokens, and so are the secret and the leeway
            client_secret=None,
            leeway=None,
            allow_unencrypted=True,
        )
        return validate_security_event_token(
            token,
            config,
            client.provider.address,
            client.http_client,
            max_age=max_age,
            settings=client.settings,
        )

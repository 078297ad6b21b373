# Generated from aio/web/browser_sessions.py by scripts/make_sync.py; edit that file.
"""Sessions of browsers: what their cookies lead to."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import NamedTuple

from ..._logging import logger
from ..._seam.lock_waits import waiting_at_most
from ..._seam.sync import deadline
from ..._web.answers import WebRefusedException, page
from ..._web.cookies import CookieJar
from ..._web.failures import status_of
from ..._web.requests import WebRequest
from ..._web.sealed_sessions import SealedSession, read_stored, stored_text
from ..._web.sealing import Sealer
from ..._wire.arguments import seconds_of
from ...exceptions import InvalidArgumentError, PyIdentityModelException, TokenRequestException
from ..oauth_client import OAuthClient
from ..session import Session, state_of
from ..session_access import token_to_revoke

_STORED = "session"
PATIENCE = 5.0  # seconds that a page waits for the provider
_SHARE_FOR_LOCKS = 0.8  # of them for another process: at the end of all the provider is to blame
_PAUSE = 10.0  # seconds without another renewal after one that failed
_MOST_PAUSES = 1000


class BrowserSession(NamedTuple):
    """A session of a browser, at one of the providers."""

    provider: str
    session: Session


class BrowserSessions:
    """Reads, begins and ends the sessions of browsers.

    :param stored: they are in the clients' stores, and cookies hold their sealed names; otherwise
        cookies hold them whole
    :param seconds: how old a cookie may be
    """

    def __init__(
        self,
        clients: Mapping[str, OAuthClient],
        sealer: Sealer,
        *,
        stored: bool,
        seconds: float,
        cookie_seconds: int | None,
    ) -> None:
        self._clients = clients
        self._sealer = sealer
        self._stored = stored
        self._seconds = seconds_of("session_seconds", seconds)
        if cookie_seconds is not None and (type(cookie_seconds) is not int or cookie_seconds < 1):
            raise InvalidArgumentError("cookie_seconds must be a whole number above 0, or None")
        self._cookie_seconds = cookie_seconds
        self._pauses: dict[str, float] = {}
        self.clock = time.monotonic

    def find(self, request: WebRequest, jar: CookieJar) -> BrowserSession | None:
        """Return the session of a request, its tokens as they are stored; None if there is none.

        Raises :class:`WebRefusedException` (``store_unavailable``, ``renewal_pending``).
        """
        sealed = jar.sealed_session(request.cookies())
        if sealed is None:
            return None
        if not self._stored:
            return self._unseal(sealed)
        text = self._sealer.open(_STORED, sealed, self._seconds)
        return None if text is None else self._load(text)

    def read(self, request: WebRequest, jar: CookieJar) -> BrowserSession | None:
        """Return the session of a request; if its access token has expired, renew it first."""
        found = self.find(request, jar)
        if found is None or found.session.expires_at is None:
            return found
        if found.session.expires_at.timestamp() > self._clients[found.provider].clock():
            return found
        if found.session.refresh_token is None:  # a session without one lives as its tokens
            return None
        return self._renew(found)

    def _load(self, text: str) -> BrowserSession | None:
        provider, name = read_stored(text)
        client = self._clients.get(provider)
        if client is None:
            return None
        try:
            return BrowserSession(provider, client.session(name))
        except TokenRequestException as error:
            if error.code == "login_required":
                return None
            raise unavailable_error(error) from error

    def _unseal(self, sealed: str) -> BrowserSession | None:
        for provider, client in self._clients.items():
            text = self._sealer.open(self._purpose(provider), sealed, self._seconds)
            if text is not None:
                return _session_in(SealedSession.from_text(text), client)
        return None

    def _purpose(self, provider: str) -> str:
        """Return for what a session is sealed.

        No store says whose a sealed session is, so its seal does: programs may share a secret, and
        a provider's name may come to mean another one.
        """
        client = self._clients[provider]
        return json.dumps(["sealed session", provider, client.issuer, client.client_id])

    def _renew(self, found: BrowserSession) -> BrowserSession | None:
        """Return the session with a new access token; None where only a login helps.

        A provider that is down logs nobody out: the session is returned as it is.
        """
        name = str(state_of(found.session).name)
        if self.clock() < max(self._pauses.get(found.provider, 0.0), self._pauses.get(name, 0.0)):
            return found
        try:
            with waiting_at_most(_SHARE_FOR_LOCKS * PATIENCE), deadline(PATIENCE):
                found.session.get_access_token()
        except TimeoutError:  # the renewal goes on
            self._pause(found.provider)
        except PyIdentityModelException as error:  # it is logged
            if error.code == "login_required":
                return None
            if error.code == "store_unavailable":
                raise unavailable_error(error) from error
            # Only an outage is the same for everyone: one broken session must not pause others.
            is_down = status_of(error) == 503 and error.code != "renewal_pending"
            self._pause(found.provider if is_down else name)
        return found

    def _pause(self, key: str) -> None:
        now = self.clock()
        if len(self._pauses) >= _MOST_PAUSES:
            self._pauses = {one: until for one, until in self._pauses.items() if until > now}
        self._pauses[key] = now + _PAUSE

    def check_store(self, provider: str) -> None:
        """Raise :class:`WebRefusedException` while sessions cannot be stored."""
        if not self._stored:
            return
        try:
            self._clients[provider].check_session_store()
        except TokenRequestException as error:
            raise unavailable_error(error) from error

    def cookies(self, found: BrowserSession, request: WebRequest, jar: CookieJar) -> list[str]:
        """Return the fields ``Set-Cookie`` of a session that begins.

        Raises :class:`WebRefusedException` (``session_too_large``).
        """
        provider, session = found
        if self._stored:
            sealed = self._sealer.seal(_STORED, stored_text(provider, session.to_json()))
        else:
            sealed = self._sealer.seal(self._purpose(provider), _text_of(found))
            self.end(found)  # with it ends the only copy of the refresh token
        fields = jar.session_cookies(sealed, self._cookie_seconds)
        if fields is None:
            raise too_large_error(len(sealed))
        return fields

    def forget(self, request: WebRequest, jar: CookieJar) -> list[str]:
        """Return the fields ``Set-Cookie`` that log a browser out here."""
        return jar.forget_session(request.cookies())

    def end(self, found: BrowserSession, *, revoke: bool = False) -> None:
        """End a session in its store; with ``revoke`` its tokens at the provider, if that works.

        Raises :class:`WebRefusedException` where the store cannot be asked.
        """
        client = self._clients[found.provider]
        try:
            client.forget(found.session)
            if revoke:
                with deadline(PATIENCE):
                    client.revoke(*token_to_revoke(found.session))
        except (PyIdentityModelException, TimeoutError) as error:
            reason = getattr(error, "code", "it takes too long")
            store_fails = reason in {"store_unavailable", "renewal_pending"}
            if isinstance(error, PyIdentityModelException) and store_fails:
                raise unavailable_error(error) from error
            logger.info("a session has ended, but its tokens are not revoked: %s", reason)


def _session_in(sealed: SealedSession | None, client: OAuthClient) -> BrowserSession | None:
    if sealed is None:
        return None
    session = Session(
        sealed.token,
        sealed.claims,
        sealed.expires_at,
        sealed.userinfo,
        session_state=sealed.session_state,
        client=client,
    )
    return BrowserSession(sealed.provider, session)


def _text_of(found: BrowserSession) -> str:
    session = found.session
    return SealedSession(
        found.provider,
        session.token,
        session.claims,
        session.userinfo,
        session.expires_at,
        session.session_state,
    ).to_text()


def unavailable_error(error: PyIdentityModelException) -> WebRefusedException:
    """Return the exception for a session store that is unavailable."""
    answer = page(503, "Not available", f"Logins are not available: {error.code}. Try again soon.")
    return WebRefusedException(
        str(error), answer.with_headers(("Retry-After", "5")), code=error.code
    )


def too_large_error(size: int) -> WebRefusedException:
    """Return what to raise for a session that no cookie can hold."""
    text = "The login worked, but its session is too large for a cookie: session_too_large."
    return WebRefusedException(
        f"a sealed session of {size} bytes is too large for cookies: store sessions instead",
        page(500, "Not logged in", text),
        code="session_too_large",
    )

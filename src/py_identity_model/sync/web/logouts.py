# Generated from aio/web/logouts.py by scripts/make_sync.py; edit that file.
"""Logouts: by the user, and by the provider."""

from __future__ import annotations

from collections.abc import Mapping

from ..._logging import log_failure, logger
from ..._protocol.browser_requests import validate_frontchannel_logout_request
from ..._resource_server.replay import ReplayStore
from ..._seam.sync import deadline
from ..._web.answers import NO_STORE, WebAnswer, WebRefusedException, json_answer, page, redirect
from ..._web.failures import is_final, status_of
from ..._web.options import LoginOptions
from ..._web.peeking import peek_claim
from ..._web.places import Place, is_from
from ..._web.requests import WebRequest
from ..._web.sealing import Sealer
from ...exceptions import LogoutTokenValidationException, PyIdentityModelException
from ..oauth_client import OAuthClient
from .browser_sessions import PATIENCE, BrowserSession, BrowserSessions
from .callbacks import Callbacks


class Logouts(Callbacks):
    """Ends sessions."""

    def __init__(
        self,
        clients: Mapping[str, OAuthClient],
        options: LoginOptions,
        sealer: Sealer,
        sessions: BrowserSessions,
        replay_store: ReplayStore,
    ) -> None:
        super().__init__(clients, options, sealer, sessions)
        self._logout_tokens = replay_store

    def logout(self, request: WebRequest) -> WebAnswer:
        """Answer the logout button: end the session here, and go on to the provider's logout.

        Only a form on a page of the program may do it, by POST.  A provider that is down, or that
        has no such endpoint, stops nothing.  OpenID Connect RP-Initiated Logout §2.

        Example::

            answer = login.logout(request)
        """
        place, jar = self._at(request)
        if not is_from(place, request):
            return page(403, "Not logged out", "Only this site can log you out: cross_site_logout.")
        after = place.root + self._options.after_logout
        try:
            found = self._browsers.find(request, jar)
            if found is None:
                return redirect(after, *self._browsers.forget(request, jar))
            at_provider = self._provider_logout_url(found, place)
            self._browsers.end(found, revoke=True)
        except WebRefusedException as error:
            return error.answer
        return redirect(at_provider or after, *self._browsers.forget(request, jar))

    def _provider_logout_url(self, found: BrowserSession, place: Place) -> str | None:
        try:
            with deadline(PATIENCE):
                return self.clients[found.provider].end_session_url(
                    found.session,
                    post_logout_redirect_uri=place.url + self._options.after_logout,
                )
        except (PyIdentityModelException, TimeoutError) as error:
            reason = getattr(error, "code", "it takes too long")
            logger.info("a logout does not reach the provider: %s", reason)
            return None

    def backchannel_logout(self, request: WebRequest) -> WebAnswer:
        """Answer a logout token of a provider: end the sessions that it names.

        OpenID Connect Back-Channel Logout §2.5 to §2.8.

        Example::

            answer = login.backchannel_logout(request)
        """
        token = request.parameter("logout_token") or ""
        said = peek_claim(token, "iss")
        of_issuer = [client for client in self.clients.values() if client.issuer == said]
        refusal: PyIdentityModelException = LogoutTokenValidationException("nothing was posted")
        for client in of_issuer or self.clients.values():
            try:
                client.accept_logout_token(token, self._logout_tokens)
            except PyIdentityModelException as error:
                log_failure("logout", client.issuer, error)
                if refusal.code != "logout_token_replayed" and is_final(refusal):
                    refusal = error
            else:
                return WebAnswer(200)
        return json_answer(status_of(refusal), refusal.code)

    def frontchannel_logout(self, request: WebRequest) -> WebAnswer:
        """Answer the provider's hidden frame: end the sessions of its ``iss`` and ``sid``.

        Browsers send no cookies along with such a frame, so both parameters are needed: register
        ``frontchannel_logout_session_required``.  OpenID Connect Front-Channel Logout §2 and §3.

        Example::

            answer = login.frontchannel_logout(request)
        """
        failures: list[PyIdentityModelException] = []
        for client in self.clients.values():  # several may be of the issuer: it names no client
            try:
                asked = validate_frontchannel_logout_request(
                    f"?{request.query}", issuer=client.issuer, session_required=True
                )
                client.end_sessions(sid=asked.sid or "")
            except PyIdentityModelException as error:
                failures.append(error)
        worst = max(failures, key=status_of, default=None)
        if worst is not None and (len(failures) == len(self.clients) or not is_final(worst)):
            return json_answer(status_of(worst), worst.code)
        return WebAnswer(200, (NO_STORE, ("Content-Type", "text/html; charset=utf-8")))

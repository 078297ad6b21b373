"""Logins of browsers as they end: the provider's answer becomes a session."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ..._activities import record_failure
from ..._logging import log_failure
from ..._web.answers import WebAnswer, WebRefusedException, redirect
from ..._web.cookies import CookieJar
from ..._web.failures import failed_login, is_final, lost_login
from ..._web.options import PENDING_SECONDS, LoginOptions
from ..._web.peeking import peek_claim
from ..._web.pending import PendingLogin
from ..._web.places import Place
from ..._web.requests import WebRequest
from ..._web.sealing import Sealer
from ...exceptions import AuthorizeCallbackException, PyIdentityModelException
from ..oauth_client import AsyncOAuthClient
from ..session import AsyncSession
from .beginnings import PENDING, AsyncBeginnings
from .browser_sessions import AsyncBrowserSession, AsyncBrowserSessions


class AsyncCallbacks(AsyncBeginnings):
    """Finishes logins."""

    def __init__(
        self,
        clients: Mapping[str, AsyncOAuthClient],
        options: LoginOptions,
        sealer: Sealer,
        sessions: AsyncBrowserSessions,
    ) -> None:
        super().__init__(clients, options, sealer)
        self._browsers = sessions

    async def callback(self, request: WebRequest) -> WebAnswer:
        """Answer the redirect back from the provider: log in, and go on to the target.

        An answer is accepted only with the cookie of the login that it belongs to, once.  The
        session gets a new name, and one that the browser had before ends.

        Raises :class:`ConfigurationException`; other failures are answered with a page.

        Example::

            answer = await login.callback(request)
        """
        place, jar = self._at(request)
        cookies = request.cookies()
        cookie = self._cookie_of(request, jar, cookies)
        if cookie not in cookies:
            return await self._answer_without_login(request, place, jar, expired=False)
        text = self._sealer.open(PENDING, cookies[cookie], PENDING_SECONDS)
        if text is None:
            answer = await self._answer_without_login(request, place, jar, expired=True)
            return answer.with_headers(("Set-Cookie", jar.forget(cookie)))
        provider = PendingLogin.provider_of(text)
        at = request.path
        if provider not in self.clients or at != self._options.callback_path(provider):
            return await self._answer_without_login(request, place, jar, expired=False)
        return await self._finish(request, provider, text, jar.forget(cookie))

    def _cookie_of(self, request: WebRequest, jar: CookieJar, cookies: Mapping[str, str]) -> str:
        """Return the name of the cookie of the login that is answered, or of the only one."""
        state = request.parameter("state") or peek_claim(request.parameter("response"), "state")
        if state:
            return jar.pending(state)
        under_way = jar.all_pending(cookies)  # errors may come without state, and sealed answers
        return under_way[0] if len(under_way) == 1 else ""

    async def _finish(
        self, request: WebRequest, provider: str, text: str, forget: str
    ) -> WebAnswer:
        place, jar = self._at(request)
        client = self.clients[provider]
        try:
            login = PendingLogin.from_text(
                text,
                issuer=str((await client.metadata()).issuer),
                client_id=client.client_id,
                redirect_uri=place.url + self._options.callback_path(provider),
            )
            await self._browsers.check_store(provider)  # before the code is spent
            previous = await self._browsers.find(request, jar)
            session = await self._complete_login(request, client, login)
            found = AsyncBrowserSession(provider, session)
            cookies = await self._browsers.cookies(found, request, jar)
        except PyIdentityModelException as error:
            failed = failed_login(error, self._login_path(place))
            return failed.with_headers(("Set-Cookie", forget)) if is_final(error) else failed
        if previous is not None:  # those who knew its name must not share the new one
            with suppress(WebRefusedException):  # the login is good all the same
                await self._browsers.end(previous)
        return redirect(login.target, *cookies, forget)

    async def _complete_login(
        self, request: WebRequest, client: AsyncOAuthClient, login: PendingLogin
    ) -> AsyncSession:
        sent: dict[str, Any] | str = f"?{request.query}"
        if request.method == "POST":
            sent = {name: [*values] for name, values in request.form.items()}
        session = await client.callback(sent, login.begun, userinfo=self._options.userinfo)
        if login.acr_values and session.claims.get("acr") not in login.acr_values:
            error = AuthorizeCallbackException(
                "the user did not log in as the page demands",
                {"acr": session.claims.get("acr"), "acr_values": login.acr_values},
                code="insufficient_user_authentication",
            )
            record_failure("login", "step-up", client.issuer, error)
            await client.forget(session)
            raise error
        return session

    async def _answer_without_login(
        self, request: WebRequest, place: Place, jar: CookieJar, *, expired: bool
    ) -> WebAnswer:
        """Answer a callback that belongs to no login; a user who is logged in is sent home."""
        try:
            found = await self._browsers.find(request, jar)
        except WebRefusedException as error:
            return error.answer
        if found is not None:  # the back button, or a reload
            return redirect(place.root + self._options.after_login)
        code = "login_expired" if expired else "missing_login"
        why = AuthorizeCallbackException("no login was begun in this browser", code=code)
        log_failure("login", place.url, why)
        return lost_login(place.url, self._login_path(place), expired=expired)

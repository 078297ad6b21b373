"""Logins of browsers, from the first redirect to the logout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import time
from typing import Any, ClassVar, Self
from urllib.parse import urlencode

from ..._relying_party.client_parameters import AuthorizationParameters
from ..._resource_server.replay import ReplayStore, replay_store_of
from ..._web.answers import (
    NO_STORE,
    WebAnswer,
    WebRefusedException,
    json_answer,
    redirect,
)
from ..._web.login_settings import check_complete, sort_settings
from ..._web.options import LoginOptions, Sessions, acr_values_of, check_sealed
from ..._web.places import is_from, wants_page
from ..._web.requests import WebRequest
from ..._web.sealed_sessions import meets
from ..._web.sealing import Sealer
from ..._web.targets import path_below
from ...exceptions import InvalidArgumentError
from ..oauth_client import AsyncOAuthClient
from ..session import AsyncSession
from .browser_sessions import AsyncBrowserSessions
from .logouts import AsyncLogouts

_METHODS = {
    "login": ("GET", "POST"),
    "callback": ("GET", "POST"),
    "logout": ("POST",),
    "backchannel": ("POST",),
    "frontchannel": ("GET",),
}


class AsyncWebLogin(AsyncLogouts):
    """Logs browsers in and out, behind any framework.

    It answers ``/login``, ``/callback``, ``/logout`` (by POST), ``/backchannel-logout`` and
    ``/frontchannel-logout``, all below ``prefix``.  Register ``…/callback`` as the redirect URI,
    or ``…/callback/NAME`` where there are several providers.

    :param clients: the client, or one for each provider, by names that users choose from
    :param secret: at least 32 random bytes that seal cookies, the same for all processes; of
        several, the first seals, and all open
    :param public_url: the address that browsers use, where a proxy hands requests on to another
    :param prefix: a path before those above
    :param after_login: where logins lead that name no page
    :param after_logout: where logouts lead; register its URL as post-logout redirect URI
    :param sessions: ``stored`` in the ``session_store`` of each client, under a name in a cookie;
        or ``sealed`` into cookies, without a refresh token: for small programs
    :param backchannel_logout: whether providers may end sessions; None is yes, if they are stored
    :param frontchannel_logout: the same by hidden frames
    :param cookie_name: the session's cookie, after ``__Host-``
    :param cookie_seconds: how long browsers keep it; None is until they are closed
    :param session_seconds: how old a session may become, however it is used
    :param userinfo: ask the provider for the user's claims at each login
    :param response_mode: how answers come back, such as ``form_post``
    :param parameters: further parameters of every authorization request
    :param extra_parameters: those that only this provider knows
    :param replay_store: remembers logout tokens, by default in this process
    :param allow_logins_over_plain_http: cookies without ``Secure``, for networks that are safe by
        other means; this machine itself may always use plain http

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for arguments that cannot work, and
    :class:`ConfigurationException` for sealed sessions that a provider is to end, and for plain
    http.

    Example::

        login = AsyncWebLogin(client, secret=os.environ["SESSION_SECRET"])
    """

    browser_sessions: ClassVar[type[AsyncBrowserSessions]] = AsyncBrowserSessions

    def __init__(
        self,
        clients: AsyncOAuthClient | Mapping[str, AsyncOAuthClient],
        *,
        secret: str | bytes | Sequence[str | bytes],
        public_url: str | None = None,
        prefix: str = "",
        after_login: str = "/",
        after_logout: str = "/",
        sessions: Sessions = "stored",
        backchannel_logout: bool | None = None,
        frontchannel_logout: bool | None = None,
        cookie_name: str = "session",
        cookie_seconds: int | None = None,
        session_seconds: float = 30 * 86400.0,
        userinfo: bool = False,
        response_mode: str | None = None,
        parameters: AuthorizationParameters | None = None,
        extra_parameters: Mapping[str, Any] | None = None,
        replay_store: ReplayStore | None = None,
        allow_logins_over_plain_http: bool = False,
    ) -> None:
        by_name = clients if isinstance(clients, Mapping) else {"default": clients}
        if not all(isinstance(client, AsyncOAuthClient) for client in by_name.values()):
            raise InvalidArgumentError("clients must be an AsyncOAuthClient, or several by name")
        if session_seconds == 0:
            raise InvalidArgumentError("session_seconds must be above 0")
        orders = check_sealed(
            sessions,
            backchannel_logout=backchannel_logout,
            frontchannel_logout=frontchannel_logout,
        )
        options = LoginOptions(
            public_url,
            prefix,
            after_login,
            after_logout,
            cookie_name,
            userinfo,
            response_mode,
            parameters or {},
            extra_parameters or {},
            allow_logins_over_plain_http,
            tuple(by_name),
        )
        sealer = Sealer(secret)
        browsers = self.browser_sessions(
            by_name,
            sealer,
            stored=sessions == "stored",
            seconds=session_seconds,
            cookie_seconds=cookie_seconds,
        )
        super().__init__(by_name, options, sealer, browsers, replay_store_of(replay_store))
        off = {name.removesuffix("_logout") for name, on in orders.items() if not on}
        self.paths = {path: name for path, name in options.paths().items() if name not in off}

    @classmethod
    def from_settings(
        cls, settings: Mapping[str, Any], given: Mapping[str, Any] | None = None
    ) -> Self:
        """Return the login, and its client, that settings describe.

        :param settings: arguments of :class:`AsyncOAuthClient` and of this class, by their names in
            letters of either case, as configuration has them: ``ISSUER``, ``CLIENT_ID``…
        :param given: arguments that the program decides, such as ``session_store``, or ``clients``
            instead of those of a client

        Raises :class:`InvalidArgumentError` (a ``ValueError``) for names that are not an argument,
        for those that the program decides, and where one is missing; and all that the two raise.

        Example::

            login = AsyncWebLogin.from_settings(
                {"ISSUER": "https://op.example", "CLIENT_ID": "web", "SECRET": secret}
            )
        """
        mine, of_client = sort_settings(settings, given or {}, AsyncWebLogin, AsyncOAuthClient)
        if "clients" not in mine:
            check_complete(of_client, AsyncOAuthClient)
            mine["clients"] = AsyncOAuthClient(**of_client)
        elif of_client.keys() - mine.keys():  # both take a replay_store
            named = " and ".join(name for name in of_client if name not in mine)
            raise InvalidArgumentError(f"{named} would be ignored: the clients are made already")
        check_complete(mine, AsyncWebLogin)
        return cls(**mine)

    async def handle(self, request: WebRequest) -> WebAnswer | None:
        """Return the answer to a request for one of the paths above; None for every other.

        Example::

            answer = await login.handle(request)
        """
        name = self.paths.get(request.path)
        if name is None:
            return None
        allowed = _METHODS[name]
        if request.method not in allowed:
            return WebAnswer(405, (NO_STORE, ("Allow", ", ".join(allowed))))
        answers = {
            "login": self.login,
            "callback": self.callback,
            "logout": self.logout,
            "backchannel": self.backchannel_logout,
            "frontchannel": self.frontchannel_logout,
        }
        try:
            return await answers[name](request)
        except WebRefusedException as error:
            return error.answer

    async def session(self, request: WebRequest) -> AsyncSession | None:
        """Return the session of a request, or None where nobody is logged in.

        It reads the store once.  A session whose access token has expired is renewed first, once
        for all who wait for it, so one that the provider has ended is over.

        Raises :class:`WebRefusedException` (503) where the store does not answer: then nobody
        can say who is logged in.

        Example::

            session = await login.session(request)
        """
        if request.header("cookie") is None:  # probes of health, say, which come by any address
            return None
        place, jar = self._at(request)
        if request.is_websocket and not is_from(place, request):
            return None
        found = await self._browsers.read(request, jar)
        return None if found is None else found.session

    async def require(
        self,
        request: WebRequest,
        *,
        acr_values: str | Sequence[str] = (),
        max_age: int | None = None,
    ) -> AsyncSession:
        """Return the session of a request, of a login that is strong and recent enough.

        :param request: the request
        :param acr_values: how the user must have logged in: by one of these
        :param max_age: how many seconds ago the user may have logged in

        Raises :class:`WebRefusedException` otherwise: its answer leads a browser to a login, from
        a form that was sent back to its page, and scripts to 401.  RFC 9470 §3.

        Example::

            session = await login.require(request, max_age=300)
        """
        session = await self.session(request)
        wanted = acr_values_of(acr_values)
        if session is not None and meets(session.claims, wanted, max_age, time()):
            return session
        code = "login_required" if session is None else "insufficient_user_authentication"
        answer = self._to_login(request, code, wanted, max_age)
        raise WebRefusedException("the user must log in", answer, code=code)

    def _to_login(
        self, request: WebRequest, code: str, acr_values: tuple[str, ...], max_age: int | None
    ) -> WebAnswer:
        is_form = request.method == "POST" and request.header("sec-fetch-mode") == "navigate"
        if not is_form and not wants_page(request):
            return json_answer(401, code)
        place, _ = self._at(request)
        query = f"?{request.query}" if request.query else ""
        asked_for = f"{place.root}{request.path}{query}"
        page = path_below(request.header("referer") or "", place.origin)
        named = {
            "next": page if is_form else asked_for,  # what was sent is lost: back to the form
            "acr_values": " ".join(acr_values) or None,
            "max_age": max_age,
        }
        asked = {name: value for name, value in named.items() if value is not None}
        to_login = self._login_path(place)
        return redirect(f"{to_login}?{urlencode(asked, errors='replace')}" if asked else to_login)

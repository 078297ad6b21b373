# Generated from aio/web/beginnings.py by scripts/make_sync.py; edit that file.
"""Logins of browsers as they begin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from ..._activities import record_failure
from ..._protocol.browser_requests import validate_initiate_login_request
from ..._web.answers import WebAnswer, json_answer, page, redirect
from ..._web.cookies import MOST_PENDING, CookieJar
from ..._web.failures import failed_login
from ..._web.options import PENDING_SECONDS, LoginOptions, acr_values_of
from ..._web.pending import PendingLogin
from ..._web.places import Place, shows_answer
from ..._web.requests import WebRequest
from ..._web.sealing import Sealer
from ..._web.targets import path_below
from ...exceptions import InvalidArgumentError, PyIdentityModelException
from ..oauth_client import OAuthClient

PENDING = "login"
_CROSS_SITE = frozenset({"form_post", "form_post.jwt"})


class Beginnings:
    """Begins logins: each is a sealed cookie of its own, so that tabs do not mix them up."""

    def __init__(
        self, clients: Mapping[str, OAuthClient], options: LoginOptions, sealer: Sealer
    ) -> None:
        self.clients = clients
        self._options = options
        self._sealer = sealer

    def _at(self, request: WebRequest) -> tuple[Place, CookieJar]:
        place = self._options.place(request)
        return place, CookieJar(self._options.cookie_name, place.is_secure)

    def begin(
        self,
        request: WebRequest,
        *,
        target: str | None = None,
        provider: str | None = None,
        acr_values: str | Sequence[str] = (),
        max_age: int | None = None,
        login_hint: str | None = None,
    ) -> WebAnswer:
        """Return the redirect to the provider, with the cookie of this login.

        :param request: the request that is answered
        :param target: where to go after the login; only a path of this site is used
        :param provider: which one, by its name; needed where there are several
        :param acr_values: how the user must log in; another login is refused (step-up)
        :param max_age: seconds since the user last typed a password
        :param login_hint: who is to log in

        Raises :class:`InvalidArgumentError` for an unknown provider, and
        :class:`ConfigurationException`.  What the provider fails in is answered with a page.

        Example::

            answer = login.begin(request, target="/orders")
        """
        place, jar = self._at(request)
        name = self._choose_provider(provider)
        wanted = acr_values_of(acr_values)
        options: dict[str, Any] = {
            **self._options.parameters,
            **({"acr_values": " ".join(wanted)} if wanted else {}),
            **({"login_hint": login_hint} if login_hint else {}),
        }
        try:
            begun = self.clients[name].authorization_request(
                redirect_uri=place.url + self._options.callback_path(name),
                response_mode=self._options.response_mode,
                max_age=max_age,
                extra_parameters=self._options.extra_parameters,
                **options,
            )
        except PyIdentityModelException as error:
            record_failure("login", "beginning", self.clients[name].issuer, error)
            return failed_login(error, self._login_path(place))
        login = PendingLogin(name, self._options.target(place, target), begun, wanted)
        cookie = jar.pending_cookie(
            begun.state,
            self._sealer.seal(PENDING, login.to_text()),
            seconds=PENDING_SECONDS,
            cross_site=begun.response_mode in _CROSS_SITE,
        )
        under_way = jar.all_pending(request.cookies())  # browsers send older ones first
        surplus = under_way[: max(0, len(under_way) - MOST_PENDING + 1)]
        return redirect(begun.url, *[jar.forget(one) for one in surplus], cookie)

    def login(self, request: WebRequest) -> WebAnswer:
        """Answer the login page: begin a login, also one that others started.

        It reads ``next``, ``provider``, ``acr_values`` and ``max_age``; or ``iss``,
        ``login_hint`` and ``target_link_uri`` of a login that the provider or another site
        started.  OpenID Connect Core §4.  Scripts, which cannot follow to the provider, and images
        get 401: each would begin a login, and the oldest under way end.

        Example::

            answer = login.login(request)
        """
        if not shows_answer(request):
            return json_answer(401, "login_required")
        if request.parameter("iss") is not None:
            return self._begin_for_third_party(request)
        provider = request.parameter("provider")
        if len(self.clients) > 1 and provider not in self.clients:
            return self._choice(request)
        age = request.parameter("max_age")
        return self.begin(
            request,
            target=request.parameter("next"),
            provider=provider if len(self.clients) > 1 else None,
            acr_values=request.parameter("acr_values") or (),
            max_age=int(age) if age and age.isdecimal() and len(age) < 10 else None,
        )

    def _begin_for_third_party(self, request: WebRequest) -> WebAnswer:
        place, _ = self._at(request)
        pairs = [(name, one) for name, values in request.parameters().items() for one in values]
        try:
            asked = validate_initiate_login_request(
                f"?{urlencode(pairs, errors='replace')}",
                issuers=[client.issuer for client in self.clients.values()],
                allow_target=lambda target: path_below(target, place.origin) is not None,
            )
        except PyIdentityModelException as error:
            return failed_login(error, self._login_path(place))
        name = next(name for name, one in self.clients.items() if one.issuer == asked.issuer)
        target = asked.target_link_uri
        return self.begin(
            request,
            target=None if target is None else path_below(target, place.origin),
            provider=name,
            login_hint=asked.login_hint,
        )

    def _choice(self, request: WebRequest) -> WebAnswer:
        place, _ = self._at(request)
        carried = {
            name: value
            for name in ("next", "acr_values", "max_age")
            if (value := request.parameter(name)) is not None
        }
        path, query = self._login_path(place), urlencode(carried, errors="replace")
        before = f"{path}?{query}&" if query else f"{path}?"
        links = [(f"{before}provider={name}", name) for name in self.clients]
        return page(200, "Log in", "Choose where to log in.", *links)

    def _login_path(self, place: Place) -> str:
        return f"{place.root}{self._options.prefix}/login"

    def _choose_provider(self, provider: str | None) -> str:
        if provider is None and len(self.clients) == 1:
            return next(iter(self.clients))
        if provider is None or provider not in self.clients:
            raise InvalidArgumentError(f"provider must be one of {', '.join(self.clients)}")
        return provider

"""The engine on Django's sessions: they hold the name of a login's record, and nothing else."""

from __future__ import annotations

from django.contrib import auth
from django.http import HttpRequest

from ..._web.answers import WebRefusedException, page
from ..._web.cookies import CookieJar
from ..._web.requests import WebRequest
from ..._web.sealed_sessions import stored_text
from ...sync.web import WebLogin
from ...sync.web.browser_sessions import BrowserSession, BrowserSessions
from .requests import django_of

KEY = "py_identity_model.session"


class DjangoSessions(BrowserSessions):
    """Keeps the names of sessions in Django's, and users logged in by Django's means."""

    def find(self, request: WebRequest, jar: CookieJar) -> BrowserSession | None:
        """Return the session of a request; None if there is none."""
        return self.of(django_of(request))

    def of(self, request: HttpRequest) -> BrowserSession | None:
        """Return the session of Django's form of a request."""
        text = request.session.get(KEY)
        return self._load(text) if isinstance(text, str) else None

    def cookies(self, found: BrowserSession, request: WebRequest, jar: CookieJar) -> list[str]:
        """Log the user in, under a new session key; raise where the program does not want them."""
        django = django_of(request)
        user = auth.authenticate(django, oidc_session=found.session)
        if user is None:
            self.end(found)
            answer = page(403, "Not logged in", "This account may not be used here: unknown_user.")
            raise WebRefusedException("the user is refused", answer, code="unknown_user")
        text = stored_text(found.provider, found.session.to_json())
        auth.login(django, user)
        django.session[KEY] = text
        return []

    def forget(self, request: WebRequest, jar: CookieJar) -> list[str]:
        """Log the user out."""
        auth.logout(django_of(request))
        return []


class DjangoLogin(WebLogin):
    """The login of a Django program."""

    browser_sessions = DjangoSessions

    def end(self, request: HttpRequest) -> None:
        """End the session of a request, where Django logs its user out: in the admin, say."""
        assert isinstance(self._browsers, DjangoSessions)
        found = self._browsers.of(request)
        if found is not None:
            self._browsers.end(found, revoke=True)

"""The engine on Django's sessions: they hold the name of a login's record, and nothing else."""

from __future__ import annotations

from django.contrib import auth

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
        text = django_of(request).session.get(KEY)
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

"""The setting ``OIDC``, and the login that is made from it."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.urls import get_script_prefix, reverse
from django.utils.module_loading import import_string

from ..._web.sealing import Sealer
from ...sync.oauth_client import OAuthClient
from .login import DjangoLogin
from .stores import DjangoSessionStore

OPTIONS = {
    "ISSUER": "the provider's URL",
    "CLIENT_ID": "the client",
    "CLIENT_SECRET": "its secret",
    "CLIENT": "instead of these three: a function, or its path, that returns an OAuthClient",
    "SCOPE": "what is asked for, by default openid profile email",
    "USERINFO": "ask for the user's claims at each login",
    "PUBLIC_URL": "the address that browsers use, where a proxy hands requests on",
    "AFTER_LOGOUT": "where logouts lead, by default /",
    "CREATE_USERS": "False refuses users who are not known yet",
    "UPDATE_USER": "a function, or its path: (user, claims), called at each login before saving",
    "GROUPS_CLAIM": "the claim that names the user's groups; those that exist here are set",
    "PARAMETERS": "further parameters of every authorization request",
}
_SCOPE = "openid profile email"


def option(name: str, default: Any = None) -> Any:
    """Return a member of the setting ``OIDC``; the path of a function becomes the function."""
    value = getattr(settings, "OIDC", {}).get(name, default)
    if name in {"CLIENT", "UPDATE_USER"} and isinstance(value, str):
        return import_string(value)
    return value


def web_login() -> DjangoLogin:
    """Return the login, at the place where its URLs are included."""
    path = reverse("oidc:login").removesuffix("/login")
    return _login("/" + path.removeprefix(get_script_prefix()) if path else "")


@cache
def _sealer() -> Sealer:
    return Sealer([settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS])


@cache
def _client() -> OAuthClient:
    make = option("CLIENT")
    if make is not None:
        made: OAuthClient = make(DjangoSessionStore(_sealer()))
        return made
    return OAuthClient(
        option("ISSUER"),
        option("CLIENT_ID"),
        client_secret=option("CLIENT_SECRET"),
        scope=option("SCOPE", _SCOPE),
        session_store=DjangoSessionStore(_sealer()),
    )


@cache
def _login(prefix: str) -> DjangoLogin:
    return DjangoLogin(
        _client(),
        secret=[settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS],
        public_url=option("PUBLIC_URL"),
        prefix=prefix,
        after_logout=option("AFTER_LOGOUT", "/"),
        userinfo=option("USERINFO", False),
        parameters=option("PARAMETERS"),
    )


@receiver(setting_changed)
def _forget(*, setting: str, **_: object) -> None:
    if setting in {"OIDC", "SECRET_KEY", "SECRET_KEY_FALLBACKS"}:
        for made in (_sealer, _client, _login):
            made.cache_clear()

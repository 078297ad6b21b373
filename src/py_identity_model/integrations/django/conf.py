"""The setting ``OIDC``, and the login that is made from it."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.shortcuts import resolve_url
from django.urls import get_script_prefix, reverse
from django.utils.module_loading import import_string

from ..._web.sealing import Sealer
from ..._wire.arguments import check_switches
from .login import DjangoLogin
from .stores import DjangoSessionStore

FUNCTIONS = ("CLIENT", "FIND_USER", "UPDATE_USER")
_READ = {"OIDC", "SECRET_KEY", "SECRET_KEY_FALLBACKS", "LOGIN_REDIRECT_URL", "LOGOUT_REDIRECT_URL"}
_NOT_OF_LOGINS = {*FUNCTIONS, "CREATE_USERS", "GROUPS_CLAIM"}


def option(name: str, default: Any = None) -> Any:
    """Return a member of the setting ``OIDC``; the path of a function becomes the function."""
    value = getattr(settings, "OIDC", {}).get(name, default)
    return import_string(value) if name in FUNCTIONS and isinstance(value, str) else value


def web_login() -> DjangoLogin:
    """Return the login, at the place where its URLs are included."""
    return _login(place())


def place() -> str:
    """Return where its URLs are included; raises NoReverseMatch where they are not."""
    return _below(reverse("oidc:login")).removesuffix("/login")


def make_login(prefix: str, make: Any = None) -> DjangoLogin:
    """Return a login of the settings, at a place; raise for settings that cannot work."""
    check_switches(CREATE_USERS=option("CREATE_USERS", True))
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    given: dict[str, Any] = {"secret": secrets, "prefix": prefix, "sessions": "stored"}
    leads = {"AFTER_LOGOUT": _below(resolve_url(settings.LOGOUT_REDIRECT_URL or "/"))}
    if settings.is_overridden("LOGIN_REDIRECT_URL"):  # Django's default rarely exists
        leads["AFTER_LOGIN"] = _below(resolve_url(settings.LOGIN_REDIRECT_URL))
    said = {name: one for name, one in settings.OIDC.items() if name not in _NOT_OF_LOGINS}
    store, make = DjangoSessionStore(Sealer(secrets)), make or option("CLIENT")
    if make is not None:
        given["clients"] = make(store)
    else:
        leads["SCOPE"], given["session_store"] = "openid profile email", store
    return DjangoLogin.from_settings({**leads, **said}, given)


def _below(path: str) -> str:
    return path.removeprefix(get_script_prefix().rstrip("/"))


_login = cache(make_login)


@receiver(setting_changed)
def _forget(*, setting: str, **_: object) -> None:
    if setting in _READ:
        _login.cache_clear()

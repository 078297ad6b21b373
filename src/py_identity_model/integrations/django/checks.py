"""What is wrong with the settings, said before the first login."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.db import connections, router
from django.urls import NoReverseMatch
from django.utils.module_loading import import_string

from ...exceptions import ConfigurationException, InvalidArgumentError
from ...sync.oauth_client import OAuthClient
from .conf import FUNCTIONS, make_login, option, place
from .models import SessionRow

_HERE = "py_identity_model.integrations.django"
_BACKEND = f"{_HERE}.backends.OIDCBackend"
_MIDDLEWARE = f"{_HERE}.middleware.OIDCMiddleware"
_WITHOUT_IT = "without it, users stay logged in after the provider ended their session"
_STRICT = "SESSION_COOKIE_SAMESITE must be Lax: browsers come to the callback from another site"
_SHORT_KEY = "SECRET_KEY seals logins: make it 32 bytes or more"
_URLS = f'include its URLs: path("oidc/", include("{_HERE}.urls"))'
_AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"


def check_settings(**_: Any) -> list[CheckMessage]:
    """Return what is wrong with the settings of logins."""
    if not isinstance(getattr(settings, "OIDC", None), dict):
        return [Error("the setting OIDC is missing", hint="OIDC = {…}", id="oidc.E001")]
    order = [*settings.MIDDLEWARE]
    is_there = _MIDDLEWARE in order
    is_early = is_there and _AUTHENTICATION not in order[: order.index(_MIDDLEWARE)]
    has_backend = any(_is_backend(one) for one in settings.AUTHENTICATION_BACKENDS)
    is_open = not settings.DEBUG and not settings.SESSION_COOKIE_SECURE
    is_short = len(settings.SECRET_KEY.encode()) < 32
    mistake = None if is_short else _mistake()
    mistakes = [
        (mistake, f"OIDC: {mistake}", None, "E002"),
        (settings.SESSION_COOKIE_SAMESITE == "Strict", _STRICT, None, "E003"),
        (not has_backend, f"add {_BACKEND} to AUTHENTICATION_BACKENDS", None, "E004"),
        (not is_there, f"add {_MIDDLEWARE} to MIDDLEWARE", _WITHOUT_IT, "E005"),
        (is_early, f"{_MIDDLEWARE} must come after {_AUTHENTICATION}", None, "E006"),
        (is_short, _SHORT_KEY, None, "E007"),
    ]
    found = [Error(text, hint, id=f"oidc.{code}") for is_so, text, hint, code in mistakes if is_so]
    insecure = [Warning("SESSION_COOKIE_SECURE should be True", id="oidc.W001")] if is_open else []
    return [*found, *_check_transactions(), *insecure]


def _mistake() -> str | None:
    """Return what is wrong with ``OIDC``; CLIENT, which may use the network, is not called."""
    try:
        makes_client, *_ = [option(name) for name in FUNCTIONS]
        stand_in = makes_client and (lambda store: OAuthClient("https://op.example", "check"))
        make_login(place(), stand_in)
    except NoReverseMatch as error:
        return _URLS if "oidc" in str(error) else str(error)
    except (ConfigurationException, ImportError, InvalidArgumentError) as error:
        return str(error)
    return None


def _check_transactions() -> list[CheckMessage]:
    connection = connections[router.db_for_write(SessionRow)]
    said = connection.settings_dict
    if not said["AUTOCOMMIT"]:
        text = "records of logins must be committed at once: AUTOCOMMIT must not be False"
        return [Error(text, id="oidc.E008")]
    if said["ATOMIC_REQUESTS"] and connection.vendor == "sqlite":
        hint = "decorate these with django.db.transaction.non_atomic_requests"
        text = "with ATOMIC_REQUESTS on SQLite, views cannot renew tokens"
        return [Warning(text, hint=hint, id="oidc.W002")]
    return []


def _is_backend(path: str) -> bool:
    from .backends import OIDCBackend

    try:
        return issubclass(import_string(path), OIDCBackend)
    except (ImportError, TypeError):
        return False

"""What is wrong with the settings, said before the first login."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.db import connections, router
from django.utils.module_loading import import_string

from .conf import OPTIONS
from .models import SessionRow

_HERE = "py_identity_model.integrations.django"
_BACKEND = f"{_HERE}.backends.OIDCBackend"
_MIDDLEWARE = f"{_HERE}.middleware.OIDCMiddleware"
_WITHOUT_IT = "without it, users stay logged in after the provider ended their session"
_SHORT_KEY = "SECRET_KEY seals logins: make it 32 bytes or more"
_AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"


def check_settings(**_: Any) -> list[CheckMessage]:
    """Return what is wrong with the settings of logins."""
    oidc = getattr(settings, "OIDC", None)
    if not isinstance(oidc, dict):
        return [Error("the setting OIDC is missing", hint=_named(OPTIONS), id="oidc.E001")]
    lacking = set() if "CLIENT" in oidc else {"ISSUER", "CLIENT_ID"} - {*oidc}
    unknown = {*oidc} - {*OPTIONS}
    order = [*settings.MIDDLEWARE]
    is_there = _MIDDLEWARE in order
    is_early = is_there and _AUTHENTICATION not in order[: order.index(_MIDDLEWARE)]
    has_backend = any(_is_backend(one) for one in settings.AUTHENTICATION_BACKENDS)
    is_open = not settings.DEBUG and not settings.SESSION_COOKIE_SECURE
    known = f"known are {_named(OPTIONS)}"
    mistakes = [
        (lacking, f"OIDC lacks {_named(lacking)}", None, "E002"),
        (unknown, f"OIDC has unknown members: {_named(unknown)}", known, "E003"),
        (not has_backend, f"add {_BACKEND} to AUTHENTICATION_BACKENDS", None, "E004"),
        (not is_there, f"add {_MIDDLEWARE} to MIDDLEWARE", _WITHOUT_IT, "E005"),
        (is_early, f"{_MIDDLEWARE} must come after {_AUTHENTICATION}", None, "E006"),
        (len(settings.SECRET_KEY.encode()) < 32, _SHORT_KEY, None, "E007"),
    ]
    found = [Error(text, hint, id=f"oidc.{code}") for is_so, text, hint, code in mistakes if is_so]
    insecure = [Warning("SESSION_COOKIE_SECURE should be True", id="oidc.W001")] if is_open else []
    return [*found, *_check_transactions(), *insecure]


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


def _named(names: Any) -> str:
    return ", ".join(sorted(names))

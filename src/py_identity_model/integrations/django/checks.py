"""What is wrong with the settings, said before the first login."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.db import connections, router

from .conf import OPTIONS

_HERE = "py_identity_model.integrations.django"
_BACKEND = f"{_HERE}.backends.OIDCBackend"
_MIDDLEWARE = f"{_HERE}.middleware.OIDCMiddleware"
_AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"


def check_settings(**_: Any) -> list[CheckMessage]:
    """Return what is wrong with the settings of logins."""
    found: list[CheckMessage] = []
    oidc = getattr(settings, "OIDC", None)
    if not isinstance(oidc, dict):
        return [Error("the setting OIDC is missing", hint=_named(OPTIONS), id="oidc.E001")]
    if "CLIENT" not in oidc and (lacking := {"ISSUER", "CLIENT_ID"} - {*oidc}):
        found.append(Error(f"OIDC lacks {_named(lacking)}", id="oidc.E002"))
    if unknown := {*oidc} - {*OPTIONS}:
        hint = f"known are {_named(OPTIONS)}"
        found.append(
            Error(f"OIDC has unknown members: {_named(unknown)}", hint=hint, id="oidc.E003")
        )
    if not any(_is_backend(one) for one in settings.AUTHENTICATION_BACKENDS):
        found.append(Error(f"add {_BACKEND} to AUTHENTICATION_BACKENDS", id="oidc.E004"))
    order = list(settings.MIDDLEWARE)
    if _MIDDLEWARE not in order:
        found.append(
            Error(
                f"add {_MIDDLEWARE} to MIDDLEWARE",
                hint="without it, users stay logged in after the provider ended their session",
                id="oidc.E005",
            )
        )
    elif _AUTHENTICATION not in order[: order.index(_MIDDLEWARE)]:
        found.append(Error(f"{_MIDDLEWARE} must come after {_AUTHENTICATION}", id="oidc.E006"))
    if len(settings.SECRET_KEY.encode()) < 32:
        found.append(Error("SECRET_KEY seals logins: make it 32 bytes or more", id="oidc.E007"))
    found += _check_transactions()
    if not settings.DEBUG and not settings.SESSION_COOKIE_SECURE:
        found.append(Warning("SESSION_COOKIE_SECURE should be True", id="oidc.W001"))
    return found


def _check_transactions() -> list[CheckMessage]:
    from .models import SessionRow

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
    from django.utils.module_loading import import_string

    from .backends import OIDCBackend

    try:
        return issubclass(import_string(path), OIDCBackend)
    except (ImportError, TypeError):
        return False


def _named(names: Any) -> str:
    return ", ".join(sorted(names))

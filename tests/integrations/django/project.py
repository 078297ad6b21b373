"""A Django project: its settings, and its URLs."""

from __future__ import annotations

import os
import tempfile
from typing import Any

import django
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, JsonResponse

from py_identity_model.integrations.django import session_of

HERE = "py_identity_model.integrations.django"


def database() -> dict[str, str]:
    """Return the PostgreSQL that the environment names, otherwise a file of SQLite."""
    folder = os.environ.get("POSTGRES_HOST")
    if folder is None:
        name = f"{tempfile.mkdtemp()}/db.sqlite3"
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": name}
    named = {"NAME": "postgres", "USER": "postgres", "HOST": folder}
    return {"ENGINE": "django.db.backends.postgresql", **named}


def configure() -> None:
    """Configure Django, once."""
    if settings.configured:
        return
    settings.configure(
        SECRET_KEY="0123456789abcdef" * 3,
        ALLOWED_HOSTS=["*"],
        DATABASES={"default": database()},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "rest_framework",
            "drf_spectacular",
            HERE,
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            f"{HERE}.middleware.OIDCMiddleware",
        ],
        AUTHENTICATION_BACKENDS=[f"{HERE}.backends.OIDCBackend"],
        SESSION_COOKIE_SECURE=True,
        LOGIN_URL="oidc:login",
        ROOT_URLCONF="tests.integrations.django.urls",
        USE_TZ=True,
        REST_FRAMEWORK={"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"},
        OIDC={"ISSUER": "https://op.example", "CLIENT_ID": "web", "CLIENT_SECRET": "secret"},
    )
    django.setup()


def home(request: HttpRequest) -> JsonResponse:
    user: Any = request.user
    return JsonResponse({"user": user.get_username() if user.is_authenticated else None})


@login_required
def me(request: HttpRequest) -> JsonResponse:
    session = session_of(request)
    assert session is not None
    return JsonResponse({"sub": session.subject})


async def refresh(request: HttpRequest) -> JsonResponse:
    """A view that waits, and leaves what blocks to a thread."""
    session, user = session_of(request), await request.auser()
    assert session is not None
    token = await sync_to_async(session.refresh)()
    return JsonResponse({"user": user.is_authenticated, "token": token != ""})


def leave(request: HttpRequest) -> JsonResponse:
    """Log the user out as Django's admin does."""
    logout(request)
    return JsonResponse({})


def fail(request: HttpRequest) -> JsonResponse:
    raise RuntimeError("the view failed")


def token_and_fail(request: HttpRequest) -> JsonResponse:
    """Write, get a token for an API, and fail: all that was written is rolled back."""
    from django.contrib.auth.models import User

    User.objects.create(username="written")
    session = session_of(request)
    assert session is not None
    session.get_access_token(resource=request.GET["resource"])
    raise RuntimeError("the view failed")

"""A web application and an API in Django, in one file: pages for users, routes for access tokens.

    export OIDC_ISSUER=https://auth.example.com OIDC_CLIENT_ID=… OIDC_SECRET=… OIDC_AUDIENCE=my-api
    export SESSION_SECRET=$(python -c 'import secrets; print(secrets.token_urlsafe(32))')
    python -m examples.django_web migrate
    python -m examples.django_web runserver

Register ``http://127.0.0.1:8000/callback`` as the redirect URI, and ``http://127.0.0.1:8000/`` for
logouts.  In a project of yours, the settings are in ``settings.py``; see docs/web.md.
"""

import sys
from os import environ as env

from django.conf import settings

if not settings.configured:
    settings.configure(
        SECRET_KEY=env["SESSION_SECRET"],
        ALLOWED_HOSTS=["localhost", "127.0.0.1"],
        ROOT_URLCONF="examples.django_web",
        DATABASES={
            "default": {
                "ENGINE": f"django.db.backends.{env.get('DATABASE_ENGINE', 'sqlite3')}",
                "NAME": env.get("DATABASE", "db.sqlite3"),
                "HOST": env.get("DATABASE_HOST", ""),
                "USER": env.get("DATABASE_USER", ""),
                "ATOMIC_REQUESTS": env.get("DATABASE_ENGINE") is not None,
            }
        },
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "rest_framework",
            "py_identity_model.integrations.django",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "py_identity_model.integrations.django.middleware.OIDCMiddleware",
        ],
        AUTHENTICATION_BACKENDS=["py_identity_model.integrations.django.backends.OIDCBackend"],
        LOGIN_URL="oidc:login",
        CSRF_COOKIE_HTTPONLY=True,
        OIDC={
            "ISSUER": env["OIDC_ISSUER"],
            "CLIENT_ID": env["OIDC_CLIENT_ID"],
            "CLIENT_SECRET": env["OIDC_SECRET"],
        },
        OIDC_API={"ISSUER": env["OIDC_ISSUER"], "AUDIENCE": env["OIDC_AUDIENCE"]},
    )

from django.contrib.auth.decorators import login_required
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.urls import include, path
from django.utils.html import format_html

from py_identity_model.integrations.django import session_of

application = get_wsgi_application()

from rest_framework.decorators import (  # noqa: E402 - it needs applications that are ready
    api_view,
    authentication_classes,
    permission_classes,
)
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402

from py_identity_model.integrations.drf import (  # noqa: E402
    AccessTokenAuthentication,
    has_scopes,
)

LOGOUT = (
    '<form method="post" action="/logout"><button>Log out</button>'
    '<input type="hidden" name="csrfmiddlewaretoken" value="{}"></form>'
)


def home(request: HttpRequest) -> HttpResponse:
    user = session_of(request)
    if user is None:
        return HttpResponse('<a href="/me">Log in</a>', headers={"Cache-Control": "no-store"})
    return HttpResponse(format_html("Hello {} " + LOGOUT, user.subject, get_token(request)))


@login_required
def me(request: HttpRequest) -> HttpResponse:
    user = session_of(request)
    page = "<h1>Your page</h1>{} " + LOGOUT
    return HttpResponse(
        format_html(page, user.subject if user else request.user, get_token(request))
    )


@api_view()
@authentication_classes([AccessTokenAuthentication])
@permission_classes([has_scopes("read")])
def orders(request: Request) -> Response:
    return Response({"user": str(request.user)})


urlpatterns = [
    path("", home),
    path("me", me),
    path("orders", orders),
    path("", include("py_identity_model.integrations.django.urls")),
]

if __name__ == "__main__":
    execute_from_command_line(sys.argv)

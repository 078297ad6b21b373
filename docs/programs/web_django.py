import os
import sys

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import include, path

from py_identity_model.integrations.django import session_of

HERE = "py_identity_model.integrations.django"
settings.configure(
    SECRET_KEY=os.environ["SESSION_SECRET"],
    ALLOWED_HOSTS=["*"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "users.sqlite3"}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
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
    ROOT_URLCONF=__name__,
    OIDC={
        "ISSUER": os.environ["OIDC_ISSUER"],
        "CLIENT_ID": os.environ["OIDC_CLIENT_ID"],
        "CLIENT_SECRET": os.environ["OIDC_CLIENT_SECRET"],
    },
)
app = get_wsgi_application()


@login_required
def me(request: HttpRequest) -> JsonResponse:
    session = session_of(request)  # None for users of other backends
    return JsonResponse({"you": session.subject if session else None})


urlpatterns = [path("me", me), path("oidc/", include(f"{HERE}.urls"))]

if __name__ == "__main__":
    execute_from_command_line(sys.argv)

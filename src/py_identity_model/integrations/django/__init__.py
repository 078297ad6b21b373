"""Logins in Django programs; install the extra ``django``.

Example::

    INSTALLED_APPS += ["py_identity_model.integrations.django"]
    MIDDLEWARE += ["py_identity_model.integrations.django.middleware.OIDCMiddleware"]
    AUTHENTICATION_BACKENDS = ["py_identity_model.integrations.django.backends.OIDCBackend"]
    LOGIN_URL = "oidc:login"
    OIDC = {"ISSUER": "https://op.example", "CLIENT_ID": "web", "CLIENT_SECRET": "s3cret"}

    urlpatterns += [path("oidc/", include("py_identity_model.integrations.django.urls"))]
"""

from __future__ import annotations

from django.http import HttpRequest

from ...sync.session import Session

__all__ = ["session_of"]


def session_of(request: HttpRequest) -> Session | None:
    """Return ``request.oidc_session`` with its type: None for users of other backends, and nobody.

    Its calls wait for the provider and the database: in views that are ``async``, call them by
    ``sync_to_async``.

    Example::

        @login_required
        def orders(request):
            session = session_of(request)
            token = session.get_access_token() if session else None
    """
    found: Session | None = getattr(request, "oidc_session", None)
    return found

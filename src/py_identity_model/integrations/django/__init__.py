"""Logins in Django programs; install the extra ``django``.

Example::

    INSTALLED_APPS += ["py_identity_model.integrations.django"]
    MIDDLEWARE += ["py_identity_model.integrations.django.middleware.OIDCMiddleware"]
    AUTHENTICATION_BACKENDS = ["py_identity_model.integrations.django.backends.OIDCBackend"]
    LOGIN_URL = "oidc:login"
    OIDC = {"ISSUER": "https://op.example", "CLIENT_ID": "web", "CLIENT_SECRET": "s3cret"}

    urlpatterns += [path("oidc/", include("py_identity_model.integrations.django.urls"))]
"""

"""The URLs of the project."""

from __future__ import annotations

from django.urls import include, path

from .project import fail, home, leave, me, refresh, token_and_fail

urlpatterns = [
    path("", home, name="home"),
    path("me", me, name="me"),
    path("refresh", refresh),
    path("fail", fail),
    path("leave", leave),
    path("token-and-fail", token_and_fail),
    path("oidc/", include("py_identity_model.integrations.django.urls")),
]

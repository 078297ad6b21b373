"""The URLs of the project."""

from __future__ import annotations

from django.urls import include, path

from .project import home, me

urlpatterns = [
    path("", home),
    path("me", me),
    path("oidc/", include("py_identity_model.integrations.django.urls")),
]

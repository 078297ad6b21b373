"""Django, its tables, and its test client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from py_identity_model._pytest_plugin import _shared_oidc_provider as _shared_oidc_provider
from py_identity_model._pytest_plugin import logged_in_client as logged_in_client
from py_identity_model._pytest_plugin import oidc_provider as oidc_provider
from py_identity_model._pytest_plugin import oidc_provider_settings as oidc_provider_settings
from py_identity_model.testing import EmbeddedProvider

from .project import configure

configure()

from django.core.management import call_command  # noqa: E402 - after the configuration
from django.test import Client, override_settings  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def tables() -> None:
    """Make the tables, once."""
    call_command("migrate", verbosity=0)


@pytest.fixture(autouse=True)
def empty_tables(tables: None) -> Iterator[None]:
    """Forget every user and session after a test."""
    from django.contrib.auth.models import Group, User
    from django.contrib.sessions.models import Session
    from django.db import connections

    from py_identity_model.integrations.django.models import Identity, LockRow, SessionRow

    yield
    for model in (Identity, LockRow, SessionRow, User, Group, Session):
        model.objects.all().delete()
    connections.close_all()


@pytest.fixture
def oidc(provider: EmbeddedProvider) -> Iterator[dict[str, Any]]:
    """The setting that names the test's provider."""
    said = {
        "ISSUER": provider.issuer,
        "CLIENT_ID": provider.client_id,
        "CLIENT_SECRET": provider.client_secret,
    }
    api = {"ISSUER": provider.issuer, "AUDIENCE": provider.audience}
    with override_settings(OIDC=said, OIDC_API=api):
        yield said


@pytest.fixture
def browser(oidc: dict[str, Any]) -> Client:
    """A browser that nobody used."""
    return Client()

"""The example for Django: ``gunicorn --workers 3 tests.servers.django:app``."""

from __future__ import annotations

from typing import Any

from examples import django_web

from py_identity_model.integrations.django.conf import web_login
from py_identity_model.integrations.django.stores import DjangoSessionStore

from .served import LOCK, clock, note

DjangoSessionStore.lock_timeout = LOCK
for client in web_login().clients.values():
    client.clock = clock


def app(environment: dict[str, Any], start_response: Any) -> Any:
    """Serve a request."""
    note(environment["QUERY_STRING"])
    return django_web.application(environment, start_response)

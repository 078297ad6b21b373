"""Django's test client, logged in by the test kit."""

from __future__ import annotations

import unittest
from typing import Any

import pytest
from django.test import Client, TestCase, override_settings

from py_identity_model.testing import EmbeddedProvider, LoggedInClient, log_in


@pytest.fixture
def oidc_settings(oidc_provider: EmbeddedProvider) -> Any:
    said = {
        "ISSUER": oidc_provider.issuer,
        "CLIENT_ID": oidc_provider.client_id,
        "CLIENT_SECRET": oidc_provider.client_secret,
        "UPDATE_USER": make_staff,
    }
    with override_settings(OIDC=said):
        yield said


def make_staff(user: Any, claims: Any) -> None:
    user.is_staff = "admin" in claims.get("roles", [])


@pytest.mark.parametrize("path", [None, "/me", "/oidc/login?next=/"])
def test_djangos_client_is_logged_in_by_the_callback(
    path: str | None,
    oidc_settings: Any,
    oidc_provider: EmbeddedProvider,
    logged_in_client: LoggedInClient,
) -> None:
    from django.contrib.auth import get_user_model

    client = logged_in_client(Client(), "bob", claims={"roles": ["admin"]}, path=path)
    assert client.get("/me").json() == {"sub": "bob"}
    user: Any = get_user_model().objects.get()
    assert user.is_staff
    assert oidc_provider.count("/token") == 1
    client.post("/oidc/logout", headers={"Origin": "https://testserver"})
    assert client.get("/me").status_code == 302


def test_clients_of_djangos_test_cases_log_in(
    oidc_settings: Any, oidc_provider: EmbeddedProvider
) -> None:
    class Tests(TestCase):
        def test_me(self) -> None:
            log_in(self.client, oidc_provider, "carol")
            assert self.client.get("/me").json() == {"sub": "carol"}

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Tests).run(result)
    assert (result.testsRun, result.failures, result.errors) == (1, [], [])

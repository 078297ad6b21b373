"""The live server of Django's test cases, as programs test their pages with a browser."""

from __future__ import annotations

import unittest
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.op.driver import RealProvider

from .conftest import Serving, Site, django_setting, registration
from .test_logins import log_in, log_out


def test_a_browser_uses_the_live_server_of_a_test_case(
    page: Page, op: RealProvider, serving: Serving, picture: Callable[[Page, str], None]
) -> None:
    serving.configure_django()
    from django.contrib.auth.models import User
    from django.test import LiveServerTestCase, override_settings

    @override_settings(STATIC_URL="/static/")  # the live server needs one
    class Case(LiveServerTestCase):
        def test_a_login(self) -> None:
            site = Site(self.live_server_url, {})
            with override_settings(OIDC=django_setting(registration(op, site.url))):
                log_in(page, site)
                expect(page.locator("body")).to_contain_text("alice")
                picture(page, "logged-in")
                assert User.objects.count() == 1
                log_out(page, site)
                expect(page.locator("body")).to_contain_text("Log in")

    result = unittest.TestResult()
    unittest.TestSuite([Case("test_a_login")]).run(result)
    assert (result.testsRun, result.failures, result.errors) == (1, [], [])
    assert not User.objects.exists()  # the test case has emptied the tables

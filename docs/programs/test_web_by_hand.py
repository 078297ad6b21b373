from typing import Any

import httpx
import pytest

from py_identity_model.testing import EmbeddedProvider


@pytest.fixture
def browser(oidc_provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("OIDC_ISSUER", oidc_provider.issuer)
    monkeypatch.setenv("OIDC_CLIENT_ID", oidc_provider.client_id)
    monkeypatch.setenv("OIDC_CLIENT_SECRET", oidc_provider.client_secret)
    from web_by_hand import app

    return app.test_client()


def visit_provider(answer: Any) -> str:
    """Follow the redirect to the provider, which logs in at once; return where it leads back."""
    return httpx.get(answer.headers["location"], trust_env=False).headers["location"]


def test_a_user_logs_in_and_out(browser: Any) -> None:
    assert browser.get("/").text == "hello stranger"
    back = visit_provider(browser.get("/login"))
    assert browser.get(back, follow_redirects=True).text == "hello alice"
    assert "/end_session" in browser.get("/logout").headers["location"]
    assert browser.get("/").text == "hello stranger"


def test_an_answer_without_a_login_is_refused(browser: Any) -> None:
    assert browser.get("/callback?code=x&state=y").status_code == 400


def test_an_answer_to_another_login_is_refused(browser: Any) -> None:
    browser.get("/login")
    assert browser.get("/callback?code=x&state=forged").text == "not logged in: state_mismatch"


def test_a_user_who_refuses_is_not_logged_in(browser: Any, oidc_provider: EmbeddedProvider) -> None:
    oidc_provider.user = None
    back = visit_provider(browser.get("/login"))
    assert browser.get(back).text == "not logged in: authorization_refused"

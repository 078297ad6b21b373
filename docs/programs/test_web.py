from functools import partial
from importlib import import_module
from typing import Any

import httpx
import pytest

from py_identity_model.testing import EmbeddedProvider

BASE = "https://testserver"  # cookies of logins are for https alone


@pytest.fixture
def programs(oidc_provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OIDC_ISSUER", oidc_provider.issuer)
    monkeypatch.setenv("OIDC_CLIENT_ID", oidc_provider.client_id)
    monkeypatch.setenv("OIDC_CLIENT_SECRET", oidc_provider.client_secret)
    monkeypatch.setenv("SESSION_SECRET", "0123456789abcdef" * 2)


def flask_browser() -> Any:
    client = import_module("web_flask").app.test_client()
    return partial(client.get, base_url=BASE)


def starlette_browser(name: str) -> Any:
    from starlette.testclient import TestClient

    app = import_module(name).app
    return TestClient(app, base_url=BASE, follow_redirects=False).get


def visit(get: Any, url: str) -> Any:
    """Go where redirects lead, to the provider and back, as browsers do."""
    for _ in range(6):
        if url.startswith("http") and not url.startswith(BASE):
            answer = httpx.get(url, trust_env=False)
        else:
            answer = get(url.removeprefix(BASE))
        if "location" not in answer.headers:
            return answer
        url = answer.headers["location"]
    raise AssertionError("too many redirects")


def test_flask(programs: None) -> None:
    assert visit(flask_browser(), "/me").json == {"you": "alice"}


@pytest.mark.parametrize("name", ["web_starlette", "web_fastapi"])
def test_starlette_and_fastapi(programs: None, name: str) -> None:
    assert visit(starlette_browser(name), "/me").json() == {"you": "alice"}


def test_django(programs: None, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    import_module("web_django")
    from django.core.management import call_command
    from django.test import Client

    call_command("migrate", verbosity=0)
    assert visit(partial(Client().get, secure=True), "/me").json() == {"you": "alice"}

"""The web programs of ``examples/``: that they work, and how much users have to write."""

from __future__ import annotations

import ast
import re
import runpy
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from py_identity_model.testing import EmbeddedProvider

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def environment(provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch) -> EmbeddedProvider:
    for name, value in {
        "OIDC_ISSUER": provider.issuer,
        "OIDC_CLIENT_ID": provider.client_id,
        "OIDC_SECRET": provider.client_secret,
        "OIDC_AUDIENCE": provider.audience,
        "SESSION_SECRET": "0123456789abcdef" * 2,
        "API": "http://127.0.0.1:1",
    }.items():
        monkeypatch.setenv(name, value)
    return provider


def app_of(name: str) -> Any:
    return runpy.run_path(str(EXAMPLES / f"{name}.py"))["app"]


def back_from(url: str) -> str:
    return str(httpx.get(url, trust_env=False).headers["location"])


def lines_of(name: str) -> list[str]:
    """Return the lines of a program: without blank lines, comments, and its docstring."""
    text = (EXAMPLES / f"{name}.py").read_text()
    program = text.split('"""', 2)[2]
    return [line for line in program.splitlines() if line.strip() and line.strip()[0] != "#"]


@pytest.mark.parametrize(
    ("name", "most"),
    [
        *(("protected_api", 13), ("web_login", 20), ("flask_web", 25), ("starlette_web", 25)),
        *(("litestar_web", 25), ("quart_web", 25), ("blacksheep_web", 25)),
    ],
)
def test_users_write_little(name: str, most: int) -> None:
    assert len(lines_of(name)) <= most


@pytest.mark.parametrize("page", ["/orders", "/me"])
def test_a_user_of_an_asgi_program_logs_in_and_out(
    environment: EmbeddedProvider, page: str
) -> None:
    app = app_of("web_login" if page == "/orders" else "starlette_web")
    with TestClient(app, base_url="https://testserver", follow_redirects=False) as browser:
        begun = browser.get(browser.get(page).headers["location"])
        done = browser.get(back_from(begun.headers["location"]))
        assert done.headers["location"] == page
        assert "alice" in browser.get("/").text
        browser.post("/logout")
        assert "alice" not in browser.get("/").text


@pytest.mark.parametrize("name", ["litestar_web", "quart_web", "blacksheep_web"])
def test_the_middleware_serves_any_asgi_framework(environment: EmbeddedProvider, name: str) -> None:
    with TestClient(app_of(name), base_url="https://testserver", follow_redirects=False) as browser:
        assert "Log in" in browser.get("/").text
        begun = browser.get(browser.get("/me").headers["location"])
        done = browser.get(back_from(begun.headers["location"]))
        assert done.headers["location"] == "/me"
        page = browser.get("/me")
        assert "<h1>Your page</h1>alice" in page.text
        assert page.headers["content-type"].startswith("text/html")
        assert page.headers["cache-control"] == "private, no-store"
        assert "Hello alice" in browser.get("/").text
        assert browser.get("/logout").status_code == 405
        assert browser.post("/logout").status_code == 303
        assert "Log in" in browser.get("/").text
        assert browser.get("/me").status_code == 303


def test_a_user_of_a_flask_program_logs_in_and_out(environment: EmbeddedProvider) -> None:
    app = app_of("flask_web")
    app.testing = True
    browser, base = app.test_client(), "https://localhost"
    begun = browser.get(browser.get("/me", base_url=base).headers["location"], base_url=base)
    back = back_from(begun.headers["location"])
    done = browser.get(back.removeprefix(base), base_url=base)
    assert done.headers["location"] == "/me"
    assert "Your page" in browser.get("/me", base_url=base).text
    assert "Hello alice" in browser.get("/", base_url=base).text
    browser.post("/logout", base_url=base)
    assert "Log in" in browser.get("/", base_url=base).text
    token = environment.mint(sub="bob", scope="read")
    headers = {"Authorization": f"Bearer {token}"}
    assert browser.get("/orders", headers=headers).json == {"user": "bob"}
    assert browser.get("/orders").status_code == 401


DJANGO = """
import os
from examples import django_web
from django.core.management import call_command
from django.test import Client

call_command("migrate", verbosity=0)
call_command("check", fail_level="ERROR")
browser = Client(headers={"host": "localhost"})
bearer = {"Authorization": f"Bearer {os.environ['TOKEN']}"}
print(browser.get("/").content.decode())
print(browser.get("/me").headers["location"])
print(browser.get("/orders").status_code)
for _ in range(3):  # on a busy machine, loading what a first token needs may take too long
    answer = browser.get("/orders", headers=bearer)
    if answer.status_code != 503:
        break
print(answer.json())
"""


def test_the_django_program_has_pages_and_an_api(
    environment: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By itself: a process configures Django once.  Browsers log in by it in tests/browser."""
    monkeypatch.setenv("DATABASE", str(tmp_path / "db.sqlite3"))
    monkeypatch.setenv("TOKEN", environment.mint(sub="bob", scope="read"))
    program = [sys.executable, "-c", DJANGO]
    found = subprocess.run(
        program, cwd=EXAMPLES.parent, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.splitlines()[-4:] == [
        '<a href="/me">Log in</a>',
        "/login?next=/me",
        "401",
        "{'user': 'bob'}",
    ]


def test_a_program_calls_an_api_in_the_users_name(
    environment: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = app_of("protected_api")
    with TestClient(api, base_url="https://api.example") as orders:
        seen: list[str] = []

        def answer(request: httpx.Request) -> httpx.Response:
            seen.append(request.headers["authorization"])
            found = orders.get("/orders", headers={"Authorization": seen[-1]})
            return httpx.Response(found.status_code, content=found.content)

        monkeypatch.setenv("API", "https://api.example")
        program = runpy.run_path(str(EXAMPLES / "web_login.py"))
        client = httpx.AsyncClient
        transport = httpx.MockTransport(answer)
        monkeypatch.setattr(
            httpx, "AsyncClient", lambda auth: client(auth=auth, transport=transport)
        )
        app = program["app"]
        with TestClient(app, base_url="https://testserver", follow_redirects=False) as browser:
            begun = browser.get("/login?next=/orders")
            browser.get(back_from(begun.headers["location"]))
            assert browser.get("/orders").json() == {"user": "alice", "orders": []}
    assert seen[0].startswith("Bearer ey")


DOCUMENT = (EXAMPLES.parent / "docs/web.md").read_text()
PROGRAMS = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
(SETTINGS,) = re.findall(r"```py\n(# settings.py.*?)```", DOCUMENT, re.DOTALL)


def test_django_needs_few_settings_and_one_include() -> None:
    tree = ast.parse(SETTINGS)
    named = [line for line in tree.body if "urlpatterns" not in ast.unparse(line)]
    assert len(named) <= 12
    assert len(tree.body) == len(named) + 1
    paths = re.findall(r'"(py_identity_model\.[\w.]+)"', SETTINGS)
    for path in paths:
        module, _, name = path.rpartition(".")
        assert find_spec(path if name.islower() else module), path
    assert len(paths) == 5


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_a_program_of_the_document_runs(
    number: int,
    environment: EmbeddedProvider,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    program = PROGRAMS[number].replace("https://auth.example.com", environment.issuer)
    space: dict[str, Any] = {"__name__": "program"}
    exec(compile(program, "web.md", "exec"), space)
    if "me" in space:
        with TestClient(space["app"], base_url="https://testserver") as browser:
            assert browser.get("/me", follow_redirects=False).status_code == 303
    if "transfer" in space:
        with TestClient(space["app"], base_url="https://testserver") as browser:
            assert browser.post("/transfer").status_code == 401


def test_the_document_names_every_way_in() -> None:
    for word in ("step_up", "session_of", "token_of", "router", "init_app", "sealed", "public_url"):
        assert word in DOCUMENT

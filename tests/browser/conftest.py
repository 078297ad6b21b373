"""Chromium, the programs of ``examples/``, and the provider that shows forms."""

from __future__ import annotations

import os
import runpy
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright
from werkzeug.serving import make_server

from py_identity_model import ClientRegistrationRequest, SessionRecord, register_client
from tests.op.driver import Certificates, RealProvider, start
from tests.op.node import find_node, install

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CHROMIUM = HERE / "chromium"
PICTURES = Path(os.environ.get("BROWSER_SCREENSHOTS") or HERE / "screenshots")
SECRET = "0123456789abcdef" * 2


@pytest.fixture(scope="session")
def node() -> Path:
    """Node, with what the lock file names installed."""
    found = find_node()
    install(found, CHROMIUM, "@sparticuz/chromium")
    return found


@pytest.fixture(scope="session")
def chrome(node: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser: the one from npm on Linux, otherwise the Chrome of the system."""
    with sync_playwright() as playwright:
        if sys.platform != "linux":
            try:
                yield playwright.chromium.launch(channel="chrome")
            except Error:
                pytest.skip("NOT TESTED in a browser: no Chrome is installed")
            return
        folder = {**os.environ, "TMPDIR": str(tmp_path_factory.mktemp("chromium"))}
        unpack = [str(node), "unpack.mjs"]
        path = subprocess.run(
            unpack, cwd=CHROMIUM, env=folder, check=True, capture_output=True, text=True
        ).stdout
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def op(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealProvider]:
    """The certified provider; people log in and consent by its forms."""
    certificates = Certificates(tmp_path_factory.mktemp("op"))
    running = start(certificates, "https://rp.example", shows_forms=True)
    yield running
    running.stop()


@dataclass
class Site:
    """A program that serves, and what it is made of."""

    url: str
    space: dict[str, Any] = field(repr=False)

    def provider_session(self) -> str:
        """Return the ``sid`` of the login that began last."""
        if "client" not in self.space:
            return str(django_record().session_id)
        entries = self.space["client"]._sessions.records.storage.store._entries
        return str(dict([*entries.values()][-1].keys)["sid"])


def django_record() -> SessionRecord:
    """Return the record of the login that began last in the Django program."""
    from py_identity_model.integrations.django.conf import web_login
    from py_identity_model.integrations.django.models import SessionRow

    (client,) = web_login().clients.values()
    found = client._sessions.records.storage.store.get(SessionRow.objects.latest("until").name)
    assert found is not None
    return found


def closing_connections(application: Any) -> Any:
    """Let no thread end with an open database, even if its browser has left."""

    def serve(environment: dict[str, Any], start_response: Any) -> list[bytes]:
        from django.db import connections

        answer = application(environment, start_response)
        try:
            return [b"".join(answer)]
        finally:
            answer.close()
            connections.close_all()

    return serve


class Serving:
    """Runs programs of ``examples/`` on ports of this machine until the end of a test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self._stops: list[Callable[[], object]] = []

    def listen(self) -> tuple[socket.socket, str]:
        """Return a socket that listens, and the URL of what will serve there."""
        listener = socket.create_server(("127.0.0.1", 0))
        self._stops.append(listener.close)
        return listener, f"http://localhost:{listener.getsockname()[1]}"

    def run(self, name: str, listener: socket.socket, **environment: str) -> dict[str, Any]:
        """Run a program as the environment says, and return what it is made of."""
        for variable, value in {"SESSION_SECRET": SECRET, **environment}.items():
            self._patch.setenv(variable, value)
        if name == "django_web":
            space = self.configure_django(OIDC=django_setting(environment))
            self._wsgi(closing_connections(space["application"]), listener)
            return space
        folder = HERE if (HERE / f"{name}.py").exists() else ROOT / "examples"
        space = runpy.run_path(str(folder / f"{name}.py"))
        serve = self._wsgi if "flask" in name else self._asgi
        serve(space["app"], listener)
        return space

    def configure_django(self, **changed: Any) -> dict[str, Any]:
        """Return the Django program, with its settings, which a process can make only once."""
        from django.conf import settings

        # Playwright's event loop is in this thread, which Django takes for a mistake.
        self._patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        if not settings.configured:
            folder = tempfile.mkdtemp()
            self._patch.setenv("DATABASE", f"{folder}/db.sqlite3")
            for name in ("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_SECRET", "OIDC_AUDIENCE"):
                self._patch.setenv(name, "https://op.example")
            self._patch.setenv("SESSION_SECRET", SECRET)
        from django.core.management import call_command
        from django.db import connections
        from django.test import override_settings
        from examples import django_web

        call_command("migrate", verbosity=0)
        overridden = override_settings(**changed)
        overridden.enable()
        self._stops += [overridden.disable, connections.close_all]
        return vars(django_web)

    def _wsgi(self, app: Any, listener: socket.socket) -> None:
        server = make_server("127.0.0.1", 0, app, threaded=True, fd=listener.fileno())
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        self._stops += [server.server_close, thread.join, server.shutdown]

    def _asgi(self, app: Any, listener: socket.socket) -> None:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            threading.Event().wait(0.005)
        self._stops += [thread.join, lambda: setattr(server, "should_exit", True)]

    def stop(self) -> None:
        """End them all."""
        for stop in reversed(self._stops):
            stop()


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serving]:
    programs = Serving(monkeypatch)
    yield programs
    programs.stop()


SITES = (
    *("starlette_web", "fastapi_web", "flask_web", "django_web"),
    *("litestar_web", "quart_web", "blacksheep_web"),
)


@pytest.fixture(params=SITES)
def site(request: pytest.FixtureRequest, op: RealProvider, serving: Serving) -> Site:
    """A program that logs in at the provider, where it is registered."""
    return registered_site(request.param, op, serving)


@pytest.fixture
def json_site(op: RealProvider, serving: Serving) -> Site:
    """A program whose pages are JSON."""
    return registered_site("web_login", op, serving)


def registered_site(name: str, op: RealProvider, serving: Serving) -> Site:
    listener, url = serving.listen()
    return Site(url, serving.run(name, listener, **registration(op, url)))


def registration(op: RealProvider, url: str) -> dict[str, str]:
    """Register a program, and return the environment that says so."""
    registered = register_client(
        ClientRegistrationRequest(
            f"{op.issuer}/reg",
            redirect_uris=[f"{url}/callback"],
            post_logout_redirect_uris=[f"{url}/"],
            backchannel_logout_uri=f"{url}/backchannel-logout",
            backchannel_logout_session_required=True,
        )
    )
    assert registered.is_successful, registered.error
    return {
        "OIDC_ISSUER": op.issuer,
        "OIDC_CLIENT_ID": str(registered.client_id),
        "OIDC_SECRET": str(registered.client_secret),
        "OIDC_AUDIENCE": "api",
    }


def django_setting(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the setting of the Django program that an environment describes."""
    return {
        "ISSUER": environment["OIDC_ISSUER"],
        "CLIENT_ID": environment["OIDC_CLIENT_ID"],
        "CLIENT_SECRET": environment["OIDC_SECRET"],
    }


@pytest.fixture
def window(chrome: Browser) -> Iterator[BrowserContext]:
    """A browser that nobody has used."""
    context = chrome.new_context(viewport={"width": 800, "height": 500})
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def page(window: BrowserContext) -> Page:
    """A tab of it."""
    return window.new_page()


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Keep what a tab shows, for people."""
    PICTURES.mkdir(exist_ok=True)
    test = request.node.name.replace("[", "-").rstrip("]")

    def keep(page: Page, name: str) -> None:
        page.screenshot(path=str(PICTURES / f"{test}-{name}.png"))

    return keep

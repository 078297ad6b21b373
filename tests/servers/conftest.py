"""Servers with three workers each, the stores that these share, and a provider."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine

from py_identity_model import SQLSessionStore
from py_identity_model.testing import EmbeddedProvider
from tests.postgresql import serving, url_of
from tests.redis.conftest import port as port

ROOT = Path(__file__).parents[2]
WORKERS = 3
COMMANDS = {
    # Connections that idle in a busy client are not closed under the next request.
    "uvicorn": (
        *("-m", "uvicorn", "--log-level=warning", "--timeout-keep-alive=60"),
        *(f"--workers={WORKERS}", "--port={port}"),
    ),
    "gunicorn": (
        *("-m", "gunicorn", "--log-level=warning", f"--workers={WORKERS}", "--threads=8"),
        "--bind=127.0.0.1:{port}",
    ),
}
PROGRAMS = [
    ("uvicorn", "asgi", "redis", 200),
    ("uvicorn", "asgi", "sqlite", 40),
    ("gunicorn", "wsgi", "redis", 40),
    ("gunicorn", "wsgi", "postgresql", 200),
    ("gunicorn", "django", "postgresql", 40),
]


@dataclass
class Program:
    """A program that several workers serve."""

    url: str
    folder: Path
    provider: EmbeddedProvider
    sessions: int

    def expire_tokens(self) -> None:
        """Move the clock of all workers past the end of the access tokens."""
        file = self.folder / "clock"
        (self.folder / "clock.new").write_text(str(float(file.read_text()) + 7200))
        (self.folder / "clock.new").rename(file)

    def served_by(self, call: str) -> int:
        """Return which process served a call."""
        return int((self.folder / call).read_text())

    def browser(self) -> httpx.Client:
        """Return a browser that nobody has used."""
        return httpx.Client(base_url=self.url, trust_env=False, timeout=30, follow_redirects=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The host of a PostgreSQL."""
    try:
        with serving() as host:
            yield host
    except ModuleNotFoundError:
        pytest.skip("NOT TESTED on PostgreSQL: neither a server nor its package is there")


@pytest.fixture(scope="session")
def op() -> Iterator[EmbeddedProvider]:
    """A provider that replaces refresh tokens, and ends a login whose used one comes back."""
    with EmbeddedProvider(rotate_refresh_tokens=True, detect_refresh_token_reuse=True) as running:
        yield running


@pytest.fixture(scope="module", params=PROGRAMS, ids=["-".join(one[:3]) for one in PROGRAMS])
def program(
    request: pytest.FixtureRequest, op: EmbeddedProvider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    """An example, as its server serves it."""
    server, module, store, sessions = request.param
    folder = tmp_path_factory.mktemp("served")
    (folder / "clock").write_text("0")
    environment = {
        **os.environ,
        **store_of(store, module, folder, request),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]),
        "FOLDER": str(folder),
        "HTTP_TIMEOUT": "4",
        "SESSION_SECRET": "0123456789abcdef" * 2,
        "OIDC_ISSUER": op.issuer,
        "OIDC_CLIENT_ID": op.client_id,
        "OIDC_SECRET": op.client_secret,
        "OIDC_AUDIENCE": op.audience,
    }
    if module == "django":
        migrate = [sys.executable, "-m", "examples.django_web", "migrate", "--verbosity=0"]
        subprocess.run(migrate, cwd=ROOT, env=environment, check=True)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = int(probe.getsockname()[1])
    command = [one.format(port=free) for one in COMMANDS[server]]
    arguments = [sys.executable, *command, f"tests.servers.{module}:app"]
    with subprocess.Popen(arguments, cwd=ROOT, env=environment) as running:
        try:
            url = f"http://127.0.0.1:{free}"
            wait_for(url)
            yield Program(url, folder, op, sessions)
        finally:
            running.terminate()


def store_of(
    name: str, module: str, folder: Path, request: pytest.FixtureRequest
) -> dict[str, str]:
    """Return what of the environment names a store, after making its tables."""
    if name == "redis":
        return {"STORE": f"redis://127.0.0.1:{request.getfixturevalue('port')}/0"}
    if name == "sqlite":
        url = f"sqlite:///{folder}/sessions.db?timeout=60"
    else:
        host = request.getfixturevalue("postgres")
        url = url_of(host)
        if module == "django":
            named = {"DATABASE": "postgres", "DATABASE_USER": "postgres", "DATABASE_HOST": host}
            return {"DATABASE_ENGINE": "postgresql", **named}
    engine = create_engine(url)
    SQLSessionStore(engine).create_tables()
    engine.dispose()
    return {"STORE": url}


def wait_for(url: str) -> None:
    """Return once a server answers."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            assert httpx.get(url, trust_env=False).status_code == 200
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the server did not start")

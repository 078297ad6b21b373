"""The programs of ``examples/``, driven over real HTTP with real tokens."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from examples.fastapi_app import app as fastapi_app
from examples.flask_app import app as flask_app
from werkzeug.serving import make_server

from py_identity_model.testing import EmbeddedProvider
from tests.support import DISCOVERY, failing

ROOT = Path(__file__).parents[2]


@pytest.fixture
def environment(provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch) -> EmbeddedProvider:
    monkeypatch.setenv("OIDC_ISSUER", provider.issuer)
    monkeypatch.setenv("OIDC_AUDIENCE", provider.audience)
    return provider


@pytest.fixture
def fastapi_url() -> Iterator[str]:
    server = uvicorn.Server(
        uvicorn.Config(fastapi_app, port=0, log_level="error", lifespan="off", ws="none")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        threading.Event().wait(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/protected"
    server.should_exit = True
    thread.join()


@pytest.fixture
def flask_url() -> Iterator[str]:
    server = make_server("127.0.0.1", 0, flask_app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/protected"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=["fastapi_url", "flask_url"])
def url(request: pytest.FixtureRequest, environment: EmbeddedProvider) -> str:
    return str(request.getfixturevalue(request.param))


def ask(url: str, token: str | None) -> httpx.Response:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    return httpx.get(url, headers=headers)


def test_a_sound_token_opens_the_door(url: str, environment: EmbeddedProvider) -> None:
    for _ in range(3):
        answer = ask(url, environment.mint(sub="alice"))
        assert (answer.status_code, answer.json()) == (200, {"user": "alice"})
    assert environment.count("/jwks") == 1


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"exp": 1}, "token_expired"),
        ({"aud": "another"}, "invalid_audience"),
        ({"iss": "https://evil.example"}, "invalid_issuer"),
    ],
)
def test_a_bad_token_gets_401_and_a_challenge(
    url: str, environment: EmbeddedProvider, claims: dict[str, object], code: str
) -> None:
    answer = ask(url, environment.mint(header=None, algorithm="ES256", **claims))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert code in answer.json().values()


def test_no_token_and_nonsense_get_401(url: str) -> None:
    assert ask(url, None).headers["www-authenticate"] == "Bearer"
    for token in (None, "nonsense", "a.b.c"):
        assert ask(url, token).status_code == 401


def test_an_outage_of_the_provider_is_not_the_callers_fault(
    url: str, environment: EmbeddedProvider
) -> None:
    environment.intercept = failing(DISCOVERY)
    assert ask(url, environment.mint()).status_code == 503


def test_both_apis_work_in_one_program(
    environment: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OIDC_CLIENT_ID", environment.client_id)
    monkeypatch.setenv("OIDC_CLIENT_SECRET", environment.client_secret)
    done = subprocess.run(
        [sys.executable, "-m", "examples.mixed"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    valid, refused = done.stdout.splitlines()
    assert valid == "valid: machine"
    assert refused.startswith("refused: Signature verification failed")
    assert environment.count("/jwks") == 2

"""The programs of ``examples/``, and two from before the adapters, over real HTTP."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from examples.backchannel_logout import app as logout_app
from examples.backchannel_logout import sessions
from werkzeug.serving import make_server

from py_identity_model import DPoPKey, create_dpop_proof
from py_identity_model.testing import EmbeddedProvider
from tests.examples.functions_fastapi import app as fastapi_app
from tests.examples.functions_flask import app as flask_app
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


def program(name: str, provider: EmbeddedProvider, **more: str) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "OIDC_ISSUER": provider.issuer,
        "OIDC_CLIENT_ID": provider.client_id,
        "OIDC_CLIENT_SECRET": provider.client_secret,
        **more,
    }
    command = [sys.executable, "-W", "error", "-m", f"examples.{name}"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True)


def test_a_user_logs_in_to_a_program(provider: EmbeddedProvider) -> None:
    provider.user_claims = {"name": "Alice"}
    running = program("login", provider)
    assert running.stdout is not None
    url = running.stdout.readline().removeprefix("open ").strip()
    httpx.get(url, follow_redirects=True, trust_env=False)
    output, errors = running.communicate(timeout=20)
    assert (running.returncode, errors) == (0, "")
    assert output == "welcome alice: {'sub': 'alice', 'name': 'Alice'}\n"


def test_a_login_refused_by_the_user_is_reported(provider: EmbeddedProvider) -> None:
    provider.user = None
    running = program("login", provider)
    assert running.stdout is not None
    url = running.stdout.readline().removeprefix("open ").strip()
    httpx.get(url, follow_redirects=True, trust_env=False)
    _, errors = running.communicate(timeout=20)
    assert running.returncode == 1
    assert "access_denied" in errors


def test_a_device_gets_its_token(provider: EmbeddedProvider) -> None:
    running = program("device", provider)
    assert running.stdout is not None
    line = running.stdout.readline()
    provider.decide_device(line.split()[-1])
    output, errors = running.communicate(timeout=20)
    assert (running.returncode, errors) == (0, "")
    assert output.startswith("a Bearer token, for ")


def test_a_machines_token_ends_with_its_revocation(provider: EmbeddedProvider) -> None:
    output, errors = program("machine", provider).communicate(timeout=20)
    assert errors == ""
    assert output == ("active before the revocation: True\nactive after the revocation: False\n")


def test_a_session_ends_when_the_provider_says_so(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OIDC_ISSUER", provider.issuer)
    monkeypatch.setenv("OIDC_CLIENT_ID", "web")
    client = logout_app.test_client()
    token = provider.mint(
        aud="web",
        sid="the-sid-of-alice",
        events={"http://schemas.openid.net/event/backchannel-logout": {}},
        header={"typ": "logout+jwt"},
    )
    statuses = []
    for form in ({"logout_token": token}, {"logout_token": token}, {}):
        answer = client.post("/backchannel-logout", data=form)
        statuses.append((answer.status_code, answer.text))
    assert statuses == [(200, ""), (400, "logout_token_replayed"), (400, "malformed_token")]
    assert sessions == {}


@pytest.fixture
def orders_url(environment: EmbeddedProvider) -> Iterator[str]:
    app = runpy.run_path(str(ROOT / "examples/protected_api.py"))["app"]
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_level="error", lifespan="off", ws="none")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        threading.Event().wait(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def test_an_api_answers_refusals_completely(orders_url: str, environment: EmbeddedProvider) -> None:
    url = f"{orders_url}/orders"
    good = ask(url, environment.mint(sub="alice", scope="read"))
    assert (good.status_code, good.json()) == (200, {"user": "alice", "orders": []})
    for token, status, code, word in (
        (None, 401, "missing_token", "Bearer"),
        (environment.mint(exp=1), 401, "token_expired", 'error="invalid_token"'),
        (environment.mint(scope="write"), 403, "insufficient_scope", 'scope="read"'),
    ):
        answer = ask(url, token)
        assert (answer.status_code, answer.json()) == (status, {"detail": code})
        assert word in answer.headers["www-authenticate"]
    key = DPoPKey()
    bound = environment.mint(scope="read", cnf={"jkt": key.jwk_thumbprint})
    proof = create_dpop_proof(key, "GET", url, bound)
    headers = {"authorization": f"DPoP {bound}", "dpop": proof}
    assert httpx.get(url, headers=headers).status_code == 200
    assert httpx.get(url, headers=headers).json() == {"detail": "dpop_proof_replayed"}


def test_a_program_calls_an_api_with_a_token_that_renews_itself(
    orders_url: str, environment: EmbeddedProvider
) -> None:
    output, errors = program("renewing", environment, API=orders_url).communicate(timeout=20)
    assert (output, errors) == ("200\n200\n200\n", "")
    assert environment.count("/token") == 1

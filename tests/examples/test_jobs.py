"""The programs of ``docs/how-to/jobs.md`` for cron and AWS Lambda, in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from joserfc import jws

from py_identity_model.testing import Answer, EmbeddedProvider, Received

PROGRAMS = Path(__file__).parents[2] / "docs" / "programs"
# What the runtime of Lambda does: import the module once, then call the handler for each event.
RUNTIME = """
import json, sys
from job_lambda import handler

for line in sys.stdin:
    print(json.dumps(handler(json.loads(line), None)), flush=True)
"""


REFUSAL = {"WWW-Authenticate": 'Bearer error="invalid_token"'}


def playing_the_api(provider: EmbeddedProvider) -> EmbeddedProvider:
    """Let the provider answer as the API that the programs call, for tokens of its own keys."""

    def api(received: Received) -> Answer | None:
        answers = {"/me": {"you": "machine"}, "/orders": [{"id": 1}]}
        if received.path not in answers:
            return None
        token = jws.extract_compact(received.headers["authorization"].split()[1].encode())
        if token.protected["kid"] not in [key.kid for key in provider.keys]:
            return Answer(401, headers=REFUSAL)
        return Answer.of_json(answers[received.path])

    provider.intercept = api
    return provider


def environment(provider: EmbeddedProvider, home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "HOME": str(home),
        "OIDC_ISSUER": provider.issuer,
        "OIDC_AUDIENCE": provider.audience,
        "OIDC_CLIENT_ID": provider.client_id,
        "OIDC_CLIENT_SECRET": provider.client_secret,
        "API_URL": provider.issuer,
    }


def token_requests(provider: EmbeddedProvider) -> int:
    return [one.path for one in provider.requests].count("/token")


def test_runs_of_a_cron_job_share_a_token(provider: EmbeddedProvider, tmp_path: Path) -> None:
    playing_the_api(provider)
    command = [sys.executable, "job_cron.py"]
    together = [
        subprocess.Popen(
            command,
            cwd=PROGRAMS,
            env=environment(provider, tmp_path),
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    assert [one.communicate(timeout=60)[0] for one in together] == ["machine\n"] * 2
    later = subprocess.run(
        command,
        cwd=PROGRAMS,
        env=environment(provider, tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert later.stdout == "machine\n"
    assert token_requests(provider) == 1


def event(token: str) -> dict[str, Any]:
    """Return what an HTTP API of API Gateway sends, by the documentation of payload 2.0."""
    return {
        "version": "2.0",
        "routeKey": "GET /me",
        "rawPath": "/me",
        "rawQueryString": "",
        "headers": {
            "accept": "*/*",
            "authorization": f"Bearer {token}",
            "content-length": "0",
            "host": "abc123.execute-api.eu-central-1.amazonaws.com",
            "user-agent": "curl/8.5.0",
            "x-amzn-trace-id": "Root=1-6743a5f2-0123456789abcdef01234567",
            "x-forwarded-for": "192.0.2.1",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abc123",
            "domainName": "abc123.execute-api.eu-central-1.amazonaws.com",
            "domainPrefix": "abc123",
            "http": {
                "method": "GET",
                "path": "/me",
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "curl/8.5.0",
            },
            "requestId": "BzIpEiBMDoEEPnQ=",
            "routeKey": "GET /me",
            "stage": "$default",
            "time": "24/Nov/2026:22:15:14 +0000",
            "timeEpoch": 1795558514000,
        },
        "isBase64Encoded": False,
    }


class Function:
    """A function in its process, which Lambda freezes between events."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def invoke(self, event: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps(event)}\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)


@pytest.fixture
def function(provider: EmbeddedProvider, tmp_path: Path) -> Iterator[Function]:
    playing_the_api(provider)
    with subprocess.Popen(
        [sys.executable, "-c", RUNTIME],
        cwd=PROGRAMS,
        env=environment(provider, tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Function(process)
        process.kill()  # also if it is frozen


def test_warm_invocations_share_token_and_keys(
    function: Function, provider: EmbeddedProvider
) -> None:
    answers = [function.invoke(event(provider.mint(sub="alice", scope="read"))) for n in range(2)]
    assert [one["statusCode"] for one in answers] == [200, 200]
    assert json.loads(answers[0]["body"]) == {"you": "alice", "orders": [{"id": 1}]}
    assert token_requests(provider) == 1
    assert [one.path for one in provider.requests].count("/jwks") == 1


def test_lambda_answers_what_the_exception_says(
    function: Function, provider: EmbeddedProvider
) -> None:
    nobody = event("")
    del nobody["headers"]["authorization"]
    refused = function.invoke(nobody)
    assert refused["statusCode"] == 401
    assert refused["headers"]["WWW-Authenticate"].startswith("Bearer")
    assert function.invoke(event(provider.mint(scope="write")))["statusCode"] == 403


def test_a_process_that_was_frozen_goes_on(function: Function, provider: EmbeddedProvider) -> None:
    assert function.invoke(event(provider.mint(sub="alice", scope="read")))["statusCode"] == 200
    function.freeze()
    port, secret = urlsplit(provider.issuer).port or 0, provider.client_secret
    provider.close()  # all connections end; the one that comes next has other keys
    with EmbeddedProvider(port=port, client_secret=secret) as restarted:
        playing_the_api(restarted)
        function.thaw()
        answer = function.invoke(event(restarted.mint(sub="bob", scope="read")))
        assert json.loads(answer["body"])["you"] == "bob"
        assert token_requests(restarted) == 1

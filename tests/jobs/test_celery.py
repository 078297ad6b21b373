"""The program of ``docs/how-to/jobs.md`` in a worker of Celery's that forks, beside a Redis."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from py_identity_model.testing import Answer, EmbeddedProvider, Received

PROGRAMS = Path(__file__).parents[2] / "docs" / "programs"
SEND = """
from job_celery import whoami

print(*[task.get(timeout=60) for task in [whoami.delay() for number in range(12)]])
"""


@pytest.fixture
def environment(provider: EmbeddedProvider, port: int) -> dict[str, str]:
    """What the program reads; the provider plays the API as well."""

    def api(received: Received) -> Answer | None:
        if received.path != "/me":
            return None
        assert received.headers["authorization"].startswith("Bearer ey")
        return Answer.of_json({"you": "machine"})

    provider.intercept = api
    return {
        **os.environ,
        "OIDC_ISSUER": provider.issuer,
        "OIDC_CLIENT_ID": provider.client_id,
        "OIDC_CLIENT_SECRET": provider.client_secret,
        "API_URL": provider.issuer,
        "REDIS_URL": f"redis://127.0.0.1:{port}/0",
    }


@pytest.fixture
def worker(environment: dict[str, str]) -> Iterator[None]:
    """Two forked processes that take tasks."""
    options = ["worker", "--pool", "prefork", "--concurrency", "2", "--loglevel", "WARNING"]
    command = [sys.executable, "-m", "celery", "-A", "job_celery", *options]
    with subprocess.Popen(command, cwd=PROGRAMS, env=environment) as running:
        yield
        running.terminate()


@pytest.mark.usefixtures("worker")
def test_forked_workers_request_one_token_for_all_tasks(
    environment: dict[str, str], provider: EmbeddedProvider
) -> None:
    sent = subprocess.run(
        [sys.executable, "-c", SEND],
        cwd=PROGRAMS,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert sent.stdout.split() == ["machine"] * 12, sent.stderr
    assert [one.path for one in provider.requests].count("/token") == 1

"""A rotating refresh token in several processes: a real provider, a real Redis."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import redis

from py_identity_model import RedisTokenStore, RefreshTokenRequest, StoredToken, TokenSource
from tests.op.browser import Browser
from tests.op.driver import RealProvider
from tests.op.sync.login import SECRET, log_in

ROTATOR = Path(__file__).with_name("rotator.py")
ROOT = Path(__file__).parents[2]


def rotator(port: int, op: RealProvider, token: str, when: str = "") -> subprocess.Popen[str]:
    arguments = [str(port), f"{op.issuer}/token", SECRET, token, when]
    return subprocess.Popen(
        [sys.executable, str(ROTATOR), *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def ended(process: subprocess.Popen[str]) -> str:
    """Return what a process printed."""
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return printed.strip()


def refreshes(op: RealProvider) -> int:
    return len([entry for entry in op.take_log() if entry.get("path") == "/token"])


@pytest.fixture
def token(op: RealProvider, browser: Browser) -> str:
    """The refresh token of a new login."""
    found = log_in(op, browser, "web-rotate").token["refresh_token"]
    op.take_log()
    return str(found)


def is_alive(client: redis.Redis, op: RealProvider, token: str) -> bool:
    """Whether the newest refresh token still works: one that was used twice would end all."""
    request = RefreshTokenRequest(f"{op.issuer}/token", "web-rotate", token, client_secret=SECRET)
    source = TokenSource(request, store=RedisTokenStore(client))
    kept = source.get_token()
    return isinstance(kept, StoredToken) and source.renew(kept.access_token) != kept


@pytest.mark.parametrize("kind", ["", "tasks"], ids=["threads", "tasks"])
def test_processes_that_renew_at_once_reuse_and_lose_nothing(
    kind: str, port: int, client: redis.Redis, op: RealProvider, token: str
) -> None:
    processes = [rotator(port, op, token, kind) for _ in range(3)]
    found = [ended(process) for process in processes]
    assert all(found)
    assert 5 <= refreshes(op) <= 13  # of 3 processes x 4 rounds x 32 threads or 1,000 tasks
    assert is_alive(client, op, token)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_process_that_is_killed_while_it_renews_takes_no_token_with_it(
    when: str, port: int, client: redis.Redis, op: RealProvider, token: str
) -> None:
    with rotator(port, op, token, when) as dying:
        assert dying.wait(timeout=60) == 9
    assert refreshes(op) == (0 if when == "before" else 1)
    assert ended(rotator(port, op, token))
    assert is_alive(client, op, token)

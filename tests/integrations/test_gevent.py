"""The blocking API in greenlets, as gunicorn's gevent workers run it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import pytest

from py_identity_model.testing import Answer, EmbeddedProvider, Received

ROOT = Path(__file__).parents[2]


class Meanwhile:
    """Holds a renewal until the process has sent another request."""

    def __init__(self) -> None:
        self.renewals = 0
        self._other = threading.Event()

    def __call__(self, received: Received) -> Answer | None:
        if received.path == "/meanwhile":
            self._other.set()
        elif received.path == "/token" and "refresh_token" in received.form:
            self.renewals += 1
            if not self._other.wait(20):
                return Answer.of_json({"error": "a renewal holds up the whole process"}, 400)
        return None


@pytest.mark.skipif(find_spec("gevent") is None, reason="NOT TESTED: gevent is not installed")
def test_greenlets_share_a_renewal_and_the_keys(provider: EmbeddedProvider) -> None:
    provider.intercept = meanwhile = Meanwhile()
    arguments = [provider.issuer, provider.client_id, provider.client_secret]
    found = subprocess.run(
        [sys.executable, "-m", "tests.integrations.greenlets", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.split() == ["alice"] * 10 + ["1"]
    assert meanwhile.renewals == 1
    assert provider.count("/jwks") == 1

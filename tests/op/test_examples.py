"""The programs of ``examples/`` that need what only the real provider can do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.op.driver import RealProvider

ROOT = Path(__file__).parents[2]
SECRET = "a-secret-that-is-long-enough-for-HS256-and-then-some"


@pytest.mark.parametrize(
    ("name", "client_id", "expected"),
    [
        ("bound_token", "m2m-pkjwt", "m2m-pkjwt holds the key "),
        ("exchange", "m2m-exchange", "exchanged for urn:ietf:params:oauth:token-type:access_token"),
        ("other_device", "ciba-poll", "alice agreed"),
        ("registration", "", "deleted"),
    ],
)
def test_an_example_does_what_it_says(
    op: RealProvider, tmp_path: Path, name: str, client_id: str, expected: str
) -> None:
    key = tmp_path / "key.jwk"
    key.write_text(json.dumps(op.key("es")))
    environment = {
        **os.environ,
        "OIDC_ISSUER": op.issuer,
        "OIDC_CLIENT_ID": client_id,
        "OIDC_CLIENT_SECRET": SECRET,
        "OIDC_CLIENT_KEY": str(key),
        "OIDC_RESOURCE": "https://api.test/es256",
        "OIDC_USER": "alice",
    }
    command = [sys.executable, "-W", "error", "-m", f"examples.{name}"]
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert expected in ended.stdout

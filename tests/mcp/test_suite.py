"""Every scenario of authorization in the official suite, through the objects of both APIs."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

CLIENT = Path(__file__).parent / "everything.py"
CURRENT = "2026-07-28"
SINCE_2025_11 = (
    *("metadata-default", "metadata-var1", "metadata-var2", "metadata-var3", "basic-cimd"),
    *("scope-from-www-authenticate", "scope-from-scopes-supported"),
    *("scope-omitted-when-undefined", "scope-step-up", "scope-retry-limit", "pre-registration"),
)
SINCE_2025_06 = (
    "token-endpoint-auth-basic",
    "token-endpoint-auth-post",
    "token-endpoint-auth-none",
)
SINCE_2026_07 = (
    *("resource-mismatch", "offline-access-scope", "offline-access-not-supported"),
    *("authorization-server-migration", "metadata-issuer-mismatch"),
    *("iss-supported", "iss-not-advertised", "iss-supported-missing"),
    *("iss-wrong-issuer", "iss-unexpected", "iss-normalized"),
)
EXTENSIONS = (
    *("client-credentials-jwt", "client-credentials-basic", "enterprise-managed-authorization"),
    *("dpop", "dpop-nonce", "wif-jwt-bearer"),
)
OF_2025_03 = ("2025-03-26-oauth-metadata-backcompat", "2025-03-26-oauth-endpoint-fallback")
SCENARIOS = [
    *((one, CURRENT) for one in (*SINCE_2025_11, *SINCE_2025_06, *SINCE_2026_07)),
    *((one, "2025-11-25") for one in (*SINCE_2025_11, *SINCE_2025_06)),
    *((one, "2025-06-18") for one in SINCE_2025_06),
    *((one, "2025-03-26") for one in OF_2025_03),
    *((one, None) for one in EXTENSIONS),  # they belong to no revision
]
APIS = ("awaitable", "blocking")


def run(suite: list[str], folder: Path, api: str, *options: str) -> str:
    """Return what the suite says of our client."""
    command = shlex.join([sys.executable, str(CLIENT), api])
    done = subprocess.run(
        [
            *suite,
            *("client", "--command", command, "-o", str(folder), "--timeout", "240000"),
            *options,
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
    assert done.returncode == 0, said[-4000:]
    return said


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(("scenario", "version"), SCENARIOS)
def test_a_scenario_passes(
    suite: list[str], tmp_path: Path, api: str, scenario: str, version: str | None
) -> None:
    revision = [] if version is None else ["--spec-version", version]
    said = run(suite, tmp_path, api, "--scenario", f"auth/{scenario}", *revision)
    assert "OVERALL: PASSED" in said, said[-4000:]  # one that was skipped succeeds as well
    assert re.search(r"Passed: (\d+)/\1, 0 failed, 0 warnings", said), said[-4000:]


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("version", [CURRENT, "2025-11-25"])
def test_scenarios_pass_side_by_side(
    suite: list[str], tmp_path: Path, api: str, version: str
) -> None:
    said = run(*(suite, tmp_path, api, "--suite", "auth", "--spec-version", version))
    passed = set(re.findall(r"✓ auth/([\w-]+): \d+ passed, 0 failed", said))
    assert passed == {*SINCE_2025_11, *SINCE_2025_06}, said[-4000:]
    assert re.search(r"Total: \d+ passed, 0 failed, 0 warnings", said), said[-4000:]


def test_no_scenario_is_left_out(suite: list[str]) -> None:
    done = subprocess.run([*suite, "list", "--client"], capture_output=True, text=True, check=True)
    assert set(re.findall(r"auth/([\w-]+)", done.stdout)) == {one for one, _ in SCENARIOS}

"""What the package says of itself, and what it does not load."""

from __future__ import annotations

import ast
import pydoc
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import py_identity_model
from py_identity_model.testing import EmbeddedProvider

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_the_version_is_that_of_the_project() -> None:
    assert py_identity_model.__version__ == PROJECT["project"]["version"]


def test_the_package_does_not_load_its_command_line() -> None:
    # Not rich: httpx loads it where it is installed.
    program = (
        "import sys, py_identity_model\n"
        "for name in py_identity_model.__all__: getattr(py_identity_model, name)\n"
        "unwanted = {'typer', 'keyring', 'py_identity_model.cli'}\n"
        "print(sorted(unwanted & {*sys.modules}))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "[]\n"


def test_a_first_token_loads_nothing_for_encrypted_ones() -> None:
    program = (
        "import sys\n"
        "from py_identity_model import TokenValidationConfig, validate_token\n"
        "config = TokenValidationConfig(perform_disco=True, audience='api')\n"
        "validate_token(sys.argv[1], config, sys.argv[2])\n"
        "print(sorted(name for name in sys.modules if '_jose.' in name))"
    )
    with EmbeddedProvider() as provider:
        command = [sys.executable, "-c", program, provider.mint(), provider.issuer]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = {name.rpartition(".")[2] for name in ast.literal_eval(ran.stdout)}
    assert "tokens" in loaded
    assert not loaded & {"encryption", "decrypter", "key_material", "signer"}


def test_the_command_line_without_its_extra_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['typer'] = None; from py_identity_model.cli import main; main()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2
    assert "py-identity-model[cli]" in ran.stderr


def test_the_package_is_a_program() -> None:
    command = [sys.executable, "-m", "py_identity_model", "--help"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "verify" in ran.stdout


def test_help_says_what_to_begin_with() -> None:
    text = pydoc.plain(pydoc.render_doc(py_identity_model))
    first = text[: text.index("PACKAGE CONTENTS")]
    for name in ("AccessTokenVerifier", "OAuthClient", "Session", "providers", "testing", "doctor"):
        assert name in first
    assert "class AccessTokenVerifier" in text


def test_a_release_is_started_by_hand_and_runs_only_what_is_pinned() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8")
    triggers = text[text.index("\non:") : text.index("\npermissions:")]
    assert re.findall(r"^  (\w+):", triggers, re.MULTILINE) == ["workflow_dispatch"]
    used = re.findall(r"uses: (\S+)", text)
    assert used
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", one) for one in used)


def test_an_issue_needs_the_report_of_doctor() -> None:
    text = (ROOT / ".github" / "ISSUE_TEMPLATE" / "bug.yml").read_text("utf-8")
    asked = text[text.index("id: doctor") :].partition("- type")[0]
    assert "py-identity-model doctor" in asked
    assert "required: true" in asked


def test_what_is_to_be_mutated_exists() -> None:
    patterns = PROJECT["tool"]["mutmut"]["only_mutate"]
    assert [one for one in patterns if not [*ROOT.glob(one)]] == []

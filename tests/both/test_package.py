"""What the package says of itself, and what it does not load."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import py_identity_model

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))


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

"""Finding Keycloak: what is taken, and what is said of what is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "find_keycloak.py"


def find(folder: Path, **variables: str) -> tuple[int, str]:
    """Return how the script ended and what it printed, with nothing else on PATH."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(folder / "kept")],
        env={"PATH": str(folder / "bin"), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr
    return done.returncode, done.stdout.strip()


@pytest.fixture
def java(tmp_path: Path) -> Path:
    """A program that says that it is a Java; its version is in the file beside it."""
    program = tmp_path / "bin" / "java"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "openjdk version \\"$(/bin/cat "$0.version")\\"" >&2\n')
    program.chmod(0o755)
    version = program.with_name("java.version")
    version.write_text("21.0.4")
    return version


def test_a_missing_java_is_named(tmp_path: Path) -> None:
    assert find(tmp_path) == (
        2,
        "NOT FOUND: Java 17 or newer: put it on PATH, or its folder into JAVA_HOME",
    )


def test_an_old_java_is_named(tmp_path: Path, java: Path) -> None:
    java.write_text("11.0.2")
    status, said = find(tmp_path)
    assert (status, said) == (
        2,
        'NOT FOUND: Java 17 or newer, but openjdk version "11.0.2"',
    )


def test_ways_to_a_distribution_are_named(tmp_path: Path, java: Path) -> None:
    status, said = find(tmp_path)
    assert status == 2
    assert "KEYCLOAK_HOME" in said
    assert "mvn" in said


def test_a_folder_without_keycloak_is_named(tmp_path: Path, java: Path) -> None:
    status, said = find(tmp_path, KEYCLOAK_HOME=str(tmp_path))
    assert status == 2
    assert str(tmp_path) in said


def test_a_distribution_is_copied_without_its_data_and_settings(tmp_path: Path, java: Path) -> None:
    given = tmp_path / "given"
    for name in ("bin/kc.sh", "lib/keycloak.jar", "data/h2/database", "conf/keycloak.conf"):
        (given / name).parent.mkdir(parents=True, exist_ok=True)
        (given / name).write_text(name)
    status, said = find(tmp_path, KEYCLOAK_HOME=str(given))
    copied = {path.relative_to(said).as_posix() for path in Path(said).rglob("*") if path.is_file()}
    assert status == 0
    assert copied == {"bin/kc.sh", "lib/keycloak.jar"}
    assert (given / "data/h2/database").exists()

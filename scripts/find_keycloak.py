#!/usr/bin/env python
"""Provide a copy of Keycloak for the tests: `python scripts/find_keycloak.py FOLDER`.

The distribution is that of ``KEYCLOAK_HOME``, or else the one that Maven fetches from its
configured repository.  Prints the path; without a distribution exits 2 and prints what is missing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

VERSION = "26.7.3"
ARTIFACT = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
OLDEST_JAVA = 17
START = "bin/kc.sh"
NOT_FOUND = 2


class NotFound(Exception):
    """A missing prerequisite, and how to get it."""


def check_java() -> None:
    """Raise NotFound unless the Java that Keycloak would run on is new enough."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else "java"
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        raise NotFound(
            f"Java {OLDEST_JAVA} or newer: put it on PATH, or its folder into JAVA_HOME"
        ) from None
    version = re.search(r'version "(\d+)', answer.stderr)
    if version is None or int(version[1]) < OLDEST_JAVA:
        raise NotFound(f"Java {OLDEST_JAVA} or newer, but {answer.stderr.splitlines()[0]}")


def provide(folder: Path) -> Path:
    """Return the path of a Keycloak in ``folder``; raise NotFound.

    It is a copy: starting Keycloak writes into its own folders.
    """
    given = os.environ.get("KEYCLOAK_HOME")
    if given:
        return copy(Path(given), folder / "keycloak-given")
    home = folder / f"keycloak-{VERSION}"
    return home if (home / START).exists() else fetch(folder)


def copy(given: Path, home: Path) -> Path:
    """Copy a distribution, without its data and its configuration."""
    if not (given / START).is_file():
        raise NotFound(f"{START} in KEYCLOAK_HOME={given}")
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(given, home, ignore=shutil.ignore_patterns("data", "keycloak.conf"))
    return home


def fetch(folder: Path) -> Path:
    """Have Maven unpack the distribution into ``folder``, from its cache if possible."""
    maven = shutil.which("mvn")
    if maven is None:
        raise NotFound("Keycloak: set KEYCLOAK_HOME, or put Maven (mvn) on PATH to fetch it")
    options = ["--batch-mode", "--quiet", f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={folder}"]
    command = [maven, "dependency:unpack", *options]
    try:
        subprocess.run(command, cwd=folder, capture_output=True, check=True, timeout=900)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        raise NotFound(f"{ARTIFACT} in Maven's repositories: set KEYCLOAK_HOME instead") from None
    home = folder / f"keycloak-{VERSION}"
    (home / START).chmod(0o755)
    return home


def main(folder: str) -> int:
    """Print the path of Keycloak, or what is missing."""
    try:
        check_java()
        print(provide(Path(folder).resolve()))
    except NotFound as error:
        print(f"NOT FOUND: {error}")
        return NOT_FOUND
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

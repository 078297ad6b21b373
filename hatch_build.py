"""Refuse to build a release whose generated code is out of date.

Off by default, so that installing from source needs hatchling alone; ``nox -s build`` turns it
on with HATCH_BUILD_HOOK_ENABLE_CUSTOM=true.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CheckGeneratedCode(BuildHookInterface[Any]):
    """Runs the generator's own check before each target is built."""

    def dependencies(self) -> list[str]:
        """Return the pins of the dependency group, which pyproject.toml lists once."""
        import tomllib

        pyproject = tomllib.loads(Path(self.root, "pyproject.toml").read_text("utf-8"))
        return list(pyproject["dependency-groups"]["codegen"])

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Stop the build unless the generated code is up to date."""
        script = Path(self.root, "scripts", "make_sync.py")
        done = subprocess.run([sys.executable, str(script), "--check"], check=False)
        if done.returncode:
            sys.exit("The generated code is out of date: run `nox -s codegen` and commit.")

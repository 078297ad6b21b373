"""Refuse to build a release whose generated code is out of date, and put an SBOM into its wheel.

Off by default, so that installing from source needs hatchling alone; ``nox -s build`` turns it
on with HATCH_BUILD_HOOK_ENABLE_CUSTOM=true.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ReleaseHook(BuildHookInterface[Any]):
    """Runs the generator's own check before each target is built, and adds to the wheel."""

    def dependencies(self) -> list[str]:
        """Return the pins of dependency groups, which pyproject.toml lists once."""
        groups = pyproject(self.root)["dependency-groups"]
        return [*groups["codegen"], *groups["sbom"]]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Stop the build unless the generated code is up to date; add the SBOM of the wheel."""
        script = Path(self.root, "scripts", "make_sync.py")
        done = subprocess.run([sys.executable, str(script), "--check"], check=False)
        if done.returncode:
            sys.exit("The generated code is out of date: run `nox -s codegen` and commit.")
        if self.target_name == "wheel":
            self._folder = tempfile.TemporaryDirectory()
            # In .dist-info/sboms (PEP 770); an older hatchling has no such list, and fails here.
            build_data["sbom_files"].append(str(write_sbom(self.root, self._folder.name)))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was made for the wheel."""
        if self.target_name == "wheel":
            self._folder.cleanup()


def pyproject(root: str) -> dict[str, Any]:
    """Return what pyproject.toml says."""
    return tomllib.loads(Path(root, "pyproject.toml").read_text("utf-8"))


def write_sbom(root: str, folder: str) -> Path:
    """Write what the wheel depends on, in CycloneDX; the same source gives the same bytes.

    Versions are what ``pyproject.toml`` allows: nothing is bundled, installers choose.
    """
    project = pyproject(root)["project"]
    made = subprocess.run(
        [
            *(sys.executable, "-W", "ignore", "-m", "cyclonedx_py", "requirements", "-"),
            *("--pyproject", str(Path(root, "pyproject.toml")), "--mc-type", "library"),
            *("--output-reproducible", "--output-format", "JSON"),
        ],
        input="\n".join(project["dependencies"]),
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        sys.exit(f"The SBOM cannot be made:\n{made.stderr}")
    bom = json.loads(made.stdout)
    # What no option of the tool says: which package it is, and that it depends on all of these.
    root_component = bom["metadata"]["component"]
    root_component["purl"] = f"pkg:pypi/{project['name']}@{project['version']}"
    for node in bom["dependencies"]:
        if node["ref"] == root_component["bom-ref"]:
            node["dependsOn"] = [component["bom-ref"] for component in bom["components"]]
    place = Path(folder, f"{project['name']}.cdx.json")
    place.write_text(json.dumps(bom, indent=2), "utf-8")
    return place

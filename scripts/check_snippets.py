"""Check the types of what readers copy: programs of the README, docs/ and examples/, strictly.

Both mypy and pyright do: readers use one or the other, and each finds what the other does not.

What is shown of other libraries, and tests whose fixtures have no types there, are left out.  So
are pages that need a library without types: sessions of their own run them.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES_APART = {"mcp.md", "keys.md"}
PROGRAMS_APART = {
    "mozilla_django_oidc_after",  # plain Django: which class a user has, settings say
    "job_celery",  # Celery has no types; tests/jobs runs it
}
BUILD_ON_EACH_OTHER = {"signals.md", "workloads.md"}
APART = ("import jwt\n", "from authlib", "\ndef test_", "def login():")


def programs() -> dict[str, str]:
    """Return the programs by a name for each that a module may have."""
    found = {}
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        text = "" if page.name in PAGES_APART else page.read_text("utf-8")
        shown = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
        if page.name in BUILD_ON_EACH_OTHER:
            shown = ["".join(shown)]
        for number, program in enumerate(shown):
            if not any(mark in program for mark in APART):
                name = re.sub(r"\W", "_", str(page.relative_to(ROOT).with_suffix("")))
                found[f"{name}_{number}"] = program
    for file in (ROOT / "docs" / "programs").rglob("*.py"):
        if file.stem not in PROGRAMS_APART and not file.stem.endswith("_before"):
            found[file.stem] = file.read_text("utf-8")
    return found


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        for name, program in programs().items():
            Path(folder, f"{name}.py").write_text(program, "utf-8")
        shutil.copytree(ROOT / "examples", Path(folder, "examples"))
        checks = (check_by_mypy, check_by_pyright)
        return max([check(folder) for check in checks])


def check_by_mypy(folder: str) -> int:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-error-summary"]
    cache = f"--cache-dir={ROOT / '.mypy_cache' / 'snippets'}"
    return subprocess.run([*command, cache, folder], cwd=folder, check=False).returncode


def check_by_pyright(folder: str) -> int:
    """Check as editors do; the oldest Python that is supported finds most."""
    config = {
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
        "extraPaths": [str(ROOT / "src")],
    }
    Path(folder, "pyrightconfig.json").write_text(json.dumps(config), "utf-8")
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--project", folder]
    return subprocess.run(command, cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

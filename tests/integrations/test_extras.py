"""An adapter without its framework: the message names the extra."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import importlib, sys

module, *missing = sys.argv[1:]
for name in missing:
    sys.modules[name] = None
try:
    importlib.import_module(f"py_identity_model.integrations.{module}")
except ImportError as error:
    print(error)
"""
NEEDED = {
    "fastapi": "fastapi",
    "starlette": "starlette.exceptions",
    "flask": "flask",
    "drf": "rest_framework.authentication",
    "requests": "requests",
    "aiohttp": "aiohttp",
    "grpc": "grpc",
}


@pytest.mark.parametrize("module", NEEDED)
def test_an_adapter_names_the_extra_that_it_needs(module: str) -> None:
    command = [sys.executable, "-c", PROGRAM, module, NEEDED[module]]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout.endswith(f"install the extra {module!r}, py-identity-model[{module}]\n")

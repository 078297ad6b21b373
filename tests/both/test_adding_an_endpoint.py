"""Each step of "Adding an endpoint" in CONTRIBUTING.md that could be forgotten."""

from __future__ import annotations

import importlib
import inspect
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from py_identity_model import aio
from py_identity_model._wire.endpoint import Endpoint
from tests.aio import test_endpoints

ROOT = Path(__file__).parents[2]


def modules(package: str) -> list[ModuleType]:
    folder = ROOT / "src/py_identity_model" / package
    names = sorted(path.stem for path in folder.glob("[a-z]*.py"))
    return [importlib.import_module(f"py_identity_model.{package}.{name}") for name in names]


def endpoints_in(module: ModuleType) -> Iterator[Endpoint[Any, Any]]:
    return (value for value in vars(module).values() if isinstance(value, Endpoint))


def endpoints() -> list[tuple[str, Endpoint[Any, Any]]]:
    """Return each endpoint with the name of the module that defines it."""
    return [
        (module.__name__.rpartition(".")[2], endpoint)
        for module in modules("_protocol")
        for endpoint in endpoints_in(module)
        if endpoint.build.__module__ == module.__name__
    ]


INTERNAL = {  # shared between modules, and no part of the API
    "aio.claim_sources": {"fetch_claims"},
    "aio.introspection": {"introspect"},
    "aio.replay_store": {"forget_use", "knows", "process_once", "remember_once"},
    "aio.session_records": {"enter", "leave"},
    "aio.signed_answers": {"verify_response"},
    "aio.token_validation": {"run_validator", "validate"},
}
ASKED = [endpoint for module in modules("aio") for endpoint in endpoints_in(module)]
ENDPOINTS = pytest.mark.parametrize(
    ("name", "endpoint"), endpoints(), ids=[endpoint.operation for _, endpoint in endpoints()]
)


@ENDPOINTS
def test_an_endpoint_is_asked_by_a_function(name: str, endpoint: Endpoint[Any, Any]) -> None:
    assert any(endpoint is asked for asked in ASKED), f"aio/{name}.py does not ask it"


@ENDPOINTS
def test_an_endpoint_is_in_the_table_that_tries_all_of_them(
    name: str, endpoint: Endpoint[Any, Any]
) -> None:
    tried = {operation.partition(" (")[0] for operation in test_endpoints.ALL}
    assert endpoint.operation in tried, "tests/aio/test_endpoints.py does not try it"


@ENDPOINTS
def test_the_pure_half_of_an_endpoint_has_tests_of_its_own(
    name: str, endpoint: Endpoint[Any, Any]
) -> None:
    tests = ROOT / f"tests/protocol/test_{name}.py"
    assert tests.exists(), f"{tests.relative_to(ROOT)} is missing"


def test_a_public_function_that_waits_is_exported() -> None:
    listed = tomllib.loads((ROOT / "scripts/exports.toml").read_text())["aio"]
    for module in modules("aio"):
        name = module.__name__.removeprefix("py_identity_model.")
        public = {
            name
            for name, value in vars(module).items()
            if inspect.iscoroutinefunction(value)
            and value.__module__ == module.__name__
            and not name.startswith("_")
        }
        assert public <= {*listed.get(name, ())} | INTERNAL.get(name, set()), name
    assert {*INTERNAL} <= {
        module.__name__.removeprefix("py_identity_model.") for module in modules("aio")
    }
    assert not {name for names in INTERNAL.values() for name in names} & {*aio.__all__}

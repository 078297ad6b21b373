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


INTERNAL = {  # what modules share, and why it is not exported
    "aio.claim_sources": {
        "fetch_claims": "fetches a token and verifies nothing: `resolve_claims` does both",
    },
    "aio.introspection": {
        "introspect": "`introspect_token` with turns, which a resource server alone needs",
    },
    "aio.replay_store": {
        "forget_use": "makes a token usable again: right only before it had any effect",
        "knows": "asks a store that refused a key why: only `remember_once` and logins must",
        "process_once": "takes its exceptions from the caller, as `remember_once` does",
        "remember_once": "takes its exceptions from the caller, who knows what was repeated",
    },
    "aio.session_locks": {
        "enter": "translates what the lock of a user's store raises, for sources and sessions",
        "leave": "the other half of `enter`: a lock that was lost meanwhile is only logged",
    },
    "aio.signed_answers": {
        "verify_response": "the signed half of an endpoint: its function hands on the response",
    },
    "aio.token_validation": {
        "run_validator": "a step of `validate_token` that verifiers take by themselves",
        "validate": "`validate_token` for callers with less patience, such as verifiers",
    },
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
        internal = {*INTERNAL.get(name, ())}
        assert internal <= public <= {*listed.get(name, ())} | internal, name
    assert {*INTERNAL} <= {
        module.__name__.removeprefix("py_identity_model.") for module in modules("aio")
    }
    assert not {name for names in INTERNAL.values() for name in names} & {*aio.__all__}

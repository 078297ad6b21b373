"""The two APIs are one: same names, same signatures, same documentation, up to translation."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

import pytest

import py_identity_model
from py_identity_model import aio, sync

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src/py_identity_model"


def modules(package: Path) -> set[Path]:
    return {path.relative_to(package) for path in package.rglob("*.py")}


def plain(text: str) -> str:
    """Return ``text`` as the generator words it."""
    text = re.sub(r"\b(async|await) +(?=[\w(])", "", text)
    text = re.sub(r"\bAsync(?=[A-Z])", "", text)
    text = text.replace("asynchronous", "synchronous")
    text = text.replace("async_auth_flow", "sync_auth_flow")  # httpx has both names
    text = text.replace("AbstractAsyncContextManager", "AbstractContextManager")
    return text.replace("py_identity_model.aio", "py_identity_model")


def test_both_packages_export_the_same_names() -> None:
    assert {plain(name) for name in aio.__all__} == {*sync.__all__}


def test_both_packages_have_the_same_modules() -> None:
    written, generated = modules(PACKAGE / "aio"), modules(PACKAGE / "sync")
    assert written == generated


@pytest.mark.parametrize("name", aio.__all__)
def test_a_name_means_the_same_in_both_packages(name: str) -> None:
    ours, theirs = getattr(aio, name), getattr(sync, plain(name))
    if ours is theirs:
        return
    assert plain(inspect.getdoc(ours) or "") == inspect.getdoc(theirs)
    assert shape(ours) == shape(theirs)
    if inspect.isclass(ours):
        members = {plain(member): value for member, value in vars(ours).items()}
        for member, value in vars(theirs).items():
            if inspect.isfunction(value) and not member.startswith("_"):
                assert shape(members[member]) == shape(value)
                assert plain(members[member].__doc__ or "") == value.__doc__


def shape(thing: Any) -> list[tuple[str, object, object, str]]:
    signature = inspect.signature(thing)
    return [
        (p.name, p.kind, p.default, plain(str(p.annotation))) for p in signature.parameters.values()
    ] + [("return", None, None, plain(str(signature.return_annotation)))]


@pytest.mark.parametrize("package", [py_identity_model, aio, sync])
def test_a_package_lists_the_names_that_it_loads_and_checkers_see(package: ModuleType) -> None:
    assert package.__file__ is not None
    text = Path(package.__file__).read_text()
    block = text[text.index("if TYPE_CHECKING:") : text.index("__all__")]
    seen = re.findall(r"\b(\w+) as \1\b", block)
    table = text[text.index("lazy_names(") :]
    loaded = re.findall(r'"([A-Za-z]\w+)"', table)
    assert len(package.__all__) == len({*package.__all__})
    assert {*seen} == {*loaded} == {*package.__all__}
    assert {*package.__all__} <= {*dir(package)}
    for name in package.__all__:
        assert getattr(package, name) is not None


@pytest.mark.parametrize("package", [py_identity_model, aio])
def test_frameworks_can_read_the_types_of_every_function_and_class(package: ModuleType) -> None:
    for name in package.__all__:
        thing = getattr(package, name)
        if inspect.isfunction(thing):
            assert "return" in get_type_hints(thing)
        elif inspect.isclass(thing):
            get_type_hints(thing)


@pytest.mark.parametrize("package", [py_identity_model, aio, sync])
def test_a_missing_name_is_reported_as_usual(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = package.nonsense


def test_every_public_function_and_class_is_documented_with_an_example() -> None:
    bare = []
    for package in (py_identity_model, aio):
        for name in package.__all__:
            thing = getattr(package, name)
            if inspect.isfunction(thing) or name in {"AsyncHTTPClient", "HTTPClient"}:
                doc = inspect.getdoc(thing) or ""
                if "Example::" not in doc:
                    bare.append(name)
    assert bare == []


@pytest.mark.parametrize(
    "name", [name for name in aio.__all__ if inspect.iscoroutinefunction(getattr(aio, name))]
)
def test_a_function_that_waits_is_short(name: str) -> None:
    """What grows belongs in `send`, or in pure code."""
    (function,) = ast.parse(textwrap.dedent(inspect.getsource(getattr(aio, name)))).body
    assert isinstance(function, ast.AsyncFunctionDef)
    body = function.body[1:]  # without the docstring
    assert (body[-1].end_lineno or 0) - body[0].lineno < 20


def test_both_ways_of_importing_have_every_name_that_does_not_block() -> None:
    """A program that imports one package needs no other for its exceptions or its settings."""
    from_root = {*py_identity_model.__all__}
    assert {plain(name) for name in aio.__all__} == from_root
    for name in from_root & {*aio.__all__}:
        ours, theirs = getattr(aio, name), getattr(py_identity_model, name)
        assert ours is theirs or inspect.iscoroutinefunction(ours) or is_written_twice(ours)


def is_written_twice(thing: Any) -> bool:
    """Whether the generator made another of something that calls what blocks."""
    return str(getattr(thing, "__module__", "")).startswith("py_identity_model.aio.")


@pytest.mark.parametrize(
    ("package", "name", "meant"),
    [
        ("py_identity_model.aio", "OAuthClient", "AsyncOAuthClient"),
        ("py_identity_model", "AsyncOAuthClient", "OAuthClient"),
        ("py_identity_model.aio", "validate_tokn", "validate_token"),
    ],
)
def test_a_misspelt_import_says_which_name_was_meant(package: str, name: str, meant: str) -> None:
    with pytest.raises(ImportError, match=f"cannot import name '{name}'.* did you mean '{meant}'"):
        exec(f"from {package} import {name}")
    module = sys.modules[package]
    assert not hasattr(module, name)
    assert getattr(module, name, None) is None


def test_an_import_of_nonsense_suggests_nothing() -> None:
    with pytest.raises(ImportError, match=r"cannot import name 'nonsense' from '[a-z_.]+'$"):
        exec("from py_identity_model.aio import nonsense")

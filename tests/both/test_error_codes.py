"""Every error code of the source is explained, and every explanation is of a code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from py_identity_model import AuthorizeCallbackValidationResult, ErrorKind
from py_identity_model.cli.error_codes import EXPLANATIONS

PACKAGE = Path(__file__).parents[2] / "src" / "py_identity_model"
_CODE = re.compile(r"[a-z][a-z0-9_]*")
_KIND = re.compile(r"ErrorKind\.(\w+)\.value")
_NOT_CODES = {"error_response", "success"}  # outcomes that lead to other codes
Function = ast.FunctionDef | ast.AsyncFunctionDef


def constants(node: ast.expr | None) -> Iterator[str]:
    """Yield the codes that an expression may be."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if _CODE.fullmatch(node.value):
            yield node.value
    elif node is not None and (kind := _KIND.fullmatch(ast.unparse(node))):
        yield ErrorKind[kind[1]].value
    elif isinstance(node, ast.IfExp):
        yield from constants(node.body)
        yield from constants(node.orelse)
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from constants(value)


def codes_of(function: Function) -> Iterator[str]:
    """Yield the default of a parameter ``code``, and what a variable of that name is set to."""
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args]
    pairs = list(zip(reversed(named), reversed(arguments.defaults), strict=False))
    for argument, default in [
        *pairs,
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]:
        if argument.arg == "code":
            yield from constants(default)
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and "code" in {ast.unparse(one) for one in node.targets}:
            yield from constants(node.value)


def place_of_code(function: Function) -> int | None:
    """Return at which place a function takes a code."""
    names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    if "code" not in names or function.name == "__init__":
        return None
    return names.index("code") - (names[0] in {"self", "cls"})


def codes_in(tree: ast.Module, elsewhere: dict[str, int]) -> Iterator[str]:
    """Yield every code in a module; ``elsewhere`` are functions of other modules that take one."""
    functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
    own = {function.name: place_of_code(function) for function in functions}
    places = elsewhere | own
    for function in functions:
        yield from codes_of(function)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg == "code":
                    yield from constants(keyword.value)
            place = places.get(ast.unparse(node.func).rpartition(".")[2])
            if place is not None and place < len(node.args):
                yield from constants(node.args[place])
        if isinstance(node, ast.ClassDef):
            for member in node.body:
                if ast.unparse(member).startswith(("code = ", "code: str = ")):
                    yield from constants(getattr(member, "value", None))


def codes_of_the_source() -> set[str]:
    apart = ("sync", "cli")
    files = [one for one in PACKAGE.rglob("*.py") if one.relative_to(PACKAGE).parts[0] not in apart]
    trees = [ast.parse(file.read_text("utf-8")) for file in files]
    public = {
        node.name: place
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, Function) and not node.name.startswith("_")
        if (place := place_of_code(node)) is not None
    }
    results = {one.value for one in AuthorizeCallbackValidationResult} - _NOT_CODES
    return results.union(*(codes_in(tree, public) for tree in trees))


def test_every_error_code_is_explained() -> None:
    assert codes_of_the_source() - EXPLANATIONS.keys() == set()


def test_every_explanation_is_of_a_code() -> None:
    assert EXPLANATIONS.keys() - codes_of_the_source() == set()


def test_explanations_are_sentences_in_order() -> None:
    assert list(EXPLANATIONS) == sorted(EXPLANATIONS)
    for cause, remedy in EXPLANATIONS.values():
        assert cause[0] == "`" or cause[0].isupper()
        assert remedy[0] == "`" or remedy[0].isupper()
        assert cause[-1] == remedy[-1] == "."

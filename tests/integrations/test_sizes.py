"""How long the adapters are: what they share is in the engine."""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

import pytest

ADAPTERS = Path(__file__).parents[2] / "src/py_identity_model/integrations"
LONGEST = 150
# Not the 300 of the plan: users (two tabs of a new one, those who were there before), models,
# checks and the statements of a store take 242 lines of this, which only Django needs.
LONGEST_DJANGO = 420
BLANK = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE),
    *(tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER),
}
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def lines_of_code(text: str) -> int:
    """Return the number of lines without blank lines, comments and docstrings."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in BLANK:
            lines |= {*range(token.start[0], token.end[0] + 1)}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, Documented) and ast.get_docstring(node) is not None:
            lines -= {*range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)}
    return len(lines)


def test_code_is_counted_without_what_explains_it() -> None:
    assert (
        lines_of_code('"""A module."""\n\n# why\nx = (\n    1,\n)\ndef f():\n    """Do."""\n') == 4
    )


@pytest.mark.parametrize("path", sorted(ADAPTERS.rglob("*.py")), ids=lambda path: path.stem)
def test_a_module_of_an_adapter_is_short(path: Path) -> None:
    assert lines_of_code(path.read_text()) <= LONGEST


def test_djangos_package_does_not_grow() -> None:
    modules = (ADAPTERS / "django").glob("*.py")
    assert sum(lines_of_code(path.read_text()) for path in modules) <= LONGEST_DJANGO

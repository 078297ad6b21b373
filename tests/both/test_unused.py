"""Functions that nothing calls: what a change left behind."""

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "py_identity_model"
CALLED_BY_OTHERS = {"cli", "integrations", "sync", "testing", "_pytest_plugin.py"}


def written() -> Iterator[tuple[Path, str]]:
    for path in sorted(SOURCE.rglob("*.py")):
        if path.relative_to(SOURCE).parts[0] != "sync":
            yield path, path.read_text()


def unused(sources: dict[Path, str], exported: set[str]) -> list[str]:
    """Return the functions whose names occur once; decorators may use theirs in another way."""
    words = Counter(word for text in sources.values() for word in re.findall(r"\w+", text))
    return [
        f"{path.stem}.{node.name}"
        for path, text in sources.items()
        if path.relative_to(SOURCE).parts[0] not in CALLED_BY_OTHERS
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        if words[node.name] == 1 and not node.decorator_list
        if not node.name.startswith("__") and node.name not in exported
    ]


def test_every_function_is_used_or_exported() -> None:
    exports = tomllib.loads((ROOT / "scripts" / "exports.toml").read_text())
    exported = {name for names in exports["aio"].values() for name in names}
    exported |= {name for names in exports["root"].values() for name in names}
    assert unused(dict(written()), exported) == []


def test_a_function_that_nothing_calls_is_found() -> None:
    text = "def used(): ...\ndef left(): ...\nused()\n@hook\ndef later(): ...\ndef public(): ...\n"
    assert unused({SOURCE / "x.py": text}, {"public"}) == ["x.left"]

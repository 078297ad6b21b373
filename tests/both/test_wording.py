"""The wording of docstrings, comments and texts: no idioms that need a second reading."""

import ast
import io
import json
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "py_identity_model"
WRITTEN = [path for path in sorted(SOURCE.rglob("*.py")) if "sync" not in path.parts]
IDIOMS = {
    r"(?<!there )\bis no (?!longer\b|more\b)[a-z]+": "is not a ...",
    r"\bwhat is no\b": "malformed ..., anything but ...",
    r"\banew\b": "again",
    r"\bfor ever\b": "forever",
    r"\bwhoever\b": "the caller, code that ...",
    r"\b(some|every)body\b": "the caller, another ..., all",
    r"\bone an? (thread|loop|process|event loop)\b": "one per ...",
    r"\bclients? of httpx2?\b": "an httpx client",
    r"\b(is|are|was|were) told\b": "is reported, gets",
    r"(^| )(Parameters|Attributes|Args|Arguments|Returns|Raises): [a-z_]+:": ":param name: ...",
}
CONTRACT = json.dumps(json.loads((Path(__file__).parent / "contract.json").read_text()))


def prose(source: str) -> list[tuple[int, str]]:
    """Return the strings and comments of a module, with their lines."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    kinds = {tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", -1)}
    return [
        (token.start[0], " ".join(token.string.split())) for token in tokens if token.type in kinds
    ]


def found_in(source: str) -> list[str]:
    return [
        f"line {line}: {match[0]!r}, better {better!r}"
        for line, text in prose(source)
        if text not in CONTRACT
        for idiom, better in IDIOMS.items()
        for match in re.finditer(idiom, text)
    ]


def factories_in(source: str) -> list[str]:
    """Return the functions of a module that return a new exception."""
    return [
        node.name
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.returns is not None
        if re.search(r"(Error|(?<!Base)Exception)$", ast.unparse(node.returns))
    ]


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(SOURCE)))
def test_docstrings_comments_and_texts_are_plain_english(path: Path) -> None:
    assert found_in(path.read_text()) == []


def test_an_idiom_is_found_wherever_it_is_written() -> None:
    for text in ('"""What is no token."""', "x = 1  # made anew", 'raise E(f"{a} is no b")'):
        assert found_in(text.lower()), text


def test_ordinary_sentences_are_accepted() -> None:
    for text in ("# it is no longer used", "# if there is no document", '"is not a token"'):
        assert found_in(text) == []


OTHERS = {"_rebuild"}  # of any class, for pickle and copy


def test_factories_of_exceptions_are_named_as_such() -> None:
    names = {name for path in WRITTEN for name in factories_in(path.read_text())}
    assert {name for name in names if not name.endswith("_error")} == OTHERS
    assert len(names) > 40


def test_a_factory_is_known_by_what_it_returns() -> None:
    assert factories_in("def _refused() -> LoginException: ...") == ["_refused"]
    assert factories_in("def raised(error: Exception) -> None: ...") == []

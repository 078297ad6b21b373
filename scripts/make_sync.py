#!/usr/bin/env python
"""Write the blocking API, and its tests, from the awaitable ones; and the tables of names.

    python scripts/make_sync.py            write whatever is out of date, delete orphans
    python scripts/make_sync.py --check    write nothing; show a diff and exit 1 instead

The packages' tables of public names come from ``exports.toml``, see ``name_tables.py``.
Prose (strings and comments) goes through PROSE, code through unasync, the result through ruff.
Whatever still looks asynchronous after that is an error in the source: move the difference into
``_seam``, or add a line to NAMES or PROSE.  CONTRIBUTING.md says what each refusal wants.
"""

from __future__ import annotations

import difflib
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

import tokenize_rt
import unasync
from name_tables import EXPORTS, PACKAGES, write_tables

ROOT = Path(__file__).resolve().parents[1]
TOPS = (
    "src/py_identity_model",
    "tests",
    "tests/op",
    "tests/keycloak",
    "tests/redis",
    "tests/conformance",
)
TREES = {f"{top}/aio": f"{top}/sync" for top in TOPS}
NAMES = {  # beyond unasync's own; Async* classes lose their prefix without being listed
    "AsyncByteStream": "SyncByteStream",  # httpx has a ByteStream of its own
    "aclose": "close",
    "aio": "sync",
    "aiter_raw": "iter_raw",
    "aread": "read",
    "async_auth_flow": "sync_auth_flow",
    "asynccontextmanager": "contextmanager",
    "AbstractAsyncContextManager": "AbstractContextManager",
}
PROSE = {  # regular expressions, in order, over strings and comments
    r"\b(async|await) +(?=[\w(])": "",
    r"\bAsync(?=[A-Z])": "",
    r"\basynchronous\b": "synchronous",
    r"\bpy_identity_model\.aio\b": "py_identity_model",
}
HEADER = "# Generated from {} by scripts/make_sync.py; edit that file.\n"
LEFTOVER = re.compile(r"(?i)async|await|\b(?:anyio|trio|coroutine)\b")
PROSE_TOKENS = {"STRING", "COMMENT", "FSTRING_MIDDLE"}


class Refused(Exception):
    """The sources cannot be translated; each argument names a place and a remedy."""


def read(root: Path, trees: Iterable[str]) -> dict[str, str]:
    """Return the text of every module below ``trees``, by its path under ``root``."""
    paths = (path for tree in trees for path in sorted((root / tree).rglob("*.py")))
    return {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in paths}


def check_tools() -> None:
    """Raise Refused unless interpreter and tools are those that the output depends on."""
    if sys.version_info < (3, 12):  # older tokenizers do not look inside f-strings
        raise Refused("make_sync.py needs Python 3.12 or newer: run it as `nox -s codegen`")
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    for pin in pyproject["dependency-groups"]["codegen"]:
        name, _, wanted = pin.partition("==")
        if version(name) != wanted:
            raise Refused(
                f"make_sync.py needs {pin}, found {version(name)}: run it as `nox -s codegen`"
            )


class Prose:
    """Translates strings and comments, and records which rules were used."""

    def __init__(self) -> None:
        self.used: set[str] = set()

    def translate(self, name: str, source: str) -> str:
        """Return ``source`` with its prose translated."""
        tokens = tokenize_rt.src_to_tokens(source)
        for index, token in enumerate(tokens):
            if token.name in PROSE_TOKENS:
                text = self._translate(token.src)
                if text.strip("\"'") in NAMES:  # unasync cannot tell a value from a name
                    raise Refused(
                        f"{name}:{token.line}: the string {text} would be renamed like code: "
                        "spell the value otherwise"
                    )
                tokens[index] = token._replace(src=text)
        return str(tokenize_rt.tokens_to_src(tokens))

    def _translate(self, text: str) -> str:
        for pattern, replacement in PROSE.items():
            text, count = re.subn(pattern, replacement, text)
            if count:
                self.used.add(pattern)
        return text


def unfinished(name: str, text: str) -> Iterator[str]:
    """Yield the reasons why a source cannot be parsed."""
    try:
        compile(text, name, "exec")
    except SyntaxError as error:
        yield f"{name}:{error.lineno}: does not parse ({error.msg}): finish it first"


def problems(name: str, text: str) -> Iterator[str]:
    """Yield the problems of one translated module, with the lines of its source."""
    try:
        compile(text, name, "exec")
    except SyntaxError as error:
        yield (
            f"{name}:{(error.lineno or 1) - 1}: would not compile ({error.msg}): "
            f"{(error.text or '').strip()}: write it so that it parses without async and await"
        )
    for number, line in enumerate(text.splitlines()):
        if number and LEFTOVER.search(line):
            yield (
                f"{name}:{number}: would still say: {line.strip()}: reword it, move the "
                "difference into _seam, or add a line to NAMES or PROSE"
            )


def unused(sources: Iterable[str], prose: Prose) -> Iterator[str]:
    """Yield the entries of the maps that translate nothing."""
    words = {word for text in sources for word in re.findall(r"\w+", text)}
    for name in NAMES.keys() - words:
        yield f"scripts/make_sync.py: NAMES[{name!r}] is never used: remove it"
    for pattern in PROSE.keys() - prose.used:
        yield f"scripts/make_sync.py: PROSE[{pattern!r}] is never used: remove it"


def generate(scratch: Path) -> dict[str, str]:
    """Return every file that is generated, in whole or in part; ``scratch`` is an empty folder."""
    packages = generate_tables(scratch)
    sources = {name: packages.get(name, text) for name, text in read(ROOT, TREES).items()}
    if found := [problem for name in sources for problem in unfinished(name, sources[name])]:
        raise Refused(*found)
    prose = Prose()
    classes = re.findall(r"\b_?Async[A-Z]\w*", "".join(sources.values()))
    names = {name: name.replace("Async", "", 1) for name in classes} | NAMES
    for name, text in sources.items():
        header = HEADER.format("aio/" + name.rpartition("aio/")[2])
        (scratch / name).parent.mkdir(parents=True, exist_ok=True)
        (scratch / name).write_text(header + prose.translate(name, text), "utf-8")
    origin: dict[str, str] = {}
    for tree, target in TREES.items():
        rule = unasync.Rule(f"{scratch}/{tree}/", f"{scratch}/{target}/", names)
        written = list(read(scratch, [tree]))
        unasync.unasync_files([str(scratch / name) for name in written], [rule])
        origin |= {name.replace(tree, target, 1): name for name in written}
    raw = read(scratch, TREES.values())
    found = [problem for name in raw for problem in problems(origin[name], raw[name])]
    if found := found + sorted(unused(sources.values(), prose)):
        raise Refused(*found)
    tidy(scratch, raw)
    return read(scratch, TREES.values()) | packages


def generate_tables(scratch: Path) -> dict[str, str]:
    """Return the packages whose tables of names come from one list."""
    exports = (ROOT / EXPORTS).read_text("utf-8")
    for name in PACKAGES:
        try:
            text = write_tables(name, (ROOT / name).read_text("utf-8"), exports)
        except ValueError as error:
            raise Refused(str(error)) from None
        (scratch / name).parent.mkdir(parents=True, exist_ok=True)
        (scratch / name).write_text(text, "utf-8")
    tidy(scratch, PACKAGES)
    return {name: (scratch / name).read_text("utf-8") for name in PACKAGES}


def tidy(scratch: Path, names: Iterable[str]) -> None:
    """Sort and format generated files in the project's style."""
    ruff = [sys.executable, "-m", "ruff", "--quiet", "--config", str(ROOT / "pyproject.toml")]
    # Named one by one: ruff leaves out folders that an exclusion or .gitignore covers.
    files = [str(scratch / name) for name in names]
    for command in ["check --fix --exit-zero --select I,RUF022,RUF100", "format"]:
        subprocess.run([*ruff, *command.split(), "--no-cache", *files], check=True)


def run(*, check: bool) -> int:
    """Compare the existing files with the expected ones; write the differences, or show them."""
    check_tools()
    with tempfile.TemporaryDirectory() as scratch:
        wanted = generate(Path(scratch).resolve())
    actual = read(ROOT, TREES.values())
    actual |= {name: (ROOT / name).read_text("utf-8") for name in PACKAGES}
    stale = [name for name in sorted(wanted | actual) if wanted.get(name) != actual.get(name)]
    for name in stale:
        if check:
            show(name, actual.get(name), wanted.get(name))
        elif name in wanted:
            (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / name).write_text(wanted[name], "utf-8")
        else:
            (ROOT / name).unlink()
    print(f"{len(wanted)} generated files, {len(stale)} {'are' if check else 'were'} out of date")
    if check and stale:
        print("Run `nox -s codegen`; if you edited a generated file, edit its source instead.")
    return int(check and bool(stale))


def show(name: str, actual: str | None, wanted: str | None) -> None:
    """Print the problems of one generated file."""
    if actual is None or wanted is None:
        print(f"{name}: {'is missing' if actual is None else 'has no source: an orphan'}")
        return
    lines = actual.splitlines(keepends=True), wanted.splitlines(keepends=True)
    sys.stdout.writelines(difflib.unified_diff(*lines, f"{name} (committed)", f"{name} (wanted)"))


def main(arguments: list[str]) -> int:
    if set(arguments) - {"--check"}:
        print(__doc__)
        return 2
    try:
        return run(check="--check" in arguments)
    except Refused as refusal:
        print(*refusal.args, sep="\n", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Mutation testing on a fixed sample: mutmut makes and runs the mutants, this draws them.

    python scripts/run_mutants.py FOLDER [--write] [MODULE…]

Works on a copy of the project in FOLDER.  mutmut cannot draw a sample, and would run every test
that reaches a function; with some thousands of mutants that takes hours.  So a sample is drawn by
hash, from each module that `[tool.mutmut]` in pyproject.toml lists, and each mutant first meets the
tests of the test module with its module's name: to collect more takes pytest longer than to run
them.  Survivors then meet a few quick tests, and then all that reach them.  Mutants that only
change wording (messages and log lines) are left out.

Fails if less than `GOAL` of a module's sample is killed, or if a survivor has no reason in
scripts/mutants.toml.  `--write` writes what was found to docs/mutants.md.
"""

from __future__ import annotations

import ast
import fnmatch
import hashlib
import itertools
import json
import shutil
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
REASONS = ROOT / "scripts" / "mutants.toml"
PAGE = ROOT / "docs" / "mutants.md"
MARK = "<!-- from here on written by `nox -s mutants -- --write` -->\n"
PACKAGE = Path("src", "py_identity_model")
SEED = 1
PER_MODULE = 20
GOAL = 0.95
# Of the tests that reach a function: how many a mutant meets beside those of its module, and which
# part of the time that all tests take.  Seconds would let mutants survive on a busy machine.
OWN, QUICK, THOROUGH = (0, 0.0), (60, 0.05), (1000, 0.35)
PURE = ("tests/jose/", "tests/protocol/")
LATE = {36, 24, -24, 152, 255}  # did not end in time
KILLED = {1, 3, *LATE}  # or failed, or crashed pytest

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Mutant(NamedTuple):
    """A mutant: its name to mutmut, its module, and what is different."""

    name: str
    module: str
    function: str
    change: str

    @property
    def place(self) -> tuple[str, str, str]:
        """Identify the mutant independently of the mutants before it."""
        return self.module, self.function, self.change


class Project:
    """A copy of the project, in which mutmut works."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.mutants = self.root / "mutants"
        self.stats = self.mutants / "mutmut-stats.json"
        self.all_tests = self.mutants / "all-tests.json"

    def copy(self) -> None:
        """Copy the project as it is, without what git ignores."""
        shutil.rmtree(self.root, ignore_errors=True)
        listed = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        for name in subprocess.check_output(listed, cwd=ROOT, text=True).split("\0"):
            if name and (ROOT / name).is_file():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.root / name)

    def mutmut(self, names: list[str]) -> None:
        """Run the mutants with these names."""
        if names:  # without names, mutmut would run all there are
            with (self.root.parent / "mutmut.log").open("a") as log:
                command = [sys.executable, "-m", "mutmut", "run", *names]
                subprocess.run(command, cwd=self.root, stdout=log, stderr=log)

    def prepare(self) -> None:
        """Make the mutants, and note which tests reach which function."""
        self.copy()
        self.mutmut(["py_identity_model._jose.keys.x_agrees__mutmut_1"])
        self.all_tests.write_text(self.stats.read_text())

    def select_tests(self, limit: tuple[int, float]) -> set[str]:
        """Let each mutant meet the quickest of the tests that reach it; return whose have any."""
        known = json.loads(self.all_tests.read_text())
        seconds = known["duration_by_test"]
        reached = known["tests_by_mangled_function_name"]
        most, budget = limit[0], limit[1] * sum(seconds.values())
        for function, tests in reached.items():
            module = function.rpartition(".")[0].rpartition(".")[2]
            reached[function] = list(_quickest(tests, f"/test_{module}.py", seconds, most, budget))
        self.stats.write_text(json.dumps(known))
        return {function for function, tests in reached.items() if tests}

    def outcomes(self, module: Path) -> dict[str, int | None]:
        """Return how each mutant of ``module`` ended."""
        found: Any = json.loads((self.mutants / f"{module}.meta").read_text())
        return dict(found["exit_code_by_key"])

    def sample(self, module: Path) -> list[Mutant]:
        """Draw from the mutants of a module that change more than wording."""
        text = (self.mutants / module).read_text()
        functions = {
            node.name: node
            for node in ast.walk(ast.parse(text))
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        }
        lines = text.splitlines()

        def original(mangled: str) -> Function:
            return functions[f"{mangled.rpartition('__mutmut_')[0]}__mutmut_orig"]

        def rank(name: str) -> str:
            mangled = name.rpartition(".")[2]
            return _rank(_source(lines, functions[mangled]), _source(lines, original(mangled)))

        def drawn() -> Iterator[Mutant]:
            short = module.relative_to(PACKAGE).with_suffix("").as_posix()
            for name in sorted(self.outcomes(module), key=rank):
                mangled = name.rpartition(".")[2]
                before, after = original(mangled), functions[mangled]
                if _behaviour(before) != _behaviour(after):
                    yield Mutant(name, short, _function(mangled), _change(before, after))

        return list(itertools.islice(drawn(), PER_MODULE))


def _source(lines: list[str], function: Function) -> list[str]:
    """Return the lines of a function, by whatever name."""
    first, *rest = lines[function.lineno - 1 : function.end_lineno]
    return [first.replace(function.name, _function(function.name)), *rest]


def _rank(mutated: list[str], original: list[str]) -> str:
    """Decide which mutants are drawn: a change elsewhere does not reshuffle the sample."""
    old, new = set(original) - set(mutated), set(mutated) - set(original)
    text = f"{SEED} {original[0]} {sorted(old)} {sorted(new)}"
    return hashlib.sha256(text.encode()).hexdigest()


def _change(before: Function, after: Function) -> str:
    old = _lines(before)
    new = [line.strip() for line in _lines(after) if line not in old]
    return new[0] if new else "(removed)"


class _Wording(ast.NodeTransformer):
    """Replace text for readers and log calls by nothing, and ignore case where none counts."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        text = node.value if isinstance(node.value, str) else ""
        return ast.Constant(None) if " " in text.strip() else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        return ast.Constant(None)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        function = ast.unparse(node.func)
        if function.startswith("logger."):
            return ast.Constant(None)
        if function.endswith(_CASELESS):
            node.args = [_lower(one) for one in node.args]
        return self.generic_visit(node)


# Names of encodings and of header fields are found in any case.
_CASELESS = (".encode", ".decode", ".headers.get")


def _lower(node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return ast.Constant(node.value.lower())
    return node


def _lines(function: ast.AST) -> list[str]:
    bare = ast.parse(ast.unparse(function)).body[0]
    assert isinstance(bare, (ast.FunctionDef, ast.AsyncFunctionDef))
    bare.decorator_list = []
    return ast.unparse(bare).splitlines()[1:]  # without the name


def _behaviour(function: ast.AST) -> list[str]:
    return _lines(_Wording().visit(ast.parse(ast.unparse(function)).body[0]))


def _function(mangled: str) -> str:
    bare = mangled.rpartition("__mutmut_")[0]
    return bare.lstrip("x").lstrip("ǁ_").replace("ǁ", ".") if "ǁ" in bare else bare[2:]


def _quickest(
    tests: Iterable[str], own: str, seconds: dict[str, float], most: int, budget: float
) -> Iterator[str]:
    """Yield all of the module's ``own`` tests, then one variant of each other, then a second."""
    variants: Counter[str] = Counter()
    order: list[tuple[int, bool, float, str]] = []
    for test in sorted(tests, key=lambda test: (seconds[test], test)):
        variants[test.partition("[")[0]] += 1
        turn = 0 if own in test else variants[test.partition("[")[0]]
        order.append((turn, not test.startswith(PURE), seconds[test], test))
    for number, (turn, _, took, test) in enumerate(sorted(order)):
        budget -= took
        if turn and (number >= most or (budget < 0 and number > 5)):
            return
        yield test


def modules() -> list[Path]:
    """Return the modules that pyproject.toml lists for mutation."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = project["tool"]["mutmut"]["only_mutate"]
    found = (path.relative_to(ROOT) for path in sorted((ROOT / PACKAGE).rglob("*.py")))
    return [path for path in found if any(fnmatch.fnmatch(str(path), one) for one in patterns)]


def reasons() -> dict[tuple[str, str, str], str]:
    """Return why mutants that are known to survive do."""
    listed = tomllib.loads(REASONS.read_text())["survivor"]
    return {(one["module"], one["function"], one["change"]): one["reason"] for one in listed}


def run(project: Project, drawn: Iterable[Mutant], paths: Iterable[Path]) -> list[Mutant]:
    """Return which of the mutants survive; those that are known to, meet the quick tests alone."""
    alive, known, modules = list(drawn), reasons(), list(paths)
    late: set[str] = set()

    def meet(limit: tuple[int, float], chosen: Iterable[Mutant]) -> set[str]:
        """Run the chosen ones; return those that were late for the first time."""
        tested = project.select_tests(limit)
        names = {one.name for one in chosen if one.name.partition("__mutmut_")[0] in tested}
        project.mutmut(sorted(names))
        found = {name: code for path in modules for name, code in project.outcomes(path).items()}
        ended = {name for name in names if found[name] in KILLED}
        # On a busy machine, being late once proves nothing.
        once = {name for name in ended - late if found[name] in LATE}
        late.update(once)
        alive[:] = [one for one in alive if one.name not in ended - once]
        return once

    meet(OWN, alive)
    meet(QUICK, alive)
    again = meet(THOROUGH, [one for one in alive if one.place not in known])
    meet(THOROUGH, [one for one in alive if one.name in again])
    return alive


def everyone(drawn: dict[str, list[Mutant]]) -> list[Mutant]:
    """Return the samples of all modules."""
    return [one for sample in drawn.values() for one in sample]


def table(drawn: dict[str, list[Mutant]], alive: list[Mutant]) -> Iterator[str]:
    """Yield a line for each module."""
    yield "| module | mutants | killed | survived | % |"
    yield "|---|---|---|---|---|"
    samples = {f"`{module}`": sample for module, sample in drawn.items()}
    for name, sample in {**samples, "all": everyone(drawn)}.items():
        left = sum(one in alive for one in sample)
        killed = len(sample) - left
        yield f"| {name} | {len(sample)} | {killed} | {left} | {100 * killed // len(sample)} |"


def survivors(alive: Iterable[Mutant]) -> Iterator[str]:
    """Yield a line for each survivor."""
    known = reasons()
    yield "| module | survivor | why no test fails |"
    yield "|---|---|---|"
    for one in alive:
        change = one.change.replace("|", "\\|")
        reason = known.get(one.place, "**not known**")
        yield f"| `{one.module}` | `{one.function}`: `{change}` | {reason} |"


def faults(drawn: dict[str, list[Mutant]], alive: list[Mutant]) -> Iterator[str]:
    """Yield what must be better."""
    known = reasons()
    for module, sample in drawn.items():
        killed = sum(one not in alive for one in sample)
        if killed < GOAL * len(sample):
            yield f"{module}: fewer than {GOAL:.0%} of its mutants are killed"
    for one in alive:
        if one.place not in known:
            yield f"no reason in {REASONS.name}:\n{entry(one)}"


def entry(mutant: Mutant) -> str:
    """Return what scripts/mutants.toml would say of a survivor."""
    words = {"module": mutant.module, "function": mutant.function, "change": mutant.change}
    lines = [f"{key} = {json.dumps(value)}" for key, value in words.items()]
    return "\n".join(["[[survivor]]", *lines, 'reason = ""'])


def main(arguments: list[str]) -> int:
    """Run the sample, print the tables, and return the exit code."""
    folder, *rest = arguments
    named = [one for one in rest if one != "--write"]
    wanted = [path for path in modules() if not named or path.stem in named]
    start = time.monotonic()
    project = Project(Path(folder).resolve())
    project.prepare()
    drawn = {sample[0].module: sample for path in wanted if (sample := project.sample(path))}
    alive = run(project, everyone(drawn), wanted)
    text = "\n".join([*table(drawn, alive), "", "## Survivors", "", *survivors(alive), ""])
    print(text)
    print(f"in {(time.monotonic() - start) / 60:.0f} minutes")
    if "--write" in rest:
        PAGE.write_text(PAGE.read_text().partition(MARK)[0] + MARK + "\n" + text)
    wrong = list(faults(drawn, alive))
    print("\n\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Mutation testing on a fixed sample: mutmut makes and runs the mutants, this draws them.

    python scripts/run_mutants.py [MODULE…]

mutmut cannot draw a sample, and would run every test that reaches a function; with some
thousands of mutants that takes hours.  So a sample is drawn by hash, from each module that
`[tool.mutmut]` in pyproject.toml lists, and each mutant first meets a few quick tests: those of
the test module with its module's name, then others.  Survivors then meet all that reach them.
Mutants that only change wording (messages and log lines) are left out.

Fails if less than `GOAL` of a module's sample is killed, or if a survivor is not listed, with its
reason, in docs/mutants.md.
"""

from __future__ import annotations

import ast
import fnmatch
import hashlib
import json
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
MUTANTS = ROOT / "mutants"
STATS = MUTANTS / "mutmut-stats.json"
LIST = ROOT / "docs" / "mutants.md"
SEED = 1
PER_MODULE = 20
GOAL = 0.95
# Of the tests that reach a function: how many a mutant meets, and for how many seconds.
QUICK, THOROUGH = (100, 4.0), (1000, 40.0)
PURE = ("tests/jose/", "tests/protocol/")
KILLED = {1, 3, 36, 24, -24, 152, 255}  # failed, crashed pytest, or ran without end


class Mutant(NamedTuple):
    """A mutant: its name to mutmut, its module, and what is different."""

    name: str
    module: str
    function: str
    change: str

    @property
    def listed_as(self) -> str:
        return f"`{self.function}`: `{self.change}`"

    @property
    def rank(self) -> str:
        """Decide who is drawn: changes elsewhere in the module do not reshuffle the sample."""
        return hashlib.sha256(f"{SEED} {self.function} {self.change}".encode()).hexdigest()


def modules() -> list[Path]:
    """Return the modules that pyproject.toml lists for mutation."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = project["tool"]["mutmut"]["only_mutate"]
    found = (path.relative_to(ROOT) for path in sorted((ROOT / "src").rglob("*.py")))
    return [path for path in found if any(fnmatch.fnmatch(str(path), one) for one in patterns)]


def mutmut(*names: str) -> None:
    """Run the mutants with these names."""
    with (MUTANTS.parent / "mutants.log").open("a") as log:
        subprocess.run(
            [sys.executable, "-m", "mutmut", "run", *names], cwd=ROOT, stdout=log, stderr=log
        )


class _Wording(ast.NodeTransformer):
    """Replace text for readers, whole log calls included, by nothing."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        text = node.value if isinstance(node.value, str) else ""
        return ast.Constant(None) if " " in text.strip() else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        return ast.Constant(None)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if ast.unparse(node.func).startswith("logger."):
            return ast.Constant(None)
        return self.generic_visit(node)


def _lines(function: ast.AST) -> list[str]:
    bare = ast.parse(ast.unparse(function)).body[0]
    assert isinstance(bare, (ast.FunctionDef, ast.AsyncFunctionDef))
    bare.decorator_list = []
    return ast.unparse(bare).splitlines()[1:]  # without the name


def _behaviour(function: ast.AST) -> list[str]:
    return _lines(_Wording().visit(ast.parse(ast.unparse(function)).body[0]))


def mutants_of(module: Path) -> Iterator[Mutant]:
    """Yield the mutants of a module that change more than wording."""
    known = json.loads((MUTANTS / f"{module}.meta").read_text())["exit_code_by_key"]
    tree = ast.parse((MUTANTS / module).read_text())
    functions = {
        node.name: node
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    for name in known:
        mangled = name.rpartition(".")[2]
        mutated = functions[mangled]
        original = functions[f"{mangled.rpartition('__mutmut_')[0]}__mutmut_orig"]
        if _behaviour(mutated) == _behaviour(original):
            continue
        before = _lines(original)
        change = [line.strip() for line in _lines(mutated) if line not in before]
        yield Mutant(name, module.name, _function(mangled), change[0] if change else "(removed)")


def _function(mangled: str) -> str:
    bare = mangled.rpartition("__mutmut_")[0]
    return bare.lstrip("x").lstrip("ǁ_").replace("ǁ", ".") if "ǁ" in bare else bare[2:]


def select_tests(limit: tuple[int, float]) -> None:
    """Let each mutant meet the quickest of the tests that reach it."""
    full = json.loads(STATS.with_suffix(".full").read_text())
    seconds = full["duration_by_test"]
    reached = full["tests_by_mangled_function_name"]
    for function, tests in reached.items():
        module = function.rpartition(".")[0].rpartition(".")[2]
        reached[function] = list(_quickest(tests, f"/test_{module}.py", seconds, limit))
    STATS.write_text(json.dumps(full))


def _quickest(
    tests: Iterable[str], own: str, seconds: dict[str, float], limit: tuple[int, float]
) -> Iterator[str]:
    """Yield all of the module's ``own`` tests, then one variant of each other, then a second."""
    most, budget = limit
    variants: Counter[str] = Counter()
    order: list[tuple[int, bool, float, str]] = []
    for test in sorted(tests, key=lambda test: (seconds[test], test)):
        variants[test.partition("[")[0]] += 1
        turn = 0 if own in test else variants[test.partition("[")[0]]
        order.append((turn, not test.startswith(PURE), seconds[test], test))
    for number, (_, _, took, test) in enumerate(sorted(order)):
        budget -= took
        if number >= most or (budget < 0 and number > 5):
            return
        yield test


def outcomes(module: Path) -> dict[str, int | None]:
    """Return how each mutant of ``module`` ended."""
    found: Any = json.loads((MUTANTS / f"{module}.meta").read_text())
    return dict(found["exit_code_by_key"])


def survivors(drawn: Iterable[Mutant], paths: Iterable[Path]) -> list[Mutant]:
    """Return the mutants that no test killed."""
    ended = {name: code for path in paths for name, code in outcomes(path).items()}
    return [mutant for mutant in drawn if ended[mutant.name] not in KILLED]


def prepare(first: str) -> None:
    """Make the mutants, and note which tests reach which function."""
    if not STATS.exists():
        mutmut(first)
        STATS.with_suffix(".full").write_text(STATS.read_text())


def report(drawn: dict[Path, list[Mutant]], alive: list[Mutant]) -> bool:
    """Print a line for each module and each survivor; return whether the goal was reached."""
    listed, good = LIST.read_text(), True
    for path, sample in drawn.items():
        left = [mutant for mutant in alive if mutant in sample]
        killed = len(sample) - len(left)
        enough = killed >= GOAL * len(sample)
        good = good and enough
        print(f"{'  ' if enough else '! '}{killed:3} of {len(sample):3} {path}")
        for mutant in left:
            known = mutant.listed_as in listed
            good = good and known
            print(f"      {'' if known else '! '}{mutant.listed_as}")
    total = sum(map(len, drawn.values()))
    print(f"{total - len(alive)} of {total} mutants killed")
    return good


def main(arguments: list[str]) -> int:
    wanted = [path for path in modules() if not arguments or path.stem in arguments]
    prepare("py_identity_model._jose.algorithms.x_agrees__mutmut_1")
    drawn: dict[Path, list[Mutant]] = defaultdict(list)
    for path in wanted:
        found = sorted(mutants_of(path), key=lambda mutant: mutant.rank)
        drawn[path] = found[:PER_MODULE]
    everyone = [mutant for sample in drawn.values() for mutant in sample]
    alive = everyone
    for limit in (QUICK, THOROUGH):
        if alive:
            select_tests(limit)
            mutmut(*(mutant.name for mutant in alive))
            alive = survivors(alive, wanted)
    return 0 if report(drawn, alive) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

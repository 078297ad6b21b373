"""The generator, on a copy of the project: what it writes, and what it refuses to write."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
AIO = "src/py_identity_model/aio"
SYNC = "src/py_identity_model/sync"
SCRIPT = "scripts/make_sync.py"

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 12), reason="the generator needs Python 3.12, and refuses older ones"
)


# Of the tests, which are two thirds of what is generated: those with names that src lacks.
TESTS = ("test_http.py", "test_jwks.py", "test_token_source.py")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what the generator reads and writes, without most of the tests."""
    for name in ("src", "scripts"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for suite in ("tests/aio", "tests/sync"):
        (tmp_path / suite).mkdir(parents=True)
        for name in TESTS:
            shutil.copy(ROOT / suite / name, tmp_path / suite)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def run(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(copy / SCRIPT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def append(copy: Path, text: str, name: str = f"{AIO}/jwks.py") -> int:
    """Append ``text`` to a file; return the number of its first line there."""
    path = copy / name
    before = path.read_text()
    path.write_text(before + text)
    return before.count("\n") + 1


def snapshot(copy: Path) -> dict[str, str]:
    return {str(p.relative_to(copy)): p.read_text() for p in copy.rglob("*.py")}


def test_the_committed_code_is_what_the_sources_generate() -> None:
    done = run(ROOT, "--check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.fullmatch(r"\d+ generated files, 0 are out of date\n", done.stdout)


def test_writing_brings_everything_up_to_date_and_changes_nothing_else(copy: Path) -> None:
    wanted = snapshot(copy)
    (copy / SYNC / "jwks.py").write_text("edited by hand\n")
    (copy / SYNC / "orphan.py").write_text("left behind\n")
    (copy / SYNC / "session.py").unlink()
    done = run(copy)
    assert done.returncode == 0, done.stderr
    assert "3 were out of date" in done.stdout
    assert snapshot(copy) == wanted


def test_checking_writes_nothing(copy: Path) -> None:
    append(copy, "\nX = 1\n", f"{SYNC}/jwks.py")
    before = snapshot(copy)
    assert run(copy, "--check").returncode == 1
    assert snapshot(copy) == before


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (f"{AIO}/jwks.py", "\n\ndef added() -> int:\n    return 1\n"),
        (f"{SYNC}/jwks.py", "\n\ndef added() -> int:\n    return 1\n"),
        (f"{SYNC}/jwks.py", "# a remark\n"),
        ("tests/sync/test_jwks.py", "\n\ndef test_added() -> None: ...\n"),
    ],
    ids=["stale source", "appended code", "appended remark", "hand-edited test"],
)
def test_a_difference_is_shown_as_a_diff(copy: Path, name: str, text: str) -> None:
    append(copy, text, name)
    done = run(copy, "--check")
    assert done.returncode == 1
    generated = name.replace("/aio/", "/sync/")
    assert f"--- {generated} (committed)" in done.stdout
    assert "nox -s codegen" in done.stdout


def test_an_orphan_is_found(copy: Path) -> None:
    (copy / SYNC / "orphan.py").write_text("X = 1\n")
    done = run(copy, "--check")
    assert done.returncode == 1
    assert f"{SYNC}/orphan.py: has no source: an orphan" in done.stdout


def test_a_renamed_module_is_found_on_both_ends(copy: Path) -> None:
    (copy / AIO / "jwks.py").rename(copy / AIO / "key_sets.py")
    done = run(copy, "--check")
    assert done.returncode == 1
    assert f"{SYNC}/jwks.py: has no source" in done.stdout
    assert f"{SYNC}/key_sets.py: is missing" in done.stdout


@pytest.mark.parametrize(
    ("text", "offset", "reason"),
    [
        ("\nimport asyncio\n", 1, "would still say: import asyncio"),
        ("\ndef get_async_client() -> None: ...\n", 1, "would still say: def get_async_client"),
        ("\nasync def f() -> None:\n    await(f())\n", 2, "would not compile"),
        ('\ndef f(a: str) -> str:\n    return f"{a}async{a}"\n', 2, "would not compile"),
        (
            "\nfrom contextlib import AsyncExitStack\nX = enter_async_context\n",
            2,
            "would still say",
        ),
        ("\nasync def f() -> None:\n    x = (\n", 2, "does not parse"),
        ('\nX = {"aio": 1}\n', 1, 'the string "aio" would be renamed like code'),
        ("\n# the coroutine is left alone\n", 1, "would still say: # the coroutine"),
        ('\nX = "run by anyio"\n', 1, "would still say"),
        ("\nfrom collections.abc import Awaitable\n", 1, "would still say"),
    ],
    ids=[
        *("stray asyncio", "get_async_client", "await with parenthesis", "f-string", "exit stack"),
        *("unfinished source", "name as data", "comment", "string", "abstract type"),
    ],
)
def test_untranslatable_code_is_refused_with_its_place_and_a_remedy(
    copy: Path, text: str, offset: int, reason: str
) -> None:
    line = append(copy, text)
    before = snapshot(copy)
    done = run(copy)
    assert done.returncode == 1
    assert f"{AIO}/jwks.py:{line + offset}: " in done.stderr, done.stderr
    assert reason in done.stderr
    assert re.search(r"reword|write it so|spell the value|finish it", done.stderr)
    assert snapshot(copy) == before


@pytest.mark.parametrize("table", ["NAMES", "PROSE"])
def test_an_entry_that_translates_nothing_is_refused(copy: Path, table: str) -> None:
    script = (copy / SCRIPT).read_text()
    opening = re.search(rf"^{table} = {{.*$", script, re.MULTILINE)
    assert opening is not None
    entry = '\n    "never_used": "x",'
    (copy / SCRIPT).write_text(script.replace(opening[0], opening[0] + entry))
    done = run(copy, "--check")
    assert done.returncode == 1
    assert f"{SCRIPT}: {table}['never_used'] is never used: remove it" in done.stderr


def test_private_names_and_f_strings_are_translated(copy: Path) -> None:
    append(
        copy,
        "\n\nclass _AsyncThing:\n    async def get(self) -> int:\n        return 1\n\n\n"
        'async def shown(thing: _AsyncThing) -> str:\n    return f"{await thing.get()}"\n',
    )
    assert run(copy).returncode == 0
    text = (copy / SYNC / "jwks.py").read_text()
    assert "class _Thing:" in text
    assert 'return f"{thing.get()}"' in text
    assert run(copy, "--check").returncode == 0


def test_nothing_asynchronous_is_left_in_what_is_generated() -> None:
    leftover = re.compile(r"(?i)async|await|\b(?:anyio|trio|coroutine)\b")
    for folder in (SYNC, "tests/sync", "tests/op/sync", "tests/keycloak/sync"):
        for path in (ROOT / folder).rglob("*.py"):
            header, *lines = path.read_text().splitlines() or [""]
            assert header.startswith("# Generated from aio/"), path
            assert header.endswith(" by scripts/make_sync.py; edit that file."), path
            assert not [line for line in lines if leftover.search(line)], path


def test_a_missing_await_is_caught_by_the_type_checker(copy: Path) -> None:
    path = copy / AIO / "jwks.py"
    text = path.read_text()
    assert " await _fetcher.fetch(" in text
    path.write_text(text.replace(" await _fetcher.fetch(", " _fetcher.fetch("))
    assert run(copy, "--check").returncode == 0, "the generated text is the same"
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-incremental", f"{AIO}/jwks.py"],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert 'Maybe you forgot to use "await"' in done.stdout, done.stdout


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str((ROOT / SCRIPT).parent))
    spec = importlib.util.spec_from_file_location("make_sync", ROOT / SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_older_python_is_refused(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script.sys, "version_info", (3, 11, 9))
    assert script.main(["--check"]) == 1
    assert "needs Python 3.12 or newer" in capsys.readouterr().err


@pytest.mark.parametrize("tool", ["ruff", "unasync", "tokenize-rt"])
def test_another_version_of_a_tool_is_refused(
    script: ModuleType,
    tool: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    real = script.version
    monkeypatch.setattr(script, "version", lambda name: "0" if name == tool else real(name))
    assert script.main([]) == 1
    assert f"make_sync.py needs {tool}==" in capsys.readouterr().err


def test_an_unknown_argument_is_answered_with_help(
    script: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script.main(["--chekc"]) == 2
    assert "--check" in capsys.readouterr().out


def test_a_build_refuses_generated_code_that_is_out_of_date(copy: Path) -> None:
    shutil.copy(ROOT / "hatch_build.py", copy)
    program = (
        "import sys; sys.path.insert(0, '.'); import hatch_build as h\n"
        "hook = h.ReleaseHook(sys.argv[1], {}, None, None, '', '')\n"
        "assert any(pin.startswith('unasync==') for pin in hook.dependencies())\n"
        "hook.initialize('standard', {})\n"
    )
    for expected, edit in ((0, False), (1, True)):
        if edit:
            append(copy, "\nX = 1\n", f"{SYNC}/jwks.py")
        done = subprocess.run(
            [sys.executable, "-c", program, str(copy)],
            cwd=copy,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == expected, done.stderr
        assert ("out of date: run `nox -s codegen`" in done.stderr) is edit


def test_the_sbom_of_the_wheel_names_what_it_depends_on(tmp_path: Path) -> None:
    import hatch_build

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    bom = json.loads(hatch_build.write_sbom(str(ROOT), str(tmp_path)).read_text())
    named = {one["bom-ref"]: one["name"] for one in bom["components"]}
    wanted = {re.split("[>=<]", line)[0] for line in project["dependencies"]}
    assert {*named.values()} == wanted
    own = bom["metadata"]["component"]
    assert own["purl"] == f"pkg:pypi/py-identity-model@{project['version']}"
    assert own["licenses"][0]["license"]["id"] == "Apache-2.0"
    (node,) = [one for one in bom["dependencies"] if one["ref"] == own["bom-ref"]]
    assert {*node["dependsOn"]} == {*named}


def test_the_checks_run_by_default_never_write() -> None:
    noxfile = (ROOT / "noxfile.py").read_text()
    default = re.search(r"nox\.options\.sessions = \[(.*?)\]", noxfile, re.DOTALL)
    assert default is not None
    assert '"codegen"' not in default[1]
    lint = noxfile[noxfile.index("def lint(") :]
    first = re.search(r"session\.run\((.*?)\)", lint)
    assert first is not None
    assert first[1] == '"python", "scripts/make_sync.py", "--check"'


EXPORTS = "scripts/exports.toml"
PACKAGES = [f"src/py_identity_model/{name}__init__.py" for name in ("", "aio/", "sync/")]


def replace(copy: Path, name: str, old: str, new: str) -> None:
    text = (copy / name).read_text()
    assert old in text
    (copy / name).write_text(text.replace(old, new))


def test_a_name_written_once_is_exported_by_every_package(copy: Path) -> None:
    replace(copy, EXPORTS, '"aio.jwks" = [\n', '"aio.jwks" = [\n    "get_more_keys",\n')
    done = run(copy)
    assert done.returncode == 0, done.stderr
    for package in PACKAGES:
        text = (copy / package).read_text()
        assert text.count('"get_more_keys"') == 2
        assert "import get_more_keys as get_more_keys" in text


def test_a_manually_edited_table_is_detected(copy: Path) -> None:
    replace(copy, PACKAGES[1], '    "get_jwks",\n', "")
    done = run(copy, "--check")
    assert done.returncode == 1
    assert '+    "get_jwks",' in done.stdout


def test_a_name_listed_twice_is_refused(copy: Path) -> None:
    replace(copy, EXPORTS, '"aio.jwks" = [\n', '"aio.jwks" = [\n    "get_userinfo",\n')
    done = run(copy)
    assert done.returncode == 1
    assert "named twice: get_userinfo" in done.stderr


def test_a_package_without_the_mark_is_refused(copy: Path) -> None:
    replace(copy, PACKAGES[0], "# Generated from here on", "# From here on")
    done = run(copy)
    assert done.returncode == 1
    assert "is missing: write it back" in done.stderr

"""The pages of ``docs/`` are true: their programs run, what is generated is up to date."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest

from py_identity_model.telemetry import ATTRIBUTES, METRICS, SPANS, uninstrument
from py_identity_model.testing import EmbeddedProvider
from tests.support import needs_ml_dsa

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
# The programs of these need settings of a framework; tests/examples runs them.
EXCERPTS = {"web.md"}
PROGRAMS = {
    f"{page.relative_to(DOCS)}#{number}": text
    for page in sorted(DOCS.rglob("*.md"))
    if page.name not in EXCERPTS
    for number, text in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL))
}
# These need a server or a token of their own, and run in sessions of their own.
ELSEWHERE = {"mcp.md": "tests/mcp", "keys.md": "tests/hsm"}
TESTS = sorted(one.name for one in (DOCS / "programs").glob("test_*.py"))


@pytest.mark.parametrize("name", [one for one in PROGRAMS if one.split("#")[0] not in ELSEWHERE])
def test_a_program_of_a_page_runs(
    name: str, provider: EmbeddedProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = PROGRAMS[name].replace("https://auth.example.com", provider.issuer)
    if "\ndef test_" in text:
        run_tests(tmp_path, text)
        return
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setenv("SESSION_SECRET", "0123456789abcdef" * 2)
    space: dict[str, object] = {"__name__": "program"}
    try:
        exec(compile(text, name, "exec"), space)
    finally:
        uninstrument()  # the page on telemetry switches it on for the whole process
    caller = space.get("caller")
    if callable(caller):  # both sides of a migration do the same
        assert caller(f"Bearer {provider.mint(sub='alice')}") == "alice"


def run_tests(folder: Path, text: str) -> None:
    (folder / "test_page.py").write_text(text)
    run_pytest("test_page.py", folder)


def run_pytest(file: str, folder: Path) -> None:
    (folder / "pytest.ini").write_text("[pytest]\n")
    options = ["-q", "-p", "py_identity_model._pytest_plugin", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *options, "--rootdir", str(folder), file]
    # Plugins of this project's own tests are not the reader's; ours is named, so it loads once.
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ran = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=env, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(("page", "folder"), [*ELSEWHERE.items()])
def test_programs_that_run_elsewhere_do_run_there(page: str, folder: str) -> None:
    assert any(f"docs/{page}" in file.read_text() for file in (ROOT / folder).glob("*.py"))


@pytest.mark.parametrize("file", TESTS)
def test_the_tests_of_a_tutorial_pass(file: str, tmp_path: Path) -> None:
    for program in (DOCS / "programs").glob("*.py"):
        (tmp_path / program.name).write_text(program.read_text())
    run_pytest(file, tmp_path)


def test_the_service_of_a_tutorial_gets_its_token(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from py_identity_model.testing import Answer, Received

    tokens: list[str] = []

    def api(received: Received) -> Answer | None:
        if received.path != "/me":
            return None
        tokens.append(received.headers["authorization"])
        return Answer.of_json({"you": "machine"})

    provider.intercept = api
    for name, value in {
        "OIDC_ISSUER": provider.issuer,
        "OIDC_CLIENT_ID": provider.client_id,
        "OIDC_CLIENT_SECRET": provider.client_secret,
        "API_URL": provider.issuer,
    }.items():
        monkeypatch.setenv(name, value)
    service = loaded("service", DOCS / "programs" / "service.py")
    assert service.whoami() == "machine"
    assert tokens[0].startswith("Bearer ey")
    service.api.close()


def loaded(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "script",
    [
        *("make_docs.py", "make_provider_table.py", "reference_pages.py"),
        "draw_pictures.py",
        pytest.param("draw_terminals.py", marks=needs_ml_dsa),  # a picture names the algorithms
    ],
)
def test_what_is_generated_is_up_to_date(script: str) -> None:
    command = [sys.executable, str(ROOT / "scripts" / script), "--check"]
    ran = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ}, cwd=ROOT
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_page_is_listed() -> None:
    index = (DOCS / "index.md").read_text()
    listed = set(re.findall(r"^([\w/-]+)$", index, re.MULTILINE))
    apart = {"index", *(f"provider/{one.stem}" for one in (DOCS / "provider").glob("*.md"))}
    pages = {str(page.relative_to(DOCS).with_suffix("")) for page in DOCS.rglob("*.md")}
    assert pages - listed - apart == set()


def test_every_command_has_a_line() -> None:
    from py_identity_model.cli.app import app

    page = (DOCS / "how-to" / "command-line.md").read_text()
    names = [str(command.name) for command in app.registered_commands]
    assert [name for name in names if f"`{name}" not in page] == []


@pytest.mark.parametrize("table", [SPANS, METRICS, ATTRIBUTES])
def test_the_page_on_telemetry_lists_what_is_exported(table: Mapping[str, str]) -> None:
    page = (DOCS / "how-to" / "telemetry.md").read_text()
    rows = dict(re.findall(r"^\| `([a-z_.]+)` \| (.+) \|$", page, re.MULTILINE))
    assert {name: rows.get(name) for name in table} == dict(table)
    assert rows.keys() == SPANS.keys() | METRICS.keys() | ATTRIBUTES.keys()

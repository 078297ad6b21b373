"""The command line, as programs and people run it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from py_identity_model.cli.app import app


class Ran(NamedTuple):
    """What a command printed, and its exit code."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs a command; ``stdin`` is what is piped into it."""
    for name in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET", "AUDIENCE", "TOKEN"):
        monkeypatch.delenv(f"OIDC_{name}", raising=False)
    monkeypatch.setenv("COLUMNS", "160")

    def run(*arguments: str, stdin: str | bytes = "") -> Ran:
        result = CliRunner().invoke(app, [*arguments], input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)

    return run

"""What reaches the terminal, or the program that called: tables for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .._jose.excerpt import excerpt
from ..exceptions import (
    ConfigurationException,
    InvalidArgumentError,
    NetworkException,
    PyIdentityModelException,
    TokenValidationException,
)
from .error_codes import EXPLANATIONS
from .report import Check, Exit, Outcome, Report

_MARKS = {
    Outcome.OK: ("✓", "green"),
    Outcome.WARNING: ("!", "yellow"),
    Outcome.FAILED: ("✗", "bold red"),
    Outcome.SKIPPED: ("-", "dim"),
}
_LOGIN_REQUIRED = frozenset({"login_required", "session_not_stored"})


def exit_code_of(error: PyIdentityModelException) -> int:
    """Return the exit code that stands for an exception."""
    if error.code in _LOGIN_REQUIRED:
        return Exit.LOGIN_REQUIRED
    if isinstance(error, (ConfigurationException, InvalidArgumentError)):
        return Exit.USAGE
    if isinstance(error, NetworkException):
        return Exit.UNAVAILABLE
    return Exit.REFUSED if isinstance(error, TokenValidationException) else Exit.UNAVAILABLE


class Output:
    """Prints what a command found, and ends the program with its exit code.

    Results go to standard output, everything said meanwhile to standard error, so that
    ``$(py-identity-model token …)`` is the token alone.
    """

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.out = Console(highlight=False)
        self.err = Console(stderr=True, highlight=False)
        self._status = Exit.DONE

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(exc, PyIdentityModelException):
            self._fail(exc)
            raise typer.Exit(exit_code_of(exc)) from exc
        if exc is None and self._status:
            raise typer.Exit(self._status)

    def _fail(self, error: PyIdentityModelException) -> None:
        remedy = EXPLANATIONS[error.code].remedy if error.code in EXPLANATIONS else ""
        members = {"code": error.code, "message": error.message, "remedy": remedy}
        if self.as_json:
            self._print_json({"error": members, "exit_code": exit_code_of(error)})
            return
        self.err.print(Text.assemble(("error: ", "bold red"), excerpt_lines(error.message)))
        self.err.print(Text(f"code:  {error.code}", "dim"))
        if remedy and not remedy.startswith("Read the message; it names"):  # it is above
            self.err.print(Text(f"help:  {remedy}"))

    def show(self, report: Report) -> None:
        """Print a report; its exit code becomes the program's."""
        self._status = report.status
        if self.as_json:
            self._print_json(report.to_dict())
            return
        self.out.print(Text(report.title, "bold"))
        self.out.print(_table(report.checks))
        for check in report.checks:
            if check.remedy and check.outcome is not Outcome.OK:
                self.out.print(Text.assemble((f"{check.name}: ", "bold"), check.remedy))
        style = "bold green" if report.status == Exit.DONE else "bold red"
        self.out.print(Text(report.verdict, style))

    def members(self, members: Mapping[str, Any], status: int = Exit.DONE) -> None:
        """Print the members of an answer; ``status`` becomes the exit code."""
        self._status = status
        if self.as_json:
            self._print_json(members)
            return
        grid = Table.grid(padding=(0, 2))
        for name, value in members.items():
            shown = value if isinstance(value, str) else json.dumps(value, default=str)
            grid.add_row(Text(excerpt_lines(name), "cyan"), Text(excerpt_lines(shown)))
        self.out.print(grid)

    def rows(self, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
        """Print a table."""
        table = Table(box=None, padding=(0, 1), pad_edge=False)
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(Text(excerpt_lines(cell)) for cell in row))
        self.out.print(table)

    def text(self, text: str, members: Mapping[str, Any]) -> None:
        """Print ``text`` as it is, for other programs; ``members`` where JSON is wanted."""
        if self.as_json:
            self._print_json(members)
        else:
            typer.echo(text)

    def say(self, text: str, style: str = "") -> None:
        """Print what concerns the reader, and not the program that takes the result."""
        self.err.print(Text(text, style), soft_wrap=True)

    @contextmanager
    def waiting(self, for_what: str) -> Iterator[None]:
        """Show what is being waited for, on a terminal."""
        if self.as_json or not self.err.is_terminal:
            yield
            return
        with self.err.status(for_what):
            yield

    def _print_json(self, members: Mapping[str, Any]) -> None:
        typer.echo(json.dumps(members, indent=2, default=str))


def excerpt_lines(text: str) -> str:
    """Return ``text`` with everything escaped that could steer a terminal."""
    return "\n".join(
        "".join(excerpt(line[at : at + 100]) for at in range(0, len(line), 100))
        for line in text.split("\n")
    )


def _table(checks: Iterable[Check]) -> Table:
    table = Table(box=None, padding=(0, 1), pad_edge=False)
    for column in ("", "check", "found", "expected"):
        table.add_column(column, overflow="fold")
    for check in checks:
        mark, style = _MARKS[check.outcome]
        cells = (check.name, excerpt_lines(check.found), excerpt_lines(check.expected))
        table.add_row(Text(mark, style), *map(Text, cells))
    return table

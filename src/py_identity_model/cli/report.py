"""What a command found out: checks, with what was found and what was expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Exit:
    """Exit codes, the same for every command."""

    DONE = 0
    REFUSED = 1
    """The answer is no: a token is refused, or a check failed."""
    USAGE = 2
    """Arguments or configuration that cannot be used."""
    UNAVAILABLE = 3
    """The provider, or the network on the way, failed."""
    LOGIN_REQUIRED = 4
    """Only the user can help: nobody is logged in, or the login has ended."""


class Outcome(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; ``remedy`` says what to do about it."""

    name: str
    outcome: Outcome
    found: str = ""
    expected: str = ""
    remedy: str = ""

    @property
    def failed(self) -> bool:
        """Whether it says no."""
        return self.outcome is Outcome.FAILED


def ok(name: str, found: str, expected: str = "") -> Check:
    """Return a check that was passed."""
    return Check(name, Outcome.OK, found, expected)


def warning(name: str, found: str, expected: str = "", remedy: str = "") -> Check:
    """Return a check with a warning."""
    return Check(name, Outcome.WARNING, found, expected, remedy)


def failed(name: str, found: str, expected: str = "", remedy: str = "") -> Check:
    """Return a check that was not passed."""
    return Check(name, Outcome.FAILED, found, expected, remedy)


def skipped(name: str, why: str, remedy: str = "") -> Check:
    """Return a check that could not be made."""
    return Check(name, Outcome.SKIPPED, why, "", remedy)


@dataclass(frozen=True)
class Report:
    """The result of a command that judges something.

    ``members`` are further facts for programs; ``exit_code`` is derived from the checks unless it
    is given.
    """

    title: str
    verdict: str
    checks: Sequence[Check] = ()
    members: Mapping[str, Any] = field(default_factory=dict)
    exit_code: int | None = None

    @property
    def status(self) -> int:
        """The exit code."""
        if self.exit_code is not None:
            return self.exit_code
        return Exit.REFUSED if any(check.failed for check in self.checks) else Exit.DONE

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON has it."""
        checks = [
            {
                "name": check.name,
                "outcome": check.outcome.value,
                "found": check.found,
                "expected": check.expected,
                "remedy": check.remedy,
            }
            for check in self.checks
        ]
        return {"verdict": self.verdict, "exit_code": self.status, "checks": checks, **self.members}

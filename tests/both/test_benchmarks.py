"""What a measured ratio comes to: only a goal that was missed may fail a check."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from benchmarks import _side, report
from benchmarks._side import DISTURBED, Goal, Measured, interleave, verdict


def test_a_ratio_is_the_median_over_rounds() -> None:
    one, base = Measured([3.0, 4.0, 90.0]), Measured([2.0, 4.0, 9.0])
    goal = Goal.of("G1", "what", one, base, (1.5, 1.0))
    assert (goal.value, goal.unrest, goal.verdict) == (1.5, 2.0, "met")


def test_a_round_runs_on_the_core_that_is_the_quickest_as_it_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    allowed, seen = {0, 1}, list[set[int]]()

    def move(process: int, cores: set[int]) -> None:
        nonlocal allowed
        allowed = set(cores)

    def pace(core: int) -> float:
        return 1.0 if core == (1 if len(seen) < 9 else 0) else 2.0

    monkeypatch.setattr(os, "sched_getaffinity", lambda process: allowed, raising=False)
    monkeypatch.setattr(os, "sched_setaffinity", move, raising=False)
    monkeypatch.setattr(_side, "_pace", pace)
    interleave({"one": lambda: seen.append(allowed)}, rounds=9, batch_seconds=0)
    assert (seen[0], seen[-1], allowed) == ({1}, {0}, {0, 1})


@pytest.mark.parametrize(
    ("value", "at_least", "expected"),
    [
        (1.0, False, "aim met"),
        (1.1, False, "met"),
        (1.3, False, "missed"),
        (1.3, True, "aim met"),
        (0.9, True, "missed"),
    ],
)
def test_a_value_is_held_against_its_bounds(value: float, at_least: bool, expected: str) -> None:
    must, aim = (1.0, 1.2) if at_least else (1.2, 1.0)
    assert Goal("G1", "what", value, must, aim, at_least).verdict == expected


def test_a_miss_beside_a_disturbed_base_is_not_a_finding() -> None:
    assert Goal("G1", "what", 1.3, 1.2, 1.1, unrest=DISTURBED).verdict == "missed"
    assert Goal("G1", "what", 1.3, 1.2, 1.1, unrest=DISTURBED + 0.01).verdict == "disturbed"


def test_only_a_missed_goal_fails_and_only_where_it_is_asked() -> None:
    fine = [Goal("G1", "a", 1.0, 1.2, 1.1), Goal("G2", "b", 1.3, 1.2, 1.1, unrest=2.0)]
    missed = [*fine, Goal("G3", "c", 1.3, 1.2, 1.1)]
    assert verdict(fine, check=True) == 0
    assert verdict(missed, check=True) == 1
    assert verdict(missed, check=False) == 0


def files(folder: Path, runs: list[tuple[float, float]]) -> list[Path]:
    """Return a file of results for each run: a value, and its base's unrest."""
    written = []
    for number, (value, unrest) in enumerate(runs):
        goal = {"number": "G2", "what": "x", "value": value, "must": 1.2, "aim": 1.0}
        written.append(folder / f"run-{number}.jsonl")
        written[-1].write_text(json.dumps({"goal": {**goal, "unrest": unrest}}) + "\n")
    return written


def test_of_several_runs_the_medians_count(tmp_path: Path) -> None:
    runs = files(tmp_path, [(1.1, 1.0), (9.0, 9.0), (1.3, 1.2)])
    (goal,) = report.goals(report.lines(runs))
    assert (goal.value, goal.unrest, goal.verdict) == (1.3, 1.2, "missed")


@pytest.mark.parametrize(
    ("value", "unrest", "verdict", "code"),
    [(1.1, 1.2, "met", 0), (1.3, 1.2, "**missed**", 1), (1.3, 1.7, "disturbed", 0)],
)
def test_the_table_has_the_verdict(
    tmp_path: Path, value: float, unrest: float, verdict: str, code: int
) -> None:
    runs, table = files(tmp_path, [(value, unrest)]), tmp_path / "table.md"
    assert report.main([*map(str, runs), "--check", f"--markdown={table}"]) == code
    assert f"| {verdict} |" in table.read_text()

"""What a measured ratio comes to: only a goal that was missed may fail a check."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from benchmarks import report
from benchmarks._side import DISTURBED, Goal, Measured, stretched, verdict


def test_a_ratio_is_the_median_over_rounds() -> None:
    one, base = Measured([3.0, 4.0, 90.0]), Measured([2.0, 4.0, 9.0])
    goal = Goal.of("G1", "what", one, base, (1.5, 1.0))
    assert (goal.value, goal.unrest, goal.verdict) == (1.5, 2.0, "met")


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


def test_a_miss_within_the_translated_bound_is_told_apart() -> None:
    assert Goal("G2", "what", 1.3, 1.2, 1.1, here=1.31).verdict == "met here (1.31)"
    assert Goal("G2", "what", 1.32, 1.2, 1.1, here=1.31).verdict == "missed"
    assert Goal("G2", "what", 1.2, 1.2, 1.1, here=1.31).verdict == "met"


def test_a_miss_beside_a_disturbed_base_is_no_finding() -> None:
    assert Goal("G1", "what", 1.3, 1.2, 1.1, unrest=DISTURBED).verdict == "missed"
    assert Goal("G1", "what", 1.3, 1.2, 1.1, unrest=DISTURBED + 0.01).verdict == "disturbed"


def test_a_bound_is_stretched_as_the_minimum_is_and_never_tightened() -> None:
    assert stretched(1.18, 1.21, 1.14) == pytest.approx(1.27)
    assert stretched(1.18, 1.14, 1.14) == 1.18
    assert stretched(1.18, 1.05, 1.14) == 1.18


def test_only_a_missed_goal_fails_and_only_where_it_is_asked() -> None:
    fine = [Goal("G1", "a", 1.0, 1.2, 1.1), Goal("G2", "b", 1.3, 1.2, 1.1, here=1.4)]
    missed = [*fine, Goal("G3", "c", 1.3, 1.2, 1.1)]
    assert verdict(fine, check=True) == 0
    assert verdict(missed, check=True) == 1
    assert verdict(missed, check=False) == 0


Run = tuple[float, float, float]


def files(folder: Path, runs: list[Run]) -> list[Path]:
    """Return a file of results for each run: a value, its translated bound, its base's unrest."""
    written = []
    for number, (value, here, unrest) in enumerate(runs):
        goal = {"number": "G2", "what": "x", "value": value, "must": 1.2, "aim": 1.0}
        line = {"goal": {**goal, "here": here, "unrest": unrest}}
        written.append(folder / f"run-{number}.jsonl")
        written[-1].write_text(json.dumps(line) + "\n")
    return written


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([(1.1, 1.2, 1.0), (9.0, 1.9, 1.5), (1.3, 1.4, 1.2)], (1.3, 1.4, 1.2)),
        ([(1.1, 1.3, 1.2), (9.0, 1.9, 1.7), (1.3, 1.3, 1.2)], (1.2, 1.3, 1.2)),
        ([(1.1, 1.2, 2.0), (9.0, 1.9, 2.5), (1.3, 1.4, 3.0)], (1.3, 1.4, 2.5)),
    ],
)
def test_the_medians_of_calm_runs_count_or_of_all_where_none_was(
    tmp_path: Path, runs: list[Run], expected: Run
) -> None:
    (goal,) = report.goals(report.lines(files(tmp_path, runs)))
    assert goal.here is not None
    assert (goal.value, goal.here, goal.unrest) == pytest.approx(expected)


def test_the_table_has_the_verdict(tmp_path: Path) -> None:
    runs, table = files(tmp_path, [(1.3, 1.4, 1.2)]), tmp_path / "table.md"
    assert report.main([*map(str, runs), "--check", f"--markdown={table}"]) == 0
    assert "| met here (1.4) |" in table.read_text()
    missed = files(tmp_path, [(1.5, 1.4, 1.2)])
    assert report.main([*map(str, missed), "--check", f"--markdown={table}"]) == 1
    assert "| **missed** |" in table.read_text()

"""Judge the results of several runs by their medians, as a table and a picture.

``python -m benchmarks.report RESULTS... [--check] [--markdown FILE] [--svg FILE]``: each file of
results is one run.  A goal counts by its median, so that one disturbed run cannot fail it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from benchmarks._side import Goal, verdict

PICTURED = "RS256, real claims"
NAMES = {
    "raw": "bare verification",
    "minimum": "the least one can write",
    "blocking": "py_identity_model",
    "awaited": "py_identity_model.aio",
    "joserfc": "joserfc",
    "PyJWT": "PyJWT",
    "oidc-jwt-verifier": "oidc-jwt-verifier",
    "published 4.1.1": "py-identity-model 4.1.1",
}


def lines(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """Return everything that was recorded."""
    return [json.loads(line) for path in paths for line in path.read_text("utf-8").splitlines()]


def goals(found: list[dict[str, Any]]) -> list[Goal]:
    """Return every goal with its median, by number."""
    values: dict[tuple[str, str], list[Goal]] = defaultdict(list)
    for line in found:
        if "goal" in line:
            goal = Goal(**line["goal"])
            values[goal.number, goal.what].append(goal)
    return sorted(
        map(_median, values.values()), key=lambda goal: (goal.number[0], int(goal.number[1:]))
    )


def _median(same: list[Goal]) -> Goal:
    return replace(
        same[0],
        value=statistics.median(goal.value for goal in same),
        unrest=statistics.median(goal.unrest for goal in same),
    )


def markdown(judged: list[Goal]) -> str:
    """Return the table for the documentation."""
    rows = ["| goal | what | measured | must | aim | |", "|---|---|---|---|---|---|"]
    for goal in judged:
        sign = ">=" if goal.at_least else "<="
        rows.append(
            f"| {goal.number} | {goal.what} | {goal.value:.3g} | {sign} {goal.must:g} "
            f"| {sign} {goal.aim:g} | {goal.verdict.replace('missed', '**missed**')} |"
        )
    return "\n".join(rows) + "\n"


def bars(found: list[dict[str, Any]]) -> dict[str, float]:
    """Return how long each way to validate a token takes, as a multiple of its signature."""
    values: dict[str, list[float]] = defaultdict(list)
    for line in found:
        if str(line.get("title")).startswith(PICTURED):
            for name, over in line["over"].items():
                values[name].append(over)
    medians = {NAMES[name]: statistics.median(values[name]) for name in NAMES if name in values}
    return dict(sorted(medians.items(), key=lambda pair: pair[1]))


def svg(values: Mapping[str, float]) -> str:
    """Return the bars as a picture that reads on light and dark pages."""
    row, left, width = 26, 190, 640
    scale = (width - left - 60) / max(values.values())
    height = row * len(values) + 40
    drawn = []
    for index, (name, value) in enumerate(values.items()):
        top = 30 + index * row
        ours = name.startswith("py_identity_model")
        drawn.append(
            f'<text x="{left - 8}" y="{top + 15}" text-anchor="end">{escape(name)}</text>'
            f'<rect x="{left}" y="{top + 2}" width="{value * scale:.0f}" height="18" rx="2" '
            f'fill="{"#2f7fd1" if ours else "#9aa5b1"}"/>'
            f'<text x="{left + value * scale + 6:.0f}" y="{top + 15}">{value:.1f}</text>'
        )
    title = "A warm validation (RS256, a kilobyte of claims), in multiples of its signature"
    body = "\n".join(drawn)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img">\n<title>{title}</title>\n'
        f'<g font-family="sans-serif" font-size="12" fill="#6b7683">\n'
        f'<text x="0" y="14" font-weight="bold">{title}</text>\n{body}\n</g>\n</svg>\n'
    )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.report")
    parser.add_argument("results", nargs="+", type=Path)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--svg", type=Path)
    options = parser.parse_args(arguments)
    found = lines(options.results)
    judged = goals(found)
    print(f"\nMedians of {len(options.results)} runs:\n")
    for goal in judged:
        print(goal.row())
    if options.markdown:
        options.markdown.write_text(markdown(judged), "utf-8")
    if options.svg and (values := bars(found)):
        options.svg.write_text(svg(values), "utf-8")
    return verdict(judged, check=options.check)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

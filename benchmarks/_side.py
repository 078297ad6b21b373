"""Measure functions side by side: interleaved, shuffled, judged by what happens in one round.

Absolute times move with whatever else the machine does; the ratio of two functions inside one
round moves far less.  A goal is judged on the median over rounds of that ratio.
"""

from __future__ import annotations

import gc
import json
import os
import random
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks._peer import PeerFunction


@dataclass(frozen=True)
class Measured:
    """The times of one function, in microseconds a call, one a round."""

    times: list[float]

    @property
    def least(self) -> float:
        """The best round."""
        return min(self.times)

    def over(self, base: Measured) -> float:
        """Return the median over rounds of this function's time to ``base``'s."""
        return statistics.median(a / b for a, b in zip(self.times, base.times, strict=True))


def interleave(
    functions: Mapping[str, Callable[[], object]],
    *,
    rounds: int = 30,
    batch_seconds: float = 0.006,
    seed: int = 1,
) -> dict[str, Measured]:
    """Run every function once a round, in shuffled order, in batches of equal length."""
    order, shuffle = list(functions), random.Random(seed).shuffle
    counts = {name: _batch(function, batch_seconds) for name, function in functions.items()}
    times: dict[str, list[float]] = {name: [] for name in functions}
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            shuffle(order)
            for name in order:
                took = _seconds(functions[name], counts[name])
                times[name].append(took / counts[name] * 1e6)
            gc.collect(0)
    finally:
        gc.enable()
    return {name: Measured(found) for name, found in times.items()}


def _seconds(function: Callable[[], object], count: int) -> float:
    if isinstance(function, PeerFunction):
        return function.seconds(count)
    repeat = range(count)
    began = time.perf_counter()
    for _ in repeat:
        function()
    return time.perf_counter() - began


def _batch(function: Callable[[], object], seconds: float) -> int:
    _seconds(function, 3)
    calls = 1
    while (took := _seconds(function, calls)) < seconds / 3:
        calls *= 2
    return max(1, round(calls * seconds / took))


@dataclass(frozen=True)
class Goal:
    """A bound on a ratio, and what was measured."""

    number: str
    what: str
    value: float
    must: float
    aim: float
    at_least: bool = False

    def met(self, bound: float) -> bool:
        """Whether ``value`` is within ``bound``."""
        return self.value >= bound if self.at_least else self.value <= bound

    def row(self) -> str:
        """Return a line for people."""
        sign = ">=" if self.at_least else "<="
        verdict = "aim met" if self.met(self.aim) else "met" if self.met(self.must) else "MISSED"
        return (
            f"{self.number:4} {self.what:44} {self.value:8.3f}   must {sign} {self.must:<6g} "
            f"aim {sign} {self.aim:<6g} {verdict}"
        )


def table(title: str, measured: Mapping[str, Measured], base: str) -> None:
    """Print the times, and their ratios to ``base``."""
    record(title=title, base=base, over={n: m.over(measured[base]) for n, m in measured.items()})
    print(f"\n{title:36} {'min us':>10} {'x round':>9}")
    for name, one in measured.items():
        print(f"  {name:34} {one.least:10.2f} {one.over(measured[base]):9.3f}")


def judge(goals: list[Goal], *, check: bool) -> int:
    """Print every goal; return 1 if one that must be met was missed and ``check`` asks."""
    print()
    for goal in goals:
        record(goal=asdict(goal))
        print(goal.row())
    missed = [goal for goal in goals if not goal.met(goal.must)]
    print(f"\n{len(goals)} goals, {len(missed)} missed")
    return int(check and bool(missed))


def record(**found: Any) -> None:
    """Add a line to the results that :mod:`benchmarks.report` reads, where they are wanted."""
    path = os.environ.get("BENCH_RESULTS")
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(found) + "\n")

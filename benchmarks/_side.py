"""Side-by-side measurement of functions: interleaved, shuffled, compared within each round.

Absolute times vary with the load of the machine; the ratio of two functions inside one round varies
far less.  A goal is compared with the median of that ratio over all rounds.

A miss beside a base whose median round took more than ``DISTURBED`` times its best is a warning,
not a finding.
"""

from __future__ import annotations

import gc
import json
import os
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks._peer import PeerFunction

DISTURBED = 1.6
"""The ratio of a base's median to its best round from which its rounds are useless."""


@dataclass(frozen=True)
class Measured:
    """The times of one function, in microseconds per call, one per round."""

    times: list[float]

    @property
    def least(self) -> float:
        """The best round."""
        return min(self.times)

    @property
    def unrest(self) -> float:
        """How far the usual round is from the best."""
        return statistics.median(self.times) / self.least

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
    """Run every function once a round, in shuffled order, in batches of equal length.

    All of a round on one core, the peer's process included: two cores of a shared machine may
    run at quite different speeds.  It is the one that is quicker as the round begins, because a
    neighbour on the other half of a core slows some work more than other.
    """
    peers = {one.pid for one in functions.values() if isinstance(one, PeerFunction)}
    with _on_one_core(peers) as settle:
        return _interleaved(functions, rounds, batch_seconds, seed, settle)


@contextmanager
def _on_one_core(peers: set[int]) -> Iterator[Callable[[], None]]:
    """Yield what moves this process and ``peers`` to the core that is the quickest just now."""
    if not hasattr(os, "sched_setaffinity"):
        yield lambda: None
        return
    before = {process: os.sched_getaffinity(process) for process in (0, *peers)}

    def settle() -> None:
        quickest = min(sorted(before[0]), key=_pace)
        for process in before:
            os.sched_setaffinity(process, {quickest})

    try:
        yield settle
    finally:
        for process, cores in before.items():
            os.sched_setaffinity(process, cores)


def _pace(core: int) -> float:
    """Return how many seconds some fixed work takes there."""
    os.sched_setaffinity(0, {core})
    return min(_seconds(_some_work, 10) for _ in range(3))


def _some_work() -> None:
    sum(number * number for number in range(1000))


def _interleaved(
    functions: Mapping[str, Callable[[], object]],
    rounds: int,
    batch_seconds: float,
    seed: int,
    settle: Callable[[], None],
) -> dict[str, Measured]:
    order, shuffle = list(functions), random.Random(seed).shuffle
    settle()
    counts = {name: _batch(function, batch_seconds) for name, function in functions.items()}
    times: dict[str, list[float]] = {name: [] for name in functions}
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            shuffle(order)
            settle()
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
    """A bound on what was measured; ``unrest`` is that of its base."""

    number: str
    what: str
    value: float
    must: float
    aim: float
    at_least: bool = False
    unrest: float = 1.0

    @classmethod
    def of(
        cls,
        number: str,
        what: str,
        one: Measured,
        base: Measured,
        bounds: tuple[float, float],
        *,
        at_least: bool = False,
    ) -> Goal:
        """Return a goal for the ratio of ``one`` to ``base``."""
        return cls(number, what, one.over(base), *bounds, at_least, base.unrest)

    def met(self, bound: float) -> bool:
        """Whether ``value`` is within ``bound``."""
        return self.value >= bound if self.at_least else self.value <= bound

    @property
    def verdict(self) -> str:
        """The verdict: only "missed" fails."""
        if self.met(self.must):
            return "aim met" if self.met(self.aim) else "met"
        return "disturbed" if self.unrest > DISTURBED else "missed"

    def row(self) -> str:
        """Return a line for people."""
        sign = ">=" if self.at_least else "<="
        return (
            f"{self.number:4} {self.what:44} {self.value:8.3f}   must {sign} {self.must:<6g} "
            f"aim {sign} {self.aim:<6g} {self.verdict}"
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
    return verdict(goals, check=check)


def verdict(goals: list[Goal], *, check: bool) -> int:
    """Print how many goals came to what; return 1 if one was missed and ``check`` asks."""
    found = Counter(goal.verdict for goal in goals)
    print(f"\n{len(goals)} goals: " + ", ".join(f"{n} {kind}" for kind, n in found.most_common()))
    return int(check and found["missed"] > 0)


def record(**found: Any) -> None:
    """Add a line to the results that :mod:`benchmarks.report` reads, where they are wanted."""
    path = os.environ.get("BENCH_RESULTS")
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(found) + "\n")

"""A flood of forged tokens with valid traffic in it; runs under both interpreters.

It imports nothing of the package, because the published release has the same name.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable

ATTACKERS = 16


def flooded(
    validate: Callable[[str], object], good: str, forged: list[str], seconds: float
) -> tuple[float, float]:
    """Return the 99th percentile of valid tokens' time in milliseconds, and refusals a second."""
    validate(good)
    ends, refused, waits = time.perf_counter() + seconds, [0] * ATTACKERS, []

    def attack(index: int) -> None:
        number = index
        while time.perf_counter() < ends:
            try:
                validate(forged[number % len(forged)])
            except Exception:
                refused[index] += 1
            number += ATTACKERS

    attackers = [threading.Thread(target=attack, args=(index,)) for index in range(ATTACKERS)]
    for attacker in attackers:
        attacker.start()
    while time.perf_counter() < ends:
        began = time.perf_counter()
        validate(good)
        waits.append(time.perf_counter() - began)
        time.sleep(0.01)
    for attacker in attackers:
        attacker.join()
    return statistics.quantiles(waits, n=100)[-1] * 1000, sum(refused) / seconds

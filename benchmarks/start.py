"""B6, B7: TLS contexts of 64 threads (G11), import (G12), start to first token (G13)."""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import time

from benchmarks._idp import IdP
from benchmarks._side import Goal, judge
from benchmarks._tokens import signers, small

CONTEXTS = """
import ssl, threading
made = []
create = ssl.create_default_context
def count(*a, **k):
    made.append(1)
    return create(*a, **k)
ssl.create_default_context = count
from py_identity_model.http_client import get_http_client
barrier = threading.Barrier(64)
def work():
    barrier.wait()
    get_http_client()
threads = [threading.Thread(target=work) for _ in range(64)]
[t.start() for t in threads]
[t.join() for t in threads]
print(len(made))
"""
FIRST = """
import sys
from py_identity_model import TokenValidationConfig, validate_token
config = TokenValidationConfig(perform_disco=True, audience="api")
validate_token(sys.argv[1], config, sys.argv[2])
"""
READY = "from py_identity_model import validate_token, TokenValidationConfig"


def seconds(python: str, program: str, *arguments: str) -> float:
    """Return how long a fresh process takes."""
    began = time.perf_counter()
    subprocess.run([python, "-P", "-c", program, *arguments], check=True)
    return time.perf_counter() - began


def main(arguments: list[str]) -> int:
    ours, published = sys.executable, os.environ["BENCH_PEER_PYTHON"]
    told = subprocess.run([ours, "-c", CONTEXTS], capture_output=True, text=True, check=True)
    signer = signers()["RS256"]
    programs: dict[str, tuple[str, str, tuple[str, ...]]] = {}
    with IdP() as idp:
        idp.set(keys=[signer.public()])
        given = (
            signer.token(small(idp.issuer())),
            f"{idp.issuer()}/.well-known/openid-configuration",
        )
        for name, python in (("ours", ours), ("published", published)):
            programs[f"bare {name}"] = (python, "pass", ())
            programs[f"import {name}"] = (python, "import py_identity_model", ())
            programs[f"ready {name}"] = (python, READY, ())
            programs[f"first {name}"] = (python, FIRST, given)
        times: dict[str, list[float]] = {name: [] for name in programs}
        order = list(programs)
        for _ in range(12):
            random.Random(len(times[order[0]])).shuffle(order)
            for name in order:
                python, program, more = programs[name]
                times[name].append(seconds(python, program, *more))
    best = {name: min(found) * 1000 for name, found in times.items()}
    for name, value in best.items():
        print(f"{name:20} {value:8.1f} ms (median {statistics.median(times[name]) * 1000:.1f})")

    def over_bare(what: str) -> float:
        mine = best[f"{what} ours"] - best["bare ours"]
        return mine / (best[f"{what} published"] - best["bare published"])

    goals = [
        Goal("G11", "TLS contexts of 64 threads", float(told.stdout), 1, 1),
        Goal("G12", "import, to the published release", over_bare("import"), 0.10, 0.03),
        Goal("G12", "import and be ready, to the published", over_bare("ready"), 0.95, 0.70),
        Goal(
            "G13",
            "process start to first token, to it",
            best["first ours"] / best["first published"],
            0.90,
            0.75,
        ),
    ]
    return judge(goals, check="--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

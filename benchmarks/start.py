"""B6, B7: TLS contexts of 64 threads (G11), import (G12), start to first token (G13)."""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

from benchmarks._child import with_bytecode
from benchmarks._idp import IdP
from benchmarks._side import Goal, judge
from benchmarks._tokens import signers, small

CONTEXTS = """
import os, socket, ssl, threading
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
made = []
create = ssl.create_default_context
def count(*a, **k):
    made.append(1)
    return create(*a, **k)
ssl.create_default_context = count
import httpx
from py_identity_model.http_client import get_http_client
server = socket.create_server(("127.0.0.1", 0), backlog=100)
def hang_up():
    while True:
        server.accept()[0].close()
threading.Thread(target=hang_up, daemon=True).start()
def begin_tls():
    try:
        get_http_client().get(f"https://127.0.0.1:{server.getsockname()[1]}/")
    except httpx.ConnectError:
        return
    raise SystemExit("no TLS was tried")
def together(count):
    ready, measured = threading.Barrier(count + 1), threading.Barrier(count + 1)
    def work():
        get_http_client()
        ready.wait()
        measured.wait()
        begin_tls()
    threads = [threading.Thread(target=work) for _ in range(count)]
    [t.start() for t in threads]
    ready.wait()
    found = resident()
    measured.wait()
    [t.join() for t in threads]
    return found
begin_tls()
one = together(1)
beyond = together(64) - one
print(len(made), beyond)
"""
FIRST = """
import sys
from py_identity_model import TokenValidationConfig, validate_token
config = TokenValidationConfig(perform_disco=True, audience="api")
validate_token(sys.argv[1], config, sys.argv[2])
"""
READY = "from py_identity_model import validate_token, TokenValidationConfig"


def seconds(environment: dict[str, str], python: str, program: str, *arguments: str) -> float:
    """Return how long a fresh process takes."""
    began = time.perf_counter()
    subprocess.run([python, "-P", "-c", program, *arguments], check=True, env=environment)
    return time.perf_counter() - began


def main(arguments: list[str]) -> int:
    ours, published = os.environ["BENCH_OWN_PYTHON"], os.environ["BENCH_PEER_PYTHON"]
    told = subprocess.run([ours, "-c", CONTEXTS], capture_output=True, text=True, check=True)
    contexts, megabytes = map(float, told.stdout.split())
    signer = signers()["RS256"]
    programs: dict[str, tuple[str, str, tuple[str, ...]]] = {}
    with IdP() as idp, tempfile.TemporaryDirectory() as folder:
        environment = with_bytecode(folder)
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
        for name in order:  # writes the bytecode
            python, program, more = programs[name]
            seconds(environment, python, program, *more)
        for _ in range(20):
            random.Random(len(times[order[0]])).shuffle(order)
            for name in order:
                python, program, more = programs[name]
                times[name].append(seconds(environment, python, program, *more))
    for name, found in times.items():
        middle = statistics.median(found) * 1000
        print(f"{name:20} {min(found) * 1000:8.1f} ms (median {middle:.1f})")

    def over_bare(what: str) -> float:
        bare = list(zip(times["bare ours"], times["bare published"], strict=True))
        mine = [one - own for one, (own, _) in zip(times[f"{what} ours"], bare, strict=True)]
        peer = [one - own for one, (_, own) in zip(times[f"{what} published"], bare, strict=True)]
        return statistics.median(a / b for a, b in zip(mine, peer, strict=True))

    first = zip(times["first ours"], times["first published"], strict=True)

    goals = [
        Goal("G11", "TLS contexts of 65 threads", contexts, 1, 1),
        Goal("G11", "memory of 64 threads beyond one's, MiB", megabytes, 2, 2),
        Goal("G12", "import, to the published release", over_bare("import"), 0.10, 0.03),
        Goal("G12", "import and be ready, to the published", over_bare("ready"), 0.95, 0.70),
        Goal(
            "G13",
            "process start to first token, to it",
            statistics.median(a / b for a, b in first),
            0.90,
            0.75,
        ),
    ]
    return judge(goals, check="--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Run all readers of untrusted input with coverage-guided mutations.

    python -m fuzz [target] [-runs=N] [other options of libFuzzer]

Any exception other than those of this package, and any input that takes longer than its size
allows, is a finding: libFuzzer writes the input to a file and stops.  Without a target all run in
turn, each in its own process, starting from valid input.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["py_identity_model"]):
    from fuzz.targets import SEEDS, SLOW, TARGETS

CHILD = "child"
# The first call imports joserfc; collecting garbage or another process may take as long.
ALLOWED, PER_BYTE = 0.5, 0.000_05


def bounded(name: str, data: bytes) -> None:
    """Run one target, within the time that its input may take."""
    began = time.process_time()
    TARGETS[name](data)
    took = time.process_time() - began
    if took > ALLOWED + PER_BYTE * len(data):
        raise RuntimeError(f"{took:.3f} s for {len(data)} bytes")


def child(name: str, options: list[str]) -> None:
    """Fuzz one target until it is done, or has found something."""
    atheris.Setup([sys.argv[0], *options], lambda data: bounded(name, data))
    atheris.Fuzz()


def slower(option: str) -> str:
    """Return an option for a target that sends requests: a twentieth of the runs."""
    name, _, value = option.partition("=")
    return f"{name}={int(value) // 20}" if name == "-runs" else option


def main(arguments: list[str]) -> int:
    names = [one for one in arguments if not one.startswith("-")]
    options = [one for one in arguments if one.startswith("-")]
    for name in names or TARGETS:
        print(f"--- {name}", flush=True)
        with tempfile.TemporaryDirectory() as corpus:
            for number, seed in enumerate(SEEDS[name]):
                Path(corpus, str(number)).write_bytes(seed)
            own = [slower(one) if name in SLOW else one for one in options]
            command = [sys.executable, "-m", "fuzz", CHILD, name, "-max_len=4096", *own]
            ended = subprocess.run([*command, corpus], check=False)
        if ended.returncode:
            return ended.returncode
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == [CHILD]:
        child(sys.argv[2], sys.argv[3:])
    else:
        sys.exit(main(sys.argv[1:]))

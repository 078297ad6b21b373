"""The published py-identity-model 4.1.1, measured in a process of its own: it has our name.

It times itself when it is told to, in the same interleaved rounds as everything else.  The
interpreter to run it with is named by BENCH_PEER_PYTHON.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

WORKER = Path(__file__).with_name("_peer_worker.py")


class Peer:
    """The worker process."""

    def __init__(self) -> None:
        python = os.environ["BENCH_PEER_PYTHON"]
        self._process = subprocess.Popen(
            [python, "-P", str(WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, **question: Any) -> Any:
        """Send one question and return its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def function(self, **question: Any) -> PeerFunction:
        """Return something that :func:`interleave` measures there."""
        return PeerFunction(self, question)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


class PeerFunction:
    """A call that is made, and timed, in the worker."""

    def __init__(self, peer: Peer, question: dict[str, Any]) -> None:
        self._peer = peer
        self._question = question

    def __call__(self) -> object:
        return self.seconds(1)

    def seconds(self, count: int) -> float:
        """Return how long ``count`` calls took."""
        return float(self._peer.ask(**self._question, count=count))

"""The published py-identity-model 4.1.1, measured in its own process: it has our name.

It times itself on command, in the same interleaved rounds as everything else.  BENCH_PEER_PYTHON
names its interpreter.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from benchmarks._child import Child

WORKER = Path(__file__).with_name("_peer_worker.py")


class Peer(Child):
    """The worker process."""

    def __init__(self) -> None:
        super().__init__(os.environ["BENCH_PEER_PYTHON"], "-P", str(WORKER))

    def ask(self, **question: Any) -> Any:
        """Send one question and return its answer."""
        self.tell(json.dumps(question))
        return json.loads(self.hear())

    def function(self, **question: Any) -> PeerFunction:
        """Return something that :func:`interleave` measures there."""
        return PeerFunction(self, question)


class PeerFunction:
    """A call that is made, and timed, in the worker."""

    def __init__(self, peer: Peer, question: dict[str, Any]) -> None:
        self._peer = peer
        self._question = question

    def __call__(self) -> object:
        return self.seconds(1)

    @property
    def pid(self) -> int:
        """The worker's process."""
        return self._peer.pid

    def seconds(self, count: int) -> float:
        """Return how long ``count`` calls took."""
        return float(self._peer.ask(**self._question, count=count))

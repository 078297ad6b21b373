"""What tests of both APIs need and what sends nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import httpx
import pytest

from py_identity_model import TokenValidationConfig
from py_identity_model.exceptions import PyIdentityModelException
from py_identity_model.testing import Answer, Received

E = TypeVar("E", bound=PyIdentityModelException)

CONFIG = TokenValidationConfig(perform_disco=True, audience="api")
URL = "https://op.example/"
DISCOVERY = "/.well-known/openid-configuration"


class Clock:
    """A monotonic clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Gate:
    """Holds a provider's answers back until it is opened, and says when one arrived."""

    def __init__(self, path: str, answer: Answer | None = None) -> None:
        self.path = path
        self.answer = answer
        self.arrived = threading.Event()
        self.open = threading.Event()

    def __call__(self, received: Received) -> Answer | None:
        if received.path != self.path:
            return None
        self.arrived.set()
        assert self.open.wait(10), "the gate was never opened"
        return self.answer


def failing(path: str, status: int = 503) -> Callable[[Received], Answer | None]:
    """Return an interceptor that fails every request for ``path``."""

    def intercept(received: Received) -> Answer | None:
        return Answer.of_json({"error": "down"}, status) if received.path == path else None

    return intercept


def answering(path: str, answer: Answer) -> Callable[[Received], Answer | None]:
    """Return an interceptor that answers every request for ``path``."""
    return lambda received: answer if received.path == path else None


def script(*steps: int | Exception | httpx.Response) -> httpx.MockTransport:
    """Return a transport that plays ``steps``: statuses, answers, or errors to raise."""
    remaining: Iterator[int | Exception | httpx.Response] = iter(steps)

    def serve(request: httpx.Request) -> httpx.Response:
        step = next(remaining)
        if isinstance(step, Exception):
            raise step
        return httpx.Response(step, json={}) if isinstance(step, int) else step

    return httpx.MockTransport(serve)


def refused(expected: type[E], code: str) -> pytest.RaisesExc[E]:
    """Expect exactly this exception class with this code."""

    def fits(error: E) -> bool:
        return type(error) is expected and error.code == code

    return pytest.RaisesExc(expected, check=fits)


def members_of(value: Any) -> dict[str, Any]:
    """Return a response's fields past its guards."""
    return dict(vars(value))

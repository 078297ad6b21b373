"""What the benchmarks ask for keys: the embedded provider, publishing keys of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from py_identity_model.testing import Answer, EmbeddedProvider, Received


@contextmanager
def publishing(keys: list[dict[str, Any]]) -> Iterator[EmbeddedProvider]:
    """Run a provider whose key set is ``keys``."""

    def intercept(received: Received) -> Answer | None:
        return Answer.of_json({"keys": keys}) if received.path == "/jwks" else None

    with EmbeddedProvider() as provider:
        provider.intercept = intercept
        yield provider

"""Cross-origin requests to the embedded provider."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from .wire import Answer, Received

# Browsers navigate there, scripts do not fetch it.
_NAVIGATED = frozenset({"/authorize", "/end_session"})


def preflight(received: Received, origins: Collection[str]) -> Answer | None:
    """Return the response to a preflight request; None for other requests."""
    if received.method != "OPTIONS":
        return None
    wanted = received.headers.get("access-control-request-headers", "")
    headers = {"access-control-allow-methods": "GET, POST", "access-control-allow-headers": wanted}
    return Answer(204, b"", headers if _allowed(received, origins) else {})


def with_cors(answer: Answer, received: Received, origins: Collection[str]) -> Answer:
    """Return ``answer`` with the headers that let scripts of an allowed origin read it."""
    if not _allowed(received, origins):
        return answer
    cors = {
        "access-control-allow-origin": received.headers["origin"],
        "access-control-expose-headers": "DPoP-Nonce, WWW-Authenticate",
        "vary": "Origin",
    }
    return replace(answer, headers={**answer.headers, **cors})


def _allowed(received: Received, origins: Collection[str]) -> bool:
    origin = received.headers.get("origin")
    listed = origin in origins or "*" in origins
    return origin is not None and listed and received.path not in _NAVIGATED

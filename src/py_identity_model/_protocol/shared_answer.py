"""Answers of providers that processes share: as text, with the time of their arrival.  No I/O."""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

from .messages import HttpRequest, HttpResponse

_KEPT_HEADERS = ("content-type", "cache-control", "etag")
_CLOCKS_DIFFER = 60.0  # seconds that the clocks of two machines may be apart


class SharedAnswer(NamedTuple):
    """An answer, and when it came: a wall clock time in seconds."""

    response: HttpResponse
    arrived_at: float

    def age(self, now: float) -> float:
        """Return how many seconds ago it came."""
        return max(0.0, now - self.arrived_at)

    def to_text(self) -> str:
        """Return what :meth:`from_text` reads."""
        headers = self.response.headers
        members = {
            "arrived_at": self.arrived_at,
            "headers": {name: headers[name] for name in _KEPT_HEADERS if name in headers},
            "body": self.response.content.decode(),
        }
        return json.dumps(members)

    @classmethod
    def from_text(cls, text: str, request: HttpRequest, now: float) -> SharedAnswer:
        """Return the answer to ``request`` in ``text``; raises ValueError for anything else."""
        members: Any = json.loads(text)
        if not isinstance(members, dict):
            raise ValueError("not an answer")
        arrived, headers, body = (members.get(one) for one in ("arrived_at", "headers", "body"))
        if type(arrived) is not float or not arrived <= now + _CLOCKS_DIFFER:
            raise ValueError("not an answer of a known time")
        if not isinstance(headers, dict) or not all(type(one) is str for one in headers.values()):
            raise ValueError("not an answer with headers")
        limit = request.max_body if isinstance(request.max_body, int) else request.max_body()
        if not isinstance(body, str) or len(content := body.encode()) > limit:
            raise ValueError("not an answer within its bound")
        return cls(HttpResponse(200, headers, content), arrived)


def shared_key(request: HttpRequest) -> str:
    """Return the name under which the answer to ``request`` is shared."""
    return f"document-{hashlib.sha256(request.url.encode()).hexdigest()}"

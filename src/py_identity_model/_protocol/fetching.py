"""How documents are fetched, and how processes share them: as text, with their time.  No I/O."""

import hashlib
import json
import math
from collections.abc import Callable
from enum import Enum
from typing import Any, Generic, NamedTuple, TypeVar

from .._settings import Setting
from .cache import Entry, time_to_live, until_refresh
from .messages import HttpRequest, HttpResponse

V = TypeVar("V")

_KEPT_HEADERS = ("content-type", "cache-control", "etag")
_CLOCKS_DIFFER = 60.0  # seconds that the clocks of two machines may be apart


class Attempt(NamedTuple):
    """How a document is to be fetched.

    ``retries`` is how often more at most (None: as configured), ``etag`` names the version that
    is known, ``in_turn`` waits while too many like it are under way.  ``lifetime`` tells from
    ``Cache-Control`` for how many seconds an answer may be shared, None for not at all; one that
    another process shared spares the request if it is younger than that and ``oldest``, and
    ``helps``, which judges what it holds.
    """

    retries: int | None = None
    etag: str | None = None
    in_turn: bool = False
    lifetime: Callable[[str | None], float] | None = None
    oldest: float = math.inf
    helps: Callable[[Any], bool] = bool


AS_CONFIGURED = Attempt()
ONCE = Attempt(retries=0)


def wanted(
    attempt: Attempt, entry: Entry[Any], etag: str | None, now: float, ttl: Setting
) -> Attempt:
    """Return ``attempt`` for what is cached: only what is younger may take its place unasked."""
    own_age = math.inf if entry.accepted_at is None else now - entry.accepted_at
    return attempt._replace(
        etag=etag,
        in_turn=True,
        lifetime=lambda control: until_refresh(time_to_live(control, ttl)),
        oldest=min(attempt.oldest, own_age),
    )


class Judged(NamedTuple, Generic[V]):
    """What an answer held, or why it cannot be used; ``cache_control`` is its header."""

    is_successful: bool
    error: str | None = None
    error_kind: Enum | None = None
    status_code: int | None = None
    value: V | None = None
    cache_control: str | None = None


class Fetched(NamedTuple, Generic[V]):
    """A judged answer, what names this version of it, and whether it is the version known.

    ``age`` is how many seconds ago another process fetched it.
    """

    judged: Judged[V]
    etag: str | None = None
    unchanged: bool = False
    age: float = 0.0


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
    def from_text(cls, text: str, request: HttpRequest, now: float) -> "SharedAnswer":
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

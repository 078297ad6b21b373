"""A cache of introspection results for opaque tokens."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from .._fork import forget_in_child
from .._jose.claims import numeric_date
from .._logging import logger
from .._wire.stored_value import pack_value, unpack_value
from ..exceptions import PyIdentityModelException

REFUSAL_SECONDS = 1.0
"""Seconds until a refused or failed token is introspected again."""

_KIND = "introspection"


class Introspections:
    """Results by the hash of their tokens, up to ``max_entries``; refusals are counted separately.

    Strangers can cause refusals, so these never evict active tokens.  Claims are stored as JSON, so
    that callers get copies of their own.
    """

    def __init__(self, max_entries: int) -> None:
        self._most = max_entries
        self._active: dict[bytes, tuple[float, str]] = {}
        self._refused: dict[bytes, tuple[float, PyIdentityModelException]] = {}
        self._lock = threading.Lock()
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._active)

    def find(self, key: bytes, now: float) -> str | None:
        """Return the claims of an active token as JSON; raise the recent error of a refused one."""
        # Without the lock: each table is read once, and reading a dictionary is atomic.
        known = self._active.get(key)
        if known is not None and now < known[0]:
            return known[1]
        refused = self._refused.get(key)
        if refused is not None and now < refused[0]:
            raise refused[1].fresh()
        return None

    def store(self, key: bytes, claims: str, now: float, seconds: float) -> None:
        """Store the claims of an active token for this many seconds."""
        with self._lock:
            _make_room(self._active, self._most, now)
            self._active[key] = now + seconds, claims
            self._refused.pop(key, None)

    def refuse(self, key: bytes, error: PyIdentityModelException, now: float) -> None:
        """Remember for a short time that a token was refused, or its introspection failed."""
        with self._lock:
            self._active.pop(key, None)
            _make_room(self._refused, self._most, now)
            self._refused[key] = now + REFUSAL_SECONDS, error.fresh()


def _make_room(entries: dict[bytes, tuple[float, Any]], most: int, now: float) -> None:
    if len(entries) < most:
        return
    for key in [key for key, entry in entries.items() if entry[0] <= now]:
        del entries[key]
    while len(entries) >= most:
        del entries[next(iter(entries))]


def pack_claims(name: str, claims: str, seconds: float) -> str:
    """Return the string that shares the claims of an active token, bound to its name."""
    return pack_value(_KIND, name, {"until": time.time() + seconds, "claims": claims})


def unpack_claims(name: str, text: str, ttl: float) -> tuple[str, float] | None:
    """Return the claims that another process stored, and their remaining lifetime in seconds.

    They are used for ``ttl`` seconds at most.
    """
    try:
        stored = unpack_value(_KIND, name, text)
        until, claims = numeric_date(stored.get("until")), stored.get("claims")
        active = isinstance(claims, str) and json.loads(claims).get("active") is True
    except (ValueError, AttributeError, RecursionError):
        logger.warning("a shared introspection result cannot be read")
        return None
    now = time.time()
    if until is None or now >= until or not active or not isinstance(claims, str):
        return None
    return claims, min(until - now, ttl)

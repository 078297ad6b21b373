"""Nonces that several objects, keys and processes share: which is used, and which is passed on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import NamedTuple

from .dpop_nonces import LONGEST_NONCE, put_bounded
from .stored_value import pack_value, unpack_value

Place = tuple[str, str]

_KIND = "DPoP nonce"
_SYNTAX = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # RFC 9449 §8.1
_YOUNG = 30.0  # seconds
_GAP = 5.0  # seconds between two volunteered nonces that are passed on


class _Nonce(NamedTuple):
    value: str
    seen_at: float
    """When a server last gave or accepted it, by the wall clock."""


class _Origin:
    """What is known of a server, whatever the key."""

    def __init__(self) -> None:
        self.newest: _Nonce | None = None
        self.shared: _Nonce | None = None
        self.read_at = float("-inf")
        self.alone_until = float("-inf")


class SharedNonces:
    """The nonces of servers, by origin and by key.

    Servers may bind nonces to keys, or accept each only once (RFC 9449 leaves both to them).  So
    the one that a key was given itself is preferred unless another object saw a newer one; and
    where such a newer one is refused, those of others are not used for a while.
    """

    def __init__(self, lifetime: float, clock: Callable[[], float]) -> None:
        self._lifetime = lifetime
        self._clock = clock
        self._own: dict[Place, _Nonce] = {}
        self._origins: dict[str, _Origin] = {}

    def find(self, place: Place) -> str | None:
        """Return the nonce for the next proof, or None if none is known."""
        own, origin = self._own.get(place), self._origins.get(place[1])
        other = None if origin is None else origin.newest
        if origin is None or other is None or not self._is_usable(origin, other):
            return None if own is None else own.value
        return own.value if own is not None and own.seen_at >= other.seen_at else other.value

    def _is_usable(self, origin: _Origin, other: _Nonce) -> bool:
        now = self._clock()
        return now >= origin.alone_until and abs(now - other.seen_at) < self._lifetime

    def should_read(self, place: Place) -> bool:
        """Return whether other processes may know a newer nonce."""
        now, origin = self._clock(), self._origin(place)
        known = (self._own.get(place), origin.newest)
        return (
            now >= origin.alone_until
            and not abs(now - origin.read_at) < _YOUNG
            and not any(one and abs(now - one.seen_at) < _YOUNG for one in known)
        )

    def read(self, place: Place, text: str | None) -> None:
        """Take over what the store has; raise ValueError for what no process stored here."""
        origin = self._origin(place)
        origin.read_at = self._clock()
        if text is None:
            return
        members = unpack_value(_KIND, stored_name(place), text)
        value, seen_at = members.get("nonce"), members.get("seen_at")
        if not isinstance(value, str) or not _is_shared(value):
            raise ValueError("the stored nonce is malformed")
        if not isinstance(seen_at, (int, float)) or not 0 <= seen_at <= origin.read_at + _YOUNG:
            raise ValueError("the stored nonce has no time, or one in the future")
        if origin.newest is None or seen_at > origin.newest.seen_at:
            origin.newest = origin.shared = _Nonce(value, seen_at)

    def learn(
        self, place: Place, used: str | None, brought: str | None, *, demanded: bool, success: bool
    ) -> str | None:
        """Remember what a response says; return the text for other processes, if they need it.

        ``used`` is the nonce of the proof, ``brought`` that of the response; ``demanded`` says that
        the request is to be sent again, ``success`` that it was accepted.
        """
        now, origin = self._clock(), self._origin(place)
        if demanded:
            self._judge(place, origin, used)
        value = brought or (used if success else None)
        if value is None or len(value) > LONGEST_NONCE:
            return None
        seen = _Nonce(value, now)
        put_bounded(self._own, place, seen)
        origin.newest = seen
        if not _is_shared(value) or not self._is_news(origin.shared, seen, demanded):
            return None
        origin.shared = seen
        return pack_value(_KIND, stored_name(place), {"nonce": value, "seen_at": now})

    def _judge(self, place: Place, origin: _Origin, used: str | None) -> None:
        """Leave the nonces of others alone where one was refused although it was young."""
        other, own = origin.newest, self._own.get(place)
        if other is None or other.value != used or (own is not None and own.value == used):
            return
        if abs(self._clock() - other.seen_at) < _YOUNG:
            origin.alone_until = self._clock() + self._lifetime

    def _is_news(self, last: _Nonce | None, seen: _Nonce, demanded: bool) -> bool:
        """Return whether others need a nonce: not each of a server that gives one per response."""
        if last is None:
            return True
        age = abs(seen.seen_at - last.seen_at)
        if seen.value == last.value:
            return age >= self._lifetime / 2
        return demanded or age >= _GAP

    def _origin(self, place: Place) -> _Origin:
        origin = self._origins.get(place[1])
        if origin is None:
            origin = _Origin()
            put_bounded(self._origins, place[1], origin)
        return origin


def _is_shared(value: str) -> bool:
    return len(value) <= LONGEST_NONCE and _SYNTAX.fullmatch(value) is not None


def stored_name(place: Place) -> str:
    """Return the name under which processes share the nonce of a server."""
    return f"dpop-nonce-{hashlib.sha256(place[1].encode()).hexdigest()}"

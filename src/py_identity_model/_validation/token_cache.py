"""An optional cache of validated tokens (off unless a configuration has one)."""

import hashlib
import threading
from collections import OrderedDict
from typing import Any, NamedTuple

from .._fork import forget_in_child
from ..exceptions import InvalidArgumentError

_LONGEST_TOKEN = 16 * 1024


class _CachedToken(NamedTuple):
    validator: object
    keys: object
    begins: float
    ends: float
    payload: bytes


class TokenCache:
    """Remembers validated tokens for a short time, to skip verifying their signatures again.

    :param max_entries: the maximum number of tokens
    :param max_ttl: seconds for which a token is remembered, unless it expires sooner

    Pass one to :class:`TokenValidationConfig` as ``token_cache``.  It is worthwhile for ES384 and
    ES512, which are slow to verify.

    It stores the SHA-256 of a token and its payload, never the token; only accepted tokens; none
    that are valid through leeway alone, or lack ``exp``.  An entry serves only the configuration
    and the key set that accepted it: any change of either ends it.  Times are checked again at each
    hit, and claims validators run.  The price: a revoked key or token may be accepted up to
    ``max_ttl`` longer.

    Example::

        config = TokenValidationConfig(
            perform_disco=True, audience="api", token_cache=TokenCache(max_ttl=30)
        )
    """

    def __init__(self, max_entries: int = 10_000, max_ttl: float = 60.0) -> None:
        if max_entries < 1 or not 0 < max_ttl <= 3600:
            raise InvalidArgumentError("max_entries must be positive, max_ttl at most 3600 s")
        self._max_entries = max_entries
        self._max_ttl = max_ttl
        self._entries: OrderedDict[bytes, _CachedToken] = OrderedDict()
        self._lock = threading.Lock()
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        """Remove all entries.

        Example::

            token_cache.clear()
        """
        with self._lock:
            self._entries.clear()

    def find(self, token: bytes, validator: object, keys: object, wall: float) -> bytes | None:
        """Return the payload of ``token`` if it was accepted by ``validator`` with ``keys``."""
        # By a hash, not by the token: a dump of the memory must not hold what opens doors.  A miss
        # takes no lock, because where tokens seldom come twice nearly every look-up is one.
        place = hashlib.sha256(token).digest()
        cached = self._entries.get(place)
        if cached is None:
            return None
        fits = cached.validator is validator and cached.keys is keys
        with self._lock:
            # Looked up again: another thread may have evicted it since.
            if place not in self._entries:
                return None
            if not fits or not cached.begins <= wall < cached.ends:
                del self._entries[place]
                return None
            self._entries.move_to_end(place)
        return cached.payload

    def remember(
        self,
        token: bytes,
        validator: object,
        keys: object,
        payload: bytes,
        claims: dict[str, Any],
        wall: float,
    ) -> None:
        """Remember ``token``, which was just accepted."""
        expires = claims.get("exp")
        if expires is None or expires <= wall or len(token) > _LONGEST_TOKEN:
            return
        begins = max(claims.get("nbf") or 0, claims.get("iat") or 0)
        if begins > wall:
            return
        cached = _CachedToken(validator, keys, begins, min(expires, wall + self._max_ttl), payload)
        with self._lock:
            self._entries[hashlib.sha256(token).digest()] = cached
            while len(self._entries) > self._max_entries:
                self._entries.popitem(last=False)

"""An optional memory of tokens that were validated (off unless a configuration has one)."""

import hashlib
import threading
from collections import OrderedDict
from typing import Any, NamedTuple

from .._fork import forget_in_child
from ..exceptions import InvalidArgumentError

_LONGEST_TOKEN = 16 * 1024


class _Kept(NamedTuple):
    validator: object
    keys: object
    begins: float
    ends: float
    payload: bytes


class TokenCache:
    """Remembers validated tokens for a short while, so that their signature is not verified again.

    Pass one to :class:`TokenValidationConfig` as ``token_cache``.  It pays for ES384 and ES512,
    where verifying is slow.  At most ``max_entries`` tokens are kept, each for ``max_ttl`` seconds
    or until it expires, whichever is sooner.

    Kept are the SHA-256 of a token and its payload, never the token; only what was accepted; not
    what lives by leeway alone, or has no ``exp``.  An entry serves only the configuration and
    the very key set that it was accepted by: any change of either ends it.  Times are checked
    again at each hit, and claims validators run.  What it costs: a revoked key or token may serve
    up to ``max_ttl`` longer.

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
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._lock = threading.Lock()
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def clear(self) -> None:
        """Forget everything.

        Example::

            token_cache.clear()
        """
        with self._lock:
            self._kept.clear()

    def find(self, token: bytes, validator: object, keys: object, wall: float) -> bytes | None:
        """Return the payload of ``token`` if it was accepted by ``validator`` with ``keys``."""
        place = hashlib.sha256(token).digest()
        kept = self._kept.get(place)
        if kept is None:
            return None
        fits = kept.validator is validator and kept.keys is keys
        with self._lock:
            if place not in self._kept:
                return None
            if not fits or not kept.begins <= wall < kept.ends:
                del self._kept[place]
                return None
            self._kept.move_to_end(place)
        return kept.payload

    def keep(
        self,
        token: bytes,
        validator: object,
        keys: object,
        payload: bytes,
        claims: dict[str, Any],
        wall: float,
    ) -> None:
        """Remember ``token``, accepted just now."""
        expires = claims.get("exp")
        if expires is None or expires <= wall or len(token) > _LONGEST_TOKEN:
            return
        begins = max(claims.get("nbf") or 0, claims.get("iat") or 0)
        if begins > wall:
            return
        kept = _Kept(validator, keys, begins, min(expires, wall + self._max_ttl), payload)
        with self._lock:
            self._kept[hashlib.sha256(token).digest()] = kept
            while len(self._kept) > self._max_entries:
                self._kept.popitem(last=False)

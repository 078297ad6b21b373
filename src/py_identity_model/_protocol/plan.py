"""The warm path: a configuration and what is cached for it, ready to judge a token.

Everything that stays the same between tokens is worked out once, when a token was validated the
long way.  What is left touches no lock, no environment, no log and no network, and does no work
in proportion to a token whose header nobody has verified before.
"""

from __future__ import annotations

from binascii import a2b_base64
from functools import lru_cache
from threading import get_ident
from typing import Any

from .._jose.claims import ClaimsRules, check_claims
from .._jose.encoding import LAST, PADDING, TO_STANDARD, parse_object_quickly
from .._jose.keys import KeySnapshot
from .._jose.tokens import (
    check_unverified_issuer,
    cooling_down,
    not_split,
    not_three,
    read_claims,
    read_header,
)
from .cache import Entry
from .counters import warm_cells
from .events import CacheEventKind, events
from .token_validation import TokenValidationConfig, allowed_algorithms, check_algorithm

_hits = warm_cells()
_verified_header = lru_cache(maxsize=128)(read_header)  # only of tokens verified before


class Plan:
    """One configuration, for one address, on what is cached now."""

    __slots__ = (
        "_address",
        "_allowed",
        "_document",
        "_keys",
        "_max_size",
        "_provider",
        "_rules",
        "_tokens",
        "_weak",
    )

    def __init__(
        self,
        config: TokenValidationConfig,
        address: str,
        rules: ClaimsRules,
        document: Entry[Any],
        keys: Entry[KeySnapshot],
    ) -> None:
        self._address = address
        self._rules = rules[:]
        self._document = document
        self._provider: Any = document.value
        self._keys = keys
        self._max_size = config.max_token_size
        self._allowed = allowed_algorithms(config)
        self._weak = config.allow_weak_keys
        self._tokens = config.token_cache

    def is_for(self, document: Entry[Any], keys: Entry[KeySnapshot]) -> bool:
        """Whether this plan is for these entries as they are now."""
        same = self._document is document and self._keys is keys
        return same and self._provider is document.value

    def judge(self, jwt: str, monotonic: float, wall: float) -> dict[str, Any] | None:
        """Do what :meth:`claims` does, for what may be no token at all."""
        if type(jwt) is not str or len(jwt) > self._max_size or not jwt.isascii():
            raise not_split(jwt, self._max_size)
        return self.claims(jwt.encode(), jwt.find("."), jwt.rfind("."), monotonic, wall)

    def claims(
        self, data: bytes, first: int, last: int, monotonic: float, wall: float
    ) -> dict[str, Any] | None:
        """Return the claims of a token, or None where only the long way can tell.

        ``data`` is ASCII text, no longer than the configuration allows, with its first and its
        last dot at ``first`` and ``last``.  Raises TokenValidationException for a token that must
        be refused.  None covers documents no longer fresh, and headers and signatures that newer
        keys may make good.
        """
        document, entry = self._document, self._keys
        if monotonic >= document.refresh_at or monotonic >= entry.refresh_at:
            return None
        keys = entry.value
        if keys is None or document.value is not self._provider:
            return None
        tokens = self._tokens
        if tokens is not None and (payload := tokens.find(data, self, keys, wall)) is not None:
            self._count(document, entry, monotonic)
            return parse_object_quickly(payload) or read_claims(payload)
        known = (keys.weak_memo if self._weak else keys.memo).get(data[:first])
        if known is None:
            if first <= 0 or data.count(b".") != 2:
                raise not_three()
            self._refuse_header(data[:first], data[first + 1 : last], entry, keys, monotonic)
            return None
        if known[0] not in self._allowed:
            return None
        if not 0 < first < last:
            raise not_three()
        # decode_base64url of both segments, written out: half the calls, and they count.  ASCII
        # text rarely spells what differs between the alphabets: five looks beat one copy.
        signed, middle = data[:last], data[first + 1 : last]
        end = data[last + 1 :].translate(TO_STANDARD)
        if 45 in middle or 95 in middle or 43 in middle or 47 in middle or 61 in middle:
            middle = middle.translate(TO_STANDARD)  # there was one of -_+/=
        rest, spare = len(middle) & 3, len(end) & 3
        if (rest and middle[-1] not in LAST[rest]) or (spare and end[-1] not in LAST[spare]):
            return None
        try:
            payload = a2b_base64(middle + PADDING[rest], strict_mode=True)
            signature = a2b_base64(end + PADDING[spare], strict_mode=True)
        except ValueError:
            return None
        for verify, key in known[1]:
            if verify(signed, signature, key):
                break
        else:
            if _nothing_newer(entry, keys, monotonic):
                raise cooling_down(_verified_header(data[:first]))
            return None
        claims = parse_object_quickly(payload)
        if claims is None:
            claims = read_claims(payload)
        document.last_used = entry.last_used = monotonic  # _count, written out likewise
        thread = get_ident()
        _hits[thread] = _hits.get(thread, 0) + 1
        if events.hook is not None:
            self._tell()
        check_claims(self._rules, claims, wall)
        if tokens is not None:
            tokens.keep(data, self, keys, payload, claims, wall)
        return claims

    def _refuse_header(
        self,
        segment: bytes,
        payload: bytes,
        entry: Entry[KeySnapshot],
        keys: KeySnapshot,
        now: float,
    ) -> None:
        """Raise for a header that nothing can make good; else leave it to the long way."""
        header = read_header(segment)
        check_algorithm(header.alg, self._allowed)
        unknown = header.kid is not None and header.kid not in keys
        if unknown and _nothing_newer(entry, keys, now):
            events.emit(CacheEventKind.REFUSED_KID, "keys", str(self._provider.jwks_uri))
            error = keys.no_match(header)
            check_unverified_issuer(error, payload, ClaimsRules(*self._rules))
            raise error

    def _count(self, document: Entry[Any], keys: Entry[KeySnapshot], now: float) -> None:
        document.last_used = keys.last_used = now
        thread = get_ident()
        _hits[thread] = _hits.get(thread, 0) + 1
        if events.hook is not None:
            self._tell()

    def _tell(self) -> None:
        events.tell(CacheEventKind.HIT, "document", self._address)
        events.tell(CacheEventKind.HIT, "keys", str(self._provider.jwks_uri))


def _nothing_newer(entry: Entry[KeySnapshot], keys: KeySnapshot, now: float) -> bool:
    """Whether ``keys`` are the newest, and newer ones must not be asked for yet.

    The order matters: a fetch ends after its keys are in place, so they are looked at last.
    """
    return now < entry.cooldown_until and not entry.fetching and entry.value is keys

"""The fast path: a configuration prepared for the documents that are cached now.

Everything that is constant between tokens is computed once, after a token was validated the long
way.  What remains takes no lock, reads no environment, writes no log and sends nothing, and its
cost for an unknown header does not grow with the token.
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
    cooldown_error,
    not_compact_error,
    not_three_segments_error,
    read_claims,
    read_header,
)
from .cache_entry import Entry
from .config import (
    TokenValidationConfig,
    allowed_algorithms,
    allows_duplicates,
    check_algorithm,
)
from .events import CacheEventKind, events, warm_cells
from .provider_document import Provider

# `validate_ascii` is a second, shorter verifier beside `_jose.tokens`: calling those functions one
# after another takes 5 % longer for RS256.  It answers None, never yes, where it is unsure, and
# must check all that the long way checks: tests/protocol/validation/test_fast_path.py compares the
# two.
#
#  1. ASCII text of at most `max_token_size` characters with exactly two dots, the first segment not
#     empty (`split_token`).  A dot inside the payload is outside the alphabet of point 4.
#  2. A header counts only if its very bytes were verified before with these keys (`KeySnapshot.
#     remember`); any other is read by `read_header` and can be refused here, never accepted.
#  3. The algorithm is allowed by this configuration, whichever configuration verified the header.
#  4. Payload and signature have their one spelling: URL alphabet, no padding, no white space, no
#     spare bits (`decode_base64url`).  Padded tokens, where allowed, are left to the long way.
#  5. The signature is over the bytes before the last dot; keys that share a name are tried in turn.
#  6. Claims are read only after the signature, by the same JSON reader (`read_claims`).
#  7. A document or key set that should be refreshed, cleared, or replaced is left to the long way.
#  8. A bad signature or an unknown `kid` is refused only while newer keys must not be asked for.

_hits = warm_cells()
_verified_header = lru_cache(maxsize=128)(read_header)  # only of tokens verified before


class PreparedValidator:
    """One configuration and one address, prepared for the documents that are cached now."""

    __slots__ = (
        "_address",
        "_allowed",
        "_document",
        "_duplicates",
        "_keys",
        "_max_size",
        "_padded",
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
        document: Entry[Provider],
        keys: Entry[KeySnapshot],
    ) -> None:
        assert document.value is not None
        self._address = address
        self._rules = rules[:]
        self._document = document
        self._provider = document.value
        self._keys = keys
        self._max_size = config.max_token_size
        self._allowed = allowed_algorithms(config)
        self._weak = config.allow_weak_keys
        self._duplicates = allows_duplicates(config)
        self._padded = config.allow_padded_base64url
        self._tokens = config.token_cache

    def is_for(self, document: Entry[Provider], keys: Entry[KeySnapshot]) -> bool:
        """Return whether this validator was made for these entries in their current state."""
        same = self._document is document and self._keys is keys
        return same and self._provider is document.value

    def validate(self, jwt: str, monotonic: float, wall: float) -> dict[str, Any] | None:
        """Return the result of :meth:`validate_ascii`, for any value passed as a token."""
        if type(jwt) is not str or len(jwt) > self._max_size or not jwt.isascii():
            raise not_compact_error(jwt, self._max_size)
        return self.validate_ascii(jwt.encode(), jwt.find("."), jwt.rfind("."), monotonic, wall)

    # Whole on purpose: each function split off costs every warm validation a call. The invariants
    # that it copies are listed at the top of this module, and compared by test_fast_path.py.
    def validate_ascii(
        self, data: bytes, first: int, last: int, monotonic: float, wall: float
    ) -> dict[str, Any] | None:
        """Return the claims of a token, or None where only the long way can decide.

        ``data`` is an ASCII string within the configured size, with its first and its last dot at
        ``first`` and ``last``.  Raises TokenValidationException for a token that must be refused.
        None covers documents that are no longer fresh, and headers and signatures that newer keys
        may verify.
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
                raise not_three_segments_error()
            if not (self._padded and data[first - 1] == 61):  # "=" is left to the long way
                self._refuse_header(data[:first], data[first + 1 : last], entry, keys, monotonic)
            return None
        if known[0] not in self._allowed:
            return None
        if not 0 < first < last:
            raise not_three_segments_error()
        # decode_base64url of both segments, inlined: half the calls, which matters here. ASCII
        # strings rarely contain the characters in which the alphabets differ: five lookups beat one
        # copy.
        signed, middle = data[:last], data[first + 1 : last]
        end = data[last + 1 :].translate(TO_STANDARD)
        if 45 in middle or 95 in middle or 43 in middle or 47 in middle or 61 in middle:
            middle = middle.translate(TO_STANDARD)  # it contained one of -_+/=
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
                raise cooldown_error(_verified_header(data[:first]))
            return None
        claims = parse_object_quickly(payload, allow_duplicates=self._duplicates)
        if claims is None:
            claims = read_claims(payload, allow_duplicates=self._duplicates)
        document.last_used = entry.last_used = monotonic  # _count, inlined likewise
        thread = get_ident()
        _hits[thread] = _hits.get(thread, 0) + 1
        if events.hook is not None:
            self._emit_hits()
        check_claims(self._rules, claims, wall)
        if tokens is not None:
            tokens.remember(data, self, keys, payload, claims, wall)
        return claims

    def _refuse_header(
        self,
        segment: bytes,
        payload: bytes,
        entry: Entry[KeySnapshot],
        keys: KeySnapshot,
        now: float,
    ) -> None:
        """Raise for a header that newer keys cannot help; otherwise leave it to the long way."""
        header = read_header(segment)
        check_algorithm(header.alg, self._allowed)
        unknown = header.kid is not None and header.kid not in keys
        if unknown and _nothing_newer(entry, keys, now):
            events.emit(CacheEventKind.REFUSED_KID, "keys", str(self._provider.jwks_uri))
            error = keys.no_matching_key_error(header)
            check_unverified_issuer(error, payload, ClaimsRules(*self._rules))
            raise error

    def _count(self, document: Entry[Provider], keys: Entry[KeySnapshot], now: float) -> None:
        document.last_used = keys.last_used = now
        thread = get_ident()
        _hits[thread] = _hits.get(thread, 0) + 1
        if events.hook is not None:
            self._emit_hits()

    def _emit_hits(self) -> None:
        events.report(CacheEventKind.HIT, "document", self._address)
        events.report(CacheEventKind.HIT, "keys", str(self._provider.jwks_uri))


def _nothing_newer(entry: Entry[KeySnapshot], keys: KeySnapshot, now: float) -> bool:
    """Return whether ``keys`` are the newest, and the cooldown forbids a refresh.

    The order matters: a fetch ends after its keys are stored, so they are read last.
    """
    return now < entry.cooldown_until and not entry.fetching and entry.value is keys

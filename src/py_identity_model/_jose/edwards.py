"""Public keys of Edwards curves that everyone can sign for (RFC 8032, RFC 7748 §6)."""

from __future__ import annotations

_P25519 = 2**255 - 19
_P448 = 2**448 - 2**224 - 1
_ORDER_8 = {
    int.from_bytes(bytes.fromhex(text), "little")
    for text in (
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    )
}
_CURVES = {
    "Ed25519": (_P25519, 255, {0, 1, _P25519 - 1, *_ORDER_8}),
    "Ed448": (_P448, 455, {0, 1, _P448 - 1}),
}
"""The prime, the bits before that of the sign, and y of all points whose order is 8 at most."""


def has_small_order(curve: str, public: bytes) -> bool:
    """Return whether the point has one of at most eight multiples, in any of its spellings.

    A signature by such a key needs no private key: OpenSSL verifies it all the same.
    """
    if curve not in _CURVES:
        return False
    prime, bits, small = _CURVES[curve]
    y = int.from_bytes(public, "little") & ((1 << bits) - 1)
    return y % prime in small

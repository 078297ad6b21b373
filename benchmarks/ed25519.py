"""Ed25519 by cryptography and by PyNaCl, verdicts and speed: `python -m benchmarks.ed25519`.

Every kind of signature on which implementations are known to differ: a second S, points of small
order, points in a second spelling, and equations that hold only when multiplied by the cofactor.
"""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import product
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from benchmarks._side import interleave, table

nacl: Any = import_module("nacl.signing")
nacl_exceptions: Any = import_module("nacl.exceptions")

Point = tuple[int, int]
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1)
SECRET, NONCE = 2**250 + 12345, 2**249 + 54321


def x_of(y: int) -> int | None:
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * ROOT % P
    return x if x * x % P == square else None


def add(one: Point, other: Point) -> Point:
    (a, b), (c, d) = one, other
    k = D * a * c * b * d
    return (a * d + b * c) * pow(1 + k, -1, P) % P, (b * d + a * c) * pow(1 - k, -1, P) % P


def times(number: int, point: Point) -> Point:
    found = NEUTRAL
    while number:
        found = add(found, point) if number & 1 else found
        point, number = add(point, point), number >> 1
    return found


def spelled(point: Point) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def challenge(commitment: bytes, key: bytes, message: bytes) -> int:
    digest = hashlib.sha512(commitment + key + message).digest()
    return int.from_bytes(digest, "little") % L


def signature(commitment: bytes, s: int) -> bytes:
    return commitment + s.to_bytes(32, "little")


def small_order() -> list[Point]:
    """Return the eight points whose order divides the cofactor."""
    for y in range(2, 100):
        x = x_of(y)
        point = None if x is None else times(L, (x, y))
        if point is not None and times(4, point) != NEUTRAL:
            return [times(number, point) for number in range(8)]
    raise AssertionError("there is one among the first few")


def cases() -> Iterator[tuple[str, bytes, bytes, bytes]]:
    """Yield what it is, and the public key, message and signature."""
    base_y = 4 * pow(5, -1, P) % P
    base_x = x_of(base_y) or 0
    base = (base_x if base_x % 2 == 0 else P - base_x, base_y)
    small = small_order()
    own, nonce = times(SECRET, base), times(NONCE, base)
    key, commitment = spelled(own), spelled(nonce)
    for message in (b"%d" % number for number in range(20)):
        s = (NONCE + challenge(commitment, key, message) * SECRET) % L
        yield "a sound signature", key, message, signature(commitment, s)
        yield "S + L", key, message, signature(commitment, s + L)
        yield "another message", key, message + b"x", signature(commitment, s)
        yield "cut", key, message, signature(commitment, s)[:-1]
    for point, number in product(small, range(64)):
        # Every spelling of a key of small order; sound where the challenge is a multiple of eight.
        message = b"%d" % number
        ys = [y for y in (point[1], point[1] + P) if y < 2**255]
        for y, sign in product(ys, (0, 1)):
            small_key = (y | sign << 255).to_bytes(32, "little")
            sound = challenge(commitment, small_key, message) % 8 == 0
            how = "" if small_key == spelled(point) else ", spelled otherwise"
            if sound and (not how or point[0] == 0 or y >= P):
                yield f"a key of small order{how}", small_key, message, signature(commitment, NONCE)
    for point, number in product(small[1:], range(40)):
        message = b"%d" % number
        mixed = spelled(add(own, point))
        c = challenge(commitment, mixed, message)
        holds = "" if times(c % 8, point) == NEUTRAL else ", sound by the cofactor alone"
        s = (NONCE + c * SECRET) % L
        yield f"a key of mixed order{holds}", mixed, message, signature(commitment, s)
        moved = spelled(add(nonce, point))
        s = (NONCE + challenge(moved, key, message) * SECRET) % L
        yield "R of mixed order, sound by the cofactor alone", key, message, signature(moved, s)
    for point in small:
        r = spelled(point)
        s = challenge(r, key, b"m") * SECRET % L
        holds = "" if point == NEUTRAL else ", sound by the cofactor alone"
        yield f"R of small order{holds}", key, b"m", signature(r, s)
    for number in (1 + P, 1 | 1 << 255, 1 + P | 1 << 255):
        r = number.to_bytes(32, "little")
        s = challenge(r, key, b"m") * SECRET % L
        yield "R spelled otherwise", key, b"m", signature(r, s)


def by_cryptography(key: bytes, message: bytes, signed: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signed, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def by_pynacl(key: bytes, message: bytes, signed: bytes) -> bool:
    try:
        nacl.VerifyKey(key).verify(message, signed)
    except (nacl_exceptions.BadSignatureError, nacl_exceptions.CryptoError, ValueError):
        return False
    return True


def main() -> int:
    verdicts: dict[str, Counter[tuple[bool, bool]]] = {}
    for what, *one in cases():
        verdict = by_cryptography(*one), by_pynacl(*one)
        verdicts.setdefault(what, Counter())[verdict] += 1
    word = {True: "accepts", False: "refuses"}
    print("| Ed25519 | cryptography | PyNaCl | cases |\n|---|---|---|---|")
    for what, found in verdicts.items():
        for (ours, theirs), count in found.items():
            print(f"| {what} | {word[ours]} | {word[theirs]} | {count} |")
    private, message = Ed25519PrivateKey.generate(), b"m" * 400
    public, signed = private.public_key(), private.sign(message)
    key = nacl.VerifyKey(public.public_bytes_raw())
    compared: dict[str, Callable[[], object]] = {
        "cryptography": lambda: public.verify(signed, message),
        "PyNaCl": lambda: key.verify(message, signed),
    }
    table("Ed25519, 400 bytes", interleave(compared), "cryptography")
    return 0


if __name__ == "__main__":
    sys.exit(main())

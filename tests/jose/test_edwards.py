"""Points of Edwards curves that everyone can sign for."""

from __future__ import annotations

import pytest
from joserfc.jwk import OKPKey

from py_identity_model import JsonWebKey, TokenValidationException, verify_jws
from py_identity_model._jose.edwards import has_small_order
from py_identity_model._jose.encoding import decode_base64url, encode_base64url
from py_identity_model._jose.keys import prepare
from tests.support import refused


def _points(size: int, prime: int, *ys: int) -> list[str]:
    """Both signs of each y, and the same y spelled with the prime added where it fits."""
    sign = 1 << (8 * size - 1)
    spelled = [one for y in ys for one in (y, y + prime) if one < (1 << prime.bit_length())]
    both = [y | bit for y in spelled for bit in (0, sign)]
    return [encode_base64url(one.to_bytes(size, "little")).decode() for one in both]


P25519, P448 = 2**255 - 19, 2**448 - 2**224 - 1
ORDER_8 = int.from_bytes(
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"
)
SMALL = [
    *(("Ed25519", x) for x in _points(32, P25519, 0, 1, P25519 - 1, ORDER_8, P25519 - ORDER_8)),
    *(("Ed448", x) for x in _points(57, P448, 0, 1, P448 - 1)),
]


@pytest.mark.parametrize(("curve", "x"), SMALL)
def test_a_point_that_everyone_can_sign_for_is_no_key(curve: str, x: str) -> None:
    key = JsonWebKey(kty="OKP", crv=curve, x=x, kid="k")
    for weak in (False, True):
        with refused(TokenValidationException, "weak_key"):
            prepare(key, curve, allow_weak_keys=weak)


def test_a_forgery_for_such_a_point_is_refused() -> None:
    x = encode_base64url(b"\1" + bytes(31)).decode()
    message = encode_base64url(b'{"alg":"EdDSA","kid":"k"}') + b".e30."
    forged = (message + encode_base64url(b"\1" + bytes(63))).decode()
    with refused(TokenValidationException, "weak_key"):
        verify_jws(forged, JsonWebKey(kty="OKP", crv="Ed25519", x=x), ["EdDSA"])


@pytest.mark.parametrize("curve", ["Ed25519", "Ed448"])
def test_a_generated_key_is_not_one(curve: str) -> None:
    x = str(OKPKey.generate_key(curve).as_dict(private=False)["x"])
    assert not has_small_order(curve, decode_base64url(x.encode()))


def test_other_curves_are_left_to_their_own_rules() -> None:
    assert not has_small_order("X25519", bytes(32))

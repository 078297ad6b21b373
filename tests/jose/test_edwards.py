"""Points of small order: keys that everyone can sign for."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from py_identity_model._jose.edwards import has_small_order

P25519, P448 = 2**255 - 19, 2**448 - 2**224 - 1
ORDER_8 = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"


def ed25519(y: int, sign: int = 0) -> bytes:
    return (y | sign << 255).to_bytes(32, "little")


def ed448(y: int, sign: int = 0) -> bytes:
    return (y | sign << 455).to_bytes(57, "little")


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("y", [0, 1, P25519 - 1, P25519, P25519 + 1])
def test_every_spelling_of_a_small_point_is_known(y: int, sign: int) -> None:
    assert has_small_order("Ed25519", ed25519(y, sign))


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("y", [0, 1, P448 - 1, P448, P448 + 1])
def test_the_small_points_of_the_larger_curve_are_known(y: int, sign: int) -> None:
    assert has_small_order("Ed448", ed448(y, sign))


def test_points_of_order_eight_are_known() -> None:
    assert has_small_order("Ed25519", bytes.fromhex(ORDER_8))
    opposite = P25519 - int.from_bytes(bytes.fromhex(ORDER_8), "little")
    assert has_small_order("Ed25519", ed25519(opposite))


def test_ordinary_keys_have_no_small_order() -> None:
    for _ in range(20):
        assert not has_small_order(
            "Ed25519", Ed25519PrivateKey.generate().public_key().public_bytes_raw()
        )
        assert not has_small_order(
            "Ed448", Ed448PrivateKey.generate().public_key().public_bytes_raw()
        )


def test_other_curves_have_other_points() -> None:
    assert not has_small_order("X25519", ed25519(1))


def test_the_neutral_point_verifies_what_nobody_signed() -> None:
    """Why such keys are refused at all: this signature is the same for every message."""
    neutral = ed25519(1)
    key = Ed25519PublicKey.from_public_bytes(neutral)
    for message in (b"one", b"other"):
        key.verify(neutral + bytes(32), message)
    with pytest.raises(InvalidSignature):
        key.verify(ed25519(0) + bytes(32), b"one")

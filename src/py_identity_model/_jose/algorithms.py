"""Signature algorithms, and the keys they take (RFC 7518, 8037, 8812, 9864)."""

from typing import NamedTuple


class Algorithm(NamedTuple):
    """The requirements of an algorithm on its keys."""

    kty: str
    curves: tuple[str, ...] = ()
    least_bits: int = 0


_RSA = Algorithm("RSA", least_bits=2048)

ALGORITHMS: dict[str, Algorithm] = {
    "RS256": _RSA,
    "RS384": _RSA,
    "RS512": _RSA,
    "PS256": _RSA,
    "PS384": _RSA,
    "PS512": _RSA,
    "ES256": Algorithm("EC", ("P-256",)),
    "ES384": Algorithm("EC", ("P-384",)),
    "ES512": Algorithm("EC", ("P-521",)),
    "ES256K": Algorithm("EC", ("secp256k1",)),
    "EdDSA": Algorithm("OKP", ("Ed25519", "Ed448")),
    "Ed25519": Algorithm("OKP", ("Ed25519",)),
    "Ed448": Algorithm("OKP", ("Ed448",)),
    "HS256": Algorithm("oct", least_bits=256),
    "HS384": Algorithm("oct", least_bits=384),
    "HS512": Algorithm("oct", least_bits=512),
}
"""All algorithms that can be verified.  ``none`` is not among them."""

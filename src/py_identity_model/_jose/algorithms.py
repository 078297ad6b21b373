"""Signature algorithms, and the keys they take (RFC 7518, 8037, 8812, 9864, 9964)."""

from functools import lru_cache
from importlib import import_module
from typing import NamedTuple

from ..exceptions import InvalidArgumentError


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
    "ML-DSA-44": Algorithm("AKP"),
    "ML-DSA-65": Algorithm("AKP"),
    "ML-DSA-87": Algorithm("AKP"),
    "HS256": Algorithm("oct", least_bits=256),
    "HS384": Algorithm("oct", least_bits=384),
    "HS512": Algorithm("oct", least_bits=512),
}
"""All algorithms that can be verified.  ``none`` is not among them."""

ML_DSA = tuple(name for name in ALGORITHMS if ALGORITHMS[name].kty == "AKP")
"""Those that a cryptography older than 48 lacks."""


def is_usable(algorithm: str) -> bool:
    """Return whether one of ``ALGORITHMS`` can be used with the installed cryptography."""
    return algorithm not in ML_DSA or _has_ml_dsa()


def require_usable(algorithm: str) -> None:
    """Raise InvalidArgumentError for an algorithm that the installed cryptography lacks."""
    if not is_usable(algorithm):
        raise InvalidArgumentError(
            f"{algorithm} needs cryptography 48 or newer, built with a library that has it",
            code="unsupported_algorithm",
        )


@lru_cache(maxsize=1)
def _has_ml_dsa() -> bool:
    """Return whether a key can be made: a version does not tell what it was built with."""
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        mldsa = import_module("cryptography.hazmat.primitives.asymmetric.mldsa")
        mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes(32))
    except (ImportError, UnsupportedAlgorithm):
        return False
    return True

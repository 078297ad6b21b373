"""ML-DSA: post-quantum signatures and their keys (FIPS 204, RFC 9964), which joserfc lacks."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

from .algorithms import ML_DSA, is_usable, require_usable
from .encoding import decode_base64url, encode_base64url
from .jwk import JsonWebKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

_SEED = 32  # bytes; RFC 9964 §4 knows no other private key


def _kind(algorithm: str, half: str) -> Any:
    module = import_module("cryptography.hazmat.primitives.asymmetric.mldsa")
    return getattr(module, f"MLDSA{algorithm[-2:]}{half}Key")


class MLDSAKey:
    """A key pair, or its public half, with the methods of joserfc's keys that are used here."""

    key_type = "AKP"

    def __init__(self, algorithm: str, public: Any, private: Any = None) -> None:
        self.algorithm = algorithm
        self.public_key = public
        self.private_key = private

    @property
    def is_private(self) -> bool:
        """Whether it can sign."""
        return self.private_key is not None

    @classmethod
    def generate_key(cls, algorithm: str) -> Self:
        """Return a new key pair; raise InvalidArgumentError where ML-DSA is not available."""
        require_usable(algorithm)
        private = _kind(algorithm, "Private").generate()
        return cls(algorithm, private.public_key(), private)

    @classmethod
    def import_key(cls, jwk: JsonWebKey) -> Self:
        """Return the key in ``jwk``; raise ValueError for one that RFC 9964 does not allow.

        The size of the public key belongs to the algorithm (§5), the private one is a seed (§4)
        whose public key must be the one beside it (§7.4).
        """
        algorithm = jwk.alg
        if jwk.kty != cls.key_type or algorithm not in ML_DSA:
            raise ValueError(f"not a key for one of {', '.join(ML_DSA)}")
        pub = decode_base64url((jwk.pub or "").encode())
        public = _kind(algorithm, "Public").from_public_bytes(pub)
        if jwk.priv is None:
            return cls(algorithm, public)
        seed = decode_base64url(jwk.priv.encode())
        if len(seed) != _SEED:
            raise ValueError(f"priv must be a seed of {_SEED} bytes")
        private = _kind(algorithm, "Private").from_seed_bytes(seed)
        if private.public_key() != public:
            raise ValueError("pub is not the public key of priv")
        return cls(algorithm, public, private)

    @classmethod
    def import_native(cls, key: object) -> Self | None:
        """Return the key of an object of cryptography; None for any other object."""
        for algorithm in filter(is_usable, ML_DSA):
            if isinstance(key, _kind(algorithm, "Private")):
                return cls(algorithm, key.public_key(), key)
            if isinstance(key, _kind(algorithm, "Public")):
                return cls(algorithm, key)
        return None

    def as_dict(self, private: bool = False) -> dict[str, Any]:
        """Return the members of the JWK; with ``private`` its seed too."""
        pub = encode_base64url(self.public_key.public_bytes_raw()).decode()
        members = {"kty": self.key_type, "alg": self.algorithm, "pub": pub}
        if private and self.is_private:
            members["priv"] = encode_base64url(self.private_key.private_bytes_raw()).decode()
        return members

    def as_pem(self, private: bool = False) -> bytes:
        """Return the key as PEM, not encrypted: PKCS #8 if ``private``."""
        from cryptography.hazmat.primitives import serialization

        pem = serialization.Encoding.PEM
        if not private:
            form = serialization.PublicFormat.SubjectPublicKeyInfo
            return bytes(self.public_key.public_bytes(pem, form))
        pkcs8, bare = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        return bytes(self.private_key.private_bytes(pem, pkcs8, bare))


def load_pem(text: bytes, password: str | None) -> MLDSAKey | None:
    """Return the private key in PEM; None for a key of another kind."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    secret = None if password is None else password.encode()
    found: PrivateKeyTypes = load_pem_private_key(text, secret)
    return MLDSAKey.import_native(found)


def sign(message: bytes, key: MLDSAKey) -> bytes:
    """Return the signature of ``message``; its context is empty (RFC 9964 §5)."""
    return bytes(key.private_key.sign(message))


def verify(message: bytes, signature: bytes, key: MLDSAKey) -> bool:
    """Return whether ``signature`` is that of ``message`` by ``key``."""
    from cryptography.exceptions import InvalidSignature

    try:
        key.public_key.verify(signature, message)
    except InvalidSignature:
        return False
    return True

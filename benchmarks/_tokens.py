"""Keys, claims and tokens for the benchmarks."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from py_identity_model._jose.sign import sign_compact

ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "EdDSA")
_MAKERS: dict[str, Callable[[], Key]] = {
    "RS256": lambda: RSAKey.generate_key(2048),
    "PS256": lambda: RSAKey.generate_key(2048),
    "ES256": lambda: ECKey.generate_key("P-256"),
    "ES384": lambda: ECKey.generate_key("P-384"),
    "EdDSA": lambda: OKPKey.generate_key("Ed25519"),
}
_DIGESTS: dict[str, Any] = {"256": hashes.SHA256(), "384": hashes.SHA384()}


def decode(text: str) -> bytes:
    """Return what base64url text spells, leniently."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def small(issuer: str, **more: Any) -> dict[str, Any]:
    """About 190 bytes of claims."""
    now = int(time.time())
    return {
        "iss": issuer, "sub": "user-123", "aud": "api", "exp": now + 3600, "iat": now, "nbf": now,
        "scope": "openid profile api.read", "client_id": "client", "jti": "abc", **more,
    }  # fmt: skip


def real(issuer: str, **more: Any) -> dict[str, Any]:
    """About a kilobyte, in the shape of what large identity providers issue."""
    now = int(time.time())
    return {
        "exp": now + 3600, "iat": now, "nbf": now, "auth_time": now - 30, "iss": issuer,
        "jti": "9c1f2a52-6f0f-4a3a-bb52-0d0dfd0b9f33", "aud": ["api", "account"],
        "sub": "f:2f2f7a7c-8d3e-4cf2-9e63-4b5b4d8f0b11:jane.doe", "typ": "Bearer",
        "azp": "frontend", "client_id": "frontend", "acr": "1",
        "sid": "c0b5b2a0-53a5-4f0e-9a1a-9cbb5f0c8a77",
        "allowed-origins": ["https://app.example.com", "https://admin.example.com"],
        "realm_access": {"roles": ["offline_access", "uma_authorization", "reader", "writer"]},
        "resource_access": {
            "account": {"roles": ["manage-account", "manage-account-links", "view-profile"]},
            "api": {"roles": ["orders:read", "orders:write", "invoices:read"]},
        },
        "scope": "openid email profile orders.read orders.write", "email_verified": True,
        "name": "Jane Doe", "preferred_username": "jane.doe@example.com", "given_name": "Jane",
        "family_name": "Doe", "email": "jane.doe@example.com", "ver": "2.0",
        "tid": "b4e3b2a1-1111-4222-8333-944455556666", "uti": "Zk3mUq1bTkaZ2q9w0eEAAA", **more,
    }  # fmt: skip


CLAIMS = {"small": small, "real": real}


@dataclass(frozen=True)
class Signer:
    """A key, and the tokens it signs."""

    algorithm: str
    key: Key

    @property
    def kid(self) -> str:
        """The key's name: its algorithm's."""
        return self.algorithm.lower()

    def public(self) -> dict[str, Any]:
        """Return the public key as a provider publishes it."""
        members = self.key.as_dict(private=False)
        return {**members, "kid": self.kid, "use": "sig", "alg": self.algorithm}

    def token(self, claims: dict[str, Any], **header: Any) -> str:
        """Return a token with these claims."""
        protected = {"alg": self.algorithm, "typ": "at+jwt", "kid": self.kid, **header}
        return sign_compact(protected, claims, self.key, self.algorithm)

    def raw(self, token: str) -> Callable[[], object]:
        """Return bare cryptography's verification of ``token``, all prepared beforehand."""
        message, _, last = token.rpartition(".")
        data, signature = message.encode(), decode(last)
        public: Any = self.key.public_key
        digest: Any = _DIGESTS.get(self.algorithm[2:])
        if self.algorithm == "EdDSA":
            return lambda: public.verify(signature, data)
        if self.algorithm.startswith("ES"):
            half = len(signature) // 2
            numbers = (int.from_bytes(part) for part in (signature[:half], signature[half:]))
            der, scheme = encode_dss_signature(*numbers), ec.ECDSA(digest)
            return lambda: public.verify(der, data, scheme)
        pad: Any = padding.PKCS1v15()
        if self.algorithm.startswith("PS"):
            pad = padding.PSS(padding.MGF1(digest), digest.digest_size)
        return lambda: public.verify(signature, data, pad, digest)

    def minimum(self, token: str, issuer: str) -> Callable[[], object]:
        """Return what one writes by hand: decode, verify, parse, compare three claims."""
        public: Any = self.key.public_key
        digest: Any = _DIGESTS.get(self.algorithm[2:])
        pad: Any = padding.PKCS1v15()
        if self.algorithm.startswith("PS"):
            pad = padding.PSS(padding.MGF1(digest), digest.digest_size)
        verify: Callable[[bytes, bytes], object]
        if self.algorithm == "EdDSA":
            verify = public.verify
        elif self.algorithm.startswith("ES"):
            scheme = ec.ECDSA(digest)

            def verify(signature: bytes, data: bytes) -> object:
                half = len(signature) // 2
                r, s = int.from_bytes(signature[:half]), int.from_bytes(signature[half:])
                return public.verify(encode_dss_signature(r, s), data, scheme)
        else:

            def verify(signature: bytes, data: bytes) -> object:
                return public.verify(signature, data, pad, digest)

        def run() -> object:
            message, _, last = token.rpartition(".")
            verify(decode(last), message.encode())
            claims = json.loads(decode(message.partition(".")[2]))
            audience = claims["aud"]
            assert claims["exp"] > time.time()
            assert claims["iss"] == issuer
            assert audience == "api" or "api" in audience
            return claims

        return run


def signers() -> dict[str, Signer]:
    """Return a signer for each algorithm."""
    return {algorithm: Signer(algorithm, _MAKERS[algorithm]()) for algorithm in ALGORITHMS}

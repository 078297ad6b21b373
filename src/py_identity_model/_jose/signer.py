"""Keys that cannot leave: signatures made elsewhere, by an HSM or a key management service."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Mapping
from functools import lru_cache
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from ..exceptions import (
    ConfigurationException,
    InvalidArgumentError,
    PyIdentityModelException,
    SigningException,
)
from .algorithms import ALGORITHMS, require_usable
from .jwk import jwks_from_dict, public_members
from .members import has_members

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, OKPKey, RSAKey
    from typing_extensions import TypeIs  # found by type checkers alone

    from .ml_dsa import MLDSAKey


@runtime_checkable
class Signer(Protocol):
    """A private key that signs, and stays where it is.

    Accepted wherever a private key signs: client assertions, request objects, DPoP proofs.  Each
    signature is verified with ``public_jwk`` before it is sent.  Objects of one API wait for an
    awaitable ``sign``, those of the blocking one call it; in the awaitable API a plain ``sign``
    runs in a thread.  Let it raise TimeoutError when the service takes too long.

    Example::

        class KeyInService:
            algorithm = "ES256"
            kid = "key-1"
            public_jwk = key.public_jwk

            def sign(self, message: bytes) -> bytes:
                return service.sign("key-1", message)

        PrivateKeyJwtAuthentication(KeyInService())
    """

    @property
    def algorithm(self) -> str:
        """By what it signs: a registered name (``ES256``, ``PS256``, ``EdDSA``, ``ML-DSA-65``)."""

    @property
    def kid(self) -> str | None:
        """The name of the key, for headers."""

    @property
    def public_jwk(self) -> Mapping[str, Any]:
        """The public key."""

    def sign(self, message: bytes) -> bytes | Awaitable[bytes]:
        """Return the signature of ``message``; of ECDSA, DER will do."""


def is_signer(key: object) -> TypeIs[Signer]:
    """Return whether ``key`` is a signer."""
    return has_members(key, "algorithm", "kid", "public_jwk", "sign")


class DeferredSigner:
    """Notes what is to be signed: the signature is made where it can be waited for."""

    def __init__(self, signer: Signer) -> None:
        self.algorithm = signer_algorithm(signer)
        self.kid = _kid(signer)
        self.public_jwk: Mapping[str, Any] = _read(signer, "public_jwk")
        self.message = b""

    def sign(self, message: bytes) -> bytes:
        """Note ``message``."""
        self.message = message
        return b""


def _read(signer: Signer, name: str) -> Any:
    """Return a property of a signer, which may have to ask its service first."""
    try:
        return getattr(signer, name)
    except Exception as error:
        raise signing_error(error) from error


def signer_algorithm(signer: Signer) -> str:
    """Return by what a signer signs; raises InvalidArgumentError unless it is text."""
    algorithm = _read(signer, "algorithm")
    if not isinstance(algorithm, str):
        raise InvalidArgumentError("a signer's algorithm must be text", code="invalid_private_key")
    return algorithm


def _kid(signer: Signer) -> str | None:
    kid = _read(signer, "kid")
    if not isinstance(kid, (str, type(None))):
        raise InvalidArgumentError(
            "a signer's kid must be text, or None", code="invalid_private_key"
        )
    return kid


def algorithm_of(key: object, otherwise: str) -> str:
    """Return by what ``key`` signs: a signer says so itself."""
    return signer_algorithm(key) if is_signer(key) else otherwise


def kid_of(key: object, given: str | None) -> str | None:
    """Return the name of a key for headers: the one given, or the signer's own."""
    return _kid(key) if given is None and is_signer(key) else given


def load_signer(signer: Signer, algorithm: str, name: str) -> Signer:
    """Return ``signer``, fit to sign by ``algorithm``; raises InvalidArgumentError."""
    own = signer_algorithm(signer)
    if not _same(own, algorithm):
        raise InvalidArgumentError(
            f"{name} signs by {own}, not by {algorithm}", code="invalid_private_key"
        )
    _public_key(algorithm, _members(signer, name), name)
    return signer


def _same(one: str, other: str) -> bool:
    return one == other or {one, other} == {"EdDSA", "Ed25519"}


def public_key(signer: Signer, name: str = "private_key") -> ECKey | OKPKey | RSAKey | MLDSAKey:
    """Return the public key of a signer; raises InvalidArgumentError for one that does not fit."""
    return _public_key(signer_algorithm(signer), _members(signer, name), name)


def _members(signer: Signer, name: str) -> str:
    public_jwk = _read(signer, "public_jwk")
    try:
        return json.dumps(public_members(public_jwk))
    except (TypeError, AttributeError, ValueError):
        raise _unusable_error(name) from None


@lru_cache(maxsize=64)
def _public_key(algorithm: str, jwk: str, name: str) -> ECKey | OKPKey | RSAKey | MLDSAKey:
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, OKPKey, RSAKey

    wanted = ALGORITHMS.get(algorithm)
    kinds: dict[str, type[ECKey | OKPKey | RSAKey]] = {"EC": ECKey, "OKP": OKPKey, "RSA": RSAKey}
    members = json.loads(jwk)
    if wanted is not None and wanted.kty == members.get("kty") == "AKP":
        return _ml_dsa_key(algorithm, members, name)
    if wanted is None or wanted.kty not in kinds or members.get("kty") != wanted.kty:
        raise _unusable_error(name)
    if wanted.curves and members.get("crv") not in wanted.curves:
        raise _unusable_error(name)
    if "n" in members and len(str(members["n"])) * 6 < wanted.least_bits:
        raise _unusable_error(name, "weak_key")
    try:
        return kinds[wanted.kty].import_key(members)
    except (ValueError, TypeError, KeyError, JoseError):
        raise _unusable_error(name) from None


def _ml_dsa_key(algorithm: str, members: Mapping[str, Any], name: str) -> MLDSAKey:
    from .ml_dsa import MLDSAKey

    require_usable(algorithm)
    try:
        key = MLDSAKey.import_key(jwks_from_dict(members))
    except (ValueError, ConfigurationException):
        raise _unusable_error(name) from None
    if key.algorithm != algorithm:
        raise _unusable_error(name)
    return key


def _unusable_error(name: str, code: str = "invalid_private_key") -> InvalidArgumentError:
    return InvalidArgumentError(
        f"{name}: the signer's public_jwk is not a key for its algorithm", code=code
    )


def sign_now(signer: Signer, message: bytes) -> bytes:
    """Return the signature of a signer that need not be waited for; checked, if it was made."""
    if isinstance(signer, DeferredSigner):
        return signer.sign(message)
    try:
        signature: Any = signer.sign(message)
    except Exception as error:
        raise signing_error(error) from error
    if isawaitable(signature):
        dispose = getattr(signature, "close", None) or getattr(signature, "cancel", None)
        if dispose is not None:
            dispose()
        raise ConfigurationException(
            "this signer is awaitable: only the objects of py_identity_model.aio wait for it",
            code="awaitable_result",
        )
    return checked_signature(signer, message, signature)


def signing_error(error: Exception) -> PyIdentityModelException:
    """Return what to raise for what a signer raised; its words may quote what was signed."""
    if isinstance(error, PyIdentityModelException):
        return error
    if isinstance(error, TimeoutError):
        return SigningException("the signer did not answer in time", code="signing_timed_out")
    return SigningException(f"the signer failed with {type(error).__name__}")


def checked_signature(signer: Signer, message: bytes, signature: object) -> bytes:
    """Return a signature as tokens carry it, if it is that of the signer's public key.

    A key that was rotated elsewhere would otherwise be noticed by the provider alone.
    """
    from .keys import jws_algorithm

    key, algorithm = public_key(signer), signer_algorithm(signer)
    if isinstance(signature, (bytes, bytearray)):
        raw = _raw(algorithm, bytes(signature))
        try:
            if jws_algorithm(algorithm).verify(message, raw, key):
                return raw
        except ValueError:
            pass
    raise SigningException(
        "the signer returned something that is not a signature by its public_jwk",
        code="signature_mismatch",
    )


def _raw(algorithm: str, signature: bytes) -> bytes:
    """Return an ECDSA signature as RFC 7518 §3.4 wants it; services return DER."""
    size = {"ES256": 32, "ES256K": 32, "ES384": 48, "ES512": 66}.get(algorithm)
    if size is None or len(signature) == 2 * size:
        return signature
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    try:
        r, s = decode_dss_signature(signature)
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    except (ValueError, OverflowError):
        return signature

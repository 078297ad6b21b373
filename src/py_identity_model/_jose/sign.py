"""Signed tokens (RFC 7515 §5.1), and the loading of private keys."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..exceptions import ConfigurationException, InvalidArgumentError
from .algorithms import ALGORITHMS, require_usable
from .encoding import encode_base64url
from .jwk import JsonWebKey, PrivateKey
from .signer import Signer, is_signer, load_signer, sign_now

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

    from .ml_dsa import MLDSAKey

    AsymmetricKey = ECKey | OKPKey | RSAKey | MLDSAKey

SIGNING_ALGORITHMS = frozenset(name for name in ALGORITHMS if ALGORITHMS[name].kty != "oct")


def sign_compact(
    header: Mapping[str, Any],
    claims: Mapping[str, Any],
    key: Key | MLDSAKey | Signer,
    algorithm: str,
) -> str:
    """Return the compact token of ``header`` and ``claims``, signed with ``algorithm``."""
    try:
        parts = [json.dumps(part, separators=(",", ":")).encode() for part in (header, claims)]
    except (RecursionError, TypeError, ValueError):
        raise InvalidArgumentError("header and claims must be JSON values") from None
    message = b".".join(encode_base64url(part) for part in parts)
    signature = _signature(message, key, algorithm)
    return b".".join((message, encode_base64url(signature))).decode()


def _signature(message: bytes, key: Key | MLDSAKey | Signer, algorithm: str) -> bytes:
    if is_signer(key):
        return sign_now(key, message)
    from .keys import jws_algorithm  # not needed by clients whose keys stay elsewhere

    return bytes(jws_algorithm(algorithm).sign(message, key))


def signing_key(
    key: PrivateKey | Signer, algorithm: str, *, name: str = "private_key"
) -> AsymmetricKey | Signer:
    """Return a private key or a signer, fit to sign by ``algorithm``; as load_private_key."""
    if is_signer(key):
        return load_signer(key, algorithm, name)
    return load_private_key(key, algorithm, name=name)


def load_private_key(
    key: PrivateKey, algorithm: str, password: str | None = None, *, name: str = "private_key"
) -> AsymmetricKey:
    """Return ``key``, ready to sign by ``algorithm``; raise InvalidArgumentError, without the key.

    ``password`` decrypts an encrypted PEM; ``name`` is the argument that gave the key.
    """
    if not key:
        raise InvalidArgumentError(f"{name} must not be empty", code="invalid_private_key")
    if not isinstance(key, (str, bytes)):
        key = _read(key, name).to_json()
    data = key.encode("utf-8", "replace") if isinstance(key, str) else key
    return _load(data, algorithm, password, name)


def _read(key: object, name: str) -> JsonWebKey:
    from .key_material import load_key  # rarely needed: most keys are PEM

    try:
        return load_key(key, parameter=name)
    except ConfigurationException as error:
        raise InvalidArgumentError(str(error), code="invalid_private_key") from None


@lru_cache(maxsize=64)  # checking an RSA key takes longer than signing with it
def _load(material: bytes, algorithm: str, password: str | None, name: str) -> AsymmetricKey:
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, OKPKey, RSAKey

    wanted = ALGORITHMS[algorithm]
    if wanted.kty == "AKP":
        return _load_ml_dsa(material.strip(), algorithm, password, name)
    kinds: dict[str, type[ECKey | OKPKey | RSAKey]] = {"EC": ECKey, "OKP": OKPKey, "RSA": RSAKey}
    kind = kinds[wanted.kty]
    text = material.strip()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # weak keys are refused below
            if text.startswith(b"{"):
                key = kind.import_key(_read(text, name).as_dict())
            else:
                key = kind.import_key(text, password=password)
    except (ValueError, TypeError, KeyError, JoseError) as error:
        raise _unusable_error(name, f"cannot be read ({type(error).__name__})") from None
    if key.key_type != wanted.kty or not key.is_private:
        raise _unusable_error(name, f"is not a private key for {algorithm}")
    members = key.as_dict(private=False)
    if wanted.curves and members.get("crv") not in wanted.curves:
        raise _unusable_error(name, f"is not on the curve that {algorithm} requires")
    if wanted.kty == "RSA" and len(str(members["n"])) * 6 < wanted.least_bits:
        raise _unusable_error(
            name, f"is too weak: {wanted.least_bits} bits are required", "weak_key"
        )
    return key


def _load_ml_dsa(text: bytes, algorithm: str, password: str | None, name: str) -> AsymmetricKey:
    from cryptography.exceptions import UnsupportedAlgorithm

    from .ml_dsa import MLDSAKey, load_pem

    require_usable(algorithm)
    try:
        is_jwk = text.startswith(b"{")
        key = MLDSAKey.import_key(_read(text, name)) if is_jwk else load_pem(text, password)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _unusable_error(name, f"cannot be read ({type(error).__name__})") from None
    if key is None or not key.is_private or key.algorithm != algorithm:
        raise _unusable_error(name, f"is not a private key for {algorithm}")
    return key


def _unusable_error(
    name: str, text: str, code: str = "invalid_private_key"
) -> InvalidArgumentError:
    subject = "the private key" if name == "private_key" else f"{name}: the private key"
    return InvalidArgumentError(f"{subject} {text}", code=code)

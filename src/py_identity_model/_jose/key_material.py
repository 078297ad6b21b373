"""Keys as programs have them: JWK, JWKS, PEM, and key objects, as one key or as several."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from ..exceptions import ConfigurationException, InvalidArgumentError
from .jwk import JsonWebKey, KeyObject, jwks_from_dict

PublicKey = str | bytes | Mapping[str, Any] | JsonWebKey | KeyObject
"""A key to verify with: PEM, a JWK or JWKS, or a key object."""

_PEM = b"-----BEGIN"
_WANTED = "a JWK, a JWKS, PEM text, or a key object of cryptography"


def each_key(given: object, name: str) -> Iterator[object]:
    """Return the keys in ``given``, the argument ``name``, one by one.

    It is one key, a key set, or several of either.  Raises InvalidArgumentError for what holds
    none, without showing it.
    """
    given = _parsed(given)
    if isinstance(getattr(given, "keys", None), list):  # the answer of get_jwks
        given = vars(given)["keys"]
    if isinstance(given, Mapping) and "keys" in given:
        given = given["keys"]
        if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
            raise _wrong(name, "a JWKS whose keys are no list")
    if _is_one(given):
        yield given
    elif isinstance(given, Iterable) and not isinstance(given, (str, bytes)):
        for one in given:
            yield from each_key(one, name)
    else:
        text = "text (a shared secret is a JWK whose kty is oct)"
        raise _wrong(name, text if isinstance(given, str) else type(given).__name__)


def _parsed(given: object) -> object:
    """Return what JSON text holds; everything else as it is."""
    if isinstance(given, (str, bytes)) and given.strip()[:1] in {"{", b"{"}:
        try:
            return json.loads(given)
        except (ValueError, RecursionError):
            return given
    return given


def _is_one(given: object) -> bool:
    if isinstance(given, bytes):
        return True
    if isinstance(given, str):
        return _PEM in given.encode("utf-8", "replace") or given.strip()[:1] == "{"
    return isinstance(given, (Mapping, JsonWebKey)) or _is_key_object(given)


def _is_key_object(given: object) -> bool:
    made = not isinstance(given, type)
    return made and any(hasattr(given, one) for one in ("private_bytes", "public_bytes", "as_dict"))


def private_material(given: object, name: str) -> bytes:
    """Return the one private key that ``given`` is, as PEM or as a JWK in JSON.

    Raises InvalidArgumentError for several, and for what is no key.
    """
    if isinstance(given, (str, bytes)) and not isinstance(_parsed(given), Mapping):
        return given.encode() if isinstance(given, str) else given  # judged when it is loaded
    keys = [*each_key(given, name)]
    if len(keys) != 1:
        raise InvalidArgumentError(
            f"{name} must be one key: choose among the {len(keys)} of the set",
            code="invalid_private_key",
        )
    return _bytes_of(keys[0], name)


def _bytes_of(key: object, name: str) -> bytes:
    if isinstance(key, JsonWebKey):
        return key.to_json().encode()
    if isinstance(key, (str, bytes)):
        return key.encode() if isinstance(key, str) else key
    if isinstance(key, Mapping):
        return _json(key, name)
    if hasattr(key, "as_dict"):  # joserfc's
        return _json(key.as_dict(private=True) if _holds_private(key) else key.as_dict(), name)
    if hasattr(key, "private_bytes"):
        from cryptography.hazmat.primitives.serialization import (
            Encoding,
            NoEncryption,
            PrivateFormat,
        )

        pem: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return pem
    raise _wrong(name, "a public key")


def _holds_private(key: Any) -> bool:
    return bool(getattr(key, "is_private", False))


def _json(members: Mapping[str, Any], name: str) -> bytes:
    try:
        return json.dumps(dict(members)).encode()
    except (TypeError, ValueError):
        raise _wrong(name, "a JWK that is no JSON") from None


def public_keys(given: object, name: str) -> list[JsonWebKey]:
    """Return the keys in ``given`` as keys to verify with; certificates and private keys too.

    Raises InvalidArgumentError for what is no key, ConfigurationException for a JWK that is none.
    """
    return [_public_key(one, name) for one in each_key(given, name)]


def _public_key(key: object, name: str) -> JsonWebKey:
    if isinstance(key, JsonWebKey):
        return key
    if isinstance(key, Mapping):
        return jwks_from_dict(key)
    if isinstance(key, (str, bytes)):
        return _from_pem(key.encode() if isinstance(key, str) else key, name)
    joserfc_key: Any = key
    if hasattr(key, "as_dict"):
        return jwks_from_dict(joserfc_key.as_dict(private=joserfc_key.key_type == "oct"))
    return _from_object(key, name)


@lru_cache(maxsize=64)
def _from_pem(text: bytes, name: str) -> JsonWebKey:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import (
        load_pem_private_key,
        load_pem_public_key,
    )

    try:
        if b"BEGIN CERTIFICATE" in text:
            return _from_object(x509.load_pem_x509_certificate(text).public_key(), name)
        if b"PRIVATE KEY" in text:
            return _from_object(load_pem_private_key(text, None), name)
        return _from_object(load_pem_public_key(text), name)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _wrong(name, "PEM that cannot be read") from None


def _from_object(key: Any, name: str) -> JsonWebKey:
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, OKPKey, RSAKey

    public = key.public_key() if hasattr(key, "public_key") else key
    for kind in (RSAKey, ECKey, OKPKey):
        try:
            return jwks_from_dict(kind.import_key(public).as_dict(private=False))
        except (ValueError, TypeError, AttributeError, JoseError, ConfigurationException):
            continue
    raise _wrong(name, f"a key of type {type(key).__name__}")


def _wrong(name: str, found: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"{name} must be {_WANTED}, not {found}", code="invalid_key")

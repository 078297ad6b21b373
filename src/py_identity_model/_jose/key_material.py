"""Keys passed in by programs, in all supported forms, read as JSON Web Keys."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from .._logging import logger
from ..exceptions import ConfigurationException
from .jwk import JsonWebKey, jwks_from_dict

_FORMS = "a JWK, a JWKS, PEM, or a key object of cryptography"
_PEM = b"-----BEGIN "


def load_key(material: object, *, parameter: str = "key") -> JsonWebKey:
    """Return the single key in ``material``, with its private members if it has them.

    ``material`` is a JWK or a JWKS (:class:`JsonWebKey`, members, or a JSON string), PEM as a
    string or bytes (of a public or private key, or of a certificate), or a key object of
    ``cryptography``.  Raises ConfigurationException, which names ``parameter`` and never quotes the
    material.
    """
    keys = load_keys(material, parameter=parameter)
    if len(keys) != 1:
        raise _invalid_error(parameter, f"must be one key, and there are {len(keys)}")
    return keys[0]


def load_keys(material: object, *, parameter: str = "keys") -> list[JsonWebKey]:
    """Return all keys in ``material``: as for :func:`load_key`, or several of these.

    Unusable keys of a JWKS are skipped with a warning (RFC 7517 §5).
    """
    if isinstance(material, JsonWebKey):
        return [material]
    if isinstance(material, (str, bytes, bytearray)):
        data = material.encode("utf-8", "replace") if isinstance(material, str) else bytes(material)
        return list(_read_text(data, parameter))
    if isinstance(material, Mapping):
        return _read_members(material, parameter)
    if isinstance(material, Iterable):
        return [key for item in material for key in load_keys(item, parameter=parameter)]
    return [_read_object(material, parameter)]


@lru_cache(maxsize=64)  # reading a PEM takes as long as verifying with it
def _read_text(data: bytes, parameter: str) -> tuple[JsonWebKey, ...]:
    text = data.strip()
    if text.startswith(_PEM):
        return (_read_object(_read_pem(text, parameter), parameter),)
    if not text.startswith(b"{"):
        raise _invalid_error(parameter, f"must be {_FORMS}")
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        raise _invalid_error(parameter, "is not JSON") from None
    return tuple(_read_members(members, parameter))


def _read_members(members: Mapping[str, Any], parameter: str) -> list[JsonWebKey]:
    if "kty" in members or "keys" not in members:
        return [jwks_from_dict({name: v for name, v in members.items() if v is not None})]
    entries = members["keys"]
    if not isinstance(entries, (list, tuple)):
        raise _invalid_error(parameter, "has 'keys' which is not an array")
    found = [_read_entry(entry) for entry in entries]
    keys = [key for key in found if key is not None]
    if not keys:
        raise _invalid_error(parameter, "has no usable key")
    return keys


def _read_entry(entry: object) -> JsonWebKey | None:
    try:
        if isinstance(entry, JsonWebKey):
            return entry
        return jwks_from_dict(entry) if isinstance(entry, Mapping) else None
    except ConfigurationException as error:
        logger.warning("skipped a key of the key set: %s", error)
        return None


def _read_pem(text: bytes, parameter: str) -> object:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import (
        load_pem_private_key,
        load_pem_public_key,
    )
    from cryptography.x509 import load_pem_x509_certificate

    label = text[len(_PEM) :].partition(b"-----")[0]
    try:
        if label == b"CERTIFICATE":
            return load_pem_x509_certificate(text).public_key()
        if label.endswith(b"PRIVATE KEY"):
            return load_pem_private_key(text, password=None)
        return load_pem_public_key(text)
    except TypeError:  # cryptography's exception for a missing password
        raise _invalid_error(parameter, "holds encrypted PEM: decrypt it first") from None
    except (ValueError, UnsupportedAlgorithm) as error:
        reason = type(error).__name__
        raise _invalid_error(parameter, f"holds PEM that cannot be read ({reason})") from None


def _read_object(key: object, parameter: str) -> JsonWebKey:
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, OKPKey, RSAKey

    from .ml_dsa import MLDSAKey

    for kind in (RSAKey, ECKey, OKPKey):
        try:
            # Weak keys are refused when they are used.
            with warnings.catch_warnings(action="ignore"):
                made: Any = kind.import_key(key)  # type: ignore[arg-type]
                return jwks_from_dict(made.as_dict(private=made.is_private))
        except (ValueError, TypeError, AttributeError, KeyError, JoseError):
            continue
    found = MLDSAKey.import_native(key)
    if found is None:
        raise _invalid_error(parameter, f"must be {_FORMS}, not {type(key).__name__}")
    return jwks_from_dict(found.as_dict(private=found.is_private))


def _invalid_error(parameter: str, text: str) -> ConfigurationException:
    return ConfigurationException(f"{parameter} {text}", code="invalid_key_material")

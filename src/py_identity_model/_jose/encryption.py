"""Open encrypted tokens (RFC 7516), by an allow-list and without compression."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..exceptions import (
    ConfigurationException,
    InvalidArgumentError,
    TokenValidationException,
)
from .encoding import decode_base64url, parse_object
from .jwk import JsonWebKey, PrivateKey
from .key_material import PublicKey, each_key, private_material, public_keys

if TYPE_CHECKING:
    from joserfc.jwk import Key

_KEY_TYPES = {
    "RSA-OAEP": ("RSA",),
    "RSA-OAEP-256": ("RSA",),
    **dict.fromkeys(("A128KW", "A192KW", "A256KW"), ("oct",)),
    **dict.fromkeys(("A128GCMKW", "A192GCMKW", "A256GCMKW"), ("oct",)),
    **dict.fromkeys(
        ("ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW"), ("EC", "OKP")
    ),
    "dir": ("oct",),
}
"""What may wrap a key.  RSA1_5 and passwords are not among them."""

_SIZES = {
    "A128CBC-HS256": 32,
    "A192CBC-HS384": 48,
    "A256CBC-HS512": 64,
    "A128GCM": 16,
    "A192GCM": 24,
    "A256GCM": 32,
}
_WRAP_SIZES = {"A128": 16, "A192": 24, "A256": 32}
_MOST = 64 * 1024


def is_encrypted(token: object) -> bool:
    """Whether ``token`` has the five segments of a compact encrypted token."""
    return isinstance(token, str) and token.count(".") == 4


def decrypt(
    token: str, keys: PrivateKey | Sequence[PrivateKey], client_secret: str | None = None
) -> bytes:
    """Return what is inside an encrypted token.

    ``keys`` are private: JWKs, a JWKS, PEM or key objects; symmetric algorithms use the key
    derived from ``client_secret`` too (OpenID Connect Core §10.2).  Raises
    TokenValidationException; it does not tell why decrypting failed.
    """
    if not isinstance(token, str) or not token.isascii() or len(token) > _MOST:
        raise _refused("it is not ASCII, or too long", "malformed_token")
    if not is_encrypted(token):
        raise _refused("it is not encrypted although it must be", "not_encrypted")
    header = _header_of(token)
    alg, enc = header["alg"], header["enc"]
    from joserfc.jwe import JWERegistry, decrypt_compact

    registry = JWERegistry(algorithms=[alg, enc], strict_check_header=False)
    for key in _candidates(header, keys, client_secret):
        try:
            return bytes(decrypt_compact(token, key, registry=registry).plaintext or b"")
        except Exception:  # noqa: S112  # another key may fit; why not must not be told
            continue
    raise _refused("no key at hand decrypts it", "decryption_failed")


def encrypt(token: str, key: PublicKey, alg: str, enc: str) -> str:
    """Return ``token`` encrypted for the holder of ``key``; raises InvalidArgumentError."""
    keys = public_keys(key, "key")
    if len(keys) != 1:
        raise InvalidArgumentError(f"key must be one key, not {len(keys)}")
    return _encrypt(token, keys[0], alg, enc)


def _encrypt(token: str, key: JsonWebKey, alg: str, enc: str) -> str:
    from joserfc.errors import JoseError
    from joserfc.jwe import JWERegistry, encrypt_compact
    from joserfc.jwk import import_key

    if key.kty not in _KEY_TYPES.get(alg, ()) or enc not in _SIZES:
        raise InvalidArgumentError(f"a key of type {key.kty} cannot encrypt by {alg} and {enc}")
    names = ("kty", "crv", "x", "y", "n", "e", "k")
    material = {name: value for name, value in key.as_dict().items() if name in names}
    header = {"alg": alg, "enc": enc, "cty": "JWT"}
    if key.kid is not None:
        header["kid"] = key.kid
    try:
        registry = JWERegistry(algorithms=[alg, enc])
        return encrypt_compact(header, token, import_key(material), registry=registry)
    except (ValueError, TypeError, JoseError) as error:
        raise InvalidArgumentError(f"the token cannot be encrypted: {error}") from None


def _header_of(token: str) -> dict[str, Any]:
    try:
        header = parse_object(decode_base64url(token.partition(".")[0].encode()))
    except ValueError:
        raise _refused("its header cannot be read", "malformed_token") from None
    if header.get("alg") not in _KEY_TYPES or header.get("enc") not in _SIZES:
        raise _refused(
            "its encryption algorithm is not supported", "unsupported_encryption_algorithm"
        )
    if "crit" in header or "zip" in header:
        raise _refused("it demands extensions that are not understood", "unknown_crit")
    return header


def _candidates(
    header: Mapping[str, Any],
    keys: PrivateKey | Sequence[PrivateKey],
    client_secret: str | None,
) -> Iterator[Key]:
    alg, kid = header["alg"], header.get("kid")
    for key in decryption_keys(keys):
        other = isinstance(kid, str) and key.kid is not None and key.kid != kid
        if key.key_type in _KEY_TYPES[alg] and not other:
            yield key
    if client_secret is not None and "oct" in _KEY_TYPES[alg]:
        yield _derived(
            client_secret, _SIZES[header["enc"]] if alg == "dir" else _WRAP_SIZES[alg[:4]]
        )


def _derived(client_secret: str, size: int) -> Key:
    from joserfc.jwk import OctKey

    name = "sha256" if size <= 32 else "sha384" if size <= 48 else "sha512"
    return OctKey.import_key(hashlib.new(name, client_secret.encode()).digest()[:size])


def decryption_keys(given: PrivateKey | Sequence[PrivateKey]) -> list[Key]:
    """Return keys to decrypt with; raises ConfigurationException, without the keys."""
    name = "decryption_keys"
    try:
        return [_imported(private_material(one, name)) for one in each_key(given, name)]
    except InvalidArgumentError:
        raise _unusable() from None


@lru_cache(maxsize=64)
def _imported(material: bytes) -> Key:
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

    text = material.strip()
    if text.startswith(b"{"):
        try:
            members = json.loads(text)
            members.pop("use", None)
            members.pop("key_ops", None)
            key = import_key(members)
        except (ValueError, TypeError, KeyError, JoseError):
            raise _unusable() from None
        if key.key_type != "oct" and not key.is_private:
            raise _unusable()
        return key
    for kind in (RSAKey, ECKey, OKPKey):
        try:
            loaded: Key = kind.import_key(text)
        except (ValueError, TypeError, JoseError):
            continue
        if loaded.is_private:
            return loaded
    raise _unusable()


def _unusable() -> ConfigurationException:
    return ConfigurationException(
        "decryption_keys: a decryption key is no private key that can be read",
        code="invalid_decryption_key",
    )


def _refused(text: str, code: str) -> TokenValidationException:
    return TokenValidationException(f"The encrypted JWT is refused: {text}", "header", code=code)

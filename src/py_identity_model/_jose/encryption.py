"""Encryption and decryption of tokens (RFC 7516), by an allow-list and without compression."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..exceptions import (
    ConfigurationException,
    InvalidArgumentError,
    TokenValidationException,
)
from .decrypter import encrypted_key_of, fits, open_content, split_keys, unwrap_now
from .encoding import decode_base64url, parse_object
from .jwk import DecryptionKeys, JsonWebKey, KeyMaterial
from .key_material import load_key, load_keys

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
"""Key management algorithms, and the key types for each; without RSA1_5 and passwords."""

_SIZES = {
    "A128CBC-HS256": 32,
    "A192CBC-HS384": 48,
    "A256CBC-HS512": 64,
    "A128GCM": 16,
    "A192GCM": 24,
    "A256GCM": 32,
}
_OPERATIONS = {
    **dict.fromkeys(("RSA", "oct"), frozenset({"decrypt", "unwrapKey"})),
    **dict.fromkeys(("EC", "OKP"), frozenset({"deriveBits", "deriveKey"})),
}
_MATERIAL = ("kty", "crv", "x", "y", "d", "n", "e", "p", "q", "dp", "dq", "qi", "k")
_WRAP_SIZES = {"A128": 16, "A192": 24, "A256": 32}
_MOST = 64 * 1024


def is_encrypted(token: object) -> bool:
    """Return whether ``token`` has the five segments of a compact encrypted token."""
    return isinstance(token, str) and token.count(".") == 4


def decrypt(token: str, keys: DecryptionKeys, client_secret: str | None = None) -> bytes:
    """Return the content of an encrypted token.

    ``keys`` are private keys in any form that ``load_keys`` reads; a key with ``alg`` or ``kid`` is
    used for these alone, and a signature key not at all.  Symmetric algorithms also use the key
    derived from ``client_secret`` (OpenID Connect Core §10.2).  Raises TokenValidationException,
    which does not reveal why decryption failed.
    """
    if not isinstance(token, str) or not token.isascii() or len(token) > _MOST:
        raise _refused_error("it is not ASCII, or too long", "malformed_token")
    if not is_encrypted(token):
        raise _refused_error("it must be encrypted", "not_encrypted")
    header = encrypted_header(token)
    alg, enc = header["alg"], header["enc"]
    keys, decrypters = split_keys(keys)
    for decrypter in decrypters:
        if fits(decrypter, header):
            content_key = unwrap_now(decrypter, wrapped_key(token))
            with suppress(Exception):  # another key may fit; the reason must stay hidden
                return open_content(token, enc, _SIZES[enc], content_key)
    from joserfc.jwe import JWERegistry, decrypt_compact

    registry = JWERegistry(algorithms=[alg, enc], strict_check_header=False)
    for key in _candidates(header, keys, client_secret):
        try:
            return bytes(decrypt_compact(token, key, registry=registry).plaintext or b"")
        except Exception:  # noqa: S112  # another key may fit; the reason must stay hidden
            continue
    raise _refused_error("no decryption key can decrypt it", "decryption_failed")


def decrypt_signed(token: str, keys: DecryptionKeys, client_secret: str | None = None) -> str:
    """Return the signed token inside an encrypted one.

    Raises like :func:`decrypt`, and TokenValidationException with the code ``not_signed`` for any
    other content (RFC 7519 §11.2).
    """
    signed = decrypt(token, keys, client_secret).decode("latin-1")
    if not signed.isascii() or signed.count(".") != 2:
        raise TokenValidationException(
            "The encrypted JWT is refused: its content is not signed",
            "payload",
            code="not_signed",
        )
    return signed


def decrypt_if_encrypted(token: str, keys: DecryptionKeys, client_secret: str | None = None) -> str:
    """Return the signed token inside an encrypted one, and any other token unchanged.

    Raises like :func:`decrypt_signed`.
    """
    return decrypt_signed(token, keys, client_secret) if is_encrypted(token) else token


def encrypt(token: str, recipient: KeyMaterial, alg: str, enc: str) -> str:
    """Return ``token`` encrypted for the holder of a public key; raise InvalidArgumentError."""
    from joserfc.errors import JoseError
    from joserfc.jwe import JWERegistry, encrypt_compact
    from joserfc.jwk import import_key

    key = load_key(recipient, parameter="key")
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


def wrapped_key(token: str) -> bytes:
    """Return the encrypted content key of a token; raises TokenValidationException."""
    try:
        return encrypted_key_of(token)
    except ValueError:
        raise _refused_error("its content key cannot be read", "malformed_token") from None


def encrypted_header(token: str) -> dict[str, Any]:
    """Return the header of an encrypted token; raises TokenValidationException."""
    try:
        header = parse_object(decode_base64url(token.partition(".")[0].encode()))
    except ValueError:
        raise _refused_error("its header cannot be read", "malformed_token") from None
    alg, enc = header.get("alg"), header.get("enc")
    texts = isinstance(alg, str) and isinstance(enc, str)  # a list cannot even be looked up
    if not texts or alg not in _KEY_TYPES or enc not in _SIZES:
        raise _refused_error(
            "its encryption algorithm is not supported", "unsupported_encryption_algorithm"
        )
    if "crit" in header or "zip" in header:
        raise _refused_error("it requires unsupported critical extensions", "unknown_crit")
    return header


def _candidates(
    header: Mapping[str, Any], keys: DecryptionKeys, client_secret: str | None
) -> Iterator[Key]:
    alg = header["alg"]
    for key in _read(keys):
        imported = decryption_key(key)
        if _may_decrypt(key, header):
            yield imported
    if client_secret is not None and "oct" in _KEY_TYPES[alg]:
        yield _derive_key(
            client_secret, _SIZES[header["enc"]] if alg == "dir" else _WRAP_SIZES[alg[:4]]
        )


def _read(keys: DecryptionKeys) -> list[JsonWebKey]:
    try:
        return load_keys(keys, parameter="decryption_keys")
    except ConfigurationException as error:
        raise ConfigurationException(str(error), code="invalid_decryption_key") from None


def _may_decrypt(key: JsonWebKey, header: Mapping[str, Any]) -> bool:
    """Return whether the members of ``key`` allow this use (RFC 7517 §4, RFC 7516 §5.2)."""
    alg, kid = header["alg"], header.get("kid")
    # The ``alg`` of a key that is used directly is a content encryption (RFC 7520 §5.6).
    declared = {None, alg, header["enc"]} if alg == "dir" else {None, alg}
    operations = _OPERATIONS.get(key.kty, frozenset())
    return (
        key.kty in _KEY_TYPES[alg]
        and key.alg in declared
        and key.use != "sig"
        and (key.key_ops is None or not operations.isdisjoint(key.key_ops))
        and (key.kid is None or not isinstance(kid, str) or key.kid == kid)
    )


def _derive_key(client_secret: str, size: int) -> Key:
    from joserfc.jwk import OctKey

    name = "sha256" if size <= 32 else "sha384" if size <= 48 else "sha512"
    return OctKey.import_key(hashlib.new(name, client_secret.encode()).digest()[:size])


def check_decryption_keys(keys: DecryptionKeys) -> None:
    """Raise ConfigurationException, without the keys, unless all of them can decrypt."""
    material, _ = split_keys(keys)
    for key in _read(material):
        decryption_key(key)


def decryption_key(key: JsonWebKey) -> Key:
    """Return ``key`` ready to decrypt with; raise ConfigurationException, without the key."""
    return _import_key(tuple((name, getattr(key, name)) for name in _MATERIAL))


@lru_cache(maxsize=64)  # checking an RSA key takes longer than decrypting with it
def _import_key(members: tuple[tuple[str, str | None], ...]) -> Key:
    from joserfc.errors import JoseError
    from joserfc.jwk import import_key

    try:
        # Without the members about its use, which were checked already.
        key = import_key({name: value for name, value in members if value is not None})
    except (ValueError, TypeError, KeyError, JoseError):
        raise _unusable_error() from None
    if key.key_type != "oct" and not key.is_private:
        raise _unusable_error()
    return key


def _unusable_error() -> ConfigurationException:
    return ConfigurationException(
        "a decryption key is not a readable private key", code="invalid_decryption_key"
    )


def _refused_error(text: str, code: str) -> TokenValidationException:
    return TokenValidationException(f"The encrypted JWT is refused: {text}", "header", code=code)

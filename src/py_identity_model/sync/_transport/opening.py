# Generated from aio/_transport/opening.py by scripts/make_sync.py; edit that file.
"""Encrypted tokens whose content keys are unwrapped elsewhere, while others are served."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..._jose.decrypter import (
    Decrypter,
    UnwrappedKey,
    checked_content_key,
    content_key_after,
    fits,
    split_keys,
)
from ..._jose.encryption import encrypted_header, is_encrypted, wrapped_key
from ..._jose.jwk import DecryptionKeys
from ..._seam.sync import deadline, work
from ..._settings import SIGNING_SECONDS
from ..._validation.config import TokenValidationConfig, decrypt_token


def open_token(token: str, config: TokenValidationConfig) -> tuple[str, TokenValidationConfig]:
    """Return the signed token inside ``token``, and the configuration that is left for it."""
    if config.decryption_keys is None:
        return token, config
    keys = unwrap_keys(token, config.decryption_keys)
    return decrypt_token(token, replace(config, decryption_keys=keys))


def unwrap_keys(token: str, keys: DecryptionKeys | None) -> DecryptionKeys | None:
    """Return decryption keys with what decrypters unwrap of ``token`` in their place.

    Raises DecryptionException, and TokenValidationException for a token that cannot be read.
    """
    if keys is None or not is_encrypted(token):
        return keys
    others, decrypters = split_keys(keys)
    if not decrypters:
        return keys
    header = encrypted_header(token)
    found = [_unwrap(one, token) for one in decrypters if fits(one, header)]
    return [*others, *found]


def _unwrap(decrypter: Decrypter, token: str) -> UnwrappedKey:
    encrypted_key = wrapped_key(token)
    # That nothing was inside is not refused here, but when the content is decrypted, as for a wrong
    # key: from two errors strangers could learn whether the padding was right (RFC 7516 §11.5).
    try:
        with deadline(SIGNING_SECONDS):
            answer: Any = work(decrypter.decrypt, encrypted_key)
        content_key = checked_content_key(answer)
    except Exception as error:
        content_key = content_key_after(error)
    return UnwrappedKey(decrypter, encrypted_key, content_key)

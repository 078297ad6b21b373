"""Texts that only this program can read and write: what its cookies hold."""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ..exceptions import InvalidArgumentError

_SHORTEST = 32


class Sealer:
    """Encrypts and authenticates texts, each for one purpose, by Fernet.

    ``secrets`` is one text or several: the first seals, all of them open.  So a secret is rotated
    by putting a new one before it, and removed when what it sealed has expired.
    """

    def __init__(self, secrets: str | bytes | Sequence[str | bytes]) -> None:
        # None is what os.environ.get() returns for a variable that is not set.
        is_one = isinstance(secrets, (str, bytes)) or not isinstance(secrets, Sequence)
        several: list[Any] = [secrets] if is_one else [*secrets]
        self._secrets = [one.encode() if isinstance(one, str) else one for one in several]
        if not self._secrets or not all(map(_is_long, self._secrets)):
            raise InvalidArgumentError(
                f"secret must be {_SHORTEST} bytes or more, chosen at random and stored where all "
                "processes find it: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
            )
        self._by_purpose: dict[str, MultiFernet] = {}
        self.clock = time.time

    def seal(self, purpose: str, text: str) -> str:
        """Return ``text`` sealed, in the alphabet of cookies."""
        sealed = self._fernet(purpose).encrypt_at_time(text.encode(), int(self.clock()))
        return sealed.decode().rstrip("=")

    def open(self, purpose: str, sealed: str, seconds: float) -> str | None:
        """Return what was sealed for ``purpose`` less than so many seconds ago, otherwise None."""
        padded = sealed + "=" * (-len(sealed) % 4)
        try:
            token, now = padded.encode("ascii"), int(self.clock())
            return self._fernet(purpose).decrypt_at_time(token, int(seconds), now).decode()
        except (InvalidToken, UnicodeError):
            return None

    def _fernet(self, purpose: str) -> MultiFernet:
        found = self._by_purpose.get(purpose)
        if found is None:
            keys = [Fernet(_derive_key(secret, purpose)) for secret in self._secrets]
            found = self._by_purpose[purpose] = MultiFernet(keys)
        return found


def _is_long(secret: object) -> bool:
    return isinstance(secret, bytes) and len(secret) >= _SHORTEST


def _derive_key(secret: bytes, purpose: str) -> bytes:
    info = f"py_identity_model web: {purpose}".encode()
    key = HKDF(hashes.SHA256(), 32, None, info).derive(secret)
    return base64.urlsafe_b64encode(key)

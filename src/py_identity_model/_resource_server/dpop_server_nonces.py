"""Nonces that a server requires in DPoP proofs (RFC 9449 §8, §9)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sys
import time
from base64 import urlsafe_b64encode

from ..exceptions import InvalidArgumentError

_LEAST = 32  # bytes, the size of the hash


class DPoPNonceIssuer:
    """Issues nonces derived from a secret and the time, so that none need to be stored.

    :param secret: at least 32 random bytes, the same in all processes of a service; by default each
        process has its own
    :param lifetime: in seconds; a nonce is valid for this long, and for half of it at least

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for a secret that is too short, or an
    invalid lifetime.  RFC 9449 §8 and §9.

    Example::

        nonces = DPoPNonceIssuer(secrets.token_bytes(32), lifetime=120)
        assert nonces.current() in nonces.good()
    """

    def __init__(self, secret: bytes | None = None, *, lifetime: float = 300.0) -> None:
        if secret is not None and (not isinstance(secret, bytes) or len(secret) < _LEAST):
            raise InvalidArgumentError(f"secret must be at least {_LEAST} bytes")
        if not 0 < lifetime <= sys.float_info.max:
            raise InvalidArgumentError("lifetime must be positive seconds")
        self._secret = secrets.token_bytes(_LEAST) if secret is None else secret
        self._half = lifetime / 2
        self.clock = time.time

    def current(self) -> str:
        """Return the nonce to require now.

        Example::

            headers = {"DPoP-Nonce": DPoPNonceIssuer().current()}
        """
        return self._nonce(self._slot())

    def good(self) -> tuple[str, str]:
        """Return the nonces that are valid now, the newest first.

        Example::

            assert len(DPoPNonceIssuer().good()) == 2
        """
        slot = self._slot()
        return self._nonce(slot), self._nonce(slot - 1)

    def _slot(self) -> int:
        return int(self.clock() / self._half)

    def _nonce(self, slot: int) -> str:
        message = f"DPoP-Nonce {self._half} {slot}".encode()
        digest = hmac.digest(self._secret, message, hashlib.sha256)
        return urlsafe_b64encode(digest[:18]).decode()

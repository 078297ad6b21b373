"""The nonces that a server demands in proofs (RFC 9449 §8, §9)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sys
import time
from base64 import urlsafe_b64encode

from ..exceptions import InvalidArgumentError

_LEAST = 32  # bytes, as many as the hash has


class DPoPNonceIssuer:
    """Nonces to demand in proofs: made of a secret and the time, so that none is kept.

    ``secret`` is at least 32 random bytes, the same in all processes of a service; without it
    each process has its own.  A nonce is good for ``lifetime`` seconds, or a half of that at
    least.  Raises :class:`InvalidArgumentError` (a ``ValueError``) for a secret too short, or a
    lifetime that makes no sense.  RFC 9449 §8 and §9.

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
        """Return the nonce to demand now.

        Example::

            headers = {"DPoP-Nonce": DPoPNonceIssuer().current()}
        """
        return self._nonce(self._slot())

    def good(self) -> tuple[str, str]:
        """Return the nonces that a proof may carry now, the newest first.

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

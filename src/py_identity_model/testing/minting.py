"""The embedded provider's keys, and the tokens that they sign."""

from __future__ import annotations

import secrets
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from .._jose.jwk import JsonWebKey, jwks_from_dict
from .._jose.sign import sign_compact
from ..exceptions import InvalidArgumentError

_MAKERS: dict[str, Callable[[], Key]] = {
    "RS256": lambda: RSAKey.generate_key(2048),
    "ES256": lambda: ECKey.generate_key("P-256"),
    "EdDSA": lambda: OKPKey.generate_key("Ed25519"),
}
ALGORITHMS = tuple(_MAKERS)


class Minting:
    """Keys that sign tokens, and can be replaced."""

    issuer: str
    audience: str
    client_id: str
    lifetime: int

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._keys: dict[str, Key] = {}
        self._kids: dict[str, str] = {}
        self._published: list[dict[str, Any]] = []
        self.rotate_keys()

    @property
    def keys(self) -> list[JsonWebKey]:
        """The public keys as they are published now."""
        return [jwks_from_dict(key) for key in self._published]

    def mint(
        self,
        *,
        algorithm: str = "RS256",
        header: Mapping[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """Return a signed token (RFC 9068).

        ``claims`` are added to a sound set (iss, aud, sub, client_id, iat, exp, jti), replace
        members of it, or remove them when None; ``header`` does the same to the header.
        Raises :class:`InvalidArgumentError` for an algorithm that the provider has no key for.

        Example::

            provider.mint(exp=0)  # long expired
        """
        key = self._keys.get(algorithm)
        if key is None:
            raise InvalidArgumentError(f"algorithm must be one of {', '.join(self._keys)}")
        now = int(time.time())
        usual = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": self.client_id,
            "client_id": self.client_id,
            "iat": now,
            "exp": now + self.lifetime,
            "jti": str(uuid.uuid4()),
        }
        protected = {
            "alg": algorithm,
            "typ": "at+jwt",
            "kid": self._kids[algorithm],
            **(header or {}),
        }
        return sign_compact(_present(protected), _present(usual | claims), key, algorithm)

    def rotate_keys(self, *, keep_old: bool = False) -> None:
        """Sign with new keys from now on; the old ones stay published if ``keep_old``.

        Example::

            provider.rotate_keys()
        """
        fresh = {algorithm: make() for algorithm, make in _MAKERS.items()}
        kids = {algorithm: f"{algorithm.lower()}-{secrets.token_hex(4)}" for algorithm in fresh}
        published = [
            {**key.as_dict(private=False), "kid": kids[name], "use": "sig", "alg": name}
            for name, key in fresh.items()
        ]
        with self._guard:
            self._keys, self._kids = fresh, kids
            self._published = published + (self._published if keep_old else [])


def _present(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}

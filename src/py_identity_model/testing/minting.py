"""The keys of the embedded provider, and the tokens that they sign."""

from __future__ import annotations

import json
import secrets
import threading
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from .._jose.algorithms import ML_DSA
from .._jose.jwk import JsonWebKey, jwks_from_dict
from .._jose.keys import jws_algorithm
from .._jose.ml_dsa import MLDSAKey
from .._jose.sign import sign_compact
from .._protocol.logout import BACK_CHANNEL_LOGOUT
from ..exceptions import InvalidArgumentError
from .quirks import Quirks

_MAKERS: dict[str, Callable[[], Key | MLDSAKey]] = {
    "RS256": lambda: RSAKey.generate_key(2048),
    "ES256": lambda: ECKey.generate_key("P-256"),
    "EdDSA": lambda: OKPKey.generate_key("Ed25519"),
}
_ML_DSA_MAKERS: dict[str, Callable[[], Key | MLDSAKey]] = {
    name: partial(MLDSAKey.generate_key, name) for name in ML_DSA
}


class Minting:
    """Replaceable keys that sign tokens."""

    issuer: str
    audience: str
    client_id: str
    lifetime: int
    user: str | None
    clock_offset: float

    def __init__(self, quirks: Quirks) -> None:
        self._quirks = quirks
        self._guard = threading.Lock()
        self._makers = {**_MAKERS, **(_ML_DSA_MAKERS if "ml-dsa-keys" in quirks else {})}
        self._keys: dict[str, Key | MLDSAKey] = {}
        self._kids: dict[str, str] = {}
        self._published: list[dict[str, Any]] = []
        self.rotate_keys()

    @property
    def keys(self) -> list[JsonWebKey]:
        """The public keys, as currently published."""
        return [jwks_from_dict(key) for key in self._published]

    @property
    def algorithms(self) -> list[str]:
        """The algorithms of the keys."""
        return list(self._makers)

    def mint(
        self,
        *,
        algorithm: str = "RS256",
        header: Mapping[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """Return a signed access token (RFC 9068), in the form that quirks give it.

        ``claims`` are added to valid ones (iss, aud, sub, client_id, iat, exp, jti), replace them,
        or remove them when None; ``header`` does the same to the header.  Raises
        :class:`InvalidArgumentError` for an algorithm for which the provider has no key.

        Example::

            provider.mint(exp=0)  # long expired
        """
        usual = {"aud": self.audience, "sub": self.client_id, "client_id": self.client_id}
        shaped = self._quirks.access_claims(self._usual(usual))
        protected = self._quirks.access_header(self._header(algorithm, "at+jwt"))
        return self._sign({**protected, **(header or {})}, shaped | claims, algorithm)

    def mint_id_token(
        self,
        *,
        algorithm: str = "RS256",
        header: Mapping[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """Return a signed ID token for the provider's client, in the form that quirks give it.

        ``claims`` and ``header`` as in :meth:`mint`; the valid claims are iss, aud, sub, iat, exp,
        jti.  Raises :class:`InvalidArgumentError` for an algorithm for which the provider has no
        key.  OpenID Connect Core §2.

        Example::

            provider.mint_id_token(sub="alice", nonce="n")
        """
        usual = self._usual({"aud": self.client_id, "sub": self.user or self.client_id})
        protected = self._quirks.header(self._header(algorithm, "JWT"))
        shaped = self._quirks.id_claims(usual | claims)
        return self._sign({**protected, **(header or {})}, shaped, algorithm)

    def mint_logout_token(
        self,
        *,
        algorithm: str = "RS256",
        header: Mapping[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """Return a signed logout token for the provider's client.

        ``claims`` and ``header`` as in :meth:`mint`; the valid claims are iss, aud, sub, iat, exp
        (two minutes later), jti, events.  Raises :class:`InvalidArgumentError` for an algorithm for
        which the provider has no key.  OpenID Connect Back-Channel Logout §2.4.

        Example::

            provider.mint_logout_token(sub="alice", sid="1")
        """
        usual = self._usual({"aud": self.client_id, "sub": self.user or self.client_id})
        logout = {"events": {BACK_CHANNEL_LOGOUT: {}}, "exp": usual["iat"] + 120}
        protected = self._quirks.header(self._header(algorithm, "logout+jwt"))
        return self._sign({**protected, **(header or {})}, usual | logout | claims, algorithm)

    def _usual(self, members: Mapping[str, Any]) -> dict[str, Any]:
        now = int(time.time() + self.clock_offset)
        return {
            "iss": self._quirks.issuer(self.issuer),
            **members,
            "iat": now,
            "exp": now + self.lifetime,
            "jti": str(uuid.uuid4()),
        }

    def _header(self, algorithm: str, typ: str) -> dict[str, Any]:
        if algorithm not in self._keys:
            raise InvalidArgumentError(f"algorithm must be one of {', '.join(self._keys)}")
        return {"alg": algorithm, "typ": typ, "kid": self._kids[algorithm]}

    def _sign(self, header: Mapping[str, Any], claims: Mapping[str, Any], algorithm: str) -> str:
        parts = _present(header), _present(self._quirks.renamed(claims))
        key = self._keys[algorithm]
        if "padded-tokens" in self._quirks:
            return _sign_padded(*parts, key, algorithm)
        return sign_compact(*parts, key, algorithm)

    def rotate_keys(self, *, keep_old: bool = False) -> None:
        """Replace the signing keys; the old ones remain published if ``keep_old``.

        Example::

            provider.rotate_keys()
        """
        fresh = {algorithm: make() for algorithm, make in self._makers.items()}
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


def _sign_padded(
    header: Mapping[str, Any], claims: Mapping[str, Any], key: Any, algorithm: str
) -> str:
    message = b".".join(urlsafe_b64encode(json.dumps(part).encode()) for part in (header, claims))
    signature = jws_algorithm(algorithm).sign(message, key)
    return b".".join((message, urlsafe_b64encode(signature))).decode()

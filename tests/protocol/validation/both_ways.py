"""The fast path beside the long way, for tests of both."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry

from py_identity_model import TokenValidationConfig, jwks_from_dict
from py_identity_model._jose.encoding import encode_base64url
from py_identity_model._jose.keys import KeySnapshot
from py_identity_model._jose.tokens import read_claims, read_header, split_token, verify
from py_identity_model._validation.cache_entry import Entry
from py_identity_model._validation.config import (
    allowed_algorithms,
    allows_duplicates,
    check_algorithm,
    rules_for,
)
from py_identity_model._validation.prepared_validator import PreparedValidator
from py_identity_model.exceptions import PyIdentityModelException

ISSUER = "https://op.example"
KEY = OKPKey.generate_key("Ed25519")
OTHER = OKPKey.generate_key("Ed25519")
CONFIG = TokenValidationConfig(perform_disco=True, audience="api", algorithms=["EdDSA"])
HEADER: list[tuple[str, str]] = [("alg", '"EdDSA"'), ("kid", '"k"')]
CLAIMS: list[tuple[str, str]] = [
    ("iss", f'"{ISSUER}"'),
    ("aud", '"api"'),
    ("exp", "4102444800"),
]
AGAIN = {"iss": ISSUER, "aud": "api", "exp": 4102444800}
Verdict = tuple[str, Any]


class Room:
    """One configuration on one key set, both ways; the long way teaches the fast one headers."""

    def __init__(
        self, config: TokenValidationConfig = CONFIG, *, cooling: bool = True, key: Any = KEY
    ) -> None:
        public = key.as_dict(private=False)
        self.config = config
        self.snapshot = KeySnapshot([jwks_from_dict({**public, "kid": "k"})])
        self.rules = rules_for(config, ISSUER)
        document, keys = Entry[Any](), Entry[KeySnapshot]()
        document.accept(SimpleNamespace(issuer=ISSUER, jwks_uri=f"{ISSUER}/jwks"), 0.0, 60.0)
        keys.accept(self.snapshot, 0.0, 60.0)
        keys.cooldown_until = 50.0 if cooling else 0.0
        self.document, self.keys = document, keys
        self.validator = PreparedValidator(config, ISSUER, self.rules, document, keys)

    def long_way(self, token: str, now: float) -> Verdict:
        try:
            segments = split_token(
                token, self.config.max_token_size, self.config.allow_padded_base64url
            )
            header = read_header(segments.header)
            check_algorithm(header.alg, allowed_algorithms(self.config))
            payload = verify(segments, header, self.snapshot)
            claims = read_claims(payload, allow_duplicates=allows_duplicates(self.config))
            self.rules.check(claims, now)
        except PyIdentityModelException as error:
            return "refused", error.code
        return "accepted", claims

    def fast(self, token: str, now: float) -> Verdict | None:
        """Return the fast path's verdict; None where it leaves the token to the long way."""
        try:
            claims = self.validator.validate(token, 1.0, now)
        except PyIdentityModelException as error:
            return "refused", error.code
        return None if claims is None else ("accepted", claims)

    def agreed(self, token: str, now: float | None = None) -> Verdict:
        """Return the verdict of both; before and after the long way has seen the token."""
        now = time.time() if now is None else now
        before = self.fast(token, now)
        verdict = self.long_way(token, now)
        after = self.fast(token, now)
        assert before in (None, verdict)
        assert after in (None, verdict)
        return verdict


def signed(header: bytes, payload: bytes, key: Any = KEY) -> str:
    message = header + b"." + payload
    signature = JWSRegistry.algorithms["EdDSA"].sign(message, key)
    return b".".join((message, encode_base64url(signature))).decode("latin-1")


def plain(members: list[tuple[str, str]], gap: str = "") -> bytes:
    inner = f",{gap}".join(f'"{name}":{gap}{value}' for name, value in members)
    return encode_base64url(("{" + inner + "}").encode())


SOUND = signed(plain(HEADER), plain(CLAIMS))

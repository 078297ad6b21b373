"""Authorization responses as signed tokens (JARM)."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._jose.claims import ClaimsRules
from .._jose.encryption import decrypt, is_encrypted
from .._jose.jwk import DecryptionKeys, JsonWebKey
from .._jose.keys import KeySnapshot
from .._jose.sign import SIGNING_ALGORITHMS
from .._jose.tokens import read_claims, read_header, split_token, verify
from ..exceptions import (
    AuthorizeCallbackException,
    JarmValidationException,
    TokenValidationException,
)
from .callback import AuthorizeCallbackResponse, callback_of, callback_parameters

_PROTOCOL = frozenset({"iss", "aud", "exp", "iat", "nbf", "jti"})


def is_jarm_response(redirect_uri: str) -> bool:
    """Return whether a redirect contains its response as a token.  JARM §2.3.

    Example::

        is_jarm_response("https://rp.example/cb?response=eyJ...")
    """
    try:
        return bool(_responses(redirect_uri))
    except AuthorizeCallbackException:
        return False


def _responses(redirect_uri: str) -> list[str]:
    pairs = callback_parameters(redirect_uri)
    if not any(name == "response" for name, _ in pairs) and "#" in redirect_uri:
        pairs = callback_parameters(redirect_uri.partition("#")[0])
    return [value for name, value in pairs if name == "response" and value]


def extract_jarm_response_jwt(redirect_uri: str) -> str:
    """Return the token in a redirect, from its fragment or else its query.

    Raises :class:`JarmValidationException` when there is none, or more than one.  JARM §2.3.

    Example::

        token = extract_jarm_response_jwt(str(request.url))
    """
    try:
        found = _responses(redirect_uri)
    except AuthorizeCallbackException as error:
        raise JarmValidationException(str(error)) from None
    if not found:
        raise JarmValidationException("the redirect carries no response parameter")
    if len(found) > 1:
        raise JarmValidationException("the redirect carries more than one response parameter")
    return found[0]


@dataclass(frozen=True)
class JarmCheck:
    """The expected values of a response, all known: nothing needs to be fetched."""

    client_id: str
    issuer: str
    keys: Sequence[JsonWebKey]
    algorithms: Collection[str] | None
    leeway: float = 0
    decryption_keys: DecryptionKeys | None = field(default=None, repr=False)
    client_secret: str | None = field(default=None, repr=False)
    allow_unencrypted: bool = False
    allow_weak_keys: bool = False

    def read(self, token: str, now: float | None = None) -> AuthorizeCallbackResponse:
        """Return the response in ``token`` (JARM §2.4).

        Raises JarmValidationException, and the exceptions of validating tokens.
        """
        signed = self._decrypt(token)
        allowed = {*(self.algorithms or ())} & SIGNING_ALGORITHMS
        if not allowed:
            raise JarmValidationException(
                "no algorithm is allowed for the response", code="no_jarm_algorithms"
            )
        try:
            segments = split_token(signed)
            header = read_header(segments.header)
        except TokenValidationException as error:
            raise JarmValidationException(str(error), error.details, code=error.code) from None
        if header.alg not in allowed:
            raise JarmValidationException(
                f"The algorithm {header.alg} is not allowed",
                {"alg": header.alg, "allowed": sorted(allowed)},
                code="jarm_algorithm_not_allowed",
            )
        claims = read_claims(
            verify(segments, header, KeySnapshot(self.keys), allow_weak_keys=self.allow_weak_keys)
        )
        missing = [name for name in ("iss", "aud", "exp") if claims.get(name) is None]
        if missing:
            raise JarmValidationException(
                f"the response lacks {', '.join(missing)}", code="missing_jarm_claim"
            )
        rules = ClaimsRules(
            issuers=frozenset([self.issuer]),
            audiences=frozenset([self.client_id]),
            leeway=self.leeway,
        )
        rules.check(claims, time.time() if now is None else now)
        return self._response_in(token, claims)

    def _decrypt(self, token: str) -> str:
        if self.decryption_keys is None:
            if is_encrypted(token):
                raise JarmValidationException(
                    "the response is encrypted; give decryption_keys", code="jarm_encrypted"
                )
            return token
        if self.allow_unencrypted and not is_encrypted(token):
            return token
        inner = decrypt(token, self.decryption_keys, self.client_secret)
        return inner.decode("ascii", "replace")

    def _response_in(self, token: str, claims: Mapping[str, Any]) -> AuthorizeCallbackResponse:
        values = {
            name: _text(value)
            for name, value in claims.items()
            if name not in _PROTOCOL and value is not None
        }
        if not values.keys() & {"code", "error", "id_token", "access_token", "state"}:
            raise JarmValidationException(
                "the response carries no parameter of an authorization response",
                code="no_jarm_parameters",
            )
        return callback_of(token, {**values, "iss": claims["iss"]})


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)

"""Verification of DPoP proofs by a resource server (RFC 9449 §4.3)."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._jose.algorithms import ML_DSA
from .._jose.claims import numeric_date
from .._jose.dpop_proof import compute_ath, jwk_thumbprint, target_uri
from .._jose.encoding import decode_base64url, parse_object
from .._jose.jwk import jwks_from_dict, public_members
from .._jose.keys import Header, Verify, prepared
from .._jose.tokens import read_header, split_token, verify_known
from .._wire.arguments import names_of
from .._wire.compare import same_text
from .._wire.urls import origin_of, split_url
from ..exceptions import (
    ConfigurationException,
    DPoPProofException,
    InvalidArgumentError,
    TokenValidationException,
)

# ML-DSA must be named: its proofs are longer than most servers' limit for a header field, and a
# client that reads these names in a challenge must not choose it by itself.
PROOF_ALGORITHMS = frozenset(
    {
        *("ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
        *("EdDSA", "Ed25519"),
    }
)
_ALLOWED = PROOF_ALGORITHMS.union(ML_DSA)
_MOST = 8 * 1024
_MOST_ML_DSA = 16 * 1024  # key and signature take up to 11 kB
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})


@dataclass(frozen=True)
class DPoPProof:
    """A verified proof: its sender (``jwk_thumbprint``), and its ``claims``."""

    jwk: Mapping[str, Any]
    jwk_thumbprint: str
    claims: Mapping[str, Any]


@dataclass(frozen=True)
class ProofRules:
    """The requirements on a proof; times in seconds."""

    method: str
    uri: str
    access_token: str | None = field(default=None, repr=False)
    token_claims: Mapping[str, Any] | None = field(default=None, repr=False)
    nonces: Collection[str] | None = None
    algorithms: Collection[str] = PROOF_ALGORITHMS
    max_age: float = 60
    leeway: float = 5

    def check(self, proof: object, now: float) -> DPoPProof:
        """Return the verified proof, at ``now``; raise DPoPProofException.

        Whether it was already used is checked with a replay store.
        """
        try:
            jwk, claims = self._verify_signature(proof)
        except DPoPProofException:
            raise
        except (TokenValidationException, ConfigurationException, ValueError) as error:
            raise _refused_error(str(error), error) from None
        self._check_request(claims)
        self._check_time(claims, now)
        thumbprint = jwk_thumbprint(jwk)
        self._check_token(claims, thumbprint)
        if self.nonces is not None:
            self._check_nonce(claims.get("nonce"))
        return DPoPProof(jwk, thumbprint, claims)

    def _verify_signature(self, proof: object) -> tuple[Mapping[str, Any], dict[str, Any]]:
        large = not {*ML_DSA}.isdisjoint(self.algorithms)
        segments = split_token(proof, _MOST_ML_DSA if large else _MOST)
        header = read_header(segments.header)
        members = parse_object(decode_base64url(segments.header))
        if members.get("typ") != "dpop+jwt":
            raise _refused_error("its typ is not dpop+jwt")
        if header.alg not in self.algorithms or header.alg not in _ALLOWED:
            raise _refused_error(f"the algorithm {header.alg} is not allowed")
        jwk = members.get("jwk")
        if not isinstance(jwk, dict) or _PRIVATE & jwk.keys():
            raise _refused_error("its header does not carry a public key")
        claims = parse_object(verify_known(segments, header.alg, (_verifier(jwk, header),)))
        return jwk, claims

    def _check_request(self, claims: Mapping[str, Any]) -> None:
        for name in ("jti", "htm", "htu"):
            if not isinstance(claims.get(name), str) or not claims[name]:
                raise _refused_error(f"the {name} claim is missing")
        if len(claims["jti"]) > 256:
            raise _refused_error("the jti claim is too long")
        if claims["htm"] != self.method.upper():
            raise _refused_error("it is for another method")
        if _normal(claims["htu"]) != _normal(self.uri):
            raise _refused_error("it is for another URI")

    def _check_time(self, claims: Mapping[str, Any], now: float) -> None:
        issued = numeric_date(claims.get("iat"))
        if issued is None:
            raise _refused_error("the iat claim is missing or not a number")
        if not -self.leeway <= now - issued <= self.max_age + self.leeway:
            raise _refused_error("it is too old, or from the future", code="dpop_proof_expired")

    def _check_token(self, claims: Mapping[str, Any], thumbprint: str) -> None:
        if self.access_token is not None:
            ath = claims.get("ath")
            expected = compute_ath(self.access_token)
            if not same_text(ath, expected):
                raise _refused_error("it is for another access token")
        if self.token_claims is not None:
            confirmation = self.token_claims.get("cnf")
            bound = confirmation.get("jkt") if isinstance(confirmation, Mapping) else None
            if not isinstance(bound, str):
                raise _refused_error(
                    "the access token is not bound to a key", code="token_not_bound"
                )
            if not same_text(bound, thumbprint):
                raise _refused_error(
                    "the access token is bound to another key", code="key_mismatch"
                )

    def _check_nonce(self, nonce: object) -> None:
        fits = [same_text(nonce, one) for one in self.nonces or () if one]
        if not any(fits):
            raise _refused_error("it does not carry the required nonce", code="use_dpop_nonce")


def _verifier(jwk: Mapping[str, Any], header: Header) -> Verify:
    return prepared(jwks_from_dict(public_members(jwk)), header.alg)


def replayed_error() -> DPoPProofException:
    """Return the exception for a proof that was already used."""
    return _refused_error("it was already used", code="dpop_proof_replayed")


def store_error() -> DPoPProofException:
    """Return the exception for a replay store that is unavailable."""
    return _refused_error("the replay store is unavailable", code="store_unavailable")


def check_rules(max_age: float, leeway: float, algorithms: Collection[str]) -> None:
    """Raise InvalidArgumentError for invalid rules."""
    names_of("algorithms", algorithms)
    if not 0 < max_age < math.inf or not 0 <= leeway < math.inf:
        raise InvalidArgumentError("max_age must be positive seconds, leeway not negative")


def _normal(uri: str) -> tuple[tuple[str, str, int], str]:
    try:
        parts = split_url(target_uri(uri))
    except (ConfigurationException, InvalidArgumentError):
        raise _refused_error("it contains a URI that cannot be parsed") from None
    return origin_of(parts), parts.path or "/"


def _refused_error(
    text: str, cause: Exception | None = None, *, code: str = "invalid_dpop_proof"
) -> DPoPProofException:
    details = {"error": text}
    if isinstance(cause, TokenValidationException):
        details["code"] = cause.code
    return DPoPProofException(f"Invalid DPoP proof: {text}", None, details, code=code)

# Generated from aio/sender_check.py by scripts/make_sync.py; edit that file.
"""Proof of possession by the senders of bound tokens (RFC 9449 §7, RFC 8705 §3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._protocol.mtls import validate_certificate_binding
from .._resource_server.access_token_refusals import several_proofs_error
from .._resource_server.dpop_server_nonces import DPoPNonceIssuer
from .._resource_server.replay import ReplayStore, replay_store_of
from .._resource_server.token_bindings import BindingRules, BoundRequest
from .._wire.arguments import check_kind
from ..exceptions import CertificateBindingError, ConfigurationException, InvalidArgumentError
from .dpop import verify_dpop_proof


class SenderCheck:
    """A verifier's requirements on senders, and its memory of their proofs."""

    def __init__(
        self,
        bindings: BindingRules,
        replay_store: ReplayStore | None = None,
        nonces: DPoPNonceIssuer | None = None,
    ) -> None:
        self._bindings = bindings
        self._required = "required" in (bindings.dpop, bindings.mtls)
        self._replay_store = replay_store_of(replay_store)
        check_kind("dpop_nonces", nonces, DPoPNonceIssuer)
        self._nonces = nonces

    def accepts_bearer(self, claims: Mapping[str, Any]) -> bool:
        """Return whether an unbound token is accepted; the usual case."""
        return "cnf" not in claims and not self._required

    def check(self, claims: dict[str, Any], request: BoundRequest) -> str | None:
        """Return the nonce that the next proof should contain, if it is not that of this one.

        Raises TokenValidationException unless the request proves what its token is bound to.
        """
        proofs = request.proofs()
        if len(proofs) > 1:
            raise several_proofs_error()
        certificate = request.certificate
        self._bindings.check(
            claims, proof=bool(proofs), certificate=bool(certificate), scheme=request.scheme
        )
        newest = None
        if request.scheme == "dpop":
            newest = self._check_proof(proofs[0], claims, request)
        if certificate and "x5t#S256" in (claims.get("cnf") or {}):
            _check_certificate(claims, certificate)
        return newest

    def _check_proof(self, proof: str, claims: dict[str, Any], request: BoundRequest) -> str | None:
        if request.method is None or request.uri is None:
            raise ConfigurationException("verify() requires method and uri to verify a proof")
        good = None if self._nonces is None else self._nonces.good()
        verified = verify_dpop_proof(
            proof,
            request.method,
            request.uri,
            access_token=request.token,
            token_claims=claims,
            replay_store=self._replay_store,
            nonce=good,
        )
        if good is None or verified.claims["nonce"] == good[0]:
            return None
        return good[0]


def _check_certificate(claims: dict[str, Any], certificate: str | bytes) -> None:
    try:
        validate_certificate_binding(claims, certificate)
    except InvalidArgumentError as error:
        raise CertificateBindingError(
            "the certificate that was presented cannot be read", code=error.code
        ) from error

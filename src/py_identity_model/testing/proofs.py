"""DPoP proofs at the embedded provider's endpoints (RFC 9449)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .._jose.algorithms import is_usable
from .._jose.dpop_proof import DPOP_ALGORITHMS
from .._resource_server.dpop_server_nonces import DPoPNonceIssuer
from .._resource_server.dpop_verification import PROOF_ALGORITHMS
from .._resource_server.replay import MemoryReplayStore
from ..exceptions import DPoPProofException
from ..sync.dpop import verify_dpop_proof
from .wire import Answer, Received

ALGORITHMS = tuple(filter(is_usable, DPOP_ALGORITHMS))
_ACCEPTED = PROOF_ALGORITHMS.union(ALGORITHMS)


class Proofs:
    """Verifies the proofs of requests; with ``nonces`` each must contain one of them."""

    def __init__(self, scheme: str, nonces: DPoPNonceIssuer | None) -> None:
        self._scheme = scheme
        self._nonces = nonces
        self._store = MemoryReplayStore()

    def thumbprint(self, received: Received, **token: Any) -> str | None:
        """Return the thumbprint of the key that a request proves; None without a proof.

        ``token`` may be the ``access_token`` of the request and its ``token_claims``.  Raises
        :class:`DPoPProofException`.
        """
        proof = received.headers.get("dpop")
        if proof is None:
            return None
        nonces = None if self._nonces is None else self._nonces.good()
        uri = f"{self._scheme}://{received.headers.get('host', '')}{received.path}"
        verified = verify_dpop_proof(
            proof,
            received.method,
            uri,
            replay_store=self._store,
            nonce=nonces,
            algorithms=_ACCEPTED,
            **token,
        )
        return verified.jwk_thumbprint

    def token_refusal(self, error: DPoPProofException) -> Answer:
        """Return the token endpoint's response to a bad proof (RFC 9449 §5, §8)."""
        return self.with_nonce(Answer.of_json({"error": _code(error)}, 400))

    def resource_refusal(self, error: DPoPProofException) -> Answer:
        """Return a resource server's response to a bad proof (RFC 9449 §7.1, §9)."""
        code = _code(error)
        challenge = f'DPoP error="{code}", algs="{" ".join(ALGORITHMS)}"'
        return self.with_nonce(Answer.of_json({"error": code}, 401, www_authenticate=challenge))

    def with_nonce(self, answer: Answer) -> Answer:
        """Return ``answer`` with the nonce to use next, if nonces are required."""
        if self._nonces is None:
            return answer
        return replace(answer, headers={**answer.headers, "dpop-nonce": self._nonces.current()})


def _code(error: DPoPProofException) -> str:
    return "use_dpop_nonce" if error.code == "use_dpop_nonce" else "invalid_dpop_proof"

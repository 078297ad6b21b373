"""Verification of DPoP proofs."""

from __future__ import annotations

from collections.abc import Collection
from time import time
from typing import Any

from .._resource_server.dpop_verification import (
    PROOF_ALGORITHMS,
    DPoPProof,
    ProofRules,
    check_rules,
    replayed_error,
    store_error,
)
from .._resource_server.replay import ReplayStore, replay_key
from .replay_store import remember_once


async def verify_dpop_proof(
    proof: str,
    method: str,
    uri: str,
    *,
    access_token: str | None = None,
    token_claims: dict[str, Any] | None = None,
    replay_store: ReplayStore | None = None,
    nonce: str | Collection[str] | None = None,
    algorithms: Collection[str] = PROOF_ALGORITHMS,
    max_age: float = 60,
    leeway: float = 5,
) -> DPoPProof:
    """Return the verified proof of a request.

    :param proof: the request's one ``DPoP`` header
    :param method: the request's method
    :param uri: the request's URI
    :param access_token: at a resource server, the token of the request: the proof must contain its
        hash
    :param token_claims: the validated claims of that token, which must be bound to the proof's key
    :param replay_store: refuses a proof that was already used; share one between the processes of a
        service
    :param nonce: the required nonce, or several that are still valid
    :param algorithms: an allow-list of signature algorithms
    :param max_age: the maximum age of the proof, in seconds
    :param leeway: tolerance of clocks, in seconds

    Raises :class:`DPoPProofException`, whose ``code`` is ``use_dpop_nonce`` when only the nonce is
    wrong, and ``store_unavailable`` when the store does not respond.  RFC 9449 §4.3 and §7.1.

    Example::

        key = DPoPKey()
        proof = create_dpop_proof(key, "GET", "https://api.example/me", access_token)
        verified = await verify_dpop_proof(
            proof, "GET", "https://api.example/me", access_token=access_token
        )
        assert verified.jwk_thumbprint == key.jwk_thumbprint
    """
    check_rules(max_age, leeway, algorithms)
    nonces = [nonce] if isinstance(nonce, str) else nonce
    rules = ProofRules(method, uri, access_token, token_claims, nonces, algorithms, max_age, leeway)
    verified = rules.check(proof, time())
    if replay_store is not None:
        key = replay_key("dpop", verified.jwk_thumbprint, verified.claims["jti"])
        await remember_once(
            replay_store,
            key,
            verified.claims["iat"] + max_age + 2 * leeway,
            replayed=replayed_error(),
            unavailable=store_error(),
        )
    return verified

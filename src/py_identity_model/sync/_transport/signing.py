# Generated from aio/_transport/signing.py by scripts/make_sync.py; edit that file.
"""Tokens that are signed elsewhere, while others are served."""

from __future__ import annotations

from collections.abc import Callable

from ..._jose.dpop_proof import DPoPKey, build_dpop_headers, create_dpop_proof, proof_headers
from ..._jose.encoding import encode_base64url
from ..._jose.jwk import PrivateKey
from ..._jose.signer import DeferredSigner, Signer, checked_signature, is_signer, signing_error
from ..._seam.sync import deadline, work
from ..._settings import SIGNING_SECONDS


def sign_elsewhere(signer: Signer, build: Callable[[Signer], str]) -> str:
    """Return the token that ``build`` makes with a signer; its signature is waited for.

    Raises SigningException (``signing_failed``, ``signing_timed_out``, ``signature_mismatch``).
    """
    # Built first with a stand-in that notes the message: the builders are pure and cannot wait, and
    # a second copy of each that waits would be one more place to get a claim wrong.
    deferred = DeferredSigner(signer)
    unsigned = build(deferred)
    try:
        with deadline(SIGNING_SECONDS):
            signature: object = work(signer.sign, deferred.message)
    except Exception as error:
        raise signing_error(error) from error
    return (
        unsigned + encode_base64url(checked_signature(signer, deferred.message, signature)).decode()
    )


def sign(key: PrivateKey | Signer, build: Callable[[PrivateKey | Signer], str]) -> str:
    """Return the token that ``build`` makes with a private key or a signer."""
    return sign_elsewhere(key, build) if is_signer(key) else build(key)


def proof_fields(
    key: DPoPKey, method: str, uri: str, access_token: str | None, nonce: str | None
) -> dict[str, str]:
    """Return the header fields of one attempt, with a proof made for it."""
    if key.signer is None:
        return proof_headers(key, method, uri, access_token, nonce)

    def build(signer: Signer) -> str:
        return create_dpop_proof(key.signed_by(signer), method, uri, access_token, nonce)

    return build_dpop_headers(sign_elsewhere(key.signer, build), access_token)

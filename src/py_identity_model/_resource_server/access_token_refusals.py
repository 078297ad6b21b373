"""Responses of a resource server to refused requests (RFC 6750 §3, 9449 §7.1, 9470 §3)."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, NamedTuple

from .._jose.claims_validators import ClaimsValidationError
from .._jose.excerpt import excerpt, found
from .._jose.token_types import ACCESS_TOKEN
from .._wire.www_authenticate import build_www_authenticate
from ..exceptions import (
    AccessTokenRefusedException,
    DPoPProofException,
    NetworkException,
    ProviderUnusableException,
    PyIdentityModelException,
    TokenValidationException,
)
from .dpop_server_nonces import DPoPNonceIssuer
from .dpop_verification import PROOF_ALGORITHMS
from .login_rules import weak_login_parameters
from .token_bindings import Binding
from .trusted_issuer import issuer_for_log

logger = logging.getLogger("py_identity_model.access_tokens")

RETRY_AFTER = 5  # seconds after which an outage may be over, by default
_MISCONFIGURED = frozenset({"issuer_not_configured", "client_unusable", "introspection_failed"})
"""Codes for errors in this program's configuration, not in a token."""
_SEVERAL_PROOFS = "The request carries more than one DPoP proof"
_OUTAGES = frozenset({"store_unavailable", "issuers_unavailable"})
_VALIDATORS = frozenset({"claims_rejected", "claims_validator_failed"})
_STATUS = {"invalid_request": 400, "insufficient_scope": 403, "insufficient_roles": 403}

# Texts for strangers: fixed per code, without what was found or what failed internally.
_DESCRIPTIONS = {
    "token_expired": "The access token has expired",
    "not_yet_valid": "The access token is not valid yet",
    "issued_in_future": "The access token is not valid yet",
    "malformed_token": "The access token is malformed",
    "token_too_large": "The access token is too large",
    "invalid_signature": "The signature of the access token is invalid",
    "inactive_token": "The access token is not active",
    "invalid_audience": "The access token is meant for another API",
    "invalid_issuer": "The issuer of the access token is not trusted",
    "untrusted_issuer": "The issuer of the access token is not trusted",
    "binding_refused": "The access token is not sender-constrained as this API requires",
    "certificate_binding_mismatch": "The access token is bound to another certificate",
    "use_dpop_nonce": "The DPoP proof must carry the nonce of this server",
    "dpop_proof_expired": "The DPoP proof is too old, or from the future",
    "dpop_proof_replayed": "The DPoP proof was already used",
    "key_mismatch": "The access token is bound to another key",
    "token_not_bound": "The access token is not bound to a key",
}


class Sent(NamedTuple):
    """How a token was sent, and the scopes that its request needs."""

    scheme: str = "bearer"
    with_dpop: bool = False
    scopes: Collection[str] = ()


@dataclass(frozen=True)
class AccessTokenRefusals:
    """The responses of one API, with the details that its challenges contain."""

    dpop: Binding = "optional"
    offers_dpop: bool = False
    realm: str | None = None
    resource_metadata: str | None = None
    nonces: DPoPNonceIssuer | None = None

    def __post_init__(self) -> None:
        self.challenge(Sent())  # values that a header cannot contain are refused here

    def refuse(self, error: Exception, sent: Sent, token: str) -> AccessTokenRefusedException:
        """Return the response to a request that failed with ``error``, and write a log record."""
        refusal = self._answer(error, sent)
        _log(refusal, error, token)
        return refusal

    def _answer(self, error: Exception, sent: Sent) -> AccessTokenRefusedException:
        if not isinstance(error, TokenValidationException):
            code = error.code if isinstance(error, PyIdentityModelException) else None
            return _unavailable_error(code or "verification_failed", {})
        if isinstance(error, ProviderUnusableException) or error.code in _MISCONFIGURED:
            # No time to try again: a repetition would not help.
            return _unavailable_error(error.code, _with_reason(error), None)
        if isinstance(error, NetworkException) or error.code in _OUTAGES:
            return _unavailable_error(error.code, _with_reason(error))
        refusal = AccessTokenRefusedException(
            _with_hint(error), error.token_part, error.details, code=error.code
        )
        if error.details.get("bound_to") == "key":
            sent = sent._replace(with_dpop=True)
        status = _STATUS.get(error.code, 401)
        if isinstance(error, ClaimsValidationError) and error.forbidden:
            status = 403
        words = _error_parameters(error, status)
        if words.get("error") == "use_dpop_nonce" and self.nonces is not None:
            refusal.dpop_nonce = self.nonces.current()
        return refusal.answered(status, self.challenge(sent, **words))

    def challenge(self, sent: Sent, **parameters: Any) -> str:
        """Return the ``WWW-Authenticate`` header, with every scheme that is accepted here.

        DPoP is offered if the API was configured for it, or the request used it.  The error is in
        the challenge of the scheme with which the token was sent.
        """
        shared: dict[str, Any] = {
            "realm": self.realm,
            "resource_metadata": self.resource_metadata,
            "scope": sorted(sent.scopes) or None,
        }
        of_proof = parameters.get("error") in {"invalid_dpop_proof", "use_dpop_nonce"}
        accepts = self.dpop != "refused"
        by_proof = of_proof or self.dpop == "required" or (accepts and sent.scheme == "dpop")
        headers = []
        if self.dpop != "required" and not of_proof:
            own = {} if by_proof else parameters
            headers.append(build_www_authenticate("Bearer", **shared, **own))
        if accepts and (self.offers_dpop or by_proof or sent.with_dpop):
            own = parameters if by_proof else {}
            algs = " ".join(sorted(PROOF_ALGORITHMS))
            headers.append(build_www_authenticate("DPoP", **shared, **own, algs=algs))
        return ", ".join(headers)


def _error_parameters(error: TokenValidationException, status: int) -> dict[str, Any]:
    """Return the parameters of a challenge that describe the error."""
    if error.code == "missing_token":
        return {}  # RFC 6750 §3.1: a request without a token is not an error
    if status == 403:
        return {"error": "insufficient_scope"}
    if error.code == "invalid_request":
        return {"error": "invalid_request", "error_description": _SEVERAL_PROOFS}
    of_login = weak_login_parameters(error)
    if of_login is not None:
        return of_login
    name, usual = "invalid_token", "The access token is invalid"
    if isinstance(error, DPoPProofException):
        name, usual = "invalid_dpop_proof", "The DPoP proof is invalid"
        if error.code == "use_dpop_nonce":
            name = "use_dpop_nonce"
    return {"error": name, "error_description": _DESCRIPTIONS.get(error.code, usual)}


def _unavailable_error(
    code: str, details: Mapping[str, Any], retry_after: int | None = RETRY_AFTER
) -> AccessTokenRefusedException:
    if retry_after is not None:
        retry_after = max(1, ceil(details.get("retry_after", retry_after)))
    return AccessTokenRefusedException(
        "The access token cannot be verified now", None, details, code=code
    ).answered(503, None, retry_after=retry_after)


def _with_reason(error: TokenValidationException) -> Mapping[str, Any]:
    """Return the details of an error with its text, which the refusal itself does not show."""
    return {"reason": error.message, **error.details}


def _with_hint(error: TokenValidationException) -> str:
    """Return an error's text, with the option that would accept what was refused."""
    details = error.details
    if error.code == "missing_claim" and details.get("claim") == "aud":
        return (
            f"{error.message}; client_ids=[...] accepts tokens without it from those clients, and "
            "accept_tokens_without_audience=True accepts introspected ones"
        )
    if error.code == "wrong_typ" and details.get("expected") == ACCESS_TOKEN:
        return f'{error.message}; profile="access-token" accepts JWT, and tokens without typ'
    return error.message


def _log(refusal: AccessTokenRefusedException, error: Exception, token: str) -> None:
    """Log a refused token: for operators, without the token or personal data."""
    level = logging.ERROR if refusal.code == "verification_failed" else logging.INFO
    if refusal.code == "missing_token" or not logger.isEnabledFor(level):
        return
    reason = refusal.message
    if refusal.code in _VALIDATORS:  # the message may contain personal data
        reason = "a claims validator rejected it"
    elif refusal.status_code == 503:
        reason = f"{reason} ({type(error).__name__})"
    issuer = issuer_for_log(token)
    logger.log(
        level,
        "access token refused: %s (code %s, issuer %s)",
        excerpt(reason),
        refusal.code,
        None if issuer is None else excerpt(issuer),
    )


def missing_token_error(authorization: str | None) -> TokenValidationException:
    """Return the exception for a request without a token."""
    text = "The request carries no access token"
    if authorization and authorization.count(".") == 2 and " " not in authorization:
        text += (
            ": its Authorization field has a token without the scheme Bearer; a program that has "
            "the token alone calls verify_token"
        )
    return TokenValidationException(text, code="missing_token")


def several_proofs_error() -> TokenValidationException:
    """Return the exception for a request with more than one proof (RFC 9449 §4.3)."""
    return TokenValidationException(_SEVERAL_PROOFS, code="invalid_request")


def insufficient_scope_error(
    granted: Collection[str], wanted: Collection[str]
) -> TokenValidationException:
    """Return the exception for a token that grants less than ``wanted``."""
    details = {"required": sorted(wanted), "found": found(sorted(granted))}
    return TokenValidationException(
        "Insufficient scope", "payload", details, code="insufficient_scope"
    )


def insufficient_roles_error(
    granted: Collection[str], wanted: Collection[str]
) -> TokenValidationException:
    """Return the exception for a token whose user or client lacks roles."""
    details = {"required": sorted(wanted), "found": found(sorted(granted))}
    return TokenValidationException(
        "Insufficient roles", "payload", details, code="insufficient_roles"
    )

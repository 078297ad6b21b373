"""Refusals: the status, the challenge and the words of each, for callers and for operators."""

from __future__ import annotations

import pytest

from py_identity_model import parse_www_authenticate
from py_identity_model._jose.claims_validators import ClaimsValidationError
from py_identity_model._resource_server.access_token_refusals import (
    AccessTokenRefusals,
    Sent,
    insufficient_roles_error,
    insufficient_scope_error,
    missing_token_error,
    several_proofs_error,
)
from py_identity_model._resource_server.dpop_verification import PROOF_ALGORITHMS
from py_identity_model._resource_server.login_rules import LoginRules
from py_identity_model.aio import DPoPNonceIssuer
from py_identity_model.exceptions import (
    ConfigurationException,
    DPoPProofException,
    InvalidArgumentError,
    KeysUnavailableException,
    NetworkException,
    TokenExpiredException,
    TokenValidationException,
)
from tests.support import refused

PLAIN = AccessTokenRefusals()
DPOP = Sent("dpop", with_dpop=True)
ALGS = " ".join(sorted(PROOF_ALGORITHMS))


def weak_login() -> TokenValidationException:
    with pytest.raises(TokenValidationException) as caught:
        LoginRules(0.0, 60.0).check({"acr": "bronze"}, ["gold", "silver"], 90.5, 0.0)
    return caught.value


def test_a_challenge_says_what_the_api_is_and_needs() -> None:
    refusals = AccessTokenRefusals(realm="r", resource_metadata="https://api.example/m")
    assert refusals.challenge(Sent(scopes={"write", "read"})) == (
        'Bearer realm="r", scope="read write", resource_metadata="https://api.example/m"'
    )
    assert PLAIN.challenge(Sent()) == "Bearer"


@pytest.mark.parametrize(
    ("refusals", "sent", "expected"),
    [
        (PLAIN, Sent(), ['Bearer error="e"']),
        (PLAIN, Sent(with_dpop=True), ['Bearer error="e"', f'DPoP algs="{ALGS}"']),
        (PLAIN, DPOP, ["Bearer", f'DPoP error="e", algs="{ALGS}"']),
        (
            AccessTokenRefusals(offers_dpop=True),
            Sent(),
            ['Bearer error="e"', f'DPoP algs="{ALGS}"'],
        ),
        (AccessTokenRefusals("refused"), DPOP, ['Bearer error="e"']),
        (AccessTokenRefusals("required"), Sent(), [f'DPoP error="e", algs="{ALGS}"']),
    ],
)
def test_a_challenge_says_what_went_wrong_in_the_scheme_that_was_used(
    refusals: AccessTokenRefusals, sent: Sent, expected: list[str]
) -> None:
    assert refusals.challenge(sent, error="e") == ", ".join(expected)


@pytest.mark.parametrize("error", ["invalid_dpop_proof", "use_dpop_nonce"])
def test_a_challenge_about_a_proof_names_dpop_alone(error: str) -> None:
    assert PLAIN.challenge(Sent(), error=error) == f'DPoP error="{error}", algs="{ALGS}"'


def test_values_that_a_challenge_cannot_contain_are_refused_early() -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        AccessTokenRefusals(realm="two\nlines")


INVALID = TokenValidationException("secret", "payload", {"found": "secret"}, code="invalid_claim")
EXPIRED = TokenExpiredException("secret")
PROOF = DPoPProofException("secret", code="dpop_proof_replayed")
NONCE = DPoPProofException("secret", code="use_dpop_nonce")
FORBIDDEN = ClaimsValidationError("secret", forbidden=True)


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (missing_token_error(None), 401, {}),
        (
            INVALID,
            401,
            {"error": "invalid_token", "error_description": "The access token is invalid"},
        ),
        (
            EXPIRED,
            401,
            {"error": "invalid_token", "error_description": "The access token has expired"},
        ),
        (insufficient_scope_error([], ["a"]), 403, {"error": "insufficient_scope"}),
        (insufficient_roles_error([], ["a"]), 403, {"error": "insufficient_scope"}),
        (FORBIDDEN, 403, {"error": "insufficient_scope"}),
        (
            several_proofs_error(),
            400,
            {
                "error": "invalid_request",
                "error_description": "The request carries more than one DPoP proof",
            },
        ),
        (
            PROOF,
            401,
            {
                "error": "invalid_dpop_proof",
                "error_description": "The DPoP proof was already used",
            },
        ),
        (
            NONCE,
            401,
            {
                "error": "use_dpop_nonce",
                "error_description": "The DPoP proof must carry the nonce of this server",
            },
        ),
        (
            DPoPProofException("secret"),
            401,
            {"error": "invalid_dpop_proof", "error_description": "The DPoP proof is invalid"},
        ),
        (
            weak_login(),
            401,
            {
                "error": "insufficient_user_authentication",
                "error_description": "A stronger or more recent login is required",
                "acr_values": "gold silver",
                "max_age": "90",
            },
        ),
    ],
)
def test_strangers_read_fixed_words(
    error: TokenValidationException, status: int, words: dict[str, str]
) -> None:
    refusal = PLAIN.refuse(error, Sent(), "t")
    assert refusal.status_code == status
    assert refusal.retry_after is None
    (challenge,) = parse_www_authenticate(refusal.www_authenticate or "")
    assert {name: text for name, text in challenge.parameters.items() if name != "algs"} == words


@pytest.mark.parametrize("error", [INVALID, EXPIRED, PROOF, FORBIDDEN])
def test_operators_read_what_was_found(error: TokenValidationException) -> None:
    refusal = PLAIN.refuse(error, Sent(), "t")
    assert str(refusal) == "secret"
    assert refusal.code == error.code
    assert refusal.details == error.details
    assert refusal.token_part == error.token_part


def test_a_token_that_is_bound_to_a_key_is_asked_for_its_proof() -> None:
    error = TokenValidationException("x", None, {"bound_to": "key"}, code="binding_refused")
    challenge = PLAIN.refuse(error, Sent(), "t").www_authenticate
    assert challenge is not None
    assert challenge.endswith(f'requires", DPoP algs="{ALGS}"')


def test_a_proof_without_its_nonce_gets_the_nonce() -> None:
    nonces = DPoPNonceIssuer(b"s" * 32)
    nonces.clock = lambda: 1000.0
    refusals = AccessTokenRefusals(nonces=nonces)
    assert refusals.refuse(NONCE, DPOP, "t").dpop_nonce == nonces.current()
    assert refusals.refuse(PROOF, DPOP, "t").dpop_nonce is None
    assert PLAIN.refuse(NONCE, DPOP, "t").dpop_nonce is None


class OddError(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "code", "retry_after"),
    [
        (KeysUnavailableException("x", details={"retry_after": 7.2}), "keys_unavailable", 8),
        (KeysUnavailableException("x", details={"retry_after": 0.0}), "keys_unavailable", 1),
        (KeysUnavailableException("x"), "keys_unavailable", 5),
        (TokenValidationException("x", code="store_unavailable"), "store_unavailable", 5),
        (TokenValidationException("x", code="issuers_unavailable"), "issuers_unavailable", 5),
        (TokenValidationException("x", code="client_unusable"), "client_unusable", None),
        (TokenValidationException("x", code="introspection_failed"), "introspection_failed", None),
        (NetworkException("x", code="gone"), "gone", 5),
        (ConfigurationException("x"), "configuration_error", 5),
        (OddError("x"), "verification_failed", 5),
    ],
)
def test_a_failure_to_verify_is_an_outage_without_a_challenge(
    error: Exception, code: str, retry_after: int | None
) -> None:
    refusal = PLAIN.refuse(error, Sent(), "t")
    assert (refusal.status_code, refusal.www_authenticate) == (503, None)
    assert (refusal.code, refusal.retry_after) == (code, retry_after)
    assert str(refusal) == "The access token cannot be verified now"
    expected = (
        {"reason": "x", **error.details} if isinstance(error, TokenValidationException) else {}
    )
    assert refusal.details == expected


def test_a_refusal_names_the_option_that_would_accept_the_token() -> None:
    missing = TokenValidationException("m", None, {"claim": "aud"}, code="missing_claim")
    assert "client_ids=[...]" in str(PLAIN.refuse(missing, Sent(), "t"))
    wrong = TokenValidationException("w", None, {"expected": "at+jwt"}, code="wrong_typ")
    assert 'profile="access-token"' in str(PLAIN.refuse(wrong, Sent(), "t"))
    for details in ({"claim": "sub"}, {}):
        other = TokenValidationException("m", None, details, code="missing_claim")
        assert str(PLAIN.refuse(other, Sent(), "t")) == "m"


@pytest.mark.parametrize(
    ("error", "record"),
    [
        (EXPIRED, "INFO access token refused: secret (code token_expired, issuer None)"),
        (
            FORBIDDEN,
            "INFO access token refused: a claims validator rejected it "
            "(code claims_rejected, issuer None)",
        ),
        (
            KeysUnavailableException("x"),
            "INFO access token refused: The access token cannot be verified now "
            "(KeysUnavailableException) (code keys_unavailable, issuer None)",
        ),
        (
            OddError("secret"),
            "ERROR access token refused: The access token cannot be verified now (OddError) "
            "(code verification_failed, issuer None)",
        ),
        (missing_token_error(None), None),
    ],
)
def test_a_refusal_leaves_one_record_without_personal_data(
    error: Exception, record: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="py_identity_model.access_tokens")
    PLAIN.refuse(error, Sent(), "t")
    records = [f"{one.levelname} {one.getMessage()}" for one in caplog.records]
    assert records == ([] if record is None else [record])

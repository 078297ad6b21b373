"""PKCE: verifiers and challenges (RFC 7636)."""

from __future__ import annotations

import pytest

from py_identity_model import (
    generate_code_challenge,
    generate_code_verifier,
    generate_pkce_pair,
)


def test_a_verifier_has_the_length_that_is_asked_for() -> None:
    for length in (43, 64, 128):
        verifier = generate_code_verifier(length)
        assert len(verifier) == length
        assert (
            verifier.replace("-", "").replace(".", "").replace("_", "").replace("~", "").isalnum()
        )
    assert len({generate_code_verifier() for _ in range(100)}) == 100


@pytest.mark.parametrize("length", [0, 42, 129])
def test_a_verifier_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=f"43 and 128.*{length}"):
        generate_code_verifier(length)
    with pytest.raises(ValueError, match="43 and 128"):
        generate_code_challenge("x" * length)


def test_a_challenge_is_that_of_the_specification() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert generate_code_challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert generate_code_challenge(verifier, "plain") == verifier
    with pytest.raises(ValueError, match="S256 or plain"):
        generate_code_challenge(verifier, "S512")


def test_a_pair_belongs_together() -> None:
    verifier, challenge = generate_pkce_pair(verifier_length=50)
    assert len(verifier) == 50
    assert challenge == generate_code_challenge(verifier)

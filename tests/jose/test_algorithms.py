"""Which names of algorithms mean the same."""

from __future__ import annotations

import pytest

from py_identity_model._jose.algorithms import ALGORITHMS, agrees


@pytest.mark.parametrize(
    ("declared", "used"),
    [
        (None, "RS256"),
        ("RS256", "RS256"),
        ("EdDSA", "Ed25519"),
        ("EdDSA", "Ed448"),
        ("Ed25519", "EdDSA"),
        ("Ed448", "EdDSA"),
    ],
)
def test_a_declared_algorithm_agrees_with_itself_and_the_old_name(
    declared: str | None, used: str
) -> None:
    assert agrees(declared, used)


@pytest.mark.parametrize(
    ("declared", "used"),
    [
        ("RS256", "PS256"),
        ("RS256", "RS512"),
        ("Ed448", "Ed25519"),
        ("Ed25519", "Ed448"),
        ("EdDSA", "ES256"),
        ("ES256", "EdDSA"),
        ("RSA-OAEP", "RS256"),
        ("", "RS256"),
    ],
)
def test_any_other_pair_disagrees(declared: str, used: str) -> None:
    assert not agrees(declared, used)


def test_an_unsigned_token_has_no_algorithm_here() -> None:
    assert "none" not in {name.lower() for name in ALGORITHMS}


def test_least_sizes_are_those_of_the_specification() -> None:
    sizes = {name: one.least_bits for name, one in ALGORITHMS.items()}
    for bits in (256, 384, 512):
        assert sizes[f"HS{bits}"] == bits
        assert sizes[f"RS{bits}"] == sizes[f"PS{bits}"] == 2048
    assert {sizes[name] for name in ("ES256", "ES256K", "EdDSA", "Ed448")} == {0}

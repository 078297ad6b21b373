"""The table of algorithms: what is in it, and what it demands of keys."""

from __future__ import annotations

from py_identity_model._jose.algorithms import ALGORITHMS


def test_an_unsigned_token_has_no_algorithm_here() -> None:
    assert "none" not in {name.lower() for name in ALGORITHMS}


def test_least_sizes_are_those_of_the_specification() -> None:
    sizes = {name: one.least_bits for name, one in ALGORITHMS.items()}
    for bits in (256, 384, 512):
        assert sizes[f"HS{bits}"] == bits
        assert sizes[f"RS{bits}"] == sizes[f"PS{bits}"] == 2048
    assert {sizes[name] for name in ("ES256", "ES256K", "EdDSA", "Ed448")} == {0}

"""The nonces that a server demands."""

from __future__ import annotations

import pytest

from py_identity_model import DPoPNonceIssuer
from py_identity_model.exceptions import InvalidArgumentError
from tests.support import refused

SECRET = b"s" * 32


def at(moment: float, secret: bytes = SECRET, lifetime: float = 100.0) -> DPoPNonceIssuer:
    nonces = DPoPNonceIssuer(secret, lifetime=lifetime)
    nonces.clock = lambda: moment
    return nonces


def test_a_nonce_is_good_for_half_its_lifetime_at_least_and_all_of_it_at_most() -> None:
    nonce = at(1000.0).current()
    assert nonce in at(1049.0).good()
    assert nonce in at(1099.0).good()
    assert nonce not in at(1100.0).good()
    assert nonce not in at(999.0).good()


def test_processes_with_one_secret_have_the_same_nonces() -> None:
    assert at(1000.0).good() == at(1001.0).good()
    assert not {*at(1000.0).good()} & {*at(1000.0, b"t" * 32).good()}
    assert not {*at(1000.0).good()} & {*at(1000.0, lifetime=50.0).good()}
    assert DPoPNonceIssuer().current() != DPoPNonceIssuer().current()


def test_a_nonce_reveals_nothing_and_fits_into_a_header() -> None:
    nonce = at(1000.0).current()
    assert len(nonce) == 24
    assert nonce.replace("-", "").replace("_", "").isalnum()
    assert "ssss" not in repr(at(1000.0))


@pytest.mark.parametrize("wrong", [b"", b"s" * 31, "s" * 32])
def test_a_secret_that_could_be_guessed_is_refused(wrong: bytes) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        DPoPNonceIssuer(wrong)


@pytest.mark.parametrize("lifetime", [1, 0.5])
def test_a_lifetime_may_be_a_part_of_a_second(lifetime: float) -> None:
    nonce = at(1000.0, lifetime=lifetime).current()
    assert nonce in at(1000.0 + lifetime / 2, lifetime=lifetime).good()
    assert nonce not in at(1000.0 + lifetime, lifetime=lifetime).good()


@pytest.mark.parametrize("lifetime", [0, -1, float("inf"), float("nan")])
def test_an_invalid_lifetime_is_refused(lifetime: float) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        DPoPNonceIssuer(lifetime=lifetime)

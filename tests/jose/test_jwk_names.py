"""The registered names in keys are those that keys really have."""

from __future__ import annotations

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from py_identity_model import JsonWebAlgorithmsKeyTypes, JsonWebKey, JsonWebKeyParameterNames

NAMES = {one.value for one in JsonWebKeyParameterNames}
KEYS = [
    RSAKey.generate_key(2048),
    ECKey.generate_key("P-256"),
    OKPKey.generate_key("Ed25519"),
    OctKey.generate_key(256),
]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.key_type)
def test_every_member_of_a_private_key_has_a_name(key: RSAKey | ECKey | OKPKey | OctKey) -> None:
    assert set(key.as_dict(private=True)) <= NAMES


def test_every_member_of_our_own_keys_has_a_name() -> None:
    ours = set(vars(JsonWebKey(kty="RSA", n="AQAB", e="AQAB")))
    assert {name.replace("x5t_s256", "x5t#S256") for name in ours} <= NAMES


def test_a_name_is_written_as_its_text() -> None:
    assert f"{JsonWebKeyParameterNames.X5T_S256}" == "x5t#S256"


def test_key_types_are_those_of_the_registry() -> None:
    assert {one.value for one in JsonWebAlgorithmsKeyTypes} == {"EC", "RSA", "oct"}

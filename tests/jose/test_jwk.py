"""JSON Web Keys as data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from py_identity_model import (
    ConfigurationException,
    JsonWebAlgorithmsKeyTypes,
    JsonWebKey,
    JsonWebKeyParameterNames,
    jwks_from_dict,
)
from tests.support import refused

RSA = {"kty": "RSA", "n": "AQAB", "e": "AQAB"}
EC = {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}
OCT = {"kty": "oct", "k": "c2VjcmV0"}


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({}, "The 'kty'"),
        ({"kty": ""}, "The 'kty'"),
        ({"kty": None}, "The 'kty'"),
        ({"kty": 5}, "wrong type"),
        ({"kty": "RSA", "n": "AQAB"}, "RSA keys require 'n'"),
        ({"kty": "EC", "crv": "P-256", "x": "AA"}, "EC keys require"),
        ({**EC, "crv": "P-999"}, "Unsupported curve"),
        ({"kty": "oct"}, "Symmetric keys require 'k'"),
        ({**RSA, "use": "both"}, "Invalid 'use'"),
        ({**RSA, "key_ops": ["dance"]}, "Invalid key operation"),
        ({**RSA, "key_ops": "verify"}, "wrong type"),
        ({**RSA, "key_ops": [5]}, "wrong type"),
        ({**RSA, "x5c": [None]}, "wrong type"),
        ({**RSA, "oth": ["x"]}, "wrong type"),
        ({**RSA, "n": ["AQAB"]}, "wrong type"),
    ],
)
def test_members_that_make_no_key_are_refused(members: dict[str, Any], text: str) -> None:
    with refused(ConfigurationException, "invalid_jwk") as caught:
        jwks_from_dict(members)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    "members",
    [
        RSA,
        EC,
        OCT,
        {"kty": "oct", "k": ""},
        {"kty": "OKP"},
        {"kty": "AKP", "alg": "ML-DSA-44"},
        {**RSA, "use": "https://example.com/use"},
        {**RSA, "use": "sig", "key_ops": ["verify"]},
        {**RSA, "oth": [{"r": "AA"}], "x5c": ["MII"]},
    ],
)
def test_members_that_form_a_key_are_retained(members: dict[str, Any]) -> None:
    key = jwks_from_dict({**members, "unknown": 1})
    assert key.as_dict() == members
    assert JsonWebKey.from_json(key.to_json()) == key


def test_the_thumbprint_has_two_names() -> None:
    key = jwks_from_dict({**RSA, "x5t#S256": "abc"})
    assert key.x5t_s256 == "abc"
    assert key.as_dict()["x5t#S256"] == "abc"
    assert json.loads(key.to_json())["x5t#S256"] == "abc"


def test_single_values_become_lists_when_read_from_text() -> None:
    key = JsonWebKey.from_json(json.dumps({**RSA, "key_ops": "verify", "x5c": "MII"}))
    assert key.key_ops == ["verify"]
    assert key.x5c == ["MII"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "JSON string cannot be empty"),
        ("  ", "JSON string cannot be empty"),
        ("{", "Invalid JSON format"),
        ("[" * 100_000, "Invalid JSON format"),
        ("[]", "Invalid JWK format"),
        ("{}", "Invalid JWK format"),
    ],
)
def test_text_that_is_not_a_key_is_refused(text: str, words: str) -> None:
    with refused(ConfigurationException, "invalid_jwk") as caught:
        JsonWebKey.from_json(text)
    assert words in str(caught.value)


def test_private_members_are_hidden_from_repr() -> None:
    private = {name: f"private-{name}" for name in ("d", "p", "q", "dp", "dq", "qi")}
    assert "private-" not in repr(jwks_from_dict({**RSA, **private}))
    assert "c2VjcmV0" not in repr(jwks_from_dict(OCT))


def test_a_private_key_is_known_by_its_members() -> None:
    private = dict.fromkeys(("d", "p", "q", "dp", "dq", "qi"), "AA")
    assert jwks_from_dict({**RSA, **private}).has_private_key
    assert not jwks_from_dict({**RSA, "d": "AA"}).has_private_key
    assert jwks_from_dict({**EC, "d": "AA"}).has_private_key
    assert not jwks_from_dict(EC).has_private_key
    assert not jwks_from_dict(OCT).has_private_key


@pytest.mark.parametrize(
    ("members", "bits"),
    [(RSA, 24), (EC, 8), (OCT, 48), ({"kty": "OKP", "x": "AA"}, 0), ({**RSA, "n": "!"}, 0)],
)
def test_a_keys_size_is_counted_in_bits(members: dict[str, Any], bits: int) -> None:
    assert jwks_from_dict(members).key_size == bits


def test_parameter_names_are_the_registered_ones() -> None:
    assert str(JsonWebKeyParameterNames.X5T_S256) == "x5t#S256"
    assert [name.value for name in JsonWebAlgorithmsKeyTypes] == ["EC", "RSA", "oct"]


@pytest.mark.parametrize("members", [{"oth": [5]}, {"oth": [{}, 5]}, {"oth": {}}, {"key_ops": [5]}])
def test_every_item_of_a_list_has_its_type(members: dict[str, Any]) -> None:
    with refused(ConfigurationException, "invalid_jwk"):
        jwks_from_dict({"kty": "oct", "k": "eA", **members})
    assert jwks_from_dict({"kty": "oct", "k": "eA", "oth": [{"r": "x"}]}).oth == [{"r": "x"}]


@pytest.mark.parametrize("use", ["sig", "enc", "https://op.example/use", None])
def test_a_use_is_a_registered_one_or_a_uri(use: str | None) -> None:
    assert jwks_from_dict({"kty": "oct", "k": "eA", "use": use}).use == use


@pytest.mark.parametrize("use", ["", "SIG", "tls", "http://op.example/use"])
def test_any_other_use_is_refused(use: str) -> None:
    with refused(ConfigurationException, "invalid_jwk"):
        jwks_from_dict({"kty": "oct", "k": "eA", "use": use})

"""Signing, and the keys that sign."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from py_identity_model import InvalidArgumentError, jwks_from_dict, verify_jws
from py_identity_model._jose.sign import SIGNING_ALGORITHMS, load_private_key, sign_compact
from tests.support import refused

NATIVE = rsa.generate_private_key(65537, 2048)
RSA = RSAKey.import_key(NATIVE)
EC = ECKey.import_key(ec.generate_private_key(ec.SECP256R1()))
ED = OKPKey.generate_key("Ed25519")
PRIVATE: dict[str, Any] = RSA.as_dict(private=True)
FORMS: dict[str, Any] = {
    "PEM": RSA.as_pem(private=True).decode(),
    "PEM bytes": RSA.as_pem(private=True),
    "PEM with space": b"\n" + RSA.as_pem(private=True),
    "members": PRIVATE,
    "JSON": json.dumps(PRIVATE),
    "JSON bytes": json.dumps(PRIVATE).encode(),
    "object": jwks_from_dict(PRIVATE),
    "JWKS": {"keys": [PRIVATE]},
    "key object": NATIVE,
}


@pytest.mark.parametrize("form", FORMS)
def test_a_key_signs_in_every_form(form: str) -> None:
    key = load_private_key(FORMS[form], "RS256")
    token = sign_compact({"alg": "RS256"}, {"sub": "a"}, key, "RS256")
    assert verify_jws(token, NATIVE.public_key(), ["RS256"]) == b'{"sub":"a"}'


def test_asymmetric_algorithms_alone_sign() -> None:
    assert "RS256" in SIGNING_ALGORITHMS
    assert not {"HS256", "HS384", "HS512", "none"} & SIGNING_ALGORITHMS


def test_an_encrypted_pem_needs_its_password() -> None:
    pem = NATIVE.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    assert load_private_key(pem, "RS256", "secret")
    for password in (None, "wrong"):
        with refused(InvalidArgumentError, "invalid_private_key"):
            load_private_key(pem, "RS256", password)


@pytest.mark.parametrize(
    ("key", "alg"),
    [
        ("", "RS256"),
        (b"", "RS256"),
        ({}, "RS256"),
        (None, "RS256"),
        (5, "RS256"),
        ("text", "RS256"),
        ("\udc80", "RS256"),
        ("{", "RS256"),
        ('{"kty": "RSA"}', "RS256"),
        ({"keys": [PRIVATE, PRIVATE]}, "RS256"),
        (RSA.as_pem(private=False), "RS256"),
        (RSA.as_dict(private=False), "RS256"),
        (NATIVE.public_key(), "RS256"),
        (PRIVATE, "ES256"),
        (EC.as_dict(private=True), "RS256"),
        (EC.as_dict(private=True), "ES384"),
        (EC.as_pem(private=True), "ES384"),
        (ED.as_dict(private=True), "Ed448"),
        (OctKey.generate_key(256).as_dict(private=True), "RS256"),
        ({**PRIVATE, "n": "!"}, "RS256"),
    ],
)
def test_a_key_that_cannot_sign_is_refused_and_not_quoted(key: Any, alg: str) -> None:
    with refused(InvalidArgumentError, "invalid_private_key") as caught:
        load_private_key(key, alg)
    assert PRIVATE["d"] not in str(caught.value)
    assert "private" in str(caught.value)


def test_a_weak_key_does_not_sign() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weak = RSAKey.generate_key(1024)
    with refused(InvalidArgumentError, "weak_key") as caught:
        load_private_key(weak.as_pem(private=True), "RS256")
    assert "2048" in str(caught.value)
    for key, alg in ((EC, "ES256"), (ED, "EdDSA"), (ED, "Ed25519")):
        assert load_private_key(key.as_dict(private=True), alg)


def test_a_key_is_read_once() -> None:
    pem = FORMS["PEM"]
    assert load_private_key(pem, "RS256") is load_private_key(pem, "RS256")


@pytest.mark.parametrize(
    ("names", "subject"),
    [({}, "the private key "), ({"name": "signing_key"}, "signing_key: the private key ")],
)
def test_a_key_that_cannot_sign_is_named_as_the_caller_names_it(
    names: dict[str, str], subject: str
) -> None:
    with refused(InvalidArgumentError, "invalid_private_key") as caught:
        load_private_key(PRIVATE, "ES256", **names)
    assert str(caught.value).startswith(subject)

"""Keys given by hand, in every form that programs have them in."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from joserfc.jwk import ECKey

from py_identity_model import (
    ConfigurationException,
    JsonWebKey,
    JsonWebKeySet,
    SignatureVerificationException,
    decode_jwt,
    verify_jws,
)
from py_identity_model._jose.key_material import load_key, load_keys
from py_identity_model._jose.sign import sign_compact
from tests.support import refused

PRIVATE = ec.generate_private_key(ec.SECP256R1())
PUBLIC = PRIVATE.public_key()
KEY = ECKey.import_key(PRIVATE)
JWK: dict[str, Any] = KEY.as_dict(private=False)
PEM = PUBLIC.public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
TOKEN = sign_compact({"alg": "ES256", "kid": "k"}, {"sub": "a"}, KEY, "ES256")


def private_pem(encryption: Any = None) -> bytes:
    return PRIVATE.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        encryption or serialization.NoEncryption(),
    )


def certificate() -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "op.example")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(PUBLIC)
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(PRIVATE, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


FORMS: dict[str, Any] = {
    "object": JsonWebKey(**JWK),
    "members": JWK,
    "members with None": {**JWK, "use": None},
    "JSON": json.dumps(JWK),
    "JSON bytes": json.dumps(JWK).encode(),
    "JWKS": {"keys": [JWK]},
    "JWKS of objects": {"keys": (JsonWebKey(**JWK),)},
    "JWKS as JSON": json.dumps({"keys": [JWK]}),
    "PEM": PEM.decode(),
    "PEM bytes": PEM,
    "PEM with space": b"\n " + PEM,
    "private PEM": private_pem(),
    "certificate": certificate(),
    "public key": PUBLIC,
    "private key": PRIVATE,
}


@pytest.mark.parametrize("form", FORMS)
def test_a_key_is_accepted_in_every_form(form: str) -> None:
    key = load_key(FORMS[form])
    assert (key.kty, key.crv, key.x, key.y) == ("EC", "P-256", JWK["x"], JWK["y"])
    assert bool(key.d) == form.startswith("private")
    for keys in (FORMS[form], [FORMS[form]], JsonWebKeySet(FORMS[form])):
        assert verify_jws(TOKEN, keys, ["ES256"]) == b'{"sub":"a"}'


def test_a_key_in_another_form_verifies_no_forgery() -> None:
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    for keys in (other, [other], {"keys": [load_key(other).as_dict()]}):
        with refused(SignatureVerificationException, "invalid_signature"):
            verify_jws(TOKEN, keys, ["ES256"])


def test_several_forms_make_one_set() -> None:
    rsa_key = rsa.generate_private_key(65537, 2048)
    edwards = ed25519.Ed25519PrivateKey.generate()
    keys = load_keys([rsa_key, {"keys": [JWK]}, edwards.public_key()])
    assert [key.kty for key in keys] == ["RSA", "EC", "OKP"]
    assert keys[0].has_private_key
    assert verify_jws(TOKEN, [rsa_key, PEM], ["ES256"])


@pytest.mark.parametrize(
    ("material", "says"),
    [
        (None, "NoneType"),
        (5, "int"),
        (object, "type"),
        ("secret", "a JWK, a JWKS, PEM"),
        (b"\xff", "a JWK, a JWKS, PEM"),
        ("\udc80", "a JWK, a JWKS, PEM"),
        ("[1]", "a JWK, a JWKS, PEM"),
        ("{", "JSON"),
        ('{"a":' * 100_000, "JSON"),
        ("-----BEGIN PUBLIC KEY-----\nx", "cannot be read (ValueError)"),
        ("-----BEGIN PRIVATE KEY-----\nx", "cannot be read"),
        ("-----BEGIN CERTIFICATE-----\nx", "cannot be read"),
        (private_pem(serialization.BestAvailableEncryption(b"x")), "encrypted"),
        ({"keys": 5}, "array"),
        ({"keys": []}, "no usable key"),
        ({"keys": [5, {}, {"kty": "RSA"}]}, "no usable key"),
        ([], "there are 0"),
        ([JWK, JWK], "there are 2"),
        ([None], "NoneType"),
        (dsa.generate_private_key(1024), "DSAPrivateKey"),
    ],
)
def test_anything_else_is_refused_by_name_and_never_quoted(material: Any, says: str) -> None:
    with refused(ConfigurationException, "invalid_key_material") as caught:
        load_key(material, parameter="signing_key")
    assert str(caught.value).startswith("signing_key ")
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_key_with_a_member_named_keys_is_one_key() -> None:
    assert [key.x for key in load_keys({**JWK, "keys": []})] == [JWK["x"]]


def test_members_that_do_not_make_a_key_are_refused() -> None:
    for material in ({}, {"kty": "RSA"}, [{"kty": "EC"}], '{"kty": "oct"}'):
        with refused(ConfigurationException, "invalid_jwk"):
            load_keys(material)


def test_unusable_keys_of_a_key_set_are_skipped_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    strange = {"kty": "EC", "crv": "P-999", "x": "AA", "y": "AA"}
    assert [key.x for key in load_keys({"keys": [strange, JWK]})] == [JWK["x"]]
    assert "P-999" in caplog.text


def test_a_key_without_a_name_verifies_a_token_that_names_one() -> None:
    claims = sign_compact(
        {"alg": "ES256", "kid": "x"}, {"iss": "i", "aud": "a", "exp": 2}, KEY, "ES256"
    )
    assert decode_jwt(claims, PEM, ["ES256"], issuer="i", audience="a", now=1.0)

"""Keys as programs have them: every form verifies, signs and decrypts alike, or is refused."""

from __future__ import annotations

import datetime
import json
import time
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from joserfc.jwk import ECKey, OctKey, RSAKey

from py_identity_model import (
    ConfigurationException,
    InvalidArgumentError,
    JsonWebKey,
    JsonWebKeySet,
    JwksResponse,
    TokenValidationConfig,
    TokenValidationException,
    decode_jwt,
    encrypt_request_object,
    jwks_from_dict,
    validate_token,
    verify_jws,
)
from py_identity_model._jose.encryption import decrypt
from py_identity_model._jose.key_material import public_keys
from py_identity_model._jose.sign import load_private_key, sign_compact
from tests.support import refused

NATIVE = ec.generate_private_key(ec.SECP256R1())
PEM = NATIVE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
PUBLIC_PEM = NATIVE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
JOSERFC = ECKey.import_key(PEM)
JWK: dict[str, Any] = {**JOSERFC.as_dict(private=True), "kid": "k"}
PUBLIC_JWK: dict[str, Any] = {**JOSERFC.as_dict(private=False), "kid": "k"}
OTHER: dict[str, Any] = RSAKey.generate_key(2048).as_dict(private=False) | {"kid": "other"}


def certificate() -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "op")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(name, name, NATIVE.public_key(), 1, now, now)
    return builder.sign(NATIVE, hashes.SHA256()).public_bytes(Encoding.PEM)


def token(kid: str | None = "k", key: Any = PEM) -> str:
    header = {"alg": "ES256"} | ({} if kid is None else {"kid": kid})
    claims = {"iss": "i", "aud": "a", "exp": time.time() + 60}
    return sign_compact(header, claims, load_private_key(key, "ES256"), "ES256")


VERIFY: dict[str, Any] = {
    "jwk": PUBLIC_JWK,
    "jwk text": json.dumps(PUBLIC_JWK),
    "jwk object": jwks_from_dict(PUBLIC_JWK),
    "jwk list": [OTHER, PUBLIC_JWK],
    "jwks": {"keys": [OTHER, PUBLIC_JWK]},
    "jwks text": json.dumps({"keys": [OTHER, PUBLIC_JWK]}),
    "jwks bytes": json.dumps({"keys": [OTHER, PUBLIC_JWK]}).encode(),
    "answer of get_jwks": JwksResponse(True, keys=[jwks_from_dict(PUBLIC_JWK)]),
    "pem": PUBLIC_PEM.decode(),
    "pem bytes": PUBLIC_PEM,
    "private pem": PEM,
    "certificate": certificate(),
    "key": NATIVE.public_key(),
    "private key": NATIVE,
    "joserfc": JOSERFC,
    "list of pem": [PUBLIC_PEM],
    "key set": JsonWebKeySet([PUBLIC_JWK]),
}


@pytest.mark.parametrize("form", VERIFY)
@pytest.mark.parametrize("kid", ["k", None])
def test_every_form_of_a_key_verifies(form: str, kid: str | None) -> None:
    assert verify_jws(token(kid), VERIFY[form], ["ES256"])
    with pytest.raises(TokenValidationException):
        verify_jws(token(kid, ECKey.generate_key("P-256")), VERIFY[form], ["ES256"])


def test_a_key_with_another_name_does_not_verify() -> None:
    with refused(TokenValidationException, "no_matching_key"):
        verify_jws(token("other"), {"keys": [PUBLIC_JWK, OTHER | {"kid": "x"}]}, ["ES256"])


@pytest.mark.parametrize(
    "wrong",
    [
        *("s3cret", "", b"", None, 5, {"keys": "s3cret"}, {"keys": None}, [["s3cret"]], [None]),
        *("-----BEGIN PUBLIC KEY-----\ns3cret\n-----END PUBLIC KEY-----", [5], object()),
        *(ed448.Ed448PrivateKey.generate().public_key, [X25519PrivateKey]),
    ],
)
def test_what_is_no_key_is_refused_by_name_and_not_shown(wrong: Any) -> None:
    with pytest.raises((InvalidArgumentError, ConfigurationException)) as caught:
        verify_jws(token(), wrong, ["ES256"])
    assert "key" in str(caught.value)
    assert "s3cret" not in str(caught.value)


SIGN: dict[str, Any] = {
    "pem": PEM.decode(),
    "pem bytes": PEM,
    "jwk": JWK,
    "jwk text": json.dumps(JWK),
    "jwk object": jwks_from_dict(JWK),
    "jwks of one": {"keys": [JWK]},
    "jwks text": json.dumps({"keys": [JWK]}),
    "key": NATIVE,
    "joserfc": JOSERFC,
    "list of one": [JWK],
}


@pytest.mark.parametrize("form", SIGN)
def test_every_form_of_a_private_key_signs(form: str) -> None:
    assert verify_jws(token(key=SIGN[form]), [PUBLIC_JWK], ["ES256"])


@pytest.mark.parametrize(
    "wrong", [{"keys": [JWK, JWK]}, [JWK, JWK], {"keys": []}, NATIVE.public_key(), 5, "s3cret"]
)
def test_what_is_not_one_private_key_signs_nothing(wrong: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="request_signing_key") as caught:
        load_private_key(wrong, "ES256", name="request_signing_key")
    assert "s3cret" not in str(caught.value)


def test_every_form_of_a_private_key_decrypts() -> None:
    native = rsa.generate_private_key(65537, 2048)
    pem = native.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    jwk = RSAKey.import_key(pem).as_dict(private=True)
    public = native.public_key()
    public_pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for key in (public, public_pem, RSAKey.import_key(public_pem).as_dict(private=False)):
        hidden = encrypt_request_object("a.b.c", key)
        good: list[Any] = [pem, [pem], native, [JWK, native], {"keys": [JWK, jwk]}, json.dumps(jwk)]
        for keys in good:
            assert decrypt(hidden, keys) == b"a.b.c"
        wrongs: list[Any] = [[public], "s3cret", [5], 5]
        for wrong in wrongs:
            with refused(ConfigurationException, "invalid_decryption_key"):
                decrypt(hidden, wrong)
    with refused(InvalidArgumentError, "invalid_argument"):
        encrypt_request_object("a.b.c", {"keys": [PUBLIC_JWK, OTHER]})


def test_a_configured_key_is_taken_in_every_form() -> None:
    forms: list[Any] = [*VERIFY.values()]
    for form in forms:
        if isinstance(form, JsonWebKeySet) or "other" in str(form):
            continue
        config = TokenValidationConfig(False, key=form, algorithms=["ES256"], audience="a")
        assert validate_token(token(), config)["iss"] == "i"
    for wrong in ([JWK, OTHER], "s3cret", 5):
        odd: Any = wrong
        config = TokenValidationConfig(False, key=odd, algorithms=["ES256"])
        with refused(ConfigurationException, "missing_key") as caught:
            validate_token(token(), config)
        assert "s3cret" not in str(caught.value)


def test_a_shared_secret_is_a_jwk() -> None:
    assert public_keys(OctKey.generate_key(256), "keys")[0].kty == "oct"
    with pytest.raises(InvalidArgumentError, match="whose kty is oct"):
        public_keys("my-shared-secret", "keys")
    assert isinstance(public_keys({"kty": "oct", "k": "x" * 43}, "keys")[0], JsonWebKey)


@pytest.mark.parametrize("name", ["issuer", "audience"])
@pytest.mark.parametrize("wrong", [None, "", [], [None], [""], 5, {"a": 1}.keys])
def test_what_must_be_right_must_be_named(name: str, wrong: Any) -> None:
    right: dict[str, Any] = {"issuer": "i", "audience": "a"}
    with pytest.raises(InvalidArgumentError, match=name):
        decode_jwt(token(), [PUBLIC_JWK], ["ES256"], **{**right, name: wrong})

"""Encrypted tokens: which key opens them, and what must be inside."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwe
from joserfc.jwk import ECKey, OctKey, RSAKey

from py_identity_model import (
    ConfigurationException,
    InvalidArgumentError,
    JsonWebKey,
    TokenValidationException,
    jwks_from_dict,
)
from py_identity_model._jose.encoding import decode_base64url, encode_base64url
from py_identity_model._jose.encryption import (
    decrypt,
    decrypt_if_encrypted,
    decrypt_signed,
    encrypt,
    is_encrypted,
)
from py_identity_model._jose.tokens import header_members
from tests.support import refused

NATIVE = rsa.generate_private_key(65537, 2048)
RSA = RSAKey.import_key(NATIVE)
EC = ECKey.generate_key("P-256")
OCT = OctKey.generate_key(256)
SIGNED = "aaaa.bbbb.cccc"
SUITES: dict[str, tuple[str, str, Any]] = {
    "RSA": ("RSA-OAEP-256", "A256GCM", RSA),
    "EC": ("ECDH-ES", "A128GCM", EC),
    "wrap": ("A256KW", "A192GCM", OCT),
    "dir": ("dir", "A256GCM", OCT),
}


def wrapped(text: str, suite: str = "RSA", **header: Any) -> str:
    alg, enc, key = SUITES[suite]
    registry = jwe.JWERegistry(algorithms=[alg, enc, "DEF"], strict_check_header=False)
    members = {"alg": alg, "enc": enc, **header}
    return jwe.encrypt_compact(members, text, key, registry=registry)


def headed(**header: Any) -> str:
    return encode_base64url(json.dumps(header).encode()).decode() + ".a.b.c.d"


def private(suite: str = "RSA", **members: Any) -> dict[str, Any]:
    return {**SUITES[suite][2].as_dict(private=True), **members}


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("form", ["members", "object", "JWKS", "one"])
def test_a_private_key_opens_what_is_for_it(suite: str, form: str) -> None:
    members = private(suite)
    keys: Any = {
        "members": [members],
        "object": [jwks_from_dict(members)],
        "JWKS": {"keys": [members]},
        "one": members,
    }[form]
    assert decrypt(wrapped(SIGNED, suite), keys) == SIGNED.encode()


def test_pem_and_key_objects_open_it_too() -> None:
    assert decrypt(wrapped(SIGNED), NATIVE) == SIGNED.encode()
    assert decrypt(wrapped(SIGNED), RSA.as_pem(private=True)) == SIGNED.encode()
    assert decrypt(wrapped(SIGNED), [RSA.as_pem(private=True).decode()]) == SIGNED.encode()


GOOD: list[tuple[str, dict[str, Any]]] = [
    ("RSA", {"alg": "RSA-OAEP-256", "use": "enc", "kid": "k"}),
    ("RSA", {"key_ops": ["unwrapKey"]}),
    ("RSA", {"key_ops": ["decrypt", "encrypt"]}),
    ("EC", {"alg": "ECDH-ES", "key_ops": ["deriveKey"]}),
    ("EC", {"key_ops": ["deriveBits"]}),
    ("wrap", {"alg": "A256KW", "key_ops": ["unwrapKey"]}),
    ("dir", {"alg": "dir", "key_ops": ["decrypt"]}),
    ("dir", {"alg": "A256GCM"}),
    ("RSA", {"use": "https://op.example/encryption"}),
]
BAD: list[tuple[str, dict[str, Any]]] = [
    ("RSA", {"alg": "RSA-OAEP"}),
    ("RSA", {"alg": "RS256"}),
    ("RSA", {"alg": "A256GCM"}),
    ("RSA", {"use": "sig"}),
    ("RSA", {"kid": "other"}),
    ("RSA", {"key_ops": []}),
    ("RSA", {"key_ops": ["sign"]}),
    ("RSA", {"key_ops": ["wrapKey", "encrypt"]}),
    ("RSA", {"key_ops": ["deriveKey"]}),
    ("EC", {"alg": "ECDH-ES+A256KW"}),
    ("EC", {"key_ops": ["unwrapKey"]}),
    ("wrap", {"alg": "A256GCMKW"}),
    ("wrap", {"alg": "A192GCM"}),
    ("wrap", {"use": "sig"}),
    ("dir", {"alg": "A256KW"}),
    ("dir", {"alg": "A128GCM"}),
]


@pytest.mark.parametrize(("suite", "members"), GOOD)
def test_a_key_opens_what_it_says_it_is_for(suite: str, members: dict[str, Any]) -> None:
    assert decrypt(wrapped(SIGNED, suite, kid="k"), [private(suite, **members)])


@pytest.mark.parametrize(("suite", "members"), BAD)
def test_a_key_opens_nothing_else(suite: str, members: dict[str, Any]) -> None:
    token = wrapped(SIGNED, suite, kid="k")
    with refused(TokenValidationException, "decryption_failed"):
        decrypt(token, [private(suite, **members)])
    assert decrypt(token, [private(suite, **members), private(suite)])


class InService:
    """A key that cannot leave, and what it was asked to decrypt."""

    algorithm = "RSA-OAEP-256"
    kid = None

    def __init__(self) -> None:
        self.seen: list[bytes] = []

    def decrypt(self, encrypted_key: bytes) -> bytes:
        self.seen.append(encrypted_key)
        return b""


def test_a_decrypter_gets_the_wrapped_key_of_the_token() -> None:
    decrypter, jwt = InService(), wrapped("text")
    with refused(TokenValidationException, "decryption_failed"):
        decrypt(jwt, decrypter)
    assert decrypter.seen == [decode_base64url(jwt.split(".")[1].encode())]


def test_every_key_that_may_open_a_token_is_tried() -> None:
    other = RSAKey.generate_key(2048).as_dict(private=True)
    assert decrypt(wrapped(SIGNED), [other, other, private()]) == SIGNED.encode()


def test_a_named_key_opens_a_token_without_a_name() -> None:
    assert decrypt(wrapped(SIGNED), [private(kid="k")])
    assert decrypt(wrapped(SIGNED, kid="k"), [private()])


def test_the_clients_secret_opens_symmetric_tokens_alone() -> None:
    secret = "s" * 40
    for alg, enc in (("A128KW", "A128GCM"), ("A256KW", "A256GCM"), ("A256GCMKW", "A128GCM")):
        sized = {"A128KW": 16}.get(alg, 32)
        token = encrypted_for(secret, alg, enc, sized)
        assert decrypt(token, [], secret) == b"x.y.z"
        with refused(TokenValidationException, "decryption_failed"):
            decrypt(token, [], "another secret")
        with refused(TokenValidationException, "decryption_failed"):
            decrypt(token, [])
    for enc, size in (("A128GCM", 16), ("A192CBC-HS384", 48), ("A256CBC-HS512", 64)):
        assert decrypt(encrypted_for(secret, "dir", enc, size), [], secret) == b"x.y.z"
        token = encrypted_for(secret, "dir", enc, size)
        assert decrypt_if_encrypted(token, [], secret) == decrypt_signed(token, [], secret)
    with refused(TokenValidationException, "decryption_failed"):
        decrypt(wrapped(SIGNED), [], secret)


def encrypted_for(secret: str, alg: str, enc: str, size: int) -> str:
    name = "sha256" if size <= 32 else "sha384" if size <= 48 else "sha512"
    key = OctKey.import_key(hashlib.new(name, secret.encode()).digest()[:size])
    registry = jwe.JWERegistry(algorithms=[alg, enc])
    return jwe.encrypt_compact({"alg": alg, "enc": enc}, "x.y.z", key, registry=registry)


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (None, "malformed_token"),
        ("é.b.c.d.e", "malformed_token"),
        ("a" * 65533 + "....", "malformed_token"),
        ("a....", "malformed_token"),
        ("a.b.c", "not_encrypted"),
        ("a.b.c.d", "not_encrypted"),
        ("a.b.c.d.e.f", "not_encrypted"),
        (wrapped(SIGNED, kid="x", zip="DEF"), "unknown_crit"),
        (headed(alg="RSA-OAEP-256", enc="A256GCM", crit=["x"], x=1), "unknown_crit"),
    ],
)
def test_malformed_tokens_are_refused(token: Any, code: str) -> None:
    with refused(TokenValidationException, code):
        decrypt(token, [private()])


def test_a_token_may_be_as_long_as_the_bound_and_no_longer() -> None:
    token = wrapped("x" * 40_000)
    assert decrypt(token, [private()])
    with refused(TokenValidationException, "malformed_token"):
        decrypt(token + "A" * (64 * 1024 + 1 - len(token)), [private()])
    with refused(TokenValidationException, "decryption_failed"):  # looked at, and not opened
        decrypt(token + "A" * (64 * 1024 - len(token)), [private()])


@pytest.mark.parametrize("name", ["alg", "enc"])
@pytest.mark.parametrize(
    "value",
    ["RSA1_5", "PBES2-HS256+A128KW", "none", "XX", "", None, 5, True, [], ["RSA-OAEP"], {}],
)
def test_other_algorithms_are_refused_unseen(name: str, value: Any) -> None:
    header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", name: value}
    with refused(TokenValidationException, "unsupported_encryption_algorithm"):
        decrypt(headed(**header), [private()])


@pytest.mark.parametrize(
    "key",
    [
        *("no key", "{", 5, {"kty": "RSA"}),
        EC.as_dict(private=False),
        EC.as_pem(private=False),
        {**RSA.as_dict(private=True), "n": "!"},
        {**EC.as_dict(private=True), "d": "!"},
    ],
)
def test_a_key_that_cannot_decrypt_is_the_callers_mistake(key: Any) -> None:
    with refused(ConfigurationException, "invalid_decryption_key"):
        decrypt(wrapped(SIGNED), [key])


def test_signed_and_encrypted_tokens_are_distinguished() -> None:
    token = wrapped(SIGNED)
    assert is_encrypted(token)
    assert not is_encrypted(SIGNED)
    assert not is_encrypted(None)
    assert decrypt_if_encrypted(token, [private()]) == SIGNED
    assert decrypt_if_encrypted(SIGNED, [private()]) == SIGNED
    assert decrypt_signed(token, [private()]) == SIGNED
    with refused(TokenValidationException, "not_encrypted"):
        decrypt_signed(SIGNED, [private()])


@pytest.mark.parametrize("inner", ["text", "a.b", "a.b.c.d", "a.b.c.d.e", '{"sub":"a"}', "é.é.é"])
def test_only_a_signed_token_may_be_inside(inner: str) -> None:
    for call in (decrypt_signed, decrypt_if_encrypted):
        with refused(TokenValidationException, "not_signed") as caught:
            call(wrapped(inner), [private()])
        assert caught.value.token_part == "payload"


def test_a_token_is_encrypted_for_the_holder_of_a_key() -> None:
    for suite, (alg, enc, _) in SUITES.items():
        key = jwks_from_dict(private(suite, kid="k", use="enc"))
        token = encrypt(SIGNED, key, alg, enc)
        assert decrypt(token, [key]) == SIGNED.encode()
        assert header_members(token) == {"alg": alg, "enc": enc, "cty": "JWT", "kid": "k"} | (
            {"epk": header_members(token)["epk"]} if suite == "EC" else {}
        )
        key.kid = None
        assert "kid" not in header_members(encrypt(SIGNED, key, alg, enc))
    for alg, enc in (("RSA1_5", "A256GCM"), ("RSA-OAEP", "XX"), ("A256KW", "A256GCM")):
        with refused(InvalidArgumentError, "invalid_argument"):
            encrypt(SIGNED, jwks_from_dict(private()), alg, enc)
    with refused(InvalidArgumentError, "invalid_argument"):
        encrypt(SIGNED, JsonWebKey(kty="RSA", n="!", e="AQAB"), "RSA-OAEP", "A256GCM")


def test_an_invalid_recipient_key_is_refused_by_name() -> None:
    with refused(ConfigurationException, "invalid_key_material") as caught:
        encrypt(SIGNED, 5, "RSA-OAEP", "A256GCM")  # type: ignore[arg-type]
    assert str(caught.value).startswith("key ")

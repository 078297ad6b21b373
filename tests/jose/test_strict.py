"""Verification with keys at hand, by the strict rules."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey
from joserfc.jws import JWSRegistry

from py_identity_model import (
    ConfigurationException,
    InvalidArgumentError,
    InvalidAudienceException,
    InvalidIssuerException,
    JsonWebKeySet,
    SignatureVerificationException,
    TokenExpiredException,
    TokenValidationException,
    decode_jwt,
    jwks_from_dict,
    verify_jws,
)
from py_identity_model._jose.encoding import encode_base64url
from py_identity_model._jose.sign import sign_compact
from py_identity_model._jose.strict import _powers
from tests.support import refused

RSA = RSAKey.generate_key(2048)
EC = ECKey.generate_key("P-256")
OCT = OctKey.generate_key(256)
PUBLIC = {**RSA.as_dict(private=False), "kid": "r"}
HEADER = {"alg": "RS256", "kid": "r", "typ": "at+jwt"}
SOUND: dict[str, Any] = {"iss": "https://op.example", "aud": "api", "exp": 2000, "sub": "a"}


def token(header: dict[str, Any] | None = None, **claims: Any) -> str:
    merged = {**SOUND, **claims}
    present = {name: value for name, value in merged.items() if value is not None}
    return sign_compact({**HEADER, **(header or {})}, present, RSA, "RS256")


def decoded(jwt: str, **options: Any) -> dict[str, Any]:
    usual = {"issuer": "https://op.example", "audience": "api", "now": 1000.0}
    return decode_jwt(jwt, [PUBLIC], ["RS256"], **{**usual, **options})


def test_a_sound_token_gives_its_payload_as_often_as_one_likes() -> None:
    key_set = JsonWebKeySet([PUBLIC])
    for _ in range(3):
        assert json.loads(verify_jws(token(), key_set, ["RS256", "ES256"])) == SOUND
    assert json.loads(verify_jws(token(), [jwks_from_dict(PUBLIC)], ["RS256"])) == SOUND
    assert len(key_set) == 1
    assert repr(key_set) == "JsonWebKeySet(kids=['r'])"


def test_a_forged_token_is_refused_before_and_after_a_sound_one() -> None:
    key_set = JsonWebKeySet([PUBLIC])
    other = token(sub="b").split(".")
    forged = ".".join([*token().split(".")[:2], other[2]])
    for _ in range(2):
        with refused(SignatureVerificationException, "invalid_signature") as caught:
            verify_jws(forged, key_set, ["RS256"])
        assert caught.value.details["alg"] == "RS256"
        verify_jws(token(), key_set, ["RS256"])


def test_a_known_header_does_not_widen_the_allow_list() -> None:
    key_set = JsonWebKeySet([PUBLIC])
    verify_jws(token(), key_set, ["RS256"])
    with refused(TokenValidationException, "algorithm_not_allowed") as caught:
        verify_jws(token(), key_set, ["PS256"])
    assert caught.value.details == {"alg": "RS256", "allowed": ["PS256"]}


@pytest.mark.parametrize("algorithms", [[], "RS256", ["none"], ["RS256", "XX"], ()])
def test_an_allow_list_must_name_algorithms(algorithms: Any) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        verify_jws(token(), [PUBLIC], algorithms)


def test_keys_in_headers_are_never_used() -> None:
    mallory = RSAKey.generate_key(2048)
    for header in (
        {"jwk": mallory.as_dict(private=False)},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/cert"},
    ):
        forged = sign_compact({**HEADER, **header}, SOUND, mallory, "RS256")
        with refused(SignatureVerificationException, "invalid_signature"):
            verify_jws(forged, [PUBLIC], ["RS256"])


@pytest.mark.parametrize("members", [{"use": "enc"}, {"key_ops": ["sign"]}, {"key_ops": []}])
def test_a_key_that_may_not_verify_is_omitted(members: dict[str, Any]) -> None:
    with refused(ConfigurationException, "no_usable_keys"):
        JsonWebKeySet([{**PUBLIC, **members}])
    assert len(JsonWebKeySet([{**PUBLIC, **members}, {**PUBLIC, "key_ops": ["verify"]}])) == 1


def test_symmetric_and_public_keys_are_not_mixed() -> None:
    with refused(ConfigurationException, "mixed_key_set"):
        JsonWebKeySet([PUBLIC, OCT.as_dict(private=True)])
    jwt = sign_compact({"alg": "HS256"}, SOUND, OCT, "HS256")
    assert verify_jws(jwt, [OCT.as_dict(private=True)], ["HS256"])


def test_a_symmetric_key_verifies_no_other_algorithm() -> None:
    with refused(TokenValidationException, "unfit_key"):
        verify_jws(token({"kid": None}), [OCT.as_dict(private=True)], ["RS256"])


def primorial() -> int:
    product = 1
    for number in range(2, 702):
        if all(number % divisor for divisor in range(2, number)):
            product *= number
    return product


def test_a_modulus_with_a_known_fingerprint_is_refused() -> None:
    step = primorial()
    modulus = pow(65537, 12345, step) + step * (2**2047 // step + 1)
    n = encode_base64url(modulus.to_bytes(257, "big").lstrip(b"\0")).decode()
    with refused(ConfigurationException, "weak_key") as caught:
        JsonWebKeySet([{"kty": "RSA", "n": n, "e": "AQAB", "kid": "roca"}])
    assert "CVE-2017-15361" in str(caught.value)


def test_the_fingerprint_is_the_powers_of_65537() -> None:
    for prime in (11, 13, 167):
        assert _powers(prime) == {pow(65537, exponent, prime) for exponent in range(prime)}


def test_a_modulus_that_cannot_be_read_is_refused_when_it_is_used() -> None:
    key_set = JsonWebKeySet([{**PUBLIC, "n": "!"}])
    with refused(TokenValidationException, "unusable_key"):
        verify_jws(token(), key_set, ["RS256"])


def test_every_key_of_a_shared_name_is_tried() -> None:
    other = {**RSAKey.generate_key(2048).as_dict(private=False), "kid": "r"}
    assert verify_jws(token(), [other, PUBLIC], ["RS256"])


def test_claims_are_checked_by_the_strict_rules() -> None:
    assert decoded(token()) == SOUND
    assert decoded(token(), issuer=["https://x.example", "https://op.example"]) == SOUND
    assert decoded(token(), subject="a", typ="application/AT+JWT", leeway=5) == SOUND
    for jwt, options, expected, code in (
        (token(exp=999), {}, TokenExpiredException, "token_expired"),
        (token(exp=None), {}, TokenValidationException, "missing_claim"),
        (token(iss="x"), {}, InvalidIssuerException, "invalid_issuer"),
        (token(aud="x"), {}, InvalidAudienceException, "invalid_audience"),
        (token(), {"subject": "b"}, TokenValidationException, "invalid_subject"),
        (token(), {"required": ["tid"]}, TokenValidationException, "missing_claim"),
        (token(), {"typ": "JWT"}, TokenValidationException, "wrong_typ"),
        (token({"typ": 5}), {"typ": "JWT"}, TokenValidationException, "wrong_typ"),
    ):
        with refused(expected, code):
            decoded(jwt, **options)
    assert decoded(token(exp=None), required=[])["sub"] == "a"


def test_another_type_is_refused_with_the_expected_one() -> None:
    with refused(TokenValidationException, "wrong_typ") as caught:
        decoded(token(), typ="logout+jwt")
    assert caught.value.token_part == "header"
    assert caught.value.details == {"expected": "logout+jwt"}


def test_the_clock_is_the_walls_unless_given() -> None:
    assert decoded(token(exp=time.time() + 60), now=None)
    with refused(TokenExpiredException, "token_expired"):
        decoded(token(exp=time.time() - 60), now=None)


@pytest.mark.parametrize(
    "payload", [b'{"sub":"a","sub":"b"}', b'{"exp": NaN}', b"[1]", b"{} {}", b"\xff"]
)
def test_claims_with_two_meanings_are_refused(payload: bytes) -> None:
    message = encode_base64url(json.dumps(HEADER).encode()) + b"." + encode_base64url(payload)
    signature = JWSRegistry.algorithms["RS256"].sign(message, RSA)
    with refused(TokenValidationException, "malformed_token"):
        decoded((message + b"." + encode_base64url(signature)).decode())


@pytest.mark.parametrize("name", ["issuer", "audience"])
@pytest.mark.parametrize("value", ["", [], [""], [5]])
def test_issuer_and_audience_must_be_named(name: str, value: Any) -> None:
    with refused(InvalidArgumentError, "invalid_argument") as caught:
        decoded(token(), **{name: value})
    assert str(caught.value).startswith(f"{name} is required")


def test_an_elliptic_key_has_no_fingerprint() -> None:
    public = {**EC.as_dict(private=False), "kid": "e"}
    jwt = sign_compact({"alg": "ES256", "kid": "e"}, SOUND, EC, "ES256")
    assert verify_jws(jwt, [public], ["ES256"])

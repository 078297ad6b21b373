"""Compact tokens: taken apart, verified, refused in every other spelling."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

from py_identity_model import (
    InvalidIssuerException,
    SignatureVerificationException,
    TokenValidationException,
    decode_jwt,
    jwks_from_dict,
    verify_jws,
)
from py_identity_model._jose.claims import ClaimsRules
from py_identity_model._jose.encoding import encode_base64url
from py_identity_model._jose.keys import Header, KeySnapshot
from py_identity_model._jose.tokens import (
    MAX_TOKEN_SIZE,
    check_unverified_issuer,
    cooldown_error,
    header_members,
    read_claims,
    read_header,
    split_token,
    verify,
    verify_known,
    verify_with_key,
)
from tests.support import refused

KEY = ECKey.generate_key("P-256")
PUBLIC = jwks_from_dict({**KEY.as_dict(private=False), "kid": "k"})
ALG = {"alg": "ES256", "kid": "k"}
CLAIMS = {"iss": "i", "aud": "a", "exp": 2000}


def segment(value: object, padded: bool = False) -> bytes:
    text = encode_base64url(json.dumps(value).encode())
    return text + b"=" * (-len(text) % 4) if padded else text


def signed(message: bytes, padded: bool = False) -> str:
    text = encode_base64url(JWSRegistry.algorithms["ES256"].sign(message, KEY))
    return (message + b"." + text + (b"==" if padded else b"")).decode()


def padded_token(header: str = "x", payload: str = "yy", signature: bool = True) -> str:
    """A token as AWS load balancers make them, padded where the lengths want it."""
    parts = segment({**ALG, "client": header}, True), segment({**CLAIMS, "sub": payload}, True)
    return signed(b".".join(parts), signature)


def test_a_token_is_cut_at_its_dots() -> None:
    assert split_token("a.b.c") == (b"a", b"b", b"c", b"a.b")
    assert split_token("a..") == (b"a", b"", b"", b"a.")


@pytest.mark.parametrize("text", ["", ".", "..", "a", "a.b", ".a.b", "a.b.c.d", "a...", "a.b.c."])
def test_a_token_has_three_segments(text: str) -> None:
    with refused(TokenValidationException, "malformed_token") as caught:
        split_token(text)
    assert "three segments" in str(caught.value)


def test_a_token_is_ascii_text_of_a_bounded_size() -> None:
    for bad, says in ((None, "not a string"), (b"a.b.c", "not a string"), ("é.b.c", "ASCII")):
        with refused(TokenValidationException, "malformed_token") as caught:
            split_token(bad)
        assert says in str(caught.value)
    assert split_token("a.b." + "c" * (MAX_TOKEN_SIZE - 4))
    with refused(TokenValidationException, "token_too_large") as caught:
        split_token("a.b." + "c" * (MAX_TOKEN_SIZE - 3))
    assert "65536" in str(caught.value)
    with refused(TokenValidationException, "token_too_large"):
        split_token("a.b.c", 4)


def test_a_header_is_read() -> None:
    assert read_header(segment(ALG)) == Header("ES256", "k")
    assert read_header(segment({"alg": "ES256", "typ": 5})) == Header("ES256", None)
    assert header_members(f"{segment(ALG).decode()}.x.y") == ALG
    assert header_members(f"{segment({'a': 1}, True).decode()}.x.y") == {"a": 1}


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({}, "invalid_algorithm"),
        ({"alg": 5}, "invalid_algorithm"),
        ({"alg": "none"}, "algorithm_none"),
        ({"alg": "NoNe"}, "algorithm_none"),
        ({"alg": "RSA-OAEP"}, "unsupported_algorithm"),
        ({"alg": "es256"}, "unsupported_algorithm"),
        ({"alg": "ES256", "crit": []}, "unknown_crit"),
        ({"alg": "ES256", "b64": True}, "unknown_crit"),
        ({"alg": "ES256", "kid": 5}, "invalid_kid"),
        ([], "malformed_token"),
    ],
)
def test_a_header_that_must_not_be_accepted_is_refused(header: Any, code: str) -> None:
    with refused(TokenValidationException, code) as caught:
        read_header(segment(header))
    assert caught.value.token_part == "header"


def test_a_header_has_a_bounded_size_and_says_no_more_than_it_must() -> None:
    sized = b'{"alg":"ES256","x":"' + b"y" * 6122 + b'"}'
    assert len(encode_base64url(sized)) == 8 * 1024
    assert read_header(encode_base64url(sized)) == Header("ES256", None)
    with refused(TokenValidationException, "malformed_token") as caught:
        read_header(encode_base64url(sized + b" "))
    assert "too large" in str(caught.value)
    with refused(TokenValidationException, "unsupported_algorithm") as caught:
        read_header(segment({"alg": "A" * 500}))
    assert caught.value.details == {"alg": "A" * 50}
    assert len(str(caught.value)) < 120


def test_one_of_the_verifiers_must_match() -> None:
    segments = split_token(signed(segment(ALG) + b"." + segment(CLAIMS)))
    no, yes = ((lambda *_: False), None), ((lambda *_: True), None)
    assert json.loads(verify_known(segments, "ES256", (no, yes))) == CLAIMS
    assert json.loads(verify_with_key(segments, Header("ES256", "other"), PUBLIC)) == CLAIMS
    with refused(SignatureVerificationException, "invalid_signature") as caught:
        verify_known(segments, "ES256", (no, no))
    assert caught.value.details == {"kid": None, "alg": "ES256"}
    assert cooldown_error(Header("ES256", "k")).details == {"kid": "k", "alg": "ES256"}


def test_claims_are_an_object() -> None:
    assert read_claims(b'{"a": 1, "a": 2}') == {"a": 2}
    with refused(TokenValidationException, "malformed_token") as caught:
        read_claims(b"[]")
    assert caught.value.token_part == "payload"


def test_padding_is_refused_and_the_refusal_names_the_option() -> None:
    for token in (
        padded_token(),
        signed(segment(ALG) + b"." + segment({**CLAIMS, "s": "y"}, True)),
        signed(segment(ALG) + b"." + segment(CLAIMS), True),
    ):
        assert "=" in token
        with refused(TokenValidationException, "malformed_token") as caught:
            verify_jws(token, [PUBLIC], ["ES256"])
        assert "allow_padded_base64url=True" in str(caught.value)
        assert verify_jws(token, [PUBLIC], ["ES256"], allow_padded_base64url=True)


@pytest.mark.parametrize("header", ["", "x", "xx"])
@pytest.mark.parametrize("payload", ["", "y", "yy"])
def test_padded_tokens_are_read_where_they_are_allowed(header: str, payload: str) -> None:
    options: Any = {"issuer": "i", "audience": "a", "now": 1000.0, "allow_padded_base64url": True}
    token = padded_token(header, payload)
    claims = decode_jwt(token, [PUBLIC], ["ES256"], **options)
    assert claims == {**CLAIMS, "sub": payload}
    plain = signed(segment({**ALG, "typ": "JWT"}, True) + b"." + segment(CLAIMS))
    assert decode_jwt(plain, [PUBLIC], ["ES256"], typ="JWT", **options) == CLAIMS


def test_a_padded_token_must_be_signed_too() -> None:
    """The padding is part of what was signed; taking it off or adding it is an alteration."""
    token = padded_token()
    head, payload, signature = token.split(".")
    other = padded_token("x", "zz").split(".")[2]
    for forged in (
        f"{head}.{payload}.{other}",
        f"{head.rstrip('=')}.{payload.rstrip('=')}.{signature}",
        f"{head}.{segment({**CLAIMS, 'sub': 'root'}, True).decode()}.{signature}",
    ):
        if forged != token:
            with refused(SignatureVerificationException, "invalid_signature"):
                verify_jws(forged, [PUBLIC], ["ES256"], allow_padded_base64url=True)


@pytest.mark.parametrize("extra", ["=", "===", "====", "=A", "A=="])
def test_wrong_padding_is_refused_also_where_padding_is_allowed(extra: str) -> None:
    token = signed(segment(ALG) + b"." + segment(CLAIMS)) + extra
    with refused(TokenValidationException, "malformed_token"):
        verify_jws(token, [PUBLIC], ["ES256"], allow_padded_base64url=True)


def test_a_padded_header_teaches_nothing_to_those_who_refuse_padding() -> None:
    snapshot = KeySnapshot([PUBLIC])
    token = padded_token()
    segments = split_token(token, allow_padded_base64url=True)
    verify(segments, read_header(segments.header), snapshot)
    assert token.split(".", maxsplit=1)[0].encode() not in snapshot.memo
    with refused(TokenValidationException, "malformed_token"):
        read_header(split_token(token).header)


def failed(code: str = "no_matching_key") -> TokenValidationException:
    return TokenValidationException("no key", "header", {"kid": "x"}, code=code)


PAYLOAD, RULES = segment({"iss": "other"}), ClaimsRules(issuers=frozenset({"i"}), audiences=None)


def test_a_missing_key_is_explained_by_another_issuer() -> None:
    with refused(InvalidIssuerException, "invalid_issuer") as caught:
        check_unverified_issuer(failed(), PAYLOAD, RULES)
    assert caught.value.details == {"issuer": "other", "expected": ["i"], "kid": "x"}


@pytest.mark.parametrize(
    ("code", "payload", "changes"),
    [
        ("invalid_signature", PAYLOAD, {}),
        ("no_matching_key", PAYLOAD, {"issuers": None}),
        ("no_matching_key", PAYLOAD, {"verify_iss": False}),
        ("no_matching_key", segment({"iss": "i"}), {}),
        ("no_matching_key", segment({"iss": 5}), {}),
        ("no_matching_key", segment({}), {}),
        ("no_matching_key", segment([]), {}),
        ("no_matching_key", b"!", {}),
    ],
)
def test_an_error_without_another_issuer_is_left_unchanged(
    code: str, payload: bytes, changes: dict[str, Any]
) -> None:
    check_unverified_issuer(failed(code), payload, RULES._replace(**changes))


def test_a_given_key_must_not_be_weak_unless_allowed() -> None:
    with warnings.catch_warnings(action="ignore"):
        weak = RSAKey.generate_key(1024)
        message = segment({"alg": "RS256"}) + b"." + segment(CLAIMS)
        signature = JWSRegistry.algorithms["RS256"].sign(message, weak)
    segments = split_token((message + b"." + encode_base64url(signature)).decode())
    header, key = Header("RS256", None), jwks_from_dict(weak.as_dict(private=False))
    with refused(TokenValidationException, "weak_key"):
        verify_with_key(segments, header, key)
    assert verify_with_key(segments, header, key, allow_weak_keys=True)

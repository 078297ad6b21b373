"""DPoP keys and proofs."""

from __future__ import annotations

import pytest
from joserfc.jwk import ECKey

from py_identity_model import (
    DPoPKey,
    build_dpop_headers,
    compute_ath,
    create_dpop_proof,
    generate_dpop_key,
)
from py_identity_model._jose.dpop_proof import jwk_thumbprint
from py_identity_model._jose.encoding import decode_base64url, parse_object
from py_identity_model.exceptions import InvalidArgumentError
from tests.support import refused


def test_a_key_is_made_for_its_algorithm() -> None:
    assert DPoPKey().algorithm == "ES256"
    assert set(DPoPKey("ES512").public_jwk) == {"kty", "crv", "x", "y"}
    assert set(generate_dpop_key("RS256").public_jwk) == {"kty", "n", "e"}
    assert generate_dpop_key("EdDSA").public_jwk["crv"] == "Ed25519"
    for algorithm in ("HS256", "none", "RS512", ""):
        with pytest.raises(ValueError, match="Unsupported DPoP algorithm"):
            generate_dpop_key(algorithm)
        with pytest.raises(ValueError, match="Unsupported DPoP algorithm"):
            DPoPKey.from_jwk({}, algorithm)


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "RS256", "PS256", "EdDSA"])
def test_a_key_survives_being_saved(algorithm: str) -> None:
    key = DPoPKey(algorithm)
    assert key.private_key_pem.startswith(b"-----BEGIN PRIVATE KEY-----")
    loaded = DPoPKey.from_pem(key.private_key_pem, algorithm)
    assert loaded.algorithm == algorithm
    assert loaded.public_jwk == key.public_jwk
    assert loaded.jwk_thumbprint == key.jwk_thumbprint
    assert "PRIVATE" not in repr(key)
    assert key.jwk_thumbprint in repr(key)


def test_a_key_is_loaded_from_a_jwk_and_from_an_encrypted_pem() -> None:
    made = ECKey.generate_key("P-256")
    loaded = DPoPKey.from_jwk(made.as_dict(private=True))
    assert loaded.public_jwk["x"] == made.as_dict()["x"]
    pem = made.as_pem(private=True, password="hidden")
    assert DPoPKey.from_pem(pem, password="hidden").jwk_thumbprint == loaded.jwk_thumbprint
    for password in (None, "wrong"):
        with refused(InvalidArgumentError, "invalid_private_key"):
            DPoPKey.from_pem(pem, password=password)


def test_a_thumbprint_is_that_of_the_specification() -> None:
    jwk = {
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tS"
        "oc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR"
        "0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhA"
        "I4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        "e": "AQAB",
        "alg": "RS256",
    }
    assert jwk_thumbprint(jwk) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    for odd in ({}, {"kty": "oct", "k": "x"}, {"kty": "RSA", "n": 7, "e": "AQAB"}):
        with pytest.raises(ValueError, match="not a public key"):
            jwk_thumbprint(odd)


def test_a_proof_says_what_it_is_for() -> None:
    key = DPoPKey()
    proof = create_dpop_proof(key, " post ", "https://a.example/b?c#d", "token", "nonce")
    header, claims = (parse_object(decode_base64url(s.encode())) for s in proof.split(".")[:2])
    assert header == {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.public_jwk}
    assert claims["htm"] == "POST"
    assert claims["htu"] == "https://a.example/b"
    assert claims["nonce"] == "nonce"
    assert claims["ath"] == compute_ath("token")
    assert len(claims["jti"]) == 36


@pytest.mark.parametrize(
    ("method", "uri", "text"),
    [
        (" ", "https://a.example", "method must not be empty"),
        ("GET", " ", "uri must not be empty"),
        ("GET", "/b", "uri must be an absolute HTTP URI"),
        ("GET", "ftp://a.example", "uri must be an absolute HTTP URI"),
        ("GET", "https://[", "uri must be an absolute HTTP URI"),
    ],
)
def test_a_proof_of_nothing_is_not_made(method: str, uri: str, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        create_dpop_proof(DPoPKey(), method, uri)


def test_headers_carry_proof_and_token() -> None:
    assert build_dpop_headers("p") == {"DPoP": "p"}
    assert build_dpop_headers("p", "t") == {"DPoP": "p", "Authorization": "DPoP t"}
    with pytest.raises(ValueError, match="must not be empty"):
        build_dpop_headers(" ")
    with pytest.raises(ValueError, match="must not be empty"):
        compute_ath(" ")
    with pytest.raises(ValueError, match="ASCII"):
        compute_ath("é")

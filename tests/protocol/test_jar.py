"""Authorization requests as JWTs."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from py_identity_model import (
    build_jar_authorization_url,
    create_request_object,
    decode_jwt,
    encrypt_request_object,
    jwks_from_dict,
)
from py_identity_model._jose.encryption import decrypt
from py_identity_model.exceptions import (
    InvalidArgumentError,
)
from tests.support import refused

ENDPOINT = "https://op.example/authorize"


REDIRECT = "https://rp.example/cb"


KEY = ECKey.generate_key("P-256")


@pytest.mark.parametrize(
    ("key", "algorithm"), [(KEY, "ES256"), (OKPKey.generate_key("Ed25519"), "EdDSA")]
)
def test_a_request_object_is_signed_and_says_everything(key: Any, algorithm: str) -> None:
    signed = create_request_object(
        key.as_pem(private=True),
        algorithm,
        "web",
        "https://op.example",
        REDIRECT,
        state="s",
        nonce="n",
        code_challenge="c",
        code_challenge_method="S256",
        kid="k",
        prompt="login",
    )
    claims = decode_jwt(
        signed,
        [{**key.as_dict(private=False), "kid": "k"}],
        [algorithm],
        issuer="web",
        audience="https://op.example",
        typ="oauth-authz-req+jwt",
        required=["exp", "iat", "nbf", "jti"],
    )
    assert claims["exp"] - claims["iat"] == 300
    assert "sub" not in claims
    wanted = {
        "client_id": "web",
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": "openid",
        "state": "s",
        "nonce": "n",
        "prompt": "login",
        "code_challenge": "c",
        "code_challenge_method": "S256",
    }
    assert {name: claims[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("more", "text"),
    [
        *(({name: ""}, f"{name} must not be empty") for name in ("client_id", "audience")),
        *(({name: " "}, f"{name} must not be empty") for name in ("redirect_uri", "scope")),
        ({"response_type": ""}, "response_type must not be empty"),
        ({"private_key": ""}, "private_key must not be empty"),
        ({"algorithm": "HS256"}, "Unsupported JAR algorithm"),
        ({"algorithm": "none"}, "Unsupported JAR algorithm"),
        ({"lifetime": 0}, "lifetime must be positive"),
        ({"kid": " "}, "kid must be non-empty when provided"),
        ({"code_challenge": ""}, "code_challenge must be non-empty when provided"),
        ({"code_challenge": "c"}, "together"),
        ({"code_challenge": "c", "code_challenge_method": "S1"}, "S256 or plain"),
        ({"iss": "x"}, "reserved claims"),
        ({"request": "x"}, "reserved claims"),
        ({"private_key": "no key"}, "cannot be read"),
    ],
)
def test_an_invalid_request_object_is_refused(more: dict[str, Any], text: str) -> None:
    usual: dict[str, Any] = {
        "private_key": KEY.as_dict(private=True),
        "algorithm": "ES256",
        "client_id": "web",
        "audience": "https://op.example",
        "redirect_uri": REDIRECT,
    }
    with pytest.raises(ValueError, match=text):
        create_request_object(**{**usual, **more})


def test_a_signed_request_is_put_into_a_url() -> None:
    url = build_jar_authorization_url(f"{ENDPOINT}?", "web", "a.b.c", "openid", "code")
    assert url == f"{ENDPOINT}?client_id=web&request=a.b.c&scope=openid&response_type=code"
    assert build_jar_authorization_url(ENDPOINT, "web", "a.b.c").endswith("request=a.b.c")
    for arguments in (("", "a.b.c"), ("web", "")):
        with pytest.raises(ValueError, match="must not be empty"):
            build_jar_authorization_url(ENDPOINT, *arguments)


@pytest.mark.parametrize(
    ("made", "algorithm", "encryption"),
    [
        (RSAKey.generate_key(2048), "RSA-OAEP", "A128CBC-HS256"),
        (RSAKey.generate_key(2048), "RSA-OAEP-256", "A256GCM"),
        (KEY, "ECDH-ES", "A128GCM"),
        (KEY, "ECDH-ES+A256KW", "A256CBC-HS512"),
    ],
)
def test_a_request_is_encrypted_for_the_provider_alone(
    made: Any, algorithm: str, encryption: str
) -> None:
    public = jwks_from_dict({**made.as_dict(private=False), "kid": "enc-1"})
    hidden = encrypt_request_object("a.b.c", public, algorithm, encryption)
    assert hidden.count(".") == 4
    assert decrypt(hidden, [made.as_dict(private=True)]) == b"a.b.c"


def test_a_request_is_not_hidden_by_what_does_not_fit() -> None:
    public = jwks_from_dict(KEY.as_dict(private=False))
    for arguments in (("RSA-OAEP",), ("RSA1_5",), ("ECDH-ES", "none"), ("dir",)):
        with refused(InvalidArgumentError, "invalid_argument"):
            encrypt_request_object("a.b.c", public, *arguments)
    odd = jwks_from_dict({**KEY.as_dict(private=False), "x": "AAAA"})
    with refused(InvalidArgumentError, "invalid_argument"):
        encrypt_request_object("a.b.c", odd, "ECDH-ES")

"""Provider metadata that is signed."""

from __future__ import annotations

import time
from typing import Any

import pytest
from joserfc.jwk import ECKey

from py_identity_model import verify_signed_metadata
from py_identity_model._jose.sign import sign_compact
from py_identity_model.exceptions import (
    InvalidIssuerException,
    SignatureVerificationException,
    TokenValidationException,
)
from tests.support import refused

KEY = ECKey.generate_key("P-256")
KEYS = [KEY.as_dict(private=False)]
ISSUER = "https://op.example"


def signed(key: Any = KEY, **claims: Any) -> dict[str, Any]:
    """Return a document whose token endpoint somebody changed."""
    usual = {"iss": ISSUER, "issuer": ISSUER, "token_endpoint": f"{ISSUER}/token"}
    token = sign_compact({"alg": "ES256"}, {**usual, **claims}, key, "ES256")
    return {
        "issuer": ISSUER,
        "token_endpoint": "https://evil.example/token",
        "scopes_supported": ["a"],
        "signed_metadata": token,
    }


def test_signed_values_take_precedence() -> None:
    document = verify_signed_metadata(signed(), KEYS, ["ES256"], issuer=ISSUER)
    assert document["token_endpoint"] == f"{ISSUER}/token"
    assert document["scopes_supported"] == ["a"]
    assert "iss" not in document


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"issuer": ISSUER}, TokenValidationException),
        ({"issuer": ISSUER, "signed_metadata": 7}, TokenValidationException),
        ({"issuer": ISSUER, "signed_metadata": "no token"}, TokenValidationException),
        (signed(ECKey.generate_key("P-256")), SignatureVerificationException),
        (signed(iss="https://else.example"), InvalidIssuerException),
        (signed(iss=None), InvalidIssuerException),
        (signed(issuer="https://else.example"), InvalidIssuerException),
    ],
)
def test_unsigned_metadata_is_refused(document: dict[str, Any], expected: type[Exception]) -> None:
    with pytest.raises(expected):
        verify_signed_metadata(document, KEYS, ["ES256"], issuer=ISSUER)


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"exp": -61}, "token_expired"),
        ({"nbf": 90}, "not_yet_valid"),
        ({"iat": 90}, "issued_in_future"),
    ],
)
def test_signed_metadata_has_its_time(claims: dict[str, int], code: str) -> None:
    now = int(time.time())
    sound = signed(exp=now - 30, nbf=now + 30, iat=now + 30)
    assert verify_signed_metadata(sound, KEYS, ["ES256"], issuer=ISSUER)
    document = signed(**{name: now + value for name, value in claims.items()})
    with pytest.raises(TokenValidationException) as caught:
        verify_signed_metadata(document, KEYS, ["ES256"], issuer=ISSUER)
    assert caught.value.code == code


def test_another_token_of_the_issuer_is_no_metadata() -> None:
    for typ in ("at+jwt", "application/LOGOUT+jwt"):
        token = sign_compact({"alg": "ES256", "typ": typ}, {"iss": ISSUER}, KEY, "ES256")
        document = {"issuer": ISSUER, "signed_metadata": token}
        with refused(TokenValidationException, "wrong_typ"):
            verify_signed_metadata(document, KEYS, ["ES256"], issuer=ISSUER)


def test_signed_metadata_must_be_an_object() -> None:
    from py_identity_model._jose.encoding import encode_base64url

    token = sign_compact({"alg": "ES256"}, {}, KEY, "ES256")
    head = token.partition(".")[0]
    body = encode_base64url(b"[1]").decode()
    from joserfc.jws import JWSRegistry

    signature = JWSRegistry.algorithms["ES256"].sign(f"{head}.{body}".encode(), KEY)
    forged = f"{head}.{body}.{encode_base64url(signature).decode()}"
    document = {"issuer": ISSUER, "signed_metadata": forged}
    with pytest.raises(TokenValidationException, match="cannot be read"):
        verify_signed_metadata(document, KEYS, ["ES256"], issuer=ISSUER)

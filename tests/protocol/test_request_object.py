"""Request objects: signed, encrypted, by reference, unsigned."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from py_identity_model import (
    DPoPKey,
    JsonWebKeySet,
    build_request_uri_authorization_url,
    create_request_object,
    create_unsigned_request_object,
    jwks_from_dict,
    request_object_reference,
    request_object_response,
    verify_jws,
)
from py_identity_model._jose.encoding import decode_base64url, encode_base64url, parse_object
from py_identity_model.exceptions import InvalidArgumentError, TokenValidationException

KEY = DPoPKey()


PEM = KEY.private_key_pem


ENDPOINT = "https://op.example/authorize"


OP = "https://op.example"


def test_an_unsigned_request_is_made_only_by_its_own_name() -> None:
    made = create_unsigned_request_object("web", OP, scope="openid", state=None)
    head, body, signature = made.split(".")
    assert parse_object(decode_base64url(head.encode())) == {"alg": "none"}
    claims = parse_object(decode_base64url(body.encode()))
    assert claims == {"iss": "web", "aud": OP, "client_id": "web", "scope": "openid"}
    assert signature == ""
    with pytest.raises(InvalidArgumentError, match="Unsupported"):
        create_request_object(PEM, "none", "web", OP, "https://rp.example/cb")
    with pytest.raises(InvalidArgumentError, match="request"):
        create_unsigned_request_object("web", OP, request="x")
    keys = JsonWebKeySet([jwks_from_dict(KEY.public_jwk)])
    with pytest.raises(TokenValidationException):
        verify_jws(made, keys, ["ES256"])


def test_a_request_is_passed_by_reference() -> None:
    made = create_request_object(PEM, "ES256", "web", OP, "https://rp.example/cb")
    reference = request_object_reference("https://rp.example/requests/1", made)
    digest = hashlib.sha256(made.encode()).digest()
    assert reference == f"https://rp.example/requests/1#{encode_base64url(digest).decode()}"
    headers, body = request_object_response(made)
    assert headers["Content-Type"] == "application/oauth-authz-req+jwt"
    assert body == made.encode()
    url = build_request_uri_authorization_url(ENDPOINT, "web", reference, ["openid"], "code")
    assert parse_qs(urlsplit(url).query) == {
        "client_id": ["web"],
        "request_uri": [reference],
        "scope": ["openid"],
        "response_type": ["code"],
    }
    short = build_request_uri_authorization_url(ENDPOINT, "web", "urn:example:1")
    assert parse_qs(urlsplit(short).query) == {
        "client_id": ["web"],
        "request_uri": ["urn:example:1"],
    }


@pytest.mark.parametrize(
    "reference",
    [
        *("", "http://rp.example/1", "file:///etc/passwd", "https://", "urn:", "https://[", None),
        *("https://rp.example/" + "x" * 500, "https://rp.example/a b", "https://rp.example/\n"),
    ],
)
def test_a_reference_that_no_provider_may_follow_is_refused(reference: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="request_uri"):
        build_request_uri_authorization_url(ENDPOINT, "web", reference)


def test_a_reference_needs_a_client_and_gets_its_own_fragment() -> None:
    with pytest.raises(InvalidArgumentError, match="client_id"):
        build_request_uri_authorization_url(ENDPOINT, "", "urn:example:1")
    odd: list[Any] = ["https://rp.example/#x", None]
    for url in odd:
        with pytest.raises(InvalidArgumentError):
            request_object_reference(url, "a.b.c")

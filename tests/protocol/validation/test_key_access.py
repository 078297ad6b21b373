"""Keys that take more than their address to be fetched."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from py_identity_model import DiscoveryPolicy
from py_identity_model._validation.key_access import (
    KeyAccess,
    key_address,
    key_in,
    unknown_key_error,
)
from py_identity_model._wire.messages import HttpRequest, HttpResponse
from py_identity_model.exceptions import (
    JwksException,
    ProviderUnusableException,
    TokenValidationException,
)
from tests.support import refused

KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
REQUEST = HttpRequest("GET", "https://keys.example/k", headers={"Accept": "application/json"})
TEMPLATE, PATTERN = "https://keys.example/{kid}", "[a-z0-9-]{1,64}"


def test_policies_that_fetch_in_other_ways_share_no_cache() -> None:
    policies = [
        DiscoveryPolicy(),
        KeyAccess(),
        KeyAccess(ca_file="ca.pem"),
        KeyAccess(token_file="token"),
        KeyAccess(is_pem=True),
    ]
    assert len({policy.cache_key() for policy in policies}) == len(policies)


def test_a_request_carries_the_token_that_is_in_its_file_now(tmp_path: Path) -> None:
    file = tmp_path / "token"
    access = KeyAccess(ca_file="ca.pem", token_file=str(file))
    for token in ("first", "second"):
        file.write_text(token)
        prepared = access.prepare(REQUEST)
        assert (prepared.access_token, prepared.ca_file) == (token, "ca.pem")
        assert prepared.headers == REQUEST.headers


def test_a_request_for_pem_accepts_any_type() -> None:
    prepared = KeyAccess(is_pem=True).prepare(REQUEST)
    assert prepared.headers == {"Accept": "*/*"}
    assert prepared.access_token is None


def test_a_public_key_as_pem_is_read() -> None:
    assert key_in(HttpResponse(200, {}, b"\n" + PUBLIC)).kty == "EC"


@pytest.mark.parametrize("body", [b"", b"<html>", PRIVATE, b"{}"])
def test_anything_else_than_a_public_key_is_refused(body: bytes) -> None:
    with pytest.raises(JwksException):
        key_in(HttpResponse(200, {}, body))


def test_the_address_of_a_key_has_its_name() -> None:
    assert key_address(TEMPLATE, PATTERN, "a-1") == "https://keys.example/a-1"


@pytest.mark.parametrize(
    "kid", ["", "../x", "a/b", "a?b", "a#b", "a%2fb", ".", "A", "a" * 65, 7, None, "a\n", ["a"]]
)
def test_a_name_that_could_lead_elsewhere_is_refused(kid: object) -> None:
    with refused(TokenValidationException, "invalid_kid"):
        key_address(TEMPLATE, PATTERN, kid)


def test_no_pattern_lets_a_path_in() -> None:
    with refused(TokenValidationException, "invalid_kid"):
        key_address(TEMPLATE, ".*", "../x")


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_a_key_that_is_not_there_is_the_tokens_fault(status: int) -> None:
    gone = ProviderUnusableException("no", {"status_code": status})
    error = unknown_key_error(gone, KeyAccess(is_pem=True), "k" * 500)
    assert error is not None
    assert error.code == "no_matching_key"
    assert len(str(error)) < 200


def test_any_other_failure_is_the_providers() -> None:
    down = ProviderUnusableException("no", {"status_code": 500})
    gone = ProviderUnusableException("no", {"status_code": 404})
    assert unknown_key_error(down, KeyAccess(is_pem=True), "k") is None
    assert unknown_key_error(gone, KeyAccess(), "k") is None
    assert unknown_key_error(gone, DiscoveryPolicy(), "k") is None

# Generated from aio/test_jwks.py by scripts/make_sync.py; edit that file.
"""Key sets over real HTTP."""

from __future__ import annotations

import json

import pytest

from py_identity_model.sync import ErrorKind, HTTPClient, JwksRequest, get_jwks
from py_identity_model.testing import Answer, EmbeddedProvider
from tests.support import answering, failing

KEY = {"kty": "oct", "k": "c2VjcmV0", "kid": "1"}


def test_the_providers_keys_are_returned(provider: EmbeddedProvider) -> None:
    response = get_jwks(JwksRequest(address=provider.jwks_uri))
    assert response.is_successful
    assert response.keys == provider.keys


def test_plain_http_is_refused_before_anything_is_sent() -> None:
    response = get_jwks(JwksRequest("http://op.example/jwks"))
    assert response.error_kind is ErrorKind.HTTPS_REQUIRED
    assert str(response.error).startswith("Invalid JWKS endpoint URL")
    assert "HTTPS is required" in str(response.error)


def test_an_address_that_is_not_a_url_is_refused() -> None:
    response = get_jwks(JwksRequest("nonsense"))
    assert response.error_kind is ErrorKind.INVALID_CONFIGURATION
    assert str(response.error).startswith("Invalid JWKS endpoint URL")


def test_an_unreachable_provider_is_a_network_error(provider: EmbeddedProvider) -> None:
    provider.close()
    response = get_jwks(JwksRequest(provider.jwks_uri))
    assert response.error_kind is ErrorKind.NETWORK_ERROR
    assert str(response.error).startswith("Network error during JWKS request")


def test_another_status_is_reported_with_its_body(provider: EmbeddedProvider) -> None:
    provider.intercept = failing("/jwks", 503)
    response = get_jwks(JwksRequest(provider.jwks_uri))
    assert response.error_kind is ErrorKind.UNEXPECTED_STATUS
    assert response.status_code == 503
    assert "status code: 503" in str(response.error)
    assert provider.count("/jwks") == 4


@pytest.mark.parametrize(
    ("body", "headers", "text"),
    [
        (b"{}", {"content-type": "text/html"}, "Invalid content type: text/html"),
        (b"{}", {"content-type": ""}, "missing Content-Type"),
        (b"{", {"content-type": "application/json"}, "invalid JSON"),
        (b"[]", {"content-type": "application/json"}, "'keys'"),
        (b'{"keys": {}}', {"content-type": "application/json"}, "'keys'"),
        (b'{"keys": [1]}', {"content-type": "application/json"}, "'keys'"),
        (b'{"keys": [{"kty": "RSA"}]}', {"content-type": "application/json"}, "no usable keys"),
    ],
)
def test_anything_but_a_key_set_is_refused(
    provider: EmbeddedProvider, body: bytes, headers: dict[str, str], text: str
) -> None:
    provider.intercept = answering("/jwks", Answer(200, body, headers))
    response = get_jwks(JwksRequest(provider.jwks_uri))
    assert response.error_kind is ErrorKind.INVALID_DOCUMENT
    assert str(response.error).startswith("Unhandled exception during JWKS request")
    assert text in str(response.error)


def test_an_unusable_key_is_skipped_with_its_reason(
    provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    keys = [{"kty": "EC", "crv": "P-999", "x": "1", "y": "2", "kid": "odd"}, KEY]
    provider.intercept = answering("/jwks", Answer.of_json({"keys": keys}))
    response = get_jwks(JwksRequest(provider.jwks_uri))
    assert [key.kid for key in response.keys or ()] == ["1"]
    assert "skipped the key 'odd': Unsupported curve" in caplog.text


def test_an_empty_key_set_is_a_success(provider: EmbeddedProvider) -> None:
    empty = Answer(200, b'{"keys": []}', {"content-type": "application/jwk-set+json"})
    provider.intercept = answering("/jwks", empty)
    response = get_jwks(JwksRequest(provider.jwks_uri))
    assert response.is_successful
    assert response.keys == []


def test_too_large_a_key_set_is_refused(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_JWKS_SIZE", "100")
    response = get_jwks(JwksRequest(provider.jwks_uri))
    assert response.error_kind is ErrorKind.RESPONSE_REFUSED
    assert str(response.error).startswith("Unhandled exception during JWKS request")
    assert "too large" in str(response.error)


def test_too_many_keys_are_refused(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_JWKS_KEYS", "2")
    response = get_jwks(JwksRequest(provider.jwks_uri))
    assert "too many keys" in str(response.error)


def test_a_deeply_nested_body_is_refused(provider: EmbeddedProvider) -> None:
    nested = b'{"keys":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    provider.intercept = answering(
        "/jwks", Answer(200, nested, {"content-type": "application/json"})
    )
    response = get_jwks(JwksRequest(provider.jwks_uri))
    assert "invalid JSON" in str(response.error)


def test_the_answers_cache_control_is_handed_on(provider: EmbeddedProvider) -> None:
    provider.intercept = answering(
        "/jwks", Answer.of_json({"keys": [KEY]}, cache_control="max-age=300")
    )
    assert (get_jwks(JwksRequest(provider.jwks_uri))).cache_control == "max-age=300"


def test_a_closed_client_is_reported(provider: EmbeddedProvider) -> None:
    client = HTTPClient()
    client.close()
    response = get_jwks(JwksRequest(provider.jwks_uri), client)
    assert response.error_kind is ErrorKind.UNEXPECTED_ERROR
    assert "has been closed" in str(response.error)


def test_no_body_of_a_failure_reaches_the_text_endlessly(provider: EmbeddedProvider) -> None:
    body = json.dumps({"error": "x" * 5000}).encode()
    provider.intercept = answering("/jwks", Answer(400, body))
    response = get_jwks(JwksRequest(provider.jwks_uri))
    assert len(str(response.error)) < 2300
    assert str(response.error).endswith("...[TRUNCATED]")

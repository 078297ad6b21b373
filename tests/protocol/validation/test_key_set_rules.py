"""Key sets: requested, read, skipped, refused (RFC 7517 §5)."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from joserfc.jwk import ECKey

from py_identity_model import DiscoveryPolicy, ErrorKind
from py_identity_model._validation.fetch_result import Refused
from py_identity_model._validation.key_access import KeyAccess
from py_identity_model._validation.key_set_rules import (
    KEY_SET,
    build,
    failed,
    key_of,
    parse,
    parse_strictly,
    require_usual_answer,
)
from py_identity_model._wire.discovery_policy import NAMED_BY_PROGRAM
from py_identity_model._wire.messages import HttpResponse
from py_identity_model.exceptions import (
    ConfigurationException,
    DiscoveryHTTPSRequiredError,
    JwksException,
    NetworkException,
    ProviderUnusableException,
)
from tests.support import refused

URL = "https://op.example/jwks"
STRICT = DiscoveryPolicy()
KEY = {**ECKey.generate_key("P-256").as_dict(private=False), "kid": "k"}


def answer(body: Any, status: int = 200, kind: str = "application/json") -> HttpResponse:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status, {"content-type": kind}, content)


def kids(response: HttpResponse, policy: DiscoveryPolicy = STRICT) -> list[str | None]:
    return [key.kid for key in parse(URL, policy, response).keys]


def test_a_request_accepts_both_media_types_within_its_bound() -> None:
    request = build(URL, STRICT)
    assert request.headers == {"Accept": "application/jwk-set+json, application/json"}
    assert request.max_body == 512 * 1024


def test_a_policy_with_access_of_its_own_prepares_the_request() -> None:
    assert build(URL, KeyAccess(ca_file="ca.pem")).ca_file == "ca.pem"


@pytest.mark.parametrize(
    ("url", "error"),
    [("http://op.example/jwks", DiscoveryHTTPSRequiredError), ("x", ConfigurationException)],
)
def test_an_address_that_must_not_be_fetched_is_refused(
    url: str, error: type[ConfigurationException]
) -> None:
    with pytest.raises(error, match="Invalid JWKS endpoint URL"):
        build(url, STRICT)


def test_keys_are_read_whatever_the_media_type_of_the_answer() -> None:
    for kind in ("application/json", "application/jwk-set+json", "text/plain", ""):
        assert kids(answer({"keys": [KEY]}, kind=kind)) == ["k"]


@pytest.mark.parametrize("kind", ["text/html", "application/xhtml+xml"])
def test_a_page_is_no_key_set(kind: str) -> None:
    with pytest.raises(JwksException):
        kids(answer({"keys": [KEY]}, kind=kind))


@pytest.mark.parametrize("kind", ["", "text/plain", "x" * 500])
def test_the_strict_rules_want_a_registered_media_type(kind: str) -> None:
    with pytest.raises(JwksException) as caught:
        parse_strictly(URL, STRICT, answer({"keys": [KEY]}, kind=kind))
    assert len(str(caught.value)) < 200
    assert parse_strictly(URL, STRICT, answer({"keys": [KEY]})).keys


def test_keys_that_were_tolerated_for_an_object_are_refused_to_functions() -> None:
    unusual = parse(URL, STRICT, answer({"keys": [KEY]}, kind="text/plain"))
    with refused(ProviderUnusableException, "jwks_failed"):
        require_usual_answer(unusual, STRICT)
    require_usual_answer(unusual, NAMED_BY_PROGRAM)
    require_usual_answer(unusual, KeyAccess())
    require_usual_answer(parse(URL, STRICT, answer({"keys": [KEY]})), STRICT)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", {}, {"keys": {}}, {"keys": None}, {"keys": [KEY, 7]}, b"[" * 9999]
)
def test_a_body_that_is_no_key_set_is_refused(body: Any) -> None:
    with pytest.raises(JwksException):
        kids(answer(body))


def test_a_key_that_cannot_be_used_is_skipped_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        assert kids(answer({"keys": [{"kty": "EC", "kid": "broken"}, KEY]})) == ["k"]
    assert "broken" in caplog.text


def test_a_set_of_unusable_keys_is_refused_and_an_empty_one_is_read() -> None:
    with refused(JwksException, "no_usable_keys"):
        kids(answer({"keys": [{"kty": "EC"}]}))
    assert kids(answer({"keys": []})) == []
    assert KEY_SET.is_empty(parse(URL, STRICT, answer({"keys": []})))


def test_more_keys_than_are_allowed_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_JWKS_KEYS", "2")
    assert kids(answer({"keys": [KEY, KEY]})) == ["k", "k"]
    with pytest.raises(JwksException, match="too many keys: 3"):
        kids(answer({"keys": [KEY, KEY, KEY]}))


def test_a_status_that_is_no_success_is_refused_with_it() -> None:
    with pytest.raises(Refused) as caught:
        kids(answer(b"down", 503))
    assert caught.value.status_code == 503
    result = failed(caught.value)
    assert (result.error_kind, result.status_code) == (ErrorKind.UNEXPECTED_STATUS, 503)


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (NetworkException("down"), ErrorKind.NETWORK_ERROR, "Network error during JWKS request"),
        (ConfigurationException("bad"), ErrorKind.INVALID_CONFIGURATION, "bad"),
        (JwksException("odd"), ErrorKind.INVALID_DOCUMENT, "Unhandled exception during JWKS"),
        (ValueError("odd"), ErrorKind.UNEXPECTED_ERROR, "Unhandled exception during JWKS"),
    ],
)
def test_what_is_raised_while_fetching_becomes_a_result(
    error: Exception, kind: ErrorKind, text: str
) -> None:
    result = failed(error)
    assert result.error_kind is kind
    assert str(result.error).startswith(text)


def test_callers_share_keys_unless_they_fetch_them_in_another_way() -> None:
    policies = [
        STRICT,
        DiscoveryPolicy(require_https=False),
        DiscoveryPolicy(allow_http_on_loopback=False),
        KeyAccess(ca_file="ca.pem"),
        KeyAccess(is_pem=True),
    ]
    assert len({key_of(URL, policy) for policy in policies}) == len(policies)
    assert key_of(URL, STRICT) == key_of(URL, DiscoveryPolicy(allow_issuer_mismatch=True))

"""Documents of providers, as validation needs them: issuer, keys, hosts, remedies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from py_identity_model import DiscoveryPolicy
from py_identity_model._validation.fetch_result import Refused
from py_identity_model._validation.provider_document import (
    DiscoveryErrorKind,
    Provider,
    build,
    failed,
    key_of,
    key_set_address,
    parse,
    remedy_text,
)
from py_identity_model._wire.discovery_policy import NAMED_BY_PROGRAM
from py_identity_model._wire.messages import HttpResponse
from py_identity_model.exceptions import (
    ConfigurationException,
    InvalidArgumentError,
    NetworkException,
    ProviderUnusableException,
    ResponseRefusedException,
)
from tests.support import refused

ISSUER = "https://op.example"
STRICT = DiscoveryPolicy()
DOCUMENT = {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks"}


def answer(body: Any, status: int = 200, kind: str = "application/json") -> HttpResponse:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status, {"content-type": kind}, content)


def parsed(body: Any, address: str = ISSUER, policy: DiscoveryPolicy = STRICT) -> Provider:
    return parse(address, policy, body if isinstance(body, HttpResponse) else answer(body))


def refuse(kind: DiscoveryErrorKind, body: Any, policy: DiscoveryPolicy = STRICT) -> Refused:
    with pytest.raises(Refused) as caught:
        parsed(body, policy=policy)
    assert caught.value.kind is kind
    return caught.value


def test_the_document_is_below_the_issuer() -> None:
    assert build(ISSUER, STRICT).url == f"{ISSUER}/.well-known/openid-configuration"


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("http://op.example", DiscoveryErrorKind.HTTPS_REQUIRED),
        ("ftp://op.example", DiscoveryErrorKind.INVALID_CONFIGURATION),
        ("https://", DiscoveryErrorKind.INVALID_CONFIGURATION),
    ],
)
def test_an_address_that_must_not_be_fetched_is_refused(
    address: str, kind: DiscoveryErrorKind
) -> None:
    with pytest.raises(Refused) as caught:
        build(address, STRICT)
    assert caught.value.kind is kind


def test_issuer_and_keys_are_read_and_the_rest_is_left_as_it_came() -> None:
    provider = parsed({**DOCUMENT, "more": 1})
    assert (provider.issuer, provider.jwks_uri) == (ISSUER, f"{ISSUER}/jwks")
    assert json.loads(provider.content)["more"] == 1


@pytest.mark.parametrize("keys", [None, ""])
def test_a_document_may_have_no_keys_until_they_are_needed(keys: object) -> None:
    provider = parsed({"issuer": ISSUER, "jwks_uri": keys})
    with refused(ProviderUnusableException, "discovery_failed"):
        key_set_address(provider, ISSUER, STRICT)
    without = DiscoveryPolicy(require_key_set=False)
    with refused(ProviderUnusableException, "missing_jwks_uri"):
        key_set_address(provider, ISSUER, without)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (answer(b"down", 503), DiscoveryErrorKind.UNEXPECTED_STATUS),
        (answer(DOCUMENT, kind="text/html"), DiscoveryErrorKind.INVALID_DOCUMENT),
        (b"{", DiscoveryErrorKind.INVALID_JSON),
        (b"[]", DiscoveryErrorKind.INVALID_JSON),
        ({}, DiscoveryErrorKind.MISSING_FIELDS),
        ({"issuer": " "}, DiscoveryErrorKind.INVALID_CONFIGURATION),
        ({"issuer": 7}, DiscoveryErrorKind.INVALID_CONFIGURATION),
        ({"issuer": f"{ISSUER}?a=1"}, DiscoveryErrorKind.INVALID_CONFIGURATION),
        ({"issuer": "http://op.example"}, DiscoveryErrorKind.HTTPS_REQUIRED),
        ({"issuer": "https://evil.example"}, DiscoveryErrorKind.INVALID_DOCUMENT),
    ],
)
def test_an_answer_that_is_no_document_of_this_issuer_is_refused(
    body: Any, kind: DiscoveryErrorKind
) -> None:
    refuse(kind, body)


def test_a_final_slash_is_forgiven_between_configuration_and_document() -> None:
    assert parsed({"issuer": f"{ISSUER}/"}).issuer == f"{ISSUER}/"


def test_the_expected_issuer_counts_where_one_is_named() -> None:
    policy = DiscoveryPolicy(expected_issuer="https://public.example")
    assert parsed({"issuer": "https://public.example"}, policy=policy)
    assert "is not the expected one" in str(
        refuse(DiscoveryErrorKind.INVALID_DOCUMENT, DOCUMENT, policy)
    )


def test_another_issuer_is_accepted_by_the_line_that_the_refusal_names() -> None:
    error = refuse(DiscoveryErrorKind.INVALID_DOCUMENT, {"issuer": "https://other.example"})
    assert "DiscoveryPolicy(allow_issuer_mismatch=True)" in str(error)
    policy = DiscoveryPolicy(allow_issuer_mismatch=True)
    assert parsed({"issuer": "https://other.example"}, policy=policy)


ENTRA = "https://login.microsoftonline.com"


def test_a_known_template_is_accepted_at_the_addresses_of_its_tenants() -> None:
    template = {"issuer": f"{ENTRA}/{{tenantid}}/v2.0"}
    for tenant in ("common", "organizations", "b6c3a3f6-0f0f-4b1c-9d3c-0a0b0c0d0e0f"):
        assert parsed(template, f"{ENTRA}/{tenant}/v2.0").issuer == template["issuer"]


@pytest.mark.parametrize(
    "issuer", ["https://op.example/{tenant}", "https://sts.windows.net/{tenantid}/", "https://{x}"]
)
def test_any_other_template_is_refused(issuer: str) -> None:
    with pytest.raises(Refused):
        parsed({"issuer": issuer}, f"{ENTRA}/common/v2.0")


def test_a_template_served_by_a_stranger_is_refused_even_where_a_mismatch_is_allowed() -> None:
    policy = DiscoveryPolicy(allow_issuer_mismatch=True)
    error = refuse(
        DiscoveryErrorKind.INVALID_DOCUMENT, {"issuer": f"{ENTRA}/{{tenantid}}/v2.0"}, policy
    )
    assert "is a template" in str(error)


def keys_at(url: object, policy: DiscoveryPolicy = STRICT, issuer: str = ISSUER) -> str:
    provider = parsed({"issuer": issuer, "jwks_uri": url}, issuer)
    return key_set_address(provider, issuer, policy)


def test_keys_may_be_on_the_host_of_the_issuer() -> None:
    assert keys_at(f"{ISSUER}/jwks") == f"{ISSUER}/jwks"


@pytest.mark.parametrize(
    "url",
    ["https://keys.example/jwks", "https://op.example:444/jwks", "http://op.example/jwks", 7, "x"],
)
def test_keys_elsewhere_are_refused(url: object) -> None:
    with refused(ProviderUnusableException, "discovery_failed"):
        keys_at(url)


def test_keys_elsewhere_are_accepted_by_the_line_that_the_refusal_names() -> None:
    with pytest.raises(ProviderUnusableException) as caught:
        keys_at("https://keys.example/jwks")
    line = "additional_endpoint_base_addresses=['https://keys.example']"
    assert line in str(caught.value)
    policy = DiscoveryPolicy(additional_endpoint_base_addresses=["https://keys.example"])
    assert keys_at("https://keys.example/jwks", policy)


def test_the_hosts_of_known_providers_count() -> None:
    google = "https://accounts.google.com"
    assert keys_at("https://www.googleapis.com/oauth2/v3/certs", STRICT, google)
    for url in (
        "https://www.googleapis.com:8443/certs",
        "https://www.googleapis.com.evil.example/",
    ):
        with refused(ProviderUnusableException, "discovery_failed"):
            keys_at(url, STRICT, google)


def test_an_issuer_that_the_program_names_may_have_its_keys_on_any_public_host() -> None:
    assert keys_at("https://keys.example/jwks", NAMED_BY_PROGRAM)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "10.1.2.3", "169.254.169.254", "[::1]", "100.64.0.1"]
)
def test_but_not_at_an_internal_address(host: str) -> None:
    with pytest.raises(ProviderUnusableException) as caught:
        keys_at(f"https://{host}/jwks", NAMED_BY_PROGRAM)
    assert "additional_endpoint_base_addresses" in str(caught.value)


def test_an_unusual_media_type_is_refused_by_the_strict_rules_alone() -> None:
    provider = parsed(answer(DOCUMENT, kind="text/plain"))
    with refused(ProviderUnusableException, "discovery_failed"):
        key_set_address(provider, ISSUER, STRICT)
    assert key_set_address(provider, ISSUER, NAMED_BY_PROGRAM)


def test_a_wrong_base_address_in_a_policy_is_named() -> None:
    policy = DiscoveryPolicy(additional_endpoint_base_addresses=["nonsense"])
    with pytest.raises(ProviderUnusableException, match="nonsense"):
        keys_at("https://keys.example/jwks", policy)


def test_the_line_that_would_accept_keeps_what_the_policy_says_already() -> None:
    policy = DiscoveryPolicy(require_key_set=False, expected_issuer="https://x.example")
    line = remedy_text(policy, allow_issuer_mismatch=True)
    assert "require_key_set=False, allow_issuer_mismatch=True" in line
    assert "expected_issuer" not in line
    assert "expected_issuer" in remedy_text(policy, validate_endpoints=False)


@pytest.mark.parametrize(
    ("error", "kind", "word"),
    [
        (NetworkException("down"), DiscoveryErrorKind.NETWORK_ERROR, "Network"),
        (ResponseRefusedException("big"), DiscoveryErrorKind.UNEXPECTED_ERROR, "Unexpected"),
        (ConfigurationException("bad"), DiscoveryErrorKind.INVALID_CONFIGURATION, "Unexpected"),
        (InvalidArgumentError("bad"), DiscoveryErrorKind.INVALID_CONFIGURATION, "Unexpected"),
        (ValueError("odd"), DiscoveryErrorKind.UNEXPECTED_ERROR, "Unexpected"),
    ],
)
def test_what_is_raised_while_fetching_becomes_a_result(
    error: Exception, kind: DiscoveryErrorKind, word: str
) -> None:
    result = failed(error)
    assert result.error_kind is kind
    assert str(result.error).startswith(f"{word} error during discovery document request: ")


def test_a_refusal_becomes_a_result_with_what_is_missing() -> None:
    result = failed(refuse(DiscoveryErrorKind.MISSING_FIELDS, {}))
    assert (result.error_kind, result.missing) == (DiscoveryErrorKind.MISSING_FIELDS, ("issuer",))


def test_callers_share_a_document_unless_their_rules_for_it_differ() -> None:
    usual = key_of(ISSUER, STRICT)
    assert usual == key_of(ISSUER, DiscoveryPolicy(require_key_set=False))
    for policy in (
        DiscoveryPolicy(require_https=False),
        DiscoveryPolicy(allow_http_on_loopback=False),
        DiscoveryPolicy(validate_issuer=False),
        DiscoveryPolicy(allow_issuer_mismatch=True),
        DiscoveryPolicy(expected_issuer=ISSUER),
    ):
        assert key_of(ISSUER, policy) != usual

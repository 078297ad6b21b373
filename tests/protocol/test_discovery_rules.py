"""The rules for discovery documents, one broken at a time."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from py_identity_model import DiscoveryDocumentResponse, DiscoveryErrorKind, DiscoveryPolicy
from py_identity_model._protocol.discovery import (
    response_of,
)
from py_identity_model._protocol.discovery_rules import (
    checked_response_of,
    parse,
)
from py_identity_model._validation.fetch_result import FetchResult
from py_identity_model._validation.provider_document import build, failed
from py_identity_model._wire.messages import HttpResponse

ISSUER = "https://op.example"
DOCUMENT: dict[str, Any] = {
    "issuer": ISSUER,
    "jwks_uri": f"{ISSUER}/jwks",
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "response_types_supported": ["code", "none", "code id_token"],
    "subject_types_supported": ["public", "pairwise"],
    "id_token_signing_alg_values_supported": ["RS256"],
    "unknown_member": 1,
}
Kind = DiscoveryErrorKind


def response_for(
    change: dict[str, Any] | None = None,
    policy: DiscoveryPolicy | None = None,
    address: str = ISSUER,
    body: bytes | None = None,
    media_type: str = "application/json",
) -> DiscoveryDocumentResponse:
    """Return what becomes of the document with ``change`` applied; None removes a member."""
    document = {**DOCUMENT, **(change or {})}
    present = {name: value for name, value in document.items() if value is not None}
    content = json.dumps(present).encode() if body is None else body
    rules = policy or DiscoveryPolicy()
    try:
        build(address, rules)
        answer = HttpResponse(200, {"content-type": media_type}, content)
        return checked_response_of(FetchResult(parse(address, rules, answer)), address, rules)
    except Exception as error:
        return response_of(failed(error))


def test_a_sound_document_is_handed_on_verbatim() -> None:
    response = response_for()
    assert response.is_successful
    assert response.response_types_supported == ["code", "none", "code id_token"]
    assert response.introspection_endpoint is None
    assert response.document == DOCUMENT


def test_the_media_type_may_have_parameters_and_capitals() -> None:
    assert response_for(media_type="Application/JSON; charset=utf-8").is_successful


@pytest.mark.parametrize("media_type", ["", "text/html", "application/jwt"])
def test_another_media_type_is_refused(media_type: str) -> None:
    response = response_for(media_type=media_type)
    assert response.error_kind is Kind.INVALID_DOCUMENT
    assert str(response.error).startswith("Invalid content type")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b'{"a": NaN}', b"[" * 100_000])
def test_anything_but_a_json_object_is_refused(body: bytes) -> None:
    response = response_for(body=body)
    assert response.error_kind is Kind.INVALID_JSON
    assert str(response.error).startswith("Invalid JSON")


def test_every_missing_member_is_named_in_order() -> None:
    response = response_for(
        {"id_token_signing_alg_values_supported": None, "issuer": None, "jwks_uri": None}
    )
    assert response.error_kind is Kind.MISSING_FIELDS
    assert response.missing_fields == ("issuer", "id_token_signing_alg_values_supported")
    assert "Missing required parameters" in str(response.error)


def test_the_key_set_is_required_unless_the_policy_says_otherwise() -> None:
    response = response_for({"jwks_uri": None})
    assert response.error_kind is Kind.MISSING_FIELDS
    assert response.missing_fields == ("jwks_uri",)
    assert response_for({"jwks_uri": None}, DiscoveryPolicy(require_key_set=False)).is_successful


def test_an_oauth_document_needs_less() -> None:
    less = {"subject_types_supported": None, "id_token_signing_alg_values_supported": None}
    address = f"{ISSUER}/.well-known/oauth-authorization-server"
    assert response_for(less, address=address).is_successful
    assert response_for(less).error_kind is Kind.MISSING_FIELDS


@pytest.mark.parametrize(
    ("issuer", "kind"),
    [
        ("", Kind.INVALID_CONFIGURATION),
        ("   ", Kind.INVALID_CONFIGURATION),
        (5, Kind.INVALID_CONFIGURATION),
        ("op.example", Kind.INVALID_CONFIGURATION),
        ("https://", Kind.INVALID_CONFIGURATION),
        ("https://op.example?x=1", Kind.INVALID_CONFIGURATION),
        ("https://op.example#", Kind.INVALID_CONFIGURATION),
        ("http://op.example", Kind.HTTPS_REQUIRED),
    ],
)
def test_an_issuer_of_the_wrong_form_is_refused(issuer: Any, kind: DiscoveryErrorKind) -> None:
    response = response_for({"issuer": issuer})
    assert response.error_kind is kind
    assert str(response.error).startswith("Invalid issuer")


def test_without_issuer_validation_it_must_only_not_be_empty() -> None:
    lax = DiscoveryPolicy(validate_issuer=False, validate_endpoints=False)
    assert response_for({"issuer": "anything"}, lax).is_successful
    assert response_for({"issuer": " "}, lax).error_kind is Kind.INVALID_CONFIGURATION


@pytest.mark.parametrize(
    ("address", "issuer"),
    [
        (ISSUER, ISSUER),
        (f"{ISSUER}/", ISSUER),
        (ISSUER, f"{ISSUER}/"),
        (f"{ISSUER}/tenant", f"{ISSUER}/tenant"),
        (f"{ISSUER}/tenant/.well-known/openid-configuration", f"{ISSUER}/tenant"),
        (f"{ISSUER}/.well-known/openid-configuration?p=x/y", ISSUER),
        ("https://user:pass@op.example", ISSUER),
        (f"{ISSUER}/.well-known/oauth-authorization-server/tenant", f"{ISSUER}/tenant"),
        (f"{ISSUER}/.well-known/openid-configuration/tenant/", f"{ISSUER}/tenant"),
    ],
)
def test_the_issuer_must_be_the_one_its_address_belongs_to(address: str, issuer: str) -> None:
    assert response_for({"issuer": issuer}, address=address).is_successful
    for other in (f"{issuer.rstrip('/')}x", "https://OP.example", "https://evil.example"):
        response = response_for({"issuer": other}, address=address)
        assert response.error_kind is Kind.INVALID_DOCUMENT
        assert other in str(response.error)
        assert "pass" not in str(response.error)


@pytest.mark.parametrize(
    "policy",
    [
        DiscoveryPolicy(allow_issuer_mismatch=True, validate_endpoints=False),
        DiscoveryPolicy(authority="https://other.example", validate_endpoints=False),
        DiscoveryPolicy(validate_issuer=False, validate_endpoints=False),
    ],
)
def test_a_policy_may_accept_another_issuer(policy: DiscoveryPolicy) -> None:
    assert response_for({"issuer": "https://other.example"}, policy).is_successful


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"subject_types_supported": ["public", "odd"]}, "odd"),
        ({"subject_types_supported": "public"}, "not a list"),
        ({"response_types_supported": ["code", "magic"]}, "magic"),
        ({"response_types_supported": ["none code"]}, "none code"),
        ({"response_types_supported": [""]}, "''"),
        ({"response_types_supported": [5]}, "5"),
    ],
)
def test_unknown_types_are_refused(change: dict[str, Any], text: str) -> None:
    response = response_for(change)
    assert response.error_kind is Kind.INVALID_DOCUMENT
    assert text in str(response.error)


ENDPOINTS = [
    *("jwks_uri", "authorization_endpoint", "token_endpoint", "userinfo_endpoint"),
    *("registration_endpoint", "introspection_endpoint", "end_session_endpoint"),
    *("pushed_authorization_request_endpoint", "revocation_endpoint"),
]


@pytest.mark.parametrize("name", ENDPOINTS)
def test_an_endpoint_must_be_on_a_known_authority(name: str) -> None:
    response = response_for({name: "https://evil.example/x"})
    assert response.error_kind is Kind.INVALID_DOCUMENT
    assert name in str(response.error)
    assert "additional_endpoint_base_addresses" in str(response.error)


@pytest.mark.parametrize("name", ENDPOINTS)
@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("/relative", Kind.INVALID_CONFIGURATION),
        ("ftp://op.example/x", Kind.INVALID_CONFIGURATION),
        (["https://op.example/x"], Kind.INVALID_CONFIGURATION),
        ("https://op.example:port/x", Kind.INVALID_CONFIGURATION),
        ("https://op.example\\@evil.example/", Kind.INVALID_CONFIGURATION),
        ("http://op.example/x", Kind.HTTPS_REQUIRED),
    ],
)
def test_an_endpoint_must_be_a_sound_url(name: str, url: Any, kind: DiscoveryErrorKind) -> None:
    response = response_for({name: url})
    assert response.error_kind is kind
    assert name in str(response.error)


def test_the_default_port_and_the_case_of_a_host_make_no_difference() -> None:
    assert response_for({"jwks_uri": "https://OP.example:443/jwks"}).is_successful
    assert (
        response_for({"jwks_uri": "https://op.example:8443/jwks"}).error_kind
        is Kind.INVALID_DOCUMENT
    )


def test_a_policy_may_name_further_authorities() -> None:
    change = {"jwks_uri": "https://keys.example/jwks"}
    more = DiscoveryPolicy(additional_endpoint_base_addresses=["https://keys.example"])
    assert response_for(change, more).is_successful
    assert response_for(change, DiscoveryPolicy(validate_endpoints=False)).is_successful
    wrong = DiscoveryPolicy(additional_endpoint_base_addresses=["keys.example"])
    response = response_for(change, wrong)
    assert response.error_kind is Kind.INVALID_CONFIGURATION
    assert "keys.example" in str(response.error)


def test_an_authority_replaces_the_issuers() -> None:
    policy = DiscoveryPolicy(authority="https://front.example")
    moved = {"jwks_uri": "https://front.example/jwks"}
    assert response_for({**moved, "issuer": "https://inner.example"}, policy).is_successful
    response = response_for(
        {"issuer": "https://inner.example", "jwks_uri": "https://inner.example/k"}, policy
    )
    assert response.error_kind is Kind.INVALID_DOCUMENT


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://mtls.example/token", None),
        ("/token", Kind.INVALID_CONFIGURATION),
        (5, Kind.INVALID_CONFIGURATION),
        ("http://mtls.example/token", Kind.HTTPS_REQUIRED),
        ("https://10.0.0.1/token", Kind.INVALID_DOCUMENT),
        ("https://127.0.0.1/token", Kind.INVALID_DOCUMENT),
        ("https://2130706433/token", Kind.INVALID_DOCUMENT),
        ("https://0x7f.1/token", Kind.INVALID_DOCUMENT),
        ("https://0177.0.0.1/token", Kind.INVALID_DOCUMENT),
        ("https://[::1]/token", Kind.INVALID_DOCUMENT),
        ("https://[::ffff:10.0.0.1]/token", Kind.INVALID_DOCUMENT),
        ("https://169.254.169.254/token", Kind.INVALID_DOCUMENT),
        ("https://0.0.0.0/token", Kind.INVALID_DOCUMENT),
        ("https://127\u30020\u30020\u30021:8443/token", Kind.INVALID_DOCUMENT),
        ("https://localhost/token", Kind.INVALID_DOCUMENT),
        ("https://a.localhost./token", Kind.INVALID_DOCUMENT),
        ("https://100.64.0.1/token", Kind.INVALID_DOCUMENT),
        ("https://metadata.google.internal/token", Kind.INVALID_DOCUMENT),
        ("https://127.0.0.1%25.example/token", Kind.INVALID_DOCUMENT),
        ("https://8.8.8.8/token", None),
    ],
)
def test_an_alias_for_mtls_must_not_lead_inside(url: Any, kind: DiscoveryErrorKind | None) -> None:
    response = response_for({"mtls_endpoint_aliases": {"token_endpoint": url}})
    assert response.error_kind is kind
    if kind is not None:
        assert "mtls_endpoint_aliases.token_endpoint" in str(response.error)


def test_loopback_aliases_may_be_allowed_and_only_they() -> None:
    policy = DiscoveryPolicy(allow_loopback_endpoints=True)
    inside = {"mtls_endpoint_aliases": {"token_endpoint": "https://127.0.0.1/token"}}
    assert response_for(inside, policy).is_successful
    private = {"mtls_endpoint_aliases": {"token_endpoint": "https://10.0.0.1/token"}}
    assert response_for(private, policy).error_kind is Kind.INVALID_DOCUMENT


def test_aliases_may_be_internal_where_the_issuer_or_a_named_address_is() -> None:
    alias = {"mtls_endpoint_aliases": {"token_endpoint": "https://10.0.0.1:8443/token"}}
    policy = DiscoveryPolicy(additional_endpoint_base_addresses=["https://10.0.0.1"])
    assert response_for(alias, policy).is_successful
    issuer = "http://127.0.0.1:8180"
    local = {
        name: value.replace(ISSUER, issuer)
        for name, value in DOCUMENT.items()
        if isinstance(value, str)
    }
    assert response_for({**local, **alias}, address=issuer).is_successful
    disguised = {"mtls_endpoint_aliases": {"token_endpoint": "https://167772161/token"}}
    refusal = response_for({**local, **disguised}, address=issuer)
    assert refusal.error_kind is Kind.INVALID_DOCUMENT


def test_bad_aliases_do_not_affect_validation() -> None:
    document = {**DOCUMENT, "mtls_endpoint_aliases": {"token_endpoint": "https://10.0.0.1/t"}}
    answer = HttpResponse(200, {"content-type": "application/json"}, json.dumps(document).encode())
    assert parse(ISSUER, DiscoveryPolicy(), answer)[:2] == (ISSUER, document["jwks_uri"])


def test_aliases_must_be_an_object_and_their_scheme_is_optional_to_check() -> None:
    assert response_for({"mtls_endpoint_aliases": []}).error_kind is Kind.INVALID_DOCUMENT
    plain = {"mtls_endpoint_aliases": {"token_endpoint": "http://mtls.example/token"}}
    assert response_for(plain, DiscoveryPolicy(validate_endpoints=False)).is_successful


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.10", "[::1]", "LOCALHOST"])
def test_plain_http_is_accepted_on_loopback(host: str) -> None:
    issuer = f"http://{host}:8080"
    change = {
        name: value.replace(ISSUER, issuer)
        for name, value in DOCUMENT.items()
        if isinstance(value, str)
    }
    assert response_for(change, address=issuer).is_successful
    strict = DiscoveryPolicy(allow_http_on_loopback=False)
    assert response_for(change, strict, address=issuer).error_kind is Kind.HTTPS_REQUIRED
    lax = DiscoveryPolicy(allow_http_on_loopback=False, require_https=False)
    assert response_for(change, lax, address=issuer).is_successful


@pytest.mark.parametrize("host", ["127.evil.com", "localhost.evil.com", "op.example"])
def test_a_host_that_only_looks_like_loopback_is_not_loopback(host: str) -> None:
    assert response_for(address=f"http://{host}").error_kind is Kind.HTTPS_REQUIRED


def test_walking_a_successful_response_never_raises_but_for_error() -> None:
    response = response_for()
    for name in dir(response):
        if not name.startswith("_") and name != "error":
            getattr(response, name)


def test_members_of_logins_may_be_missing_where_the_policy_says_so() -> None:
    gone = {"response_types_supported": None, "subject_types_supported": None}
    gone |= {"id_token_signing_alg_values_supported": None, "authorization_endpoint": None}
    lenient = DiscoveryPolicy(allow_missing_login_members=True)
    assert response_for(gone, lenient).is_successful
    assert response_for(gone).error_kind is Kind.MISSING_FIELDS
    assert response_for({**gone, "issuer": None}, lenient).missing_fields == ("issuer",)
    odd = {**gone, "response_types_supported": ["nonsense"]}
    assert response_for(odd, lenient).error_kind is Kind.INVALID_DOCUMENT
    assert response_for({**gone, "issuer": "https://other.example"}, lenient).is_successful is False


def test_unknown_types_are_accepted_where_the_policy_says_so() -> None:
    odd = {"response_types_supported": ["device", 5], "subject_types_supported": "x"}
    assert response_for(odd, DiscoveryPolicy(allow_unknown_types=True)).is_successful
    assert "allow_unknown_types=True" in str(response_for(odd).error)


def test_unacceptable_documents_are_refused_without_naming_a_policy() -> None:
    for change in (
        {"issuer": "http://op.example"},
        {"token_endpoint": "http://op.example/t", "userinfo_endpoint": "https://else.example"},
        {"issuer": None},
    ):
        assert "DiscoveryPolicy(" not in str(response_for(change).error)
    assert "DiscoveryPolicy(validate_endpoints=False)" in str(response_for({"jwks_uri": ""}).error)


def test_the_policy_that_would_accept_it_keeps_what_was_configured() -> None:
    policy = DiscoveryPolicy(additional_endpoint_base_addresses=["https://a.example"])
    text = str(response_for({"jwks_uri": "https://b.example/k"}, policy).error)
    assert "addresses=['https://a.example', 'https://b.example'])" in text


def test_endpoints_on_other_hosts_may_be_accepted_but_for_internal_ones() -> None:
    policy = DiscoveryPolicy(allow_endpoints_on_other_hosts=True)
    assert response_for({"token_endpoint": "https://else.example/t"}, policy).is_successful
    for url, kind in (
        ("https://10.0.0.1/t", Kind.INVALID_DOCUMENT),
        ("http://else.example/t", Kind.HTTPS_REQUIRED),
    ):
        assert response_for({"token_endpoint": url}, policy).error_kind is kind
    loopback = replace(policy, allow_loopback_endpoints=True)
    assert response_for({"token_endpoint": "https://127.0.0.1/t"}, loopback).is_successful
    assert not response_for({"token_endpoint": "https://10.0.0.1/t"}, loopback).is_successful


def test_an_expected_issuer_takes_the_place_of_the_address() -> None:
    policy = DiscoveryPolicy(expected_issuer=ISSUER)
    assert response_for(policy=policy, address="https://inside.example").is_successful
    response = response_for({"issuer": "https://inside.example"}, policy, "https://inside.example")
    assert response.error_kind is Kind.INVALID_DOCUMENT
    assert "not the expected one" in str(response.error)


@pytest.mark.parametrize("issuer", ["https://accounts.google.com", "https://op.example"])
def test_the_table_lends_hosts_only_to_the_issuer_that_has_them(issuer: str) -> None:
    change = {"issuer": issuer, "jwks_uri": "https://www.googleapis.com/k"}
    change |= {"authorization_endpoint": f"{issuer}/a", "token_endpoint": f"{issuer}/t"}
    assert response_for(change, address=issuer).is_successful is ("google" in issuer)
    framed = DiscoveryPolicy(authority=issuer)
    assert response_for(change, framed, address=issuer).error_kind is Kind.INVALID_DOCUMENT

"""How identifiers are normalized, and which issuers a host may name."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from py_identity_model import DiscoveryPolicy, WebFingerRequest
from py_identity_model._protocol.webfinger import (
    ISSUER_RELATION,
    build,
    normalize_identifier,
    parse,
)
from py_identity_model._wire.messages import HttpResponse, UnusableAnswer
from py_identity_model.exceptions import (
    ConfigurationException,
    DiscoveryHTTPSRequiredError,
    InvalidArgumentError,
)
from tests.support import refused


@pytest.mark.parametrize(
    ("identifier", "uri", "host"),
    [
        ("joe@example.com", "acct:joe@example.com", "example.com"),
        (" Jane.Doe@example.com ", "acct:Jane.Doe@example.com", "example.com"),
        ("example.com", "https://example.com/", "example.com"),
        ("example.com:8080", "https://example.com:8080/", "example.com:8080"),
        ("example.com/joe", "https://example.com/joe", "example.com"),
        ("example.com:8080/joe?x=1", "https://example.com:8080/joe?x=1", "example.com:8080"),
        ("example.com?who=joe", "https://example.com?who=joe", "example.com"),
        ("joe@example.com:8080", "https://joe@example.com:8080/", "example.com:8080"),
        ("joe@example.com/path", "https://joe@example.com/path", "example.com"),
        ("https://example.com", "https://example.com", "example.com"),
        ("https://example.com/joe#me", "https://example.com/joe", "example.com"),
        ("HTTPS://example.com/joe", "HTTPS://example.com/joe", "example.com"),
        ("acct:joe@example.com#me", "acct:joe@example.com", "example.com"),
        ("ACCT:joe@example.com", "ACCT:joe@example.com", "example.com"),
        (
            "acct:juliet%40capulet.example@shopping.example.com",
            "acct:juliet%40capulet.example@shopping.example.com",
            "shopping.example.com",
        ),
    ],
)
def test_an_identifier_is_normalized_as_the_specification_says(
    identifier: str, uri: str, host: str
) -> None:
    assert normalize_identifier(identifier) == (uri, f"https://{host}")
    request = build(WebFingerRequest(identifier))
    parts = urlsplit(request.url)
    assert (parts.netloc, parts.path) == (host, "/.well-known/webfinger")
    assert parse_qs(parts.query) == {"resource": [uri], "rel": [ISSUER_RELATION]}


@pytest.mark.parametrize(
    "identifier",
    [
        *("=joe", "@example", "+joe", "$joe", "!joe", "(joe)", "xri://=joe", "XRI:=joe"),
        *("", "   ", "a b", "joe@exam\nple.com", "joe\\@example.com", "x" * 3000),
        *("mailto:joe@example.com", "javascript:alert(1)", "ftp://example.com", "acct:joe"),
        *("acct:@example.com", "acct:joe@", "acct:a@b@c", "acct:joe@example.com/x", "a@b@c"),
        *("https://", "https://joe:pw@example.com", "https://a@b@c/", "example.com:99999"),
        *("/joe", "?joe", "acct:joe@example.com:port"),
    ],
)
def test_an_identifier_that_denotes_no_host_is_refused(identifier: str) -> None:
    with refused(InvalidArgumentError, "invalid_identifier"):
        normalize_identifier(identifier)


@pytest.mark.parametrize("identifier", [None, 7, b"joe@example.com"])
def test_an_identifier_is_text(identifier: Any) -> None:
    with refused(InvalidArgumentError, "invalid_identifier"):
        normalize_identifier(identifier)


def test_plain_http_is_for_loopback_alone() -> None:
    with refused(DiscoveryHTTPSRequiredError, "https_required"):
        build(WebFingerRequest("http://example.com/joe"))
    assert build(WebFingerRequest("http://127.0.0.1:80/joe")).url.startswith("http://127.0.0.1:80/")
    strict = DiscoveryPolicy(allow_http_on_loopback=False)
    with refused(DiscoveryHTTPSRequiredError, "https_required"):
        build(WebFingerRequest("http://127.0.0.1/joe", strict))


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "169.254.169.254", "192.168.1.1", "0xa9fea9fe", "[fd00::1]"]
)
def test_strangers_do_not_lead_inside(host: str) -> None:
    for identifier in (f"https://{host}/joe", host):
        with refused(ConfigurationException, "internal_address"):
            build(WebFingerRequest(identifier))
    named = DiscoveryPolicy(additional_endpoint_base_addresses=[f"https://{host}"])
    assert build(WebFingerRequest(f"https://{host}/joe", named))


def test_loopback_is_refused_where_the_policy_says_so() -> None:
    strict = DiscoveryPolicy(allow_http_on_loopback=False)
    for identifier in ("joe@localhost", "https://127.0.0.1/joe", "localhost:8080"):
        with refused(ConfigurationException, "internal_address"):
            build(WebFingerRequest(identifier, strict))


def answer(*links: object, **members: object) -> HttpResponse:
    return HttpResponse(200, {}, json.dumps({"links": links, **members}).encode())


def link(href: object, rel: str = ISSUER_RELATION) -> dict[str, object]:
    return {"rel": rel, "href": href}


def test_the_first_link_of_the_right_relation_is_the_issuer() -> None:
    response = answer(
        link("https://blog.example", "http://webfinger.net/rel/profile-page"),
        link("https://op.example/tenant"),
        link("https://second.example"),
        subject="acct:joe@example.com",
    )
    found = parse(WebFingerRequest("joe@example.com"), response)
    assert (found.issuer, found.subject) == ("https://op.example/tenant", "acct:joe@example.com")


@pytest.mark.parametrize(
    "href",
    [
        *(None, 7, "", "op.example", "http://op.example", "javascript:alert(1)"),
        *("https://op.example?x=1", "https://op.example#x", "https://u@op.example"),
        *("https://127.0.0.1", "http://localhost:6379", "https://169.254.169.254/"),
    ],
)
def test_an_issuer_that_cannot_be_one_is_refused(href: object) -> None:
    with pytest.raises(UnusableAnswer, match="issuer"):
        parse(WebFingerRequest("joe@example.com"), answer(link(href)))


@pytest.mark.parametrize("links", [[], ["text"], [{}], [link("https://op.example", "other")]])
def test_an_answer_without_an_issuer_is_refused(links: list[object]) -> None:
    with pytest.raises(UnusableAnswer, match="no issuer"):
        parse(WebFingerRequest("joe@example.com"), answer(*links))
    with pytest.raises(UnusableAnswer, match="no issuer"):
        parse(WebFingerRequest("joe@example.com"), HttpResponse(200, {}, b'{"links": {}}'))


def test_an_inside_host_may_name_an_inside_issuer() -> None:
    request = WebFingerRequest("http://127.0.0.1:1/joe")
    assert parse(request, answer(link("http://127.0.0.1:2"))).issuer == "http://127.0.0.1:2"

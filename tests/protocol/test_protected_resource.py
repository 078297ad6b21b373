"""Metadata of protected resources."""

from __future__ import annotations

import pytest

from py_identity_model import ProtectedResourceMetadataRequest, build_protected_resource_metadata
from py_identity_model._protocol.protected_resource import build, parse
from py_identity_model._wire.messages import UnusableAnswer
from py_identity_model.exceptions import ConfigurationException, InvalidArgumentError
from tests.protocol.answers import answer


def test_a_resource_describes_itself() -> None:
    document = build_protected_resource_metadata(
        "https://api.example/orders",
        authorization_servers=("https://op.example",),
        scopes_supported=None,
        resource_name="Orders",
        jwks_uri=None,
    )
    assert document == {
        "resource": "https://api.example/orders",
        "authorization_servers": ["https://op.example"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Orders",
    }
    for plain in ("http://localhost:8000/orders", "http://127.0.0.1:8000"):
        assert build_protected_resource_metadata(plain)["resource"] == plain
    odd = ("http://localhost.evil.example", "http://10.0.0.1", "http://localhost#f")
    for resource in ("http://api.example", "https://api.example#f", "/orders", *odd):
        with pytest.raises(InvalidArgumentError):
            build_protected_resource_metadata(resource)


RESOURCE = "https://api.example/orders"
WELL_KNOWN = "https://api.example/.well-known/oauth-protected-resource"
REQUEST = ProtectedResourceMetadataRequest(RESOURCE)


@pytest.mark.parametrize(
    ("resource", "address"),
    [
        (RESOURCE, f"{WELL_KNOWN}/orders"),
        ("https://api.example", WELL_KNOWN),
        ("https://api.example/", WELL_KNOWN),
        (f"{RESOURCE}?a=1", f"{WELL_KNOWN}/orders?a=1"),
        (f"{WELL_KNOWN}/orders", f"{WELL_KNOWN}/orders"),
    ],
)
def test_the_well_known_path_is_put_before_the_resources_own(resource: str, address: str) -> None:
    assert build(ProtectedResourceMetadataRequest(resource)).url == address


def test_the_address_of_a_challenge_is_used_as_it_is() -> None:
    url = "https://api.example/metadata"
    assert build(ProtectedResourceMetadataRequest(RESOURCE, url=url)).url == url


@pytest.mark.parametrize(
    "url",
    [
        *("http://api.example/m", "https://user@api.example/m", "https://api.example/m#f"),
        *("https://127.0.0.1/m", "https://169.254.169.254/m", "https://10.0.0.1/m", "m", ""),
    ],
)
def test_an_address_of_a_challenge_that_must_not_be_fetched_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationException):
        build(ProtectedResourceMetadataRequest(RESOURCE, url=url))


@pytest.mark.parametrize("resource", [RESOURCE, f"{RESOURCE}/"])
def test_metadata_of_the_resource_is_read(resource: str) -> None:
    body = {"resource": resource, "authorization_servers": ["https://op.example"], "more": 1}
    response = parse(REQUEST, answer(body))
    assert response.authorization_servers == ["https://op.example"]
    assert response.document == body


@pytest.mark.parametrize("resource", [None, 7, "", "https://evil.example/orders", f"{RESOURCE}/x"])
def test_metadata_of_another_resource_is_refused(resource: object) -> None:
    with pytest.raises(UnusableAnswer, match="not for"):
        parse(REQUEST, answer({"resource": resource}))


def test_another_kind_of_content_is_refused() -> None:
    with pytest.raises(UnusableAnswer, match="content type"):
        parse(REQUEST, answer({"resource": RESOURCE}, kind="text/html"))


def test_a_refusal_is_a_failed_response() -> None:
    assert parse(REQUEST, answer(b"", 404)).status_code == 404

"""URLs: completed, taken apart, refused."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model import ConfigurationException, parse_discovery_url
from py_identity_model._protocol.addresses import discovery_address
from tests.support import refused

SUFFIX = "/.well-known/openid-configuration"


@pytest.mark.parametrize(
    "url",
    [
        "https://op.example:8443/tenant",
        "https://op.example:8443/tenant/",
        f"https://op.example:8443/tenant{SUFFIX}",
        f"https://op.example:8443/tenant{SUFFIX}/",
    ],
)
def test_the_documents_url_and_authority_are_told(url: str) -> None:
    endpoint = parse_discovery_url(url)
    assert endpoint.url == f"https://op.example:8443/tenant{SUFFIX}"
    assert endpoint.authority == "https://op.example:8443"


@pytest.mark.parametrize(
    "url",
    [
        *("", "  ", "op.example", "ftp://op.example", "https://", "https:///x", "http://["),
        *("https://op.example?x", "https://op.example#x", "https://op.example/a b", None, 5),
        *("https://op.example/a\u00a0b", "https://op.example/a\n", "https://op.example\\a"),
        *("https://op.example/\u200b", "https://op.example/\x7f", "https://op.example/\ud800"),
    ],
)
def test_what_is_no_issuers_url_is_refused(url: Any) -> None:
    with refused(ConfigurationException, "invalid_url"):
        parse_discovery_url(url)


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("https://op.example", f"https://op.example{SUFFIX}"),
        ("https://op.example/", f"https://op.example{SUFFIX}"),
        ("https://op.example/t?p=1", f"https://op.example/t{SUFFIX}?p=1"),
        ("https://op.example/.well-known/x/t", "https://op.example/.well-known/x/t"),
        ("", ""),
        (None, None),
        ("http://[", "http://["),
    ],
)
def test_a_base_url_is_completed_and_everything_else_left_alone(given: Any, address: Any) -> None:
    assert discovery_address(given) == address

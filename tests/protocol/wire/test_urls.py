"""URLs: completed, taken apart, refused."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from py_identity_model import ConfigurationException, parse_discovery_url
from py_identity_model._wire.arguments import check_address
from py_identity_model._wire.urls import (
    discovery_address,
    is_internal,
    is_loopback,
    parse_ip,
    require_reachable,
)
from py_identity_model.exceptions import InvalidArgumentError
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
def test_the_documents_url_and_authority_are_returned(url: str) -> None:
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
def test_anything_but_an_issuers_url_is_refused(url: Any) -> None:
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


def spellings(address: ipaddress.IPv4Address) -> st.SearchStrategy[str]:
    """Return every way to write an IPv4 address that a resolver takes."""
    number, parts = int(address), [int(one) for one in str(address).split(".")]
    dotted = [str(one) for one in parts]
    mapped = ipaddress.IPv6Address(0xFFFF << 32 | number)
    return st.sampled_from(
        [
            *(str(number), hex(number), f"0{number:o}", str(address), f"{address}."),
            *(".".join(hex(one) for one in parts), ".".join(f"0{one:o}" for one in parts)),
            f"{dotted[0]}.{number & 0xFFFFFF}",
            *(dot.join(dotted) for dot in ("\u3002", "\uff0e", "\uff61")),
            "".join(chr(0xFF10 + int(one)) if one.isdigit() else one for one in str(address)),
            "\u00ad".join(dotted[0]) + "." + ".".join(dotted[1:]),
            *(f"[{mapped}]", f"[::ffff:{address}]", mapped.exploded),
        ]
    )


@given(st.data(), st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address))
def test_an_address_gets_the_same_verdict_in_every_spelling(
    data: st.DataObject, address: ipaddress.IPv4Address
) -> None:
    spelled = data.draw(spellings(address))
    assert parse_ip(spelled) == address
    assert is_loopback(spelled) == address.is_loopback
    assert is_internal(spelled) == (not address.is_global or address.is_multicast)


@given(
    st.sampled_from(["127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"]),
    st.data(),
)
def test_no_spelling_of_an_internal_address_is_reachable(host: str, data: st.DataObject) -> None:
    spelled = data.draw(spellings(ipaddress.IPv4Address(host)))
    with pytest.raises(ConfigurationException) as caught:
        require_reachable("x", f"https://{spelled}/t", trusted_hosts=["op.example"])
    assert caught.value.code in {"internal_address", "invalid_url"}


@given(st.from_regex(r"[a-z0-9.%-]{0,20}", fullmatch=True))
def test_a_suffix_never_makes_a_name_loopback(suffix: str) -> None:
    for prefix in ("127.0.0.1%", "127.0.0.1%25", "127.0.0.1 ", "localhost%", "::1%a."):
        assert not is_loopback(f"{prefix}{suffix}.evil.example")
        assert not is_loopback(f"{prefix}{suffix}x.")


@pytest.mark.parametrize(
    ("host", "internal", "loopback"),
    [
        *((host, True, True) for host in ("localhost", "LOCALHOST\u3002", "::1", "[::1%lo]")),
        *(
            (host, True, False)
            for host in ("a.localhost", "ip6-localhost", "localhost.localdomain")
        ),
        *((host, True, False) for host in ("metadata.google.internal", "nas.local", "x.home.arpa")),
        *((host, True, False) for host in ("metadata", "keycloak.", "INTRANET\u3002", "xn--a")),
        *((host, True, False) for host in ("100.64.0.1", "192.0.2.1", "198.18.0.1", "fec0::1")),
        *((host, True, False) for host in ("2002:7f00:1::", "64:ff9b::7f00:1", "2001:0:7f00:1::")),
        *((host, True, False) for host in ("fe80::1%eth0", "127.0.0.1%.evil.com", "127%2e0.0.1")),
        *((host, True, False) for host in ("0", "::", "ff02::1", "240.0.0.1")),
        *(
            (host, False, False)
            for host in ("8.8.8.8", "2606:4700::1111", "op.example", "dead.beef")
        ),
        *(
            (host, False, False)
            for host in ("localhost.example", "127.0.0.1.example", "internal.com")
        ),
    ],
)
def test_hosts_that_cannot_be_reached_from_outside(
    host: str, internal: bool, loopback: bool
) -> None:
    assert (is_internal(host), is_loopback(host)) == (internal, loopback)


def test_an_internal_issuer_may_name_internal_addresses_but_not_in_disguise() -> None:
    for host in ("127.0.0.1:8443", "10.0.0.7", "sso.corp.internal", "[::1]"):
        url = f"https://{host}/token"
        assert require_reachable("x", url, trusted_hosts=["op.example", "10.0.0.1"]) == url
    for host in ("2130706433", "127\u30020\u30020\u30021", "0x7f.1", "[::ffff:127.0.0.1]"):
        with refused(ConfigurationException, "internal_address"):
            require_reachable("x", f"https://{host}/t", trusted_hosts=["127.0.0.1"])


def test_secrets_are_not_sent_to_plain_http_addresses_unless_that_was_chosen() -> None:
    for address in ("https://op.example/i", "http://127.0.0.1:1/i", "http://localhost/i"):
        check_address("address", address, require_https=True)
    check_address("address", "http://keycloak:8080/i", require_https=False)
    for address in ("http://op.example/i", "http://keycloak:8080/i", "", "op.example", "ftp://x"):
        with pytest.raises(InvalidArgumentError, match="address"):
            check_address("address", address, require_https=True)

"""Pieces of the verifier that are pure: templates, arguments, media types."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model import TrustedIssuer
from py_identity_model._jose.token_types import is_for_something_else, media_type
from py_identity_model._resource_server.replay import replay_key
from py_identity_model._wire.arguments import check_address
from py_identity_model.exceptions import InvalidArgumentError


@pytest.mark.parametrize(
    "issuer",
    [
        *("{t}", "https://{t}", "https://{t}/", "https://{t}/x", "https://{t}.example/x"),
        *("https://api.{t}", "https://op.example:{t}", "https://op.example:{t}/x"),
        *("https://op.example{t}", "https://user:{t}@x", "https://{t}@op.example/x"),
        *("{t}://op.example/x", "https:///{t}", "https:{t}", "ftp://op.example/{t}"),
        *("https://op.example/a{t}", "https://op.example/{t}b", "https://op.example/a{t}b/c"),
        *("https://op.example/?t={t}", "https://op.example/#{t}", "https://op.example/a?b/{t}"),
        *("https://op.example/{a}/{b}", "https://op.example/{a}{b}", "https://op.example/{}"),
        *("https://op.example/{a-b}", "https://op.example/{a", "https://op.example/a}"),
        *("https://op.example/{t}?x", "https://op.example/{t}#x", "https://op.example/{t}\n"),
        "https://user@op.example/{t}",
    ],
)
def test_a_template_has_its_variable_in_one_whole_segment_of_the_path(issuer: str) -> None:
    with pytest.raises(InvalidArgumentError, match="issuer"):
        TrustedIssuer(issuer, bound_claim="tid")


@pytest.mark.parametrize(
    "issuer",
    [
        *("https://op.example/{t}", "https://op.example/{t}/", "https://op.example/{t}/v2.0"),
        *("https://op.example:8443/a/b/{t}/c", "http://127.0.0.1:8080/realms/{t}"),
        "https://[::1]:8443/{t}",
    ],
)
def test_a_template_binds_what_stands_in_its_segment(issuer: str) -> None:
    trusted = TrustedIssuer(issuer, bound_claim="tid")
    assert trusted.is_template
    assert trusted.matches(issuer.replace("{t}", "acme-1.x_"))
    for value in ("", "..", "a/b", "a?b", "a#b", "a%2fb", "x@evil", "é", "a\n", "{t}", "-a"):
        assert not trusted.matches(issuer.replace("{t}", value))
    assert not trusted.matches("https://evil.example/" + issuer.replace("{t}", "acme"))


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("bound_claim", {"issuer": "https://op.example/{t}"}),
    ("bound_claim", {"issuer": "https://op.example/{t}", "bound_claim": ""}),
    ("bound_claim", {"issuer": "https://op.example", "bound_claim": "tid"}),
    ("allowed_values", {"issuer": "https://op.example", "allowed_values": ["a"]}),
    ("issuer", {"issuer": ""}),
    ("issuer", {"issuer": 7}),
    ("audience", {"issuer": "https://op.example", "audience": ""}),
    ("audience", {"issuer": "https://op.example", "audience": []}),
    ("algorithms", {"issuer": "https://op.example", "algorithms": "RS256"}),
    ("algorithms", {"issuer": "https://op.example", "algorithms": ["none"]}),
    ("client_ids", {"issuer": "https://op.example", "client_ids": "web"}),
    ("roles", {"issuer": "https://op.example", "roles": ()}),
    *(
        (
            "allowed_values",
            {"issuer": "https://op.example/{t}", "bound_claim": "tid", "allowed_values": values},
        )
        for values in ("acme", b"acme", [""], [7], 7)
    ),
]


@pytest.mark.parametrize(("name", "arguments"), WRONG)
def test_an_issuer_that_cannot_be_meant_is_refused_by_name(
    name: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(InvalidArgumentError, match=name):
        TrustedIssuer(**arguments)


def test_allowed_values_are_compared_whole() -> None:
    trusted = TrustedIssuer("https://op.example/{t}", bound_claim="tid", allowed_values=["acme"])
    assert trusted.matches("https://op.example/acme")
    assert not trusted.matches("https://op.example/cm")


def test_media_types_are_compared_without_case_and_prefix() -> None:
    assert media_type("Application/AT+JWT") == "at+jwt"
    assert media_type(5) is None
    assert is_for_something_else("application/dpop+jwt")
    for typ in ("JWT", None, 5, "", "id_token+jwt", "private+jwt"):
        assert not is_for_something_else(typ)


def test_identifiers_become_ascii_keys_that_do_not_collide() -> None:
    assert replay_key("dpop", "thumb", "1") == "dpop:thumb:1"
    keys = {
        replay_key("dpop", owner, identifier)
        for owner, identifier in (("a", "\ud800"), ("a", "\ud801"), ("b", "\ud800"), ("é", "1"))
    }
    assert len(keys) == 4
    assert all(key.isascii() for key in keys)


def test_secrets_are_not_sent_to_plain_http_addresses_unless_that_was_chosen() -> None:
    for address in ("https://op.example/i", "http://127.0.0.1:1/i", "http://localhost/i"):
        check_address("address", address, require_https=True)
    check_address("address", "http://keycloak:8080/i", require_https=False)
    for address in ("http://op.example/i", "http://keycloak:8080/i", "", "op.example", "ftp://x"):
        with pytest.raises(InvalidArgumentError, match="address"):
            check_address("address", address, require_https=True)

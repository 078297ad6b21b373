"""Issuers that a verifier trusts, templates of them, and what an unverified token says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from py_identity_model import TrustedIssuer
from py_identity_model._jose.encoding import encode_base64url
from py_identity_model._resource_server.trusted_issuer import (
    is_jwt,
    issuer_for_log,
    untrusted_issuer_error,
    unverified_issuer,
)
from py_identity_model.exceptions import (
    InvalidArgumentError,
    InvalidIssuerException,
    TokenValidationException,
)
from py_identity_model.providers import Provider
from tests.support import refused

TEMPLATE = "https://op.example/{tenant}/v2"
FAMILY = TrustedIssuer(TEMPLATE, bound_claim="tid")


def segment(members: Any) -> str:
    return encode_base64url(json.dumps(members).encode()).decode()


def token(header: Any = None, claims: Any = None) -> str:
    usual = {"alg": "RS256"}, {"iss": "https://op.example"}
    return f"{segment(header or usual[0])}.{segment(claims or usual[1])}.AA"


def test_an_issuer_matches_itself_alone() -> None:
    trusted = TrustedIssuer("https://op.example")
    assert trusted.matches("https://op.example")
    assert not trusted.matches("https://op.example/")
    assert not trusted.is_template
    trusted.check_bound_claim({"iss": "anything"})


def test_a_template_matches_its_family() -> None:
    assert FAMILY.is_template
    assert FAMILY.matches("https://op.example/acme/v2")
    for other in ("https://op.example//v2", "https://op.example/a/b/v2", TEMPLATE[:-1], "x"):
        assert not FAMILY.matches(other)
    few = TrustedIssuer(TEMPLATE, bound_claim="tid", allowed_values=["acme", "umbrella"])
    assert few.matches("https://op.example/acme/v2")
    assert not few.matches("https://op.example/other/v2")


def test_a_literal_issuer_resembles_its_spelling_with_a_slash() -> None:
    spelling = "https://op.example/"
    assert TrustedIssuer("https://op.example").resembles(spelling)
    assert not TrustedIssuer("https://op.example").resembles("https://other.example")
    fixed = TrustedIssuer("https://op.example", jwks_uri="https://op.example/keys")
    assert not fixed.resembles(spelling)


def test_a_template_resembles_nothing_but_what_it_matches() -> None:
    assert not FAMILY.resembles(TEMPLATE)
    assert not FAMILY.resembles("https://op.example/acme/v2")


def test_the_bound_claim_equals_the_variable_part_of_the_issuer() -> None:
    claims = {"iss": "https://op.example/acme/v2", "tid": "acme"}
    FAMILY.check_bound_claim(claims)
    for changes, expected in (
        ({"tid": "other"}, "acme"),
        ({"tid": None}, "acme"),
        ({"iss": "https://evil.example/acme/v2"}, None),
        ({"iss": None}, None),
    ):
        with refused(InvalidIssuerException, "issuer_claim_mismatch") as caught:
            FAMILY.check_bound_claim({**claims, **changes})
        found = {**claims, **changes}["tid"]
        assert caught.value.details == {"claim": "tid", "found": found, "expected": expected}


@pytest.mark.parametrize("own", [{"bound_claim": "tid"}, {"allowed_values": ["acme"]}])
def test_a_preset_binds_its_tokens_itself(own: dict[str, Any]) -> None:
    with refused(InvalidArgumentError, "invalid_argument") as caught:
        TrustedIssuer(Provider(name="ours", issuer="https://op.example"), **own)
    assert "set by the preset ours" in str(caught.value)


def test_names_are_stored_as_sets() -> None:
    trusted = TrustedIssuer("https://op.example", client_ids=["a", "b", "a"])
    assert trusted.client_ids == frozenset({"a", "b"})
    few = TrustedIssuer(TEMPLATE, bound_claim="tid", allowed_values=("x",))
    assert few.allowed_values == frozenset({"x"})


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({"issuer": ""}, "issuer"),
        ({"issuer": 5}, "issuer"),
        ({"audience": []}, "audience"),
        ({"algorithms": []}, "algorithms"),
        ({"client_ids": "web"}, "client_ids"),
        ({"roles": ""}, "roles"),
        ({"accept_id_tokens_as_access_tokens": "false"}, "accept_id_tokens_as_access_tokens"),
        ({"discovery_policy": "strict"}, "discovery_policy"),
        ({"disco_doc_address": 5}, "disco_doc_address"),
        ({"bound_claim": "tid"}, "bound_claim"),
        ({"allowed_values": ["a"]}, "bound_claim and allowed_values"),
        ({"issuer": TEMPLATE}, "bound_claim"),
        ({"issuer": TEMPLATE, "bound_claim": ""}, "bound_claim"),
        ({"issuer": "https://op.example/x{t}", "bound_claim": "tid"}, "whole path segment"),
        ({"issuer": "https://{t}/x", "bound_claim": "tid"}, "whole path segment"),
        ({"issuer": "https://op.example/t}", "bound_claim": "tid"}, "whole path segment"),
    ],
)
def test_invalid_arguments_are_refused_by_name(arguments: dict[str, Any], names: str) -> None:
    with pytest.raises(InvalidArgumentError, match=names):
        TrustedIssuer(**{"issuer": "https://op.example", **arguments})


def test_a_jwt_has_three_segments_and_a_header_with_an_algorithm() -> None:
    assert is_jwt(token())
    for text in (
        "a.b",
        "a.b.c.d",
        "!.b.c",
        "é.b.c",
        "..",
        f"{segment({'typ': 'JWT'})}.b.c",
        f"{segment({'alg': 5})}.b.c",
        f"{segment(['alg'])}.b.c",
        f"{segment({'alg': 'RS256'})}.{'b' * 2_000_000}.c",
    ):
        assert not is_jwt(text)


def test_an_unverified_issuer_is_what_the_token_names() -> None:
    assert unverified_issuer(token()) == "https://op.example"
    assert unverified_issuer(token(claims={"iss": 5})) == 5
    assert unverified_issuer(token(claims={"sub": "s"})) is None
    with refused(TokenValidationException, "malformed_token") as caught:
        unverified_issuer(f"{segment({'alg': 'RS256'})}.!.AA")
    assert caught.value.token_part == "payload"
    assert "not base64url" in str(caught.value)


def test_a_log_names_an_issuer_that_is_text() -> None:
    assert issuer_for_log(token()) == "https://op.example"
    assert issuer_for_log(token(claims={"iss": 5})) is None
    assert issuer_for_log("x") is None


def test_an_untrusted_issuer_is_reported_with_those_that_are() -> None:
    error = untrusted_issuer_error("https://evil.example", [FAMILY])
    assert error.code == "untrusted_issuer"
    assert error.details == {"issuer": "https://evil.example", "expected": [TEMPLATE]}
    assert untrusted_issuer_error(None).details == {"issuer": None, "expected": []}


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
def test_a_template_binds_the_value_of_its_segment(issuer: str) -> None:
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

"""Grants for another domain: what is requested, and what is refused as a grant."""

from __future__ import annotations

import json
from typing import Any

import pytest

from py_identity_model import ChainedGrantRequest, IdentityAssertionGrantRequest
from py_identity_model._jose.encoding import encode_base64url
from py_identity_model._protocol import identity_chaining as chaining
from py_identity_model._wire.messages import HttpResponse, Replay, UnusableAnswer
from py_identity_model.exceptions import InvalidArgumentError
from tests.support import refused

URL = "https://idp.example/token"
CHAT = "https://chat.example"
TYPES = "urn:ietf:params:oauth:token-type:"
JAG = IdentityAssertionGrantRequest(URL, "wiki", "the-id-token", CHAT, scope=["read", "write"])
CHAIN = ChainedGrantRequest(URL, "gateway", "the-access-token", resource=CHAT)


def jwt(typ: Any = "oauth-id-jag+jwt", aud: Any = CHAT) -> str:
    parts = [{"alg": "ES256", "typ": typ}, {"aud": aud}]
    return b".".join(
        [*(encode_base64url(json.dumps(one).encode()) for one in parts), b"c"]
    ).decode()


def answer(kind: str = "id-jag", grant: Any = None, **more: Any) -> HttpResponse:
    body = {
        "issued_token_type": TYPES + kind,
        "access_token": jwt() if grant is None else grant,
        "token_type": "N_A",
        "expires_in": 300,
    }
    return HttpResponse(200, {}, json.dumps(body | more).encode())


def test_an_identity_assertion_is_exchanged_for_a_grant() -> None:
    built = chaining.build_id_jag(JAG)
    assert built.replay is Replay.UNSENT
    assert built.form == {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "requested_token_type": TYPES + "id-jag",
        "subject_token": "the-id-token",
        "subject_token_type": TYPES + "id_token",
        "audience": CHAT,
        "scope": "read write",
    }


def test_a_chained_grant_is_for_the_other_server() -> None:
    assert chaining.build_chained(CHAIN).form == {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": "the-access-token",
        "subject_token_type": TYPES + "access_token",
        "resource": CHAT,
    }


@pytest.mark.parametrize("audience", [None, "", [CHAT, "https://other.example"]])
def test_a_grant_is_for_one_server(audience: Any) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        chaining.build_id_jag(IdentityAssertionGrantRequest(URL, "wiki", "t", audience))


def test_a_chain_names_the_other_server() -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        chaining.build_chained(ChainedGrantRequest(URL, "gateway", "t"))


@pytest.mark.parametrize(
    ("request_", "build"),
    [
        (IdentityAssertionGrantRequest(URL, "", "t", CHAT), chaining.build_id_jag),
        (IdentityAssertionGrantRequest(URL, "wiki", "", CHAT), chaining.build_id_jag),
        (ChainedGrantRequest(URL, "", "t", CHAT), chaining.build_chained),
        (ChainedGrantRequest(URL, "w", "t", CHAT, subject_token_type=""), chaining.build_chained),
    ],
)
def test_nothing_required_is_empty(request_: Any, build: Any) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        build(request_)


def test_the_grant_and_its_scope_are_returned() -> None:
    for typ, aud in [("oauth-id-jag+jwt", CHAT), ("application/OAuth-ID-JAG+JWT", [CHAT])]:
        response = chaining.parse_id_jag(JAG, answer(grant=jwt(typ, aud), scope="read"))
        assert (response.grant, response.scope) == (jwt(typ, aud), "read")
        assert response.expires_at is not None
        assert jwt(typ, aud) not in repr(response)
    response = chaining.parse_chained(CHAIN, answer("jwt", jwt("JWT")))
    assert (response.grant, response.scope) == (jwt("JWT"), None)


@pytest.mark.parametrize(
    "response",
    [
        answer("access_token"),
        answer("jwt"),
        answer(token_type="Bearer"),
        answer(token_type=None),
        answer(grant="opaque"),
        answer(grant="a.b.c"),
        answer(grant=7),
        answer(grant=jwt("JWT")),
        answer(grant=jwt(None)),
        answer(grant=jwt(aud="https://other.example")),
        answer(grant=jwt(aud=[CHAT, "https://other.example"])),
        answer(grant=jwt(aud=None)),
        HttpResponse(200, {}, b"[]"),
    ],
)
def test_another_token_is_not_an_identity_assertion_grant(response: HttpResponse) -> None:
    with pytest.raises(UnusableAnswer):
        chaining.parse_id_jag(JAG, response)


@pytest.mark.parametrize(
    "response",
    [
        answer("access_token"),
        answer("refresh_token"),
        answer(issued_token_type=None),
        answer("jwt", token_type="Bearer"),
        answer("jwt", "opaque"),
        answer("jwt", jwt() + "\r\n"),
        answer("id_token", jwt("JWT")),
        answer("Access_Token", jwt("JWT")),
        answer("jwt", jwt("at+jwt")),
        answer("jwt", jwt("application/AT+JWT")),
        answer("jwt", jwt("id_token+jwt")),
        answer("jwt", jwt("JWT", aud="gateway")),
        answer("jwt", jwt("JWT", aud=[CHAT, "gateway"])),
    ],
)
def test_a_token_of_this_domain_is_not_a_grant_for_another(response: HttpResponse) -> None:
    with pytest.raises(UnusableAnswer):
        chaining.parse_chained(CHAIN, response)


def test_the_token_that_was_exchanged_is_not_a_grant() -> None:
    grant = jwt("JWT")
    echoed = ChainedGrantRequest(URL, "gateway", grant, resource=CHAT)
    with pytest.raises(UnusableAnswer, match="of this domain"):
        chaining.parse_chained(echoed, answer("jwt", grant))
    assert chaining.parse_chained(CHAIN, answer("jwt", grant)).is_successful


def test_the_requested_type_is_required() -> None:
    wanted = ChainedGrantRequest(URL, "w", "t", CHAT, requested_token_type=TYPES + "jwt")
    assert chaining.build_chained(wanted).form is not None
    assert chaining.parse_chained(wanted, answer("jwt")).is_successful
    with pytest.raises(UnusableAnswer):
        chaining.parse_chained(wanted, answer("id-jag"))


def test_a_refusal_is_in_the_providers_words() -> None:
    refusal = HttpResponse(400, {}, b'{"error": "insufficient_user_authentication"}')
    for response in (chaining.parse_id_jag(JAG, refusal), chaining.parse_chained(CHAIN, refusal)):
        assert response.oauth_error == "insufficient_user_authentication"

"""Pushed authorization requests (RFC 9126)."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model import DPoPKey, PushedAuthorizationRequest
from py_identity_model._protocol.par import build, parse
from py_identity_model._wire.messages import Replay, UnusableAnswer
from py_identity_model.exceptions import InvalidArgumentError
from tests.protocol.answers import URL, answer
from tests.support import refused


def request(**more: Any) -> PushedAuthorizationRequest:
    return PushedAuthorizationRequest(URL, "web", "https://rp.example/cb", **more)


def test_the_given_parameters_are_pushed_with_the_clients_name() -> None:
    built = build(request(state="s", nonce="n", scope=["openid", "email"]))
    assert built.form == {
        "client_id": "web",
        "redirect_uri": "https://rp.example/cb",
        "response_type": "code",
        "scope": "openid email",
        "state": "s",
        "nonce": "n",
    }
    assert built.replay is Replay.UNSENT


def test_a_signed_request_is_pushed_alone() -> None:
    assert build(request(request="a.b.c", state="s")).form == {
        "client_id": "web",
        "request": "a.b.c",
    }


@pytest.mark.parametrize("name", ["code_challenge", "code_challenge_method"])
def test_a_challenge_needs_its_method(name: str) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        build(request(**{name: "S256"}))


def test_a_key_is_named_by_its_thumbprint() -> None:
    key = DPoPKey()
    built = build(request(dpop_key=key))
    assert built.form is not None
    assert built.form["dpop_jkt"] == key.jwk_thumbprint


def test_a_reference_is_read() -> None:
    response = parse(request(), answer({"request_uri": "urn:1", "expires_in": "60"}, 201))
    assert (response.request_uri, response.expires_in) == ("urn:1", 60)
    assert "urn:1" not in repr(response)


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        ({}, "request_uri, expires_in"),
        ({"request_uri": "", "expires_in": 60}, "request_uri"),
        ({"request_uri": 7, "expires_in": 60}, "request_uri"),
        ({"request_uri": "urn:1", "expires_in": "soon"}, "expires_in"),
    ],
)
def test_an_answer_without_its_members_is_unusable(body: dict[str, Any], missing: str) -> None:
    with pytest.raises(UnusableAnswer, match=f"{missing}$"):
        parse(request(), answer(body))


def test_a_refusal_is_a_failed_response() -> None:
    refusal = parse(request(), answer({"error": "invalid_request"}, 400))
    assert refusal.oauth_error == "invalid_request"

"""Grants without a module of their own: JWT bearer, and extensions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from py_identity_model import ExtensionTokenRequest, JwtBearerTokenRequest
from py_identity_model._protocol import grants
from py_identity_model._wire.messages import HttpResponse, Replay
from py_identity_model.exceptions import InvalidArgumentError
from tests.support import refused

URL = "https://op.example/token"
TOKEN = {"access_token": "t", "token_type": "Bearer", "expires_in": 60}


def answer(status: int, body: Any) -> HttpResponse:
    return HttpResponse(status, {"content-type": "application/json"}, json.dumps(body).encode())


def test_an_extension_sends_its_own_parameters() -> None:
    request = ExtensionTokenRequest(URL, "web", "urn:g", {"a": ["1", "2"]}, scope=["x", "y"])
    built = grants.build_extension(request)
    assert built.form == {"grant_type": "urn:g", "scope": "x y", "a": ["1", "2"]}
    assert built.replay is Replay.UNSENT


@pytest.mark.parametrize("name", ["grant_type", "scope"])
def test_an_extension_replaces_neither_grant_nor_scope(name: str) -> None:
    request = ExtensionTokenRequest(URL, "web", "urn:g", {name: "x"})
    with refused(InvalidArgumentError, "invalid_argument") as caught:
        grants.build_extension(request)
    assert name in str(caught.value)


def test_a_grant_without_a_name_is_refused() -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        grants.build_extension(ExtensionTokenRequest(URL, "web", ""))


def test_an_assertion_is_sent_once() -> None:
    built = grants.build_jwt_bearer(JwtBearerTokenRequest(URL, "web", "a.b.c", scope="x"))
    assert built.form == {"grant_type": grants.JWT_BEARER, "assertion": "a.b.c", "scope": "x"}
    assert built.replay is Replay.UNSENT


def test_both_read_a_token_and_a_refusal() -> None:
    extension = ExtensionTokenRequest(URL, "web", "urn:g")
    bearer = JwtBearerTokenRequest(URL, "web", "a.b.c")
    assert grants.parse_extension(extension, answer(200, TOKEN)).token == TOKEN
    assert grants.parse_jwt_bearer(bearer, answer(200, TOKEN)).token == TOKEN
    no = answer(400, {"error": "invalid_grant", "error_description": "a.b.c is spent"})
    for refusal in (grants.parse_extension(extension, no), grants.parse_jwt_bearer(bearer, no)):
        assert refusal.oauth_error == "invalid_grant"
    assert "a.b.c" not in str(grants.parse_jwt_bearer(bearer, no).error)


def test_secrets_are_not_shown() -> None:
    shown = repr(JwtBearerTokenRequest(URL, "web", "a.b.c", "the-secret"))
    assert "a.b.c" not in shown
    assert "the-secret" not in shown

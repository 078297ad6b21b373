"""Tokens for a code."""

from __future__ import annotations

from py_identity_model import AuthorizationCodeTokenRequest
from py_identity_model._protocol.authorization_code import build, parse
from py_identity_model._wire.messages import Replay
from tests.protocol.answers import TOKEN, URL, answer

REQUEST = AuthorizationCodeTokenRequest(URL, "web", "the-code", "https://rp.example/cb", "verifier")


def test_a_code_is_sent_once() -> None:
    built = build(REQUEST)
    assert built.form == {
        "grant_type": "authorization_code",
        "code": "the-code",
        "redirect_uri": "https://rp.example/cb",
        "code_verifier": "verifier",
    }
    assert built.replay is Replay.UNSENT


def test_tokens_and_a_refusal_are_read() -> None:
    assert parse(REQUEST, answer(TOKEN)).token == TOKEN
    body = {"error": "invalid_grant", "error_description": "the-code"}
    refusal = parse(REQUEST, answer(body, 400))
    assert refusal.oauth_error == "invalid_grant"
    assert "the-code" not in str(refusal.error)


def test_neither_code_nor_verifier_is_shown() -> None:
    assert "the-code" not in repr(REQUEST)
    assert "verifier'" not in repr(REQUEST)

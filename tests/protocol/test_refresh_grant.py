"""Tokens for a refresh token."""

from __future__ import annotations

from py_identity_model import RefreshTokenRequest
from py_identity_model._protocol.refresh_grant import build, parse
from py_identity_model._wire.messages import Replay
from tests.protocol.answers import TOKEN, URL, answer

REQUEST = RefreshTokenRequest(URL, "web", "the-refresh-token", "a b")


def test_a_refresh_token_is_sent_once() -> None:
    built = build(REQUEST)
    form = {"grant_type": "refresh_token", "refresh_token": "the-refresh-token", "scope": "a b"}
    assert built.form == form
    assert built.replay is Replay.UNSENT


def test_tokens_and_a_refusal_are_read() -> None:
    assert parse(REQUEST, answer(TOKEN)).token == TOKEN
    refusal = parse(REQUEST, answer({"error": "invalid_grant"}, 400))
    assert refusal.oauth_error == "invalid_grant"
    assert "the-refresh-token" not in repr(REQUEST)

"""Tokens for the client itself."""

from __future__ import annotations

from py_identity_model import ClientCredentialsTokenRequest
from py_identity_model._protocol.client_credentials import build, parse
from py_identity_model._wire.messages import Replay
from tests.protocol.answers import TOKEN, URL, answer

REQUEST = ClientCredentialsTokenRequest(URL, "web", "the-secret", ["a", "b"])


def test_a_request_may_be_repeated() -> None:
    built = build(REQUEST)
    assert built.form == {"grant_type": "client_credentials", "scope": "a b"}
    assert built.replay is Replay.SAFE
    assert "the-secret" not in repr(built)


def test_a_token_and_a_refusal_are_read() -> None:
    assert parse(REQUEST, answer(TOKEN)).token == TOKEN
    refusal = parse(REQUEST, answer({"error": "invalid_client"}, 401))
    assert (refusal.oauth_error, refusal.status_code) == ("invalid_client", 401)
    assert str(refusal.error).startswith("Token generation request failed with status code: 401")

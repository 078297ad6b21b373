"""Revocation."""

from __future__ import annotations

import pytest

from py_identity_model import TokenRevocationRequest
from py_identity_model._protocol.revocation import build, parse
from py_identity_model._wire.messages import Replay
from tests.protocol.answers import URL, answer

REQUEST = TokenRevocationRequest(URL, "the-token", "web", token_type_hint="refresh_token")


def test_a_token_may_be_revoked_twice() -> None:
    built = build(REQUEST)
    assert built.form == {"token": "the-token", "token_type_hint": "refresh_token"}
    assert built.replay is Replay.SAFE


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"error": "x"}'])
def test_a_success_needs_no_body(body: bytes) -> None:
    assert parse(REQUEST, answer(body)).is_successful


def test_a_refusal_is_quoted_without_the_token() -> None:
    refusal = parse(REQUEST, answer(b"the-token is unknown" + b"x" * 5000, 503))
    assert "status code: 503" in str(refusal.error)
    assert "the-token" not in str(refusal.error)
    assert len(str(refusal.error)) < 1000


def test_a_refusal_without_a_body_says_so() -> None:
    assert str(parse(REQUEST, answer(b"", 400)).error).endswith("(empty)")

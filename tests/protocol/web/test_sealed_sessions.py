"""Sessions that are sealed into cookies, and what a page may demand of a login."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from py_identity_model._web.sealed_sessions import SealedSession, meets

ENDS = datetime(2030, 1, 1, tzinfo=UTC)
TOKEN = {"access_token": "a", "refresh_token": "r", "id_token": "i", "other": "o"}


def test_a_sealed_session_has_no_refresh_token() -> None:
    text = SealedSession("one", TOKEN, {"sub": "a"}, None, ENDS, "state").to_text()
    assert '"r"' not in text
    read = SealedSession.from_text(text, ENDS.timestamp() - 1)
    token = {"access_token": "a", "id_token": "i"}
    assert read == SealedSession("one", token, {"sub": "a"}, None, ENDS, "state")
    assert SealedSession.from_text(text, ENDS.timestamp()) is None


def test_a_token_without_an_end_has_none() -> None:
    text = SealedSession("one", TOKEN, {}, {"name": "A"}, None, None).to_text()
    read = SealedSession.from_text(text)
    assert read is not None
    assert (read.expires_at, read.userinfo) == (None, {"name": "A"})


@pytest.mark.parametrize(
    ("claims", "acr_values", "max_age", "expected"),
    [
        ({}, (), None, True),
        ({"acr": "gold"}, ("gold", "silver"), None, True),
        ({"acr": "bronze"}, ("gold",), None, False),
        ({}, ("gold",), None, False),
        ({"acr": ["gold"]}, ("gold",), None, False),
        ({"auth_time": 1000}, (), 300, True),
        ({"auth_time": 600}, (), 300, False),
        ({}, (), 300, False),
        ({"auth_time": "1000"}, (), 300, False),
        ({"auth_time": True}, (), 1000, False),
        ({"auth_time": 1060}, (), 300, True),
        ({"auth_time": 1061}, (), 300, False),
        ({"auth_time": float("inf")}, (), 300, False),
        ({"acr": "gold", "auth_time": 100}, ("gold",), 300, False),
    ],
)
def test_a_login_is_strong_and_recent_or_not(
    claims: dict[str, Any], acr_values: tuple[str, ...], max_age: float | None, expected: bool
) -> None:
    assert meets(claims, acr_values, max_age, 1000.0) is expected

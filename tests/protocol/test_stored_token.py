"""When a stored token is to be renewed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from py_identity_model import TokenResponse
from py_identity_model._protocol.stored_token import stored_from

NOW = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


def stored(margin: float, **members: Any) -> Any:
    token = {"access_token": "t", "token_type": "Bearer", **members}
    return stored_from(TokenResponse(True, token=token), margin, NOW, None)


@pytest.mark.parametrize("margin", [60.0, 59.0, 61.0, 3600.0])
@pytest.mark.parametrize("lifetime", [60, 2, 30])
def test_a_short_token_is_renewed_at_half_its_life_at_the_earliest(
    margin: float, lifetime: int
) -> None:
    for _ in range(50):  # the moment is drawn by chance
        token = stored(margin, expires_in=lifetime)
        half, end = NOW + lifetime / 2, NOW + lifetime
        assert half - 0.001 <= token.renew_at <= end
        assert token.is_fresh(half - 0.002)


def test_a_long_token_is_renewed_a_margin_before_its_end() -> None:
    moments = {stored(60.0, expires_in=3600).renew_at - NOW for _ in range(50)}
    assert all(3540 - 0.001 <= moment <= 3552.001 for moment in moments)
    assert len(moments) > 1


def test_a_token_without_an_end_is_never_renewed_by_the_clock() -> None:
    assert stored(60.0).renew_at is None

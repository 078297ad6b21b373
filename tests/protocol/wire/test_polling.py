"""The pace of polling."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model import (
    BaseResponse,
    ErrorKind,
)
from py_identity_model._wire.polling import PollingSchedule


def answered(**more: Any) -> BaseResponse:
    usual: dict[str, Any] = {"is_successful": False, "error": "no"}
    return BaseResponse(**{**usual, **more})


def test_polling_continues_until_the_user_decides() -> None:
    rhythm = PollingSchedule.of(None, 60, 1000.0)
    assert rhythm.pause(1000.0) == 5
    assert rhythm.should_continue(answered(oauth_error="authorization_pending"))
    assert rhythm.interval == 5
    assert rhythm.should_continue(answered(oauth_error="slow_down"))
    assert rhythm.interval == 10
    assert rhythm.should_continue(answered(error_kind=ErrorKind.NETWORK_ERROR))
    assert rhythm.should_continue(answered(status_code=503))
    assert rhythm.interval == 20
    assert rhythm.pause(1045.0) is None


@pytest.mark.parametrize("code", ["expired_token", "access_denied", "invalid_grant", None])
def test_polling_ends_with_a_decision(code: str | None) -> None:
    rhythm = PollingSchedule.of(1, 60, 0.0)
    assert not rhythm.should_continue(answered(oauth_error=code, status_code=400))
    assert not rhythm.should_continue(BaseResponse(True))

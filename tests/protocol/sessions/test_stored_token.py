"""Stored tokens: what is stored of an answer, for how long, and when it is renewed."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from py_identity_model import StoredToken, TokenResponse
from py_identity_model._sessions.stored_token import stored_token_from
from py_identity_model.exceptions import TokenRequestException

NOW = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


def stored(margin: float, **members: Any) -> Any:
    token = {"access_token": "t", "token_type": "Bearer", **members}
    return stored_token_from(TokenResponse(True, token=token), margin, NOW)


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


def test_everything_in_an_answer_is_stored() -> None:
    token = stored(
        0.0, expires_in=60, scope="a b", refresh_token="r", id_token="i", token_type="bearer"
    )
    assert token == StoredToken("t", "bearer", "a b", NOW + 60, NOW + 60, "r", "i")
    bare = stored_token_from(TokenResponse(True, token={"access_token": "t"}), 0.0, NOW)
    assert bare == StoredToken("t", "Bearer")


@pytest.mark.parametrize(
    "response",
    [
        TokenResponse(False, error="HTTP 400", oauth_error="invalid_grant"),
        TokenResponse(True, token={}),
        TokenResponse(True, token={"access_token": "t", "token_type": "mac"}),
    ],
)
def test_an_answer_that_cannot_be_used_is_refused_with_its_address(response: TokenResponse) -> None:
    with pytest.raises(TokenRequestException) as caught:
        stored_token_from(response, 0.0, NOW, address="https://op.example/token")
    assert caught.value.url == "https://op.example/token"
    if response.oauth_error:
        assert response.oauth_error in f"{caught.value} {caught.value.details}"


def test_a_token_that_replaces_a_refused_one_says_since_when() -> None:
    response = TokenResponse(True, token={"access_token": "t"})
    assert stored_token_from(response, 0.0, NOW).replaced_refused_at is None
    assert stored_token_from(response, 0.0, NOW, refused="old").replaced_refused_at == NOW


def test_the_end_of_a_token_does_not_move_with_summer_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        now = datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp()  # clocks go back at one
        response = TokenResponse(True, token={"access_token": "t", "expires_in": 3600})
        assert stored_token_from(response, 0.0, now).expires_at == now + 3600
    finally:
        monkeypatch.undo()
        time.tzset()


def test_times_end_when_they_are_reached() -> None:
    token = StoredToken("t", expires_at=10.0, renew_at=5.0)
    assert [token.is_fresh(now) for now in (4.9, 5.0, 5.1)] == [True, False, False]
    assert [token.is_usable(now) for now in (9.9, 10.0, 10.1)] == [True, False, False]
    assert StoredToken("t").is_fresh(1e9)
    assert StoredToken("t").is_usable(1e9)


def test_a_refusal_replaces_a_token_once_a_minute() -> None:
    token = StoredToken("t", replaced_refused_at=100.0)
    moments = (99.9, 100.0, 100.5, 159.9, 160.0)
    assert [token.may_be_replaced(now) for now in moments] == [True, False, False, False, True]
    assert StoredToken("t").may_be_replaced(0.0)


def test_a_refused_token_serves_only_where_no_other_may_be_asked_for() -> None:
    token = StoredToken("t", expires_at=300.0, renew_at=200.0, replaced_refused_at=100.0)
    assert token.serves(110.0, None)
    assert token.serves(110.0, "another")
    assert token.serves(110.0, "t")
    assert not token.serves(170.0, "t")
    assert not token.serves(250.0, "another")
    assert not StoredToken("t", expires_at=105.0, replaced_refused_at=100.0).serves(110.0, "t")


FULL = StoredToken("t", "DPoP", "a", 2.5, 1, "r", "i", 0.5)


def test_a_token_is_read_as_it_was_written() -> None:
    assert StoredToken.from_json(FULL.to_json()) == FULL
    assert StoredToken.from_json('{"access_token": "t", "unknown": 1}') == StoredToken("t")


@pytest.mark.parametrize(
    "members",
    [
        [],
        None,
        {},
        {"access_token": 1},
        {"access_token": None},
        {"access_token": "t", "token_type": None},
        {"access_token": "t", "scope": 1},
        {"access_token": "t", "expires_at": "1"},
        {"access_token": "t", "renew_at": True},
        {"access_token": "t", "replaced_refused_at": []},
    ],
)
def test_anything_else_is_not_a_stored_token(members: object) -> None:
    with pytest.raises(ValueError, match=r"not a stored token|is malformed"):
        StoredToken.from_json(json.dumps(members))

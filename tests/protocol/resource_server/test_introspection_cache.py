"""Answers about opaque tokens: remembered, refused, shared."""

from __future__ import annotations

import time

import pytest

from py_identity_model._resource_server.introspection_cache import (
    REFUSAL_SECONDS,
    Introspections,
    pack_claims,
    unpack_claims,
)
from py_identity_model.exceptions import TokenValidationException

ACTIVE = '{"active": true, "sub": "alice"}'


def error() -> TokenValidationException:
    return TokenValidationException("not active", code="token_not_active")


def test_an_active_token_is_remembered_for_its_time() -> None:
    known = Introspections(10)
    known.store(b"k", ACTIVE, 100.0, 30)
    assert known.find(b"k", 129.9) == ACTIVE
    assert known.find(b"k", 130.0) is None
    assert known.find(b"other", 100.0) is None
    assert len(known) == 1


def test_a_refusal_is_remembered_for_a_moment_and_raised_afresh() -> None:
    known, first = Introspections(10), error()
    known.refuse(b"k", first, 100.0)
    with pytest.raises(TokenValidationException) as caught:
        known.find(b"k", 100.0)
    assert caught.value is not first
    assert (str(caught.value), caught.value.code) == (str(first), first.code)
    assert known.find(b"k", 100.0 + REFUSAL_SECONDS) is None


def test_the_last_answer_counts() -> None:
    known = Introspections(10)
    known.store(b"k", ACTIVE, 100.0, 30)
    known.refuse(b"k", error(), 100.0)
    with pytest.raises(TokenValidationException):
        known.find(b"k", 100.0)
    known.store(b"k", ACTIVE, 100.0, 30)
    assert known.find(b"k", 100.0) == ACTIVE


def test_refusals_never_displace_active_tokens() -> None:
    known = Introspections(2)
    known.store(b"a", ACTIVE, 100.0, 30)
    known.store(b"b", ACTIVE, 100.0, 30)
    for number in range(50):
        known.refuse(b"%d" % number, error(), 100.0)
    assert known.find(b"a", 100.0) == known.find(b"b", 100.0) == ACTIVE


def test_expired_entries_are_evicted_before_old_ones() -> None:
    known = Introspections(2)
    known.store(b"old", ACTIVE, 100.0, 100)
    known.store(b"expired", ACTIVE, 100.0, 1)
    known.store(b"new", ACTIVE, 110.0, 30)
    assert known.find(b"old", 110.0) == ACTIVE
    known.store(b"newer", ACTIVE, 110.0, 30)
    assert known.find(b"old", 110.0) is None
    assert len(known) == 2


def test_other_processes_read_what_was_stored_under_its_name_alone() -> None:
    text = pack_claims("name", ACTIVE, 30)
    found = unpack_claims("name", text, 60)
    assert found is not None
    assert found[0] == ACTIVE
    assert 29 < found[1] <= 30
    assert unpack_claims("other", text, 60) is None


def test_a_stored_answer_is_believed_no_longer_than_ones_own() -> None:
    found = unpack_claims("name", pack_claims("name", ACTIVE, 1e9), 60)
    assert found is not None
    assert found[1] == 60


@pytest.mark.parametrize("claims", ['{"active": false}', '{"active": 1}', "{}", "[]", "x", '"a"'])
def test_a_stored_token_that_is_not_active_is_asked_about_again(claims: str) -> None:
    assert unpack_claims("name", pack_claims("name", claims, 30), 60) is None


@pytest.mark.parametrize("text", ["", "x", "[]", "{}", "null", "[" * 5000])
def test_something_else_in_the_store_is_asked_about_again(text: str) -> None:
    assert unpack_claims("name", text, 60) is None


def test_an_answer_that_expired_in_the_store_is_asked_about_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = pack_claims("name", ACTIVE, 30)
    later = time.time() + 30
    monkeypatch.setattr(time, "time", lambda: later)
    assert unpack_claims("name", text, 60) is None

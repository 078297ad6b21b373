"""The state of cached documents."""

from __future__ import annotations

from py_identity_model._validation.cache_entry import Entry
from py_identity_model._validation.health import CachedState, state_of


def entry(**times: float) -> Entry[str]:
    made: Entry[str] = Entry()
    for name, value in times.items():
        setattr(made, name, value)
    return made


def test_a_provider_that_was_never_fetched_has_no_state() -> None:
    assert state_of(None, 10) is None
    assert state_of(entry(failed_at=5.0), 10) is None


def test_a_state_counts_from_now_and_never_below_zero() -> None:
    cached = entry(accepted_at=100.0, fresh_until=160.0, usable_until=200.0)
    assert state_of(cached, 130) == CachedState(30, 30, 70, None)
    assert state_of(cached, 170) == CachedState(70, 0, 30, None)
    assert state_of(cached, 300) == CachedState(200, 0, 0, None)


def test_the_last_failure_is_counted_too() -> None:
    cached = entry(accepted_at=100.0, fresh_until=160.0, usable_until=200.0, failed_at=125.0)
    assert state_of(cached, 130) == CachedState(30, 30, 70, 5)

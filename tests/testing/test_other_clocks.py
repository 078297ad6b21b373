"""Clocks of this package beside those of freezegun and time-machine."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from typing import Any

import freezegun
import pytest
import time_machine

from py_identity_model import AccessTokenVerifier, MemoryTokenStore
from py_identity_model.testing import EmbeddedProvider, FrozenClock, freeze_clocks
from tests.support import answered

Mint = Callable[..., str]
Others = Callable[[str], AbstractContextManager[Any]]
OTHERS: dict[str, Others] = {
    "freezegun": freezegun.freeze_time,
    "time-machine": lambda moment: time_machine.travel(moment, tick=False),
}
THEIRS, OURS = "2030-01-01T00:00:00+00:00", "2031-01-01T00:00:00+00:00"


def seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


@pytest.fixture(params=OTHERS)
def other(request: pytest.FixtureRequest) -> Others:
    found: Others = OTHERS[request.param]
    return found


@pytest.fixture
def api(oidc_provider: EmbeddedProvider, mint_token: Mint) -> Iterator[AccessTokenVerifier]:
    """A verifier that was made and used before any clock is set, and is sound after all."""
    verifier = AccessTokenVerifier(oidc_provider.issuer, oidc_provider.audience)
    verifier.verify_token(mint_token())
    yield verifier
    verifier.verify_token(mint_token())
    assert foreign_clocks() == []


def foreign_clocks() -> list[str]:
    """Return which of our modules still hold a clock of freezegun's."""
    theirs = (freezegun.api.fake_time, freezegun.api.fake_monotonic, freezegun.api.FakeDatetime)
    return [
        f"{module}.{name}"
        for module, loaded in list(sys.modules.items())
        if module.startswith("py_identity_model.")
        for name, value in list(vars(loaded).items())
        if any(value is one for one in theirs)
    ]


def check_time_passes(
    api: AccessTokenVerifier, provider: EmbeddedProvider, mint: Mint, clock: FrozenClock
) -> None:
    assert clock.time() == seconds(OURS)
    token = mint()
    young = AccessTokenVerifier(provider.issuer, provider.audience)
    for verifier in (api, young):
        assert verifier.verify_token(token).claims["iat"] == seconds(OURS)
    clock.tick(4000)
    for verifier in (api, young):
        with answered(401, "token_expired"):
            verifier.verify_token(token)


def test_ours_within_theirs(
    api: AccessTokenVerifier, oidc_provider: EmbeddedProvider, mint_token: Mint, other: Others
) -> None:
    with other(THEIRS):
        with freeze_clocks(OURS) as clock:
            check_time_passes(api, oidc_provider, mint_token, clock)
            assert time.time() == seconds(THEIRS)
        assert api.verify_token(mint_token()).claims["iat"] == seconds(THEIRS)


def test_theirs_within_ours(
    api: AccessTokenVerifier, oidc_provider: EmbeddedProvider, mint_token: Mint, other: Others
) -> None:
    with freeze_clocks(OURS) as clock:
        with other(THEIRS):
            check_time_passes(api, oidc_provider, mint_token, clock)
            assert time.time() == seconds(THEIRS)
        assert api.verify_token(mint_token()).claims["iat"] == seconds(OURS) + 4000


def test_theirs_that_ends_late_leaves_nothing(api: AccessTokenVerifier, other: Others) -> None:
    with ExitStack() as late, freeze_clocks(OURS):
        late.enter_context(other(THEIRS))


def test_theirs_that_ends_early_leaves_nothing(api: AccessTokenVerifier, other: Others) -> None:
    with ExitStack() as early:
        early.enter_context(other(THEIRS))
        with freeze_clocks(OURS):
            early.close()


def test_theirs_alone_after_ours(api: AccessTokenVerifier, mint_token: Mint, other: Others) -> None:
    """What freezegun once found in modules, it does not look for again."""
    with freeze_clocks(OURS), other(THEIRS):
        api.verify_token(mint_token())
    with other(THEIRS):
        assert api.verify_token(mint_token()).claims["iat"] == seconds(THEIRS)


def test_ours_begins_at_the_time_that_they_set(other: Others) -> None:
    with other(THEIRS), freeze_clocks() as clock:
        assert clock.time() == seconds(THEIRS)


def test_objects_that_were_made_while_they_were_active_obey(other: Others) -> None:
    with other(THEIRS):
        store = MemoryTokenStore()
    store.set("key", "value", 60)
    with freeze_clocks() as clock:
        assert store.get("key") == "value"
        clock.tick(61)
        assert store.get("key") is None
    assert store.clock is time.monotonic


def test_a_block_within_a_block_counts_and_the_outer_one_comes_back() -> None:
    store = MemoryTokenStore()
    with freeze_clocks(OURS) as outer:
        with freeze_clocks(THEIRS) as inner:
            assert store.clock == inner.monotonic
        assert store.clock == outer.monotonic
    assert store.clock is time.monotonic


def test_dates_are_dates_in_the_block() -> None:
    from py_identity_model._protocol import token_endpoint

    with freezegun.freeze_time(THEIRS), freeze_clocks(OURS):
        ours: Any = vars(token_endpoint)["datetime"]
        assert ours.now(UTC) == datetime.fromisoformat(OURS)
        assert isinstance(ours.now(UTC), ours)
        assert isinstance(datetime(2000, 1, 1), ours)

"""Nonces that several objects, keys and processes share: whose is used, and what is passed on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from py_identity_model._wire.shared_nonces import SharedNonces, stored_name
from tests.support import Clock

MINE = ("mine", "https://api.example")
THEIRS = ("theirs", "https://api.example")
ELSEWHERE = ("mine", "https://evil.example")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def nonces(clock: Clock) -> SharedNonces:
    return SharedNonces(300.0, clock)


def give(
    nonces: SharedNonces, place: tuple[str, str], nonce: str | None, used: str | None = None
) -> str | None:
    """Have a server accept a proof, and give a nonce."""
    return nonces.learn(place, used, nonce, demanded=False, success=True)


def refuse(
    nonces: SharedNonces, place: tuple[str, str], nonce: str, used: str | None = None
) -> str | None:
    """Have a server demand another nonce."""
    return nonces.learn(place, used, nonce, demanded=True, success=False)


def test_a_nonce_is_for_all_keys_at_its_origin_and_for_no_other_origin(
    nonces: SharedNonces,
) -> None:
    refuse(nonces, MINE, "n1")
    assert [nonces.find(place) for place in (MINE, THEIRS, ELSEWHERE)] == ["n1", "n1", None]


def test_the_newest_nonce_is_used_whoever_got_it(nonces: SharedNonces, clock: Clock) -> None:
    refuse(nonces, MINE, "n1")
    clock.now += 40
    refuse(nonces, THEIRS, "n2", used="n1")
    assert nonces.find(MINE) == "n2"


def test_a_nonce_that_is_accepted_is_preferred_to_one_that_another_key_was_given_before(
    nonces: SharedNonces, clock: Clock
) -> None:
    refuse(nonces, MINE, "mine-1")
    clock.now += 1
    refuse(nonces, THEIRS, "theirs-1")
    clock.now += 1
    give(nonces, MINE, None, used="mine-1")
    assert nonces.find(MINE) == "mine-1"


def test_where_nonces_are_bound_to_keys_those_of_others_are_left_alone_for_a_while(
    nonces: SharedNonces, clock: Clock
) -> None:
    refuse(nonces, THEIRS, "theirs-1")
    assert nonces.find(MINE) == "theirs-1"
    refuse(nonces, MINE, "mine-1", used="theirs-1")
    clock.now += 1
    give(nonces, THEIRS, "theirs-2", used="theirs-1")
    assert [nonces.find(MINE), nonces.find(THEIRS)] == ["mine-1", "theirs-2"]
    assert not nonces.should_read(MINE)
    clock.now += 299
    assert nonces.find(MINE) == "theirs-2"


def test_an_old_nonce_that_is_refused_does_not_end_the_sharing(
    nonces: SharedNonces, clock: Clock
) -> None:
    refuse(nonces, THEIRS, "n1")
    clock.now += 60
    refuse(nonces, MINE, "n2", used="n1")
    clock.now += 60
    refuse(nonces, THEIRS, "n3", used="n2")
    assert nonces.find(MINE) == "n3"


def test_others_use_no_nonce_beyond_its_lifetime_but_its_holder_does(
    nonces: SharedNonces, clock: Clock
) -> None:
    refuse(nonces, MINE, "n1")
    clock.now += 300
    assert [nonces.find(MINE), nonces.find(THEIRS)] == ["n1", None]


def test_the_store_is_read_only_for_what_was_not_seen_for_a_while(
    nonces: SharedNonces, clock: Clock
) -> None:
    assert nonces.should_read(MINE)
    nonces.read(MINE, None)
    assert not nonces.should_read(MINE)
    clock.now += 30
    assert nonces.should_read(MINE)
    give(nonces, MINE, "n1")
    assert not nonces.should_read(MINE)
    clock.now += 29
    give(nonces, MINE, None, used="n1")
    clock.now += 29
    assert not nonces.should_read(MINE)
    clock.now += 1
    assert nonces.should_read(MINE)


def test_what_one_process_passes_on_another_takes_over(clock: Clock) -> None:
    one, other = SharedNonces(300.0, clock), SharedNonces(300.0, clock)
    other.read(THEIRS, refuse(one, MINE, "n1"))
    assert other.find(THEIRS) == "n1"
    clock.now += 40
    other.read(THEIRS, refuse(one, MINE, "n2", used="n1"))
    assert other.find(THEIRS) == "n2"


def test_an_older_nonce_in_the_store_replaces_nothing(clock: Clock) -> None:
    one, other = SharedNonces(300.0, clock), SharedNonces(300.0, clock)
    text = refuse(one, MINE, "n1")
    clock.now += 1
    refuse(other, THEIRS, "n2")
    other.read(THEIRS, text)
    assert other.find(THEIRS) == "n2"


def test_a_server_that_gives_a_nonce_with_each_response_causes_few_writes(
    nonces: SharedNonces, clock: Clock
) -> None:
    written = []
    for number in range(20):
        written.append(give(nonces, MINE, f"n{number}") is not None)
        clock.now += 1
    assert written == ([True] + [False] * 4) * 4


def test_a_nonce_that_goes_on_being_accepted_stays_in_the_store(
    nonces: SharedNonces, clock: Clock
) -> None:
    assert refuse(nonces, MINE, "n1") is not None
    clock.now += 149
    assert give(nonces, MINE, None, used="n1") is None
    clock.now += 1
    assert give(nonces, MINE, None, used="n1") is not None


def test_a_demanded_nonce_is_passed_on_at_once(nonces: SharedNonces) -> None:
    assert give(nonces, MINE, "n1") is not None
    assert give(nonces, MINE, "n2") is None
    assert refuse(nonces, MINE, "n3", used="n2") is not None


def test_a_refusal_without_a_nonce_teaches_nothing(nonces: SharedNonces) -> None:
    assert nonces.learn(MINE, "n1", None, demanded=False, success=False) is None
    assert nonces.learn(MINE, None, "n" * 4097, demanded=True, success=False) is None
    assert nonces.find(MINE) is None


@pytest.mark.parametrize("nonce", ["é", "n 1", 'n"1', "\\"])
def test_a_nonce_that_is_malformed_is_for_this_process_alone(
    nonces: SharedNonces, nonce: str
) -> None:
    assert refuse(nonces, MINE, nonce) is None
    assert nonces.find(MINE) == nonce
    assert refuse(nonces, MINE, "!#[]~", used=nonce) is not None


def stored(value: Any = None, **changes: Any) -> str:
    members = {"nonce": "n1", "seen_at": 1000.0} if value is None else value
    packed = {"kind": "DPoP nonce", "name": stored_name(MINE), "value": members}
    return json.dumps({**packed, **changes})


@pytest.mark.parametrize(
    "text",
    [
        "n1",
        "[" * 100_000,
        stored(name=stored_name(ELSEWHERE)),
        stored(kind="document"),
        stored([]),
        stored({"nonce": "", "seen_at": 1000.0}),
        stored({"nonce": 1, "seen_at": 1000.0}),
        stored({"nonce": "\ud800", "seen_at": 1000.0}),
        stored({"nonce": "n 1", "seen_at": 1000.0}),
        stored({"nonce": "n1\n", "seen_at": 1000.0}),
        stored({"nonce": 'n"1', "seen_at": 1000.0}),
        stored({"nonce": "n" * 4097, "seen_at": 1000.0}),
        stored({"nonce": "n1"}),
        stored({"nonce": "n1", "seen_at": "now"}),
        stored({"nonce": "n1", "seen_at": float("nan")}),
        stored({"nonce": "n1", "seen_at": -1}),
        stored({"nonce": "n1", "seen_at": 1031.0}),
    ],
)
def test_a_value_that_no_process_stored_here_is_refused(nonces: SharedNonces, text: str) -> None:
    with pytest.raises(ValueError, match=r"store|JSON|nested|members|Expecting|no time"):
        nonces.read(MINE, text)
    assert nonces.find(MINE) is None
    assert not nonces.should_read(MINE)


def test_a_stored_nonce_is_taken(nonces: SharedNonces) -> None:
    nonces.read(MINE, stored())
    assert nonces.find(MINE) == "n1"


def test_many_servers_do_not_fill_the_memory(nonces: SharedNonces) -> None:
    for number in range(1001):
        give(nonces, ("mine", f"https://h{number}.example"), "n")
    known = [nonces.find(("mine", f"https://h{number}.example")) for number in range(1001)]
    assert known == [None] * 1000 + ["n"]

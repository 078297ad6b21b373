"""Turns: no host, and no number of strangers, uses up what others need."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from py_identity_model._wire import turns
from py_identity_model._wire.turns import Ticket, TurnTable
from py_identity_model.exceptions import NetworkException
from tests.support import refused

names = count()


class Desk:
    """A table, and who was granted a turn, in order."""

    def __init__(self, connections: int = 100) -> None:
        self.table = TurnTable(connections)
        self.granted: list[str] = []

    def enter(
        self, host: str = "a", *, known: bool = False, due: float = 10.0, now: float = 0.0
    ) -> Ticket:
        name = f"{host}{next(names)}"
        grant = lambda: self.granted.append(name)  # noqa: E731
        ticket = Ticket(host, known=known, due=due, grant=grant)
        self.table.enter(ticket, now)
        return ticket

    def holding(self, *tickets: Ticket) -> list[bool]:
        return [ticket in self.table._holding for ticket in tickets]


def fill(desk: Desk, host: str, *, known: bool = False) -> list[Ticket]:
    """Enter until one has to wait; return those that hold a turn."""
    held: list[Ticket] = []
    while (ticket := desk.enter(host, known=known)).share is not None:
        held.append(ticket)
    desk.table.leave(ticket)
    return held


def test_a_host_gets_a_part_of_the_connections_and_no_more() -> None:
    assert len(fill(Desk(100), "a")) == 16
    assert len(fill(Desk(400), "a")) == 32
    assert len(fill(Desk(1), "a")) == 1


def test_an_issuer_that_was_good_has_its_turn_at_once_on_a_host_that_strangers_hold() -> None:
    desk = Desk()
    fill(desk, "a")
    assert desk.holding(desk.enter("a"), desk.enter("a", known=True)) == [False, True]


def test_good_issuers_use_what_is_there_for_all_before_their_reserve() -> None:
    assert len(fill(Desk(100), "a", known=True)) == 16 + 7
    assert len(fill(Desk(400), "a", known=True)) == 32 + 16


def test_a_hundred_and_thirty_six_hosts_that_hang_leave_room_for_another_host() -> None:
    desk = Desk(400)
    hanging = [desk.enter(f"host{number}") for number in range(136)]
    fill(desk, "attacked")
    assert all(desk.holding(*hanging, desk.enter("another")))


def test_hosts_with_many_tenants_leave_room_for_others() -> None:
    desk = Desk(400)
    taken = [len(fill(desk, f"host{number}")) for number in range(10)]
    assert taken == sorted(taken, reverse=True)
    assert desk.holding(desk.enter("another")) == [True]


def test_strangers_cannot_touch_the_reserve() -> None:
    desk = Desk(100)
    strangers = [desk.enter(f"host{number}") for number in range(60)]
    assert desk.holding(*strangers).count(True) == 50
    good = [desk.enter(f"host{number}", known=True) for number in range(20)]
    assert all(desk.holding(*good))
    assert desk.holding(desk.enter("last", known=True)) == [False]


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=400))
def test_no_more_than_seven_tenths_of_the_connections_are_ever_held(
    arrivals: list[tuple[int, bool]],
) -> None:
    desk = Desk(100)
    for host, known in arrivals:
        desk.enter(f"{host}", known=known)
    assert desk.table.holding <= 70
    assert desk.table.holding + desk.table.waiting == len(arrivals)


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=200), st.data())
def test_whatever_the_order_all_get_their_turn_once_and_nothing_is_left(
    arrivals: list[tuple[int, bool]], data: st.DataObject
) -> None:
    desk = Desk(20)
    present = [desk.enter(f"{host}", known=known) for host, known in arrivals]
    while holding := [one for one in present if one in desk.table._holding]:
        ticket = data.draw(st.sampled_from(holding))
        desk.table.leave(ticket)
        present.remove(ticket)
    assert present == []
    assert len(desk.granted) == len(set(desk.granted)) == len(arrivals)
    assert (desk.table.holding, desk.table.waiting) == (0, 0)
    assert len(fill(desk, "a")) == 3  # all of it can be had again


def test_turns_are_granted_in_the_order_of_arrival() -> None:
    desk = Desk()
    held = fill(desk, "a")
    first, second = desk.enter("a"), desk.enter("a")
    desk.table.leave(held[0])
    assert desk.holding(first, second) == [True, False]
    desk.table.leave(held[1])
    assert desk.holding(first, second) == [True, True]


def test_hosts_that_wait_take_turns() -> None:
    desk = Desk(4)  # two for all, one a host
    held = [desk.enter("x"), desk.enter("y")]
    waiting = [desk.enter("a"), desk.enter("a"), desk.enter("b")]
    desk.table.leave(held[0])
    assert desk.holding(*waiting) == [True, False, False]
    desk.table.leave(held[1])
    assert desk.holding(*waiting) == [True, False, True]


def test_good_issuers_come_before_strangers_that_wait_longer() -> None:
    desk = Desk(4)
    held = [desk.enter("x"), desk.enter("y"), desk.enter("a", known=True)]
    stranger, good = desk.enter("a"), desk.enter("a", known=True)
    desk.table.leave(held[0])
    assert desk.holding(stranger, good) == [False, True]


def test_one_that_gives_up_waiting_is_passed_over() -> None:
    desk = Desk()
    held = fill(desk, "a")
    impatient, patient = desk.enter("a"), desk.enter("a")
    for _ in range(2):
        desk.table.leave(impatient)
    desk.table.leave(held[0])
    assert desk.holding(impatient, patient) == [False, True]


def test_a_turn_is_given_back_once_however_often_it_is_left() -> None:
    desk = Desk()
    held = fill(desk, "a")
    for _ in range(3):
        desk.table.leave(held[0])
    assert len(fill(desk, "a")) == 1


def test_a_turn_is_not_counted_after_its_deadline() -> None:
    desk = Desk(4)
    assert desk.table.next_expiry() == float("inf")
    overdue, later = desk.enter("a", due=5.0), desk.enter("b", due=9.0)
    assert desk.table.next_expiry() == 5.0
    waiting = desk.enter("a", now=4.9)
    assert desk.holding(waiting) == [False]
    desk.table.expire(5.0)
    assert desk.holding(overdue, later, waiting) == [False, True, True]
    desk.table.leave(overdue)  # its thread ends at last
    assert desk.holding(desk.enter("a")) == [False]


def test_a_newcomer_does_not_wait_for_what_is_overdue() -> None:
    desk = Desk(4)
    desk.enter("a", due=5.0)
    assert desk.holding(desk.enter("a", now=5.0)) == [True]


def test_too_many_that_wait_are_refused_but_not_issuers_that_were_good(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "_MOST_WAITING", 5)
    desk = Desk()
    fill(desk, "https://a.example")
    for _ in range(5):
        desk.enter("https://a.example")
    with refused(NetworkException, "too_many_waiting") as caught:
        desk.enter("https://a.example")
    assert "https://a.example" in str(caught.value)
    assert desk.table.waiting == 5
    assert desk.holding(desk.enter("https://a.example", known=True)) == [True]


def test_a_full_queue_at_one_host_stops_no_other_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_MOST_WAITING", 5)
    desk = Desk()
    fill(desk, "a")
    for _ in range(5):
        desk.enter("a")
    assert desk.holding(desk.enter("b")) == [True]


def test_one_host_cannot_fill_the_queue_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_MOST_WAITING", 6)
    monkeypatch.setattr(turns, "_MOST_WAITING_AT_HOST", 4)
    desk = Desk(4)
    fill(desk, "x")
    fill(desk, "y")
    for _ in range(4):
        desk.enter("a")
    with refused(NetworkException, "too_many_waiting"):
        desk.enter("a")
    assert desk.holding(desk.enter("b"), desk.enter("b")) == [False, False]
    with refused(NetworkException, "too_many_waiting"):
        desk.enter("b")

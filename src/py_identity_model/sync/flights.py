# Generated from aio/flights.py by scripts/make_sync.py; edit that file.
"""One call at a time for each key, however many want its outcome."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from functools import partial
from typing import Generic, TypeVar

from .._fork import forget_in_child
from .._seam.sync import Event, PeerLocal, Result, meanwhile, spawn
from ..exceptions import NetworkException, PyIdentityModelException

V = TypeVar("V")

_MOST_LEADERS = 3


class Flight(Generic[V]):
    """One call under way, and how it ended: an outcome, an error, or neither if it was stopped."""

    def __init__(self, table: dict[Hashable, Flight[V]]) -> None:
        self.table = table
        self.landed = Event()
        self.outcome: list[V] = []
        self.error: Exception | None = None
        self.passengers = 0


class Flights(Generic[V]):
    """Calls under way, by key.

    A call runs on its own, not inside its first caller, so that no caller's end, whether
    cancelled or killed, takes the others' outcome away.  A failure is shared with whoever
    waits, and not remembered.

    ``needed_later`` makes what outcomes will be used with: once at most, while the first call is
    under way.
    """

    def __init__(self, name: str, needed_later: Callable[[], object] | None = None) -> None:
        self._name = name
        self._needed_later = needed_later
        self._table: PeerLocal[dict[Hashable, Flight[V]]] = PeerLocal(dict)
        self._lock = threading.Lock()
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._lock = threading.Lock()

    def waiting(self, key: Hashable) -> int:
        """Return how many callers wait for the call of ``key``."""
        with self._lock:
            flight = self._table.get().get(key)
            return 0 if flight is None else flight.passengers

    def join(
        self,
        key: Hashable,
        call: Callable[[], Result[V]],
        admit: Callable[[], bool] = lambda: True,
    ) -> tuple[V, bool] | None:
        """Return the outcome of ``key``'s call, and whether this caller began it.

        A call under way is joined.  Otherwise ``admit`` decides, with nobody else deciding at
        the same time: the call begins, or None is returned.
        """
        for _ in range(_MOST_LEADERS):
            flight, began = self._board(key, admit)
            if flight is None:
                return None
            if began:
                lead = partial(self._fly, key, flight, call)
                if spawn(f"{self._name} {key}", lead):
                    self._use_the_wait(flight)
                else:
                    lead()
            flight.landed.wait()
            if flight.outcome:
                return flight.outcome[0], began
            if flight.error is not None:
                raise _shared(flight.error)
        raise NetworkException("the call was stopped before it had an outcome", code="call_stopped")

    def _use_the_wait(self, flight: Flight[V]) -> None:
        needed_later, self._needed_later = self._needed_later, None
        if needed_later is not None:
            meanwhile(needed_later, flight.landed)

    def start(self, key: Hashable, call: Callable[[], Result[V]]) -> None:
        """Begin the call of ``key`` behind everybody's back, unless it is under way."""
        flight, began = self._board(key, lambda: True)
        if flight is not None and began:
            lead = partial(self._fly, key, flight, call)
            if not spawn(f"{self._name} {key}", lead):
                self._land(key, flight)

    def _board(self, key: Hashable, admit: Callable[[], bool]) -> tuple[Flight[V] | None, bool]:
        with self._lock:
            flights = self._table.get()
            flight = flights.get(key)
            began = flight is None
            if flight is None:
                if not admit():
                    return None, False
                flight = flights[key] = Flight(flights)
            flight.passengers += 1
            return flight, began

    def _fly(self, key: Hashable, flight: Flight[V], call: Callable[[], Result[V]]) -> None:
        try:
            flight.outcome.append(call())
        except Exception as error:
            flight.error = error
        finally:
            self._land(key, flight)

    def _land(self, key: Hashable, flight: Flight[V]) -> None:
        with self._lock:
            if flight.table.get(key) is flight:
                del flight.table[key]
        flight.landed.set()


def _shared(error: Exception) -> Exception:
    if isinstance(error, PyIdentityModelException):
        return error.fresh()
    fresh = PyIdentityModelException(f"{type(error).__name__}: {error}")
    fresh.__cause__ = error
    return fresh

"""One call at a time for each key, however many want its outcome."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from contextvars import ContextVar
from functools import partial
from time import monotonic
from typing import Any, Generic, TypeVar

from .._fork import forget_in_child
from .._seam.aio import Event, PeerLocal, Result, meanwhile, spawn, wait_for
from ..exceptions import (
    ConfigurationException,
    DeadlineExceededException,
    NetworkException,
    PyIdentityModelException,
)

V = TypeVar("V")

_MOST_LEADERS = 3


class AsyncFlight(Generic[V]):
    """One call under way, and how it ended: an outcome, an error, or neither if it was stopped."""

    def __init__(self, table: dict[Hashable, AsyncFlight[V]]) -> None:
        self.table = table
        self.landed = Event()
        self.outcome: list[V] = []
        self.error: Exception | None = None
        self.passengers = 0


# Those that the running code is a part of: it would wait for its own end if it joined one.
_leading: ContextVar[tuple[AsyncFlight[Any], ...]] = ContextVar("leading", default=())


class AsyncFlights(Generic[V]):
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
        self._table: PeerLocal[dict[Hashable, AsyncFlight[V]]] = PeerLocal(dict)
        self._lock = threading.Lock()
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._lock = threading.Lock()

    def waiting(self, key: Hashable) -> int:
        """Return how many callers wait for the call of ``key``."""
        with self._lock:
            flight = self._table.get().get(key)
            return 0 if flight is None else flight.passengers

    async def join(
        self,
        key: Hashable,
        call: Callable[[], Result[V]],
        admit: Callable[[], bool] = lambda: True,
        patience: float | None = None,
    ) -> tuple[V, bool] | None:
        """Return the outcome of ``key``'s call, and whether this caller began it.

        A call under way is joined.  Otherwise ``admit`` decides, with nobody else deciding at
        the same time: the call begins, or None is returned.  A caller leaves after ``patience``
        seconds, with DeadlineExceededException; the call goes on.  One that would wait for
        itself gets ConfigurationException at once.
        """
        due = None if patience is None else monotonic() + patience
        for _ in range(_MOST_LEADERS):
            flight, began = self._board(key, admit)
            if flight is None:
                return None
            if flight in _leading.get():
                flight.error = _waits_for_itself_error()  # what comes of it says less
                raise flight.error
            if began:
                lead = partial(self._fly, key, flight, call)
                if spawn(f"{self._name} {key}", lead):
                    await self._use_the_wait(flight)
                else:
                    await lead()
            left = None if due is None else due - monotonic()
            if not await wait_for(flight.landed, left):
                raise DeadlineExceededException(
                    "the call under way did not end before the total deadline"
                )
            if flight.outcome:
                return flight.outcome[0], began
            if flight.error is not None:
                raise _shared(flight.error)
        raise NetworkException("the call was stopped before it had an outcome", code="call_stopped")

    async def _use_the_wait(self, flight: AsyncFlight[V]) -> None:
        needed_later, self._needed_later = self._needed_later, None
        if needed_later is not None:
            await meanwhile(needed_later, flight.landed)

    def start(self, key: Hashable, call: Callable[[], Result[V]]) -> None:
        """Begin the call of ``key`` behind everybody's back, unless it is under way."""
        flight, began = self._board(key, lambda: True)
        if flight is not None and began:
            lead = partial(self._fly, key, flight, call)
            if not spawn(f"{self._name} {key}", lead):
                self._land(key, flight)

    def _board(
        self, key: Hashable, admit: Callable[[], bool]
    ) -> tuple[AsyncFlight[V] | None, bool]:
        with self._lock:
            flights = self._table.get()
            flight = flights.get(key)
            began = flight is None
            if flight is None:
                if not admit():
                    return None, False
                flight = flights[key] = AsyncFlight(flights)
            flight.passengers += 1
            return flight, began

    async def _fly(
        self, key: Hashable, flight: AsyncFlight[V], call: Callable[[], Result[V]]
    ) -> None:
        led = _leading.set((*_leading.get(), flight))
        try:
            flight.outcome.append(await call())
        except Exception as error:
            flight.error = flight.error or error
        finally:
            _leading.reset(led)
            self._land(key, flight)

    def _land(self, key: Hashable, flight: AsyncFlight[V]) -> None:
        with self._lock:
            if flight.table.get(key) is flight:
                del flight.table[key]
        flight.landed.set()


def _waits_for_itself_error() -> ConfigurationException:
    return ConfigurationException(
        "the HTTP client waits for itself: its `auth` needs a token that is requested through the "
        "same client; give the source another http_client, or the auth the API's origins",
        code="client_waits_for_itself",
    )


def _shared(error: Exception) -> Exception:
    if isinstance(error, PyIdentityModelException):
        return error.fresh()
    fresh = PyIdentityModelException(f"{type(error).__name__}: {error}")
    fresh.__cause__ = error
    return fresh

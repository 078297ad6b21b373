"""Single-flight execution of keyed calls: concurrent callers share one call and its outcome."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from contextvars import ContextVar
from functools import partial
from time import monotonic
from typing import Any, Generic, NamedTuple, TypeVar

from ..._fork import forget_in_child
from ..._seam.aio import Event, PeerLocal, Result, spawn, wait_for, without_deadline
from ...exceptions import NetworkException, PyIdentityModelException

V = TypeVar("V")

_MAX_RESTARTS = 3


class Outcome(NamedTuple, Generic[V]):
    """The result of a call, and whether the caller that gets it started the call."""

    value: V
    began: bool


class AsyncFlight(Generic[V]):
    """A running call, and its end: an outcome, an error, or neither if it was stopped."""

    def __init__(self, table: dict[Hashable, AsyncFlight[V]]) -> None:
        self.table = table
        self.done = Event()
        self.values: list[V] = []  # one, or none: None may be a value
        self.error: Exception | None = None
        self.waiters = 0


# The calls that the running code is part of: joining one of them would be a deadlock.
_executing: ContextVar[tuple[AsyncFlight[Any], ...]] = ContextVar("executing", default=())


class AsyncSingleFlight(Generic[V]):
    """Running calls, by key.

    Not a lock around the call, and not a call inside its first caller: that caller may be cancelled
    or killed, and then all waiters would have to start again, or would be cancelled with it.  A
    call is a task (or thread) of its own, which no caller's end affects.

    There is one table per event loop, because a task cannot wait for another loop's event; threads
    share one.  Waiters share a failure, each with an exception of its own (a shared one would
    collect their tracebacks); it is not remembered here.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._table: PeerLocal[dict[Hashable, AsyncFlight[V]]] = PeerLocal(dict)
        self._lock = threading.Lock()
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return the number of running calls."""
        return len(self._table.get())

    def waiting(self, key: Hashable) -> int:
        """Return how many callers wait for the call of ``key``."""
        with self._lock:
            flight = self._table.get().get(key)
            return 0 if flight is None else flight.waiters

    async def run(
        self,
        key: Hashable,
        call: Callable[[], Result[V]],
        admit: Callable[[], bool] = lambda: True,
        *,
        patience: float | None = None,
    ) -> Outcome[V] | None:
        """Return the outcome of the call of ``key``.

        A running call is joined.  Otherwise ``admit`` decides, under a lock, whether the call
        starts, or None is returned.  Raises TimeoutError after ``patience`` seconds; the call
        continues, and later callers join it.  A call that would wait for itself raises
        ConfigurationException at once.
        """
        due = None if patience is None else monotonic() + patience
        for _ in range(_MAX_RESTARTS):  # a stopped call has nothing to share
            # `admit` runs under the lock. Called before, it could admit two callers, the second of
            # which arrives after the first one's call has ended: the request would be sent twice.
            with self._lock:
                flights = self._table.get()
                flight = flights.get(key)
                began = flight is None
                if flight is None:
                    if not admit():
                        return None
                    flight = flights[key] = AsyncFlight(flights)
                flight.waiters += 1
            if flight in _executing.get():
                from ..._sessions.renewal_guard import waits_for_itself_error

                flight.error = waits_for_itself_error()  # its consequences say less
                raise flight.error
            if began:
                execute = partial(self._execute, key, flight, call)
                # If no thread is available the caller makes the call itself: better late and
                # cancellable than never.  Not by its deadline: a refresh token whose answer is not
                # waited for would be presented again.
                if not spawn(f"{self._name} {key}", execute):
                    with without_deadline():
                        await execute()
            if not await wait_for(flight.done, None if due is None else due - monotonic()):
                raise TimeoutError
            if flight.values:
                return Outcome(flight.values[0], began)
            if flight.error is not None:
                raise _shared_error(flight.error)
        raise NetworkException("the call was stopped before it had an outcome", code="call_stopped")

    def run_in_background(
        self,
        key: Hashable,
        call: Callable[[], Result[V]],
        admit: Callable[[], bool] = lambda: True,
    ) -> None:
        """Start the call of ``key`` without waiting for it, unless it is running.

        ``admit`` decides as in :meth:`run`.
        """
        with self._lock:
            flights = self._table.get()
            if key in flights or not admit():
                return
            flight = flights[key] = AsyncFlight(flights)
        if not spawn(f"{self._name} {key}", partial(self._execute, key, flight, call)):
            self._finish(key, flight)

    async def _execute(
        self, key: Hashable, flight: AsyncFlight[V], call: Callable[[], Result[V]]
    ) -> None:
        # A context variable, not a thread or task id: the call may pass its work to another one.
        outer = _executing.set((*_executing.get(), flight))
        try:
            flight.values.append(await call())
        except Exception as error:
            flight.error = flight.error or error
        finally:
            _executing.reset(outer)
            self._finish(key, flight)

    def _finish(self, key: Hashable, flight: AsyncFlight[V]) -> None:
        # The table of its start: this may be another thread, or a forked child.
        with self._lock:
            flight.table.pop(key, None)
        flight.done.set()


def _shared_error(error: Exception) -> Exception:
    if isinstance(error, PyIdentityModelException):
        return error.fresh()
    fresh = PyIdentityModelException(f"{type(error).__name__}: {error}")
    fresh.__cause__ = error
    return fresh

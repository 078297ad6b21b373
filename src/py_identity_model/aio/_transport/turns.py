"""Turns of fetches: each host has its own, and issuers that worked before have a reserve."""

from __future__ import annotations

import threading
from functools import partial
from time import monotonic
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from ..._fork import forget_in_child
from ..._seam.aio import Event, PeerLocal, wait_for
from ..._wire.turns import Ticket, TurnTable

_MOST_KNOWN = 4096


class _Table(TurnTable):
    """A table and its lock, which is never held while waiting."""

    def __init__(self, connections: int) -> None:
        super().__init__(connections)
        self.lock = threading.Lock()


class AsyncTurns:
    """Turns for the fetches of one client, or of the calls without one.

    ``connections`` is the maximum number of connections of the client.
    """

    def __init__(self, connections: int) -> None:
        self._tables = PeerLocal(partial(_Table, connections))
        # By address, and independent of the cache: evicted issuers still count as having worked.
        self._good: dict[str, None] = {}
        self._lock = threading.Lock()
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._lock = threading.Lock()

    # Not one table for the process: a task cannot be woken by another event loop's thread.
    @property
    def table(self) -> _Table:
        """The turns of those workers that can wait for each other."""
        return self._tables.get()

    def succeeded(self, url: str) -> None:
        """Remember a usable response from ``url``; the oldest of too many are forgotten."""
        with self._lock:
            self._good.pop(url, None)
            self._good[url] = None
            if len(self._good) > _MOST_KNOWN:
                del self._good[next(iter(self._good))]

    def has_succeeded(self, url: str) -> bool:
        """Return whether ``url`` had a usable response, and is still remembered."""
        return url in self._good

    def turn(self, url: str, due: float, *, apart: bool = False) -> AsyncTurn:
        """Return a turn for a request to ``url``, to be waited for until ``due``.

        ``apart`` counts an endpoint separately: one that hangs does not block its host's keys.
        """
        place = url if apart else host_of(url)
        return AsyncTurn(self, place, due, known=self.has_succeeded(url))


class AsyncTurn:
    """A turn, acquired at the beginning of each ``with`` block and released at its end."""

    def __init__(self, turns: AsyncTurns, host: str, due: float, *, known: bool) -> None:
        self._turns = turns
        self._host = host
        self._due = due
        self._known = known
        self._ticket: Ticket | None = None
        self.is_waiting = False

    async def __aenter__(self) -> Self:
        # Made here, not in `__init__`: one turn serves several attempts, and each waits again.
        came = Event()
        ticket = Ticket(self._host, known=self._known, due=self._due, grant=came.set)
        table = self._turns.table
        self._ticket = ticket
        with table.lock:
            table.enter(ticket, monotonic())
        if ticket.share is None:
            try:
                await self._wait(table, came)
            except BaseException:
                with table.lock:
                    table.leave(ticket)
                raise
        return self

    # An event per ticket, not one condition for all: that would wake a thousand waiters for each
    # turn, which only one of them gets.
    async def _wait(self, table: _Table, came: Event) -> None:
        self.is_waiting = True
        while (now := monotonic()) < self._due:
            with table.lock:
                first = table.next_expiry()
            if await wait_for(came, min(first, self._due) - now):
                self.is_waiting = False
                return
            with table.lock:
                table.expire(monotonic())
        raise TimeoutError

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._ticket is not None
        # Looked up again: a process forked in the block has its own table and lock.
        table = self._turns.table
        with table.lock:
            table.leave(self._ticket)


def host_of(url: str) -> str:
    """Return scheme, host and port: a server on another port is another host."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"

"""Admission control for requests that strangers can cause: which may run, which is next.

No I/O, no clock.  Anyone who sends a token can make a resource server request the keys of some
issuer.  A single counter for all of them, the obvious way, would let a few hanging issuers block
every other one, so connections are divided instead:

- among hosts: each gets a limited number, and never more than half of what is left.  However many
  tenants a hanging host has, and however many such hosts there are, the next host finds a place;
- between issuers: the part that every issuer may use comes first.  When it is used up, issuers that
  have worked before have a reserve, which unknown issuers cannot use.

Single flight limits each issuer: one request for its document, one for its keys.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from ..exceptions import NetworkException

_MOST_WAITING = 2000  # of each kind: each waits one deadline at most, but a flood brings thousands
_MOST_WAITING_AT_HOST = 1000  # so that one hanging host leaves the others their place in the queue
_COMMON, _RESERVE = 0.5, 0.2  # shares of all connections; the rest is for other requests
_HOST_COMMON, _HOST_RESERVE = (0.16, 32), (0.08, 16)  # the share of one host, and its upper limit


class Ticket:
    """A request that holds a turn or waits for one, until ``due`` at the latest.

    ``known`` says that its issuer has worked before; ``grant`` is called when its turn comes.
    """

    __slots__ = ("due", "grant", "host", "known", "share")

    def __init__(self, host: str, *, known: bool, due: float, grant: Callable[[], object]) -> None:
        self.host = host
        self.known = known
        self.due = due
        self.grant = grant
        self.share: Share | None = None


class Share:
    """A share of the connections, divided among hosts."""

    def __init__(self, total: int, per_host: int) -> None:
        self.free = total
        self._per_host = per_host
        self._used: dict[str, int] = {}

    def take(self, hosts: Iterable[str]) -> str | None:
        """Count one more for the first of ``hosts`` that may have it, and return that."""
        if self.free <= 0:
            return None
        most = min(self._per_host, max(1, self.free // 2))
        for host in hosts:
            used = self._used.get(host, 0)
            if used < most:
                self.free -= 1
                self._used[host] = used + 1
                return host
        return None

    def give_back(self, host: str) -> None:
        """Count one less for ``host``."""
        self.free += 1
        self._used[host] -= 1
        if not self._used[host]:
            del self._used[host]


class TurnTable:
    """The turns of a pool of ``connections``: which requests hold one, and which wait."""

    def __init__(self, connections: int) -> None:
        self._common = Share(
            _part(connections, _COMMON), min(_part(connections, _HOST_COMMON[0]), _HOST_COMMON[1])
        )
        self._reserve = Share(
            _part(connections, _RESERVE),
            min(_part(connections, _HOST_RESERVE[0]), _HOST_RESERVE[1]),
        )
        self._holding: set[Ticket] = set()
        self._known: dict[str, deque[Ticket]] = {}  # waiting, by host
        self._unknown: dict[str, deque[Ticket]] = {}
        self._order = (
            (self._known, (self._common, self._reserve)),
            (self._unknown, (self._common,)),
        )

    @property
    def holding(self) -> int:
        """The number of requests that hold a turn."""
        return len(self._holding)

    @property
    def waiting(self) -> int:
        """The number of requests that wait for one."""
        return sum(map(len, self._known.values())) + sum(map(len, self._unknown.values()))

    def enter(self, ticket: Ticket, now: float) -> None:
        """Give ``ticket`` a turn, now or when one becomes free.

        Raises NetworkException when too many are waiting already.
        """
        queues = self._queues(ticket)
        queues.setdefault(ticket.host, deque()).append(ticket)
        self._grant()
        # Overdue turns are collected only when one is missing, not at each request: it takes a
        # pass over all turns.
        if ticket.share is None:
            self.expire(now)
        if ticket.share is None and self._waiting_are_too_many(ticket):
            self.leave(ticket)
            raise NetworkException(
                f"too many requests are waiting for {ticket.host}", code="too_many_waiting"
            )

    def _waiting_are_too_many(self, ticket: Ticket) -> bool:
        """Return whether too many requests like ``ticket`` are waiting already."""
        queues = self._queues(ticket)
        if len(queues[ticket.host]) > _MOST_WAITING_AT_HOST:
            return True
        return sum(map(len, queues.values())) > _MOST_WAITING

    def leave(self, ticket: Ticket) -> None:
        """Release the turn of ``ticket``, or its place in the queue; repeated calls do nothing."""
        if ticket in self._holding:
            self._end(ticket)
            self._grant()
            return
        queues = self._queues(ticket)
        queue = queues.get(ticket.host)
        if queue is not None and ticket in queue:
            queue.remove(ticket)
            if not queue:
                del queues[ticket.host]

    def expire(self, now: float) -> None:
        """Stop counting requests that should have ended by ``now``.

        A thread cannot be interrupted: a request through an injected client may outlast every
        deadline.
        """
        for ticket in [one for one in self._holding if one.due <= now]:
            self._end(ticket)
        self._grant()

    def next_expiry(self) -> float:
        """Return the latest time at which the first turn ends; infinity if none is held."""
        return min((ticket.due for ticket in self._holding), default=float("inf"))

    def _queues(self, ticket: Ticket) -> dict[str, deque[Ticket]]:
        return self._known if ticket.known else self._unknown

    def _end(self, ticket: Ticket) -> None:
        assert ticket.share is not None
        self._holding.discard(ticket)
        ticket.share.give_back(ticket.host)

    def _grant(self) -> None:
        """Grant every turn that is free; a host that got one queues up behind the others."""
        for queues, shares in self._order:
            for share in shares:
                while (host := share.take(queues)) is not None:
                    queue = queues.pop(host)
                    ticket = queue.popleft()
                    if queue:
                        queues[host] = queue
                    ticket.share = share
                    self._holding.add(ticket)
                    ticket.grant()


def _part(connections: int, part: float) -> int:
    return max(1, int(connections * part))

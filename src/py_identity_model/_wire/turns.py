"""Turns of requests that strangers can cause: how many may be under way, and which is next.

No I/O, no clock.  Anyone who sends a token can make a resource server ask some issuer for its
keys.  One count for all of them, the obvious way, lets a few issuers that hang stop every other
one, so connections are divided instead:

- among hosts: each may have so many, and never more than half of what is left.  However many
  tenants a hanging host has, and however many such hosts there are, the next host finds a place;
- between issuers: what every issuer may use comes first.  Where that is used up, issuers that
  were good before have a reserve, which those that nobody has ever seen cannot touch.

Single flights bound each issuer: one request for its document, one for its keys.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from ..exceptions import NetworkException

_MOST_WAITING = 2000  # of each kind: one waits a deadline at most, but a flood brings thousands
_MOST_WAITING_AT_HOST = 1000  # so that one host that hangs leaves others their place in the queue
_COMMON, _RESERVE = 0.5, 0.2  # parts of all connections; the rest is for requests without turns
_HOST_COMMON, _HOST_RESERVE = (0.16, 32), (0.08, 16)  # the part of one host, and its bound


class Ticket:
    """A request that holds a turn or waits for one, until ``due`` at most.

    ``known`` says that its issuer was good before; ``grant`` is called when its turn comes.
    """

    __slots__ = ("due", "grant", "host", "known", "share")

    def __init__(self, host: str, *, known: bool, due: float, grant: Callable[[], object]) -> None:
        self.host = host
        self.known = known
        self.due = due
        self.grant = grant
        self.share: Share | None = None


class Share:
    """A part of the connections, divided among hosts."""

    def __init__(self, total: int, per_host: int) -> None:
        self.free = total
        self._per_host = per_host
        self._used: dict[str, int] = {}

    def admits(self, host: str) -> bool:
        """Whether ``host`` may have one more."""
        most = min(self._per_host, max(1, self.free // 2))
        return self.free > 0 and self._used.get(host, 0) < most

    def take(self, host: str) -> None:
        """Count one more for ``host``."""
        self.free -= 1
        self._used[host] = self._used.get(host, 0) + 1

    def give_back(self, host: str) -> None:
        """Count one less for ``host``."""
        self.free += 1
        self._used[host] -= 1
        if not self._used[host]:
            del self._used[host]


class TurnTable:
    """The turns of a pool of so many ``connections``: who holds one, and who waits."""

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

    @property
    def holding(self) -> int:
        """How many hold a turn."""
        return len(self._holding)

    @property
    def waiting(self) -> int:
        """How many wait for one."""
        return sum(map(len, self._known.values())) + sum(map(len, self._unknown.values()))

    def enter(self, ticket: Ticket, now: float) -> None:
        """Give ``ticket`` a turn, now or when its time comes.

        Raises NetworkException when too many wait already.
        """
        queues = self._queues(ticket)
        queues.setdefault(ticket.host, deque()).append(ticket)
        self._grant()
        if ticket.share is None:
            self.expire(now)
        if ticket.share is None and self._waiting_are_too_many(ticket):
            self.leave(ticket)
            raise NetworkException(
                f"too many requests wait for their turn at {ticket.host}", code="too_many_waiting"
            )

    def _waiting_are_too_many(self, ticket: Ticket) -> bool:
        """Whether ``ticket``, which has to wait, is one too many; only those like it count."""
        queues = self._queues(ticket)
        if len(queues[ticket.host]) > _MOST_WAITING_AT_HOST:
            return True
        return sum(map(len, queues.values())) > _MOST_WAITING

    def leave(self, ticket: Ticket) -> None:
        """Take the turn, or the place in the queue, of ``ticket`` back; twice is fine."""
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

        A thread cannot be interrupted: what it sends through a client that was passed in may
        outlast every deadline.
        """
        for ticket in [one for one in self._holding if one.due <= now]:
            self._end(ticket)
        self._grant()

    def next_expiry(self) -> float:
        """Return when the first turn ends at the latest; never, if none is held."""
        return min((ticket.due for ticket in self._holding), default=float("inf"))

    def _queues(self, ticket: Ticket) -> dict[str, deque[Ticket]]:
        return self._known if ticket.known else self._unknown

    def _end(self, ticket: Ticket) -> None:
        assert ticket.share is not None
        self._holding.discard(ticket)
        ticket.share.give_back(ticket.host)

    def _grant(self) -> None:
        while self._grant_one(self._known, (self._common, self._reserve)):
            pass
        while self._grant_one(self._unknown, (self._common,)):
            pass

    def _grant_one(self, queues: dict[str, deque[Ticket]], shares: tuple[Share, ...]) -> bool:
        """Grant the next turn; the host that got it queues up behind the others."""
        for share in shares:
            if share.free <= 0:
                continue
            host = next((one for one in queues if share.admits(one)), None)
            if host is not None:
                queue = queues.pop(host)
                self._hold(queue.popleft(), share)
                if queue:
                    queues[host] = queue
                return True
        return False

    def _hold(self, ticket: Ticket, share: Share) -> None:
        share.take(ticket.host)
        ticket.share = share
        self._holding.add(ticket)
        ticket.grant()


def _part(connections: int, part: float) -> int:
    return max(1, int(connections * part))

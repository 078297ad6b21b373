"""Cached answers: served while fresh or stale, fetched once however many ask."""

import time
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

from .._jose.keys import load_joserfc
from .._protocol.cache import Entry, EntryTable
from .._protocol.events import CacheEventKind as Kind
from .._protocol.events import events
from .._protocol.fetching import AS_CONFIGURED, ONCE, Attempt, Judged
from .._protocol.token_validation import unavailable
from .._seam.aio import Result
from .._settings import KID_MISS_REFRESH_COOLDOWN, STORE_SECONDS, Setting
from ..exceptions import KeysUnavailableException, NetworkException, TokenValidationException
from .flights import AsyncFlights
from .http import AsyncHTTPClient, chosen_client

V = TypeVar("V")

_LONGER = 0.5


class Loaded(NamedTuple, Generic[V]):
    """What a fetch brought: a value, or why there is none."""

    value: V | None = None
    failure: Judged[Any] | None = None


Place = tuple[Any, ...]
Load = Callable[[AsyncHTTPClient, Entry[V], Attempt], Result[Loaded[V]]]
"""Fetches with a client, into an entry, with so much effort."""


class AsyncShelf(Generic[V]):
    """Answers of one kind (``what``), by where they come from: keys are tuples, the URL first.

    ``hit`` is called for each one served without a request of its own, ``code`` goes into the
    exception for one that cannot be had; those that come ``first`` are refreshed before others.
    """

    def __init__(
        self, what: str, most: Setting, hit: Callable[[], None], *, code: str, first: bool = False
    ) -> None:
        self.clock = time.monotonic
        self.entries: EntryTable[V] = EntryTable(most, partial(self._tell, Kind.EVICTED))
        self.flights: AsyncFlights[Loaded[V]] = AsyncFlights(
            f"py_identity_model.{what}", needed_later=load_joserfc
        )
        self._what = what
        self._hit = hit
        self._code = code
        self._first = first

    async def get(
        self,
        client: AsyncHTTPClient | None,
        key: Place,
        load: Load[V],
        other: Entry[Any] | None = None,
    ) -> V:
        """Return the answer of ``key``; raises TokenValidationException.

        A stale one is served while a single attempt refreshes it behind, in turns with ``other``.
        Without one that may serve, the whole ladder of retries runs once, for all who wait.
        """
        now = self.clock()
        entry = self.entries.find(key)
        if entry is not None:
            value = entry.usable(now)
            if value is not None:
                self._hit()
                entry.last_used = now
                if now >= entry.fresh_until:
                    self._tell(Kind.STALE_SERVED, key)
                else:
                    events.tell(Kind.HIT, self._what, key[0])
                self.freshen(client, key, load, other)
                return value
        return await self.renew(client, key, load, AS_CONFIGURED)

    def freshen(
        self,
        client: AsyncHTTPClient | None,
        key: Place,
        load: Load[V],
        other: Entry[Any] | None,
    ) -> None:
        """Begin a refresh behind everybody's back if it is time, in turns with ``other``."""
        entry, now = self.entries.find(key), self.clock()
        if entry is None or entry.usable(now) is None:
            return
        if entry.wants_refresh(now, other, first=self._first):
            fetch = partial(self._fetch, load, chosen(client, key[0]), entry, key, ONCE)
            self.flights.start(key, fetch)

    async def renew(
        self, client: AsyncHTTPClient | None, key: Place, load: Load[V], attempt: Attempt
    ) -> V:
        """Return the answer of ``key`` as it is now, fetched once for all who ask meanwhile."""
        entry, owner = self.entries.claim(key, self.clock()), chosen(client, key[0])
        fetch = partial(self._fetch, load, owner, entry, key, attempt)
        landed = await self._join(key, fetch, lambda: True, owner)
        assert landed is not None
        loaded, began = landed
        if loaded.value is None:
            if entry.value is None:
                self.entries.drop(key, entry)
            raise self._failure(loaded)
        if not began:
            self._hit()
        return loaded.value

    async def newer(
        self,
        client: AsyncHTTPClient | None,
        key: Place,
        load: Load[V],
        seen: V,
        helps: Callable[[Any], bool],
    ) -> V | None:
        """Return an answer that came after ``seen``, fetching it if that was not just done.

        ``helps`` tells whether one that another process fetched will do.  None means that the
        cooldown forbids another request.  Raises TokenValidationException when the request failed.
        """
        entry = self.entries.claim(key, self.clock())
        if entry.value is not None and entry.value is not seen:
            return entry.value
        attempt, owner = ONCE._replace(helps=helps), chosen(client, key[0])
        fetch = partial(self._fetch, load, owner, entry, key, attempt)
        landed = await self._join(key, fetch, partial(self._admit, entry), owner)
        if landed is None:  # refused, or refreshed by others between the look and the question
            if entry.value is not seen:
                return entry.value
            self._tell(Kind.REFUSED_KID, key)
            return None
        loaded, _ = landed
        if loaded.value is None:
            raise self._failure(loaded)
        return loaded.value

    async def _fetch(
        self,
        load: Load[V],
        client: AsyncHTTPClient,
        entry: Entry[V],
        key: Place,
        attempt: Attempt,
    ) -> Loaded[V]:
        self._tell(Kind.MISS if entry.value is None else Kind.REFRESH, key)
        entry.fetching = True
        try:
            loaded = await load(client, entry, attempt)
        finally:
            entry.fetching = False
        if loaded.value is None:
            self._tell(Kind.FAILURE, key)
        return loaded

    def _tell(self, kind: Kind, key: Hashable) -> None:
        assert isinstance(key, tuple)
        events.emit(kind, self._what, key[0])

    def forgive(self, key: Place) -> None:
        """Lift the cooldown: a refresh brought what was looked for."""
        entry = self.entries.find(key)
        if entry is not None:
            entry.cooldown_until = 0.0

    def _admit(self, entry: Entry[V]) -> bool:
        now = self.clock()
        if now < entry.cooldown_until:
            return False
        entry.fetching = True  # before the cooldown begins: whoever sees it must wait, not fail
        entry.cooldown_until = now + KID_MISS_REFRESH_COOLDOWN.read()
        return True

    async def _join(
        self,
        key: Place,
        fetch: Callable[[], Result[Loaded[V]]],
        admit: Callable[[], bool],
        owner: AsyncHTTPClient,
    ) -> tuple[Loaded[V], bool] | None:
        # A thread inside a client that was passed in may read for ever: those who wait leave.
        try:
            return await self.flights.join(key, fetch, admit, patience(owner))
        except NetworkException as error:
            raise KeysUnavailableException(str(error), code=error.code) from None

    def _failure(self, loaded: Loaded[V]) -> TokenValidationException:
        assert loaded.failure is not None
        return unavailable(loaded.failure, self._code)


def patience(owner: AsyncHTTPClient) -> float:
    """Return how many seconds to wait for a fetch by ``owner``: a little longer than it may take.

    So its own error, which says more, comes first.
    """
    stores = 0.0 if owner.document_store is None else 2 * STORE_SECONDS
    return owner.total_timeout + stores + _LONGER


def chosen(client: AsyncHTTPClient | None, url: object = "") -> AsyncHTTPClient:
    """Return ``client``, or this worker's own; raises TokenValidationException if unusable.

    Chosen before a fetch leaves its caller, because each thread has its own client.
    """
    try:
        return chosen_client(client, url)
    except (RuntimeError, ValueError) as error:
        raise TokenValidationException(str(error), code="client_unusable") from None

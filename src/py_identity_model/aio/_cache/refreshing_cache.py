"""Refreshing caches: documents fetched once however many ask, and refreshed before they expire."""

import math
import time
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, Generic, TypeVar

from ..._jose.keys import joserfc_is_loaded, load_joserfc
from ..._seam.aio import Event, meanwhile, spawn
from ..._settings import KID_MISS_REFRESH_COOLDOWN, Setting
from ..._validation.cache_entry import Entry, EntryTable, FailureMemory, may_be_stored, time_to_live
from ..._validation.config import unavailable_error
from ..._validation.events import CacheEventKind as Kind
from ..._validation.events import events
from ..._validation.fetch_result import (
    AS_CONFIGURED,
    ONCE,
    PATIENT,
    Attempt,
    Caller,
    FetchResult,
    Location,
    attempt_for,
)
from ..._wire.discovery_policy import DiscoveryPolicy
from ...exceptions import (
    InvalidArgumentError,
    KeysUnavailableException,
    NetworkException,
    TokenValidationException,
)
from .._transport.http import AsyncHTTPClient, chosen_client, seconds_allowed
from .fetching import AsyncFetcher
from .single_flight import AsyncSingleFlight

V = TypeVar("V")

Key = tuple[Any, ...]
_GRACE = 1.0  # seconds after which a call that should have ended is not waited for any longer


class AsyncRefreshingCache(Generic[V]):
    """Documents of one kind, by address and policy.

    ``hit`` is called for each one served without a request of its own, ``count`` for each request,
    with whether something is cached; those that come ``first`` are refreshed before the others.
    """

    def __init__(
        self,
        fetcher: AsyncFetcher[V],
        most: Setting,
        *,
        hit: Callable[[], None],
        count: Callable[[bool], None],
        first: bool = False,
    ) -> None:
        self.clock = time.monotonic
        self.entries: EntryTable[V] = EntryTable(most, partial(self._emit, Kind.EVICTED))
        self.failures: FailureMemory[FetchResult[V]] = FailureMemory()
        self.single_flight: AsyncSingleFlight[FetchResult[V]] = AsyncSingleFlight(
            f"py_identity_model.{fetcher.kind.name}"
        )
        self._fetcher = fetcher
        self._kind = fetcher.kind
        self._hit = hit
        self._count = count
        self._first = first

    def clear(self) -> None:
        """Forget all documents and failures."""
        self.entries.clear()
        self.failures.clear()

    def find(self, address: str, policy: DiscoveryPolicy) -> Entry[V] | None:
        """Return the entry of a document, if there is one with a value."""
        return self.entries.find(self._kind.key_of(address, policy))

    async def get(
        self,
        location: Location,
        client: AsyncHTTPClient | None,
        caller: Caller,
        other: Entry[Any] | None = None,
    ) -> V:
        """Return the document at ``location``; raises TokenValidationException.

        A fresh one is served at once.  An expired one is served only if refreshing it failed, or
        takes too long.  One that is not cached is fetched once for all who wait, unless that
        failed a moment ago.  ``other`` is the entry of the provider's other document.
        """
        entry, now = self.entries.find(location.key), self.clock()
        if entry is not None and entry.usable(now) is not None:
            outcome = await self.revalidate(location, client, caller, other)
            value = entry.usable(self.clock())
            if value is None and outcome is not None:  # it may be served once, not cached
                value = outcome[0].value
            if value is not None:
                self._serve(entry, location, led=outcome is not None and outcome[1])
                return value
        failure = self._recent_failure(location, caller)
        if failure is not None:
            raise self._error(*failure)
        # For a name that a stranger chose one request must do: repeating it is what they want.
        attempt = ONCE if self._is_strange(location, caller) else AS_CONFIGURED
        entry = self.entries.get_or_create(location.key)
        admit = partial(self._is_needed, location, caller)
        loaded = await self._join(location, entry, client, caller, attempt, admit)
        if loaded is None:  # another call ended between the look and the question
            self.entries.drop_pending(location.key, entry)
            return await self.get(location, client, caller, other)
        if not loaded[1]:
            self._hit()
        return loaded[0]

    async def revalidate(
        self,
        location: Location,
        client: AsyncHTTPClient | None,
        caller: Caller,
        other: Entry[Any] | None = None,
    ) -> tuple[FetchResult[V], bool] | None:
        """Refresh what is cached if it is time; return the outcome if it was waited for.

        From nine tenths of its time on in the background, in turns with ``other``; once it has
        expired the caller waits, at most two seconds.
        """
        entry, now = self.entries.find(location.key), self.clock()
        if entry is None or now < entry.refresh_at:
            return None
        wait = entry.must_be_refreshed(now, other, first=self._first)
        if not wait and not entry.wants_refresh(now, other, first=self._first):
            return None
        call = self._call(location, entry, require_client(client, location.address), ONCE)
        patience = caller.stale_patience() if wait else 0
        if patience == 0:
            self.single_flight.run_in_background(location.key, call)
            return None
        try:
            return await self.single_flight.run(location.key, call, patience=patience)
        except TimeoutError:
            entry.record_no_news(self.clock())
        except NetworkException:
            pass  # stopped: what is cached is still served
        return None

    async def refresh(self, location: Location, client: AsyncHTTPClient | None) -> V:
        """Return the document as it is now, fetched once for all who ask meanwhile."""
        entry = self.entries.get_or_create(location.key)
        attempt = Attempt(retries=0, max_age=0.0)
        caller = PATIENT.starting_now()
        loaded = await self._join(location, entry, client, caller, attempt, lambda: True)
        assert loaded is not None
        if not loaded[1]:
            self._hit()
        return loaded[0]

    async def get_newer_than(
        self,
        seen: V,
        location: Location,
        client: AsyncHTTPClient | None,
        caller: Caller,
        accepts: Callable[[V], bool],
    ) -> V | None:
        """Return a document that came after ``seen``, fetching it if that was not just done.

        ``accepts`` says whether one that another process fetched will do.  None means that the
        cooldown forbids another request.  Raises TokenValidationException when the request failed.
        """
        entry = self.entries.get_or_create(location.key)
        if entry.value is not None and entry.value is not seen:
            return entry.value
        attempt = ONCE._replace(accepts=accepts)
        admit = partial(self._may_look_for_newer, entry)
        loaded = await self._join(location, entry, client, caller, attempt, admit)
        if loaded is None:  # refused, or refreshed by others between the look and the question
            if entry.value is not seen:
                return entry.value
            self._emit(Kind.REFUSED_KID, location.key)
            return None
        return seen if self._kind.is_empty(loaded[0]) else loaded[0]

    async def _join(
        self,
        location: Location,
        entry: Entry[V],
        client: AsyncHTTPClient | None,
        caller: Caller,
        attempt: Attempt,
        admit: Callable[[], bool],
    ) -> tuple[V, bool] | None:
        """Return what is fetched once for all who ask, and whether this caller began it.

        None where ``admit`` refuses.  Raises TokenValidationException for a failure, and when
        waiting for it took too long.
        """
        owner = require_client(client, location.address)
        # A call ends by its own deadline.  Where it does not (a peer that drips header fields to
        # an injected client of the blocking API), those who wait for it do.
        longest = longest_call(owner)
        patience = min(caller.patience(), longest)
        call = self._call(location, entry, owner, attempt)
        try:
            outcome = await self.single_flight.run(location.key, call, admit, patience=patience)
        except TimeoutError:
            end = f"within {patience:.3g} s" if patience < longest else "before the total deadline"
            text = f"the {self._kind.label} did not come {end}"
            raise KeysUnavailableException(text, details={"retry_after": 1.0}) from None
        except NetworkException as error:
            raise KeysUnavailableException(str(error), code=error.code) from None
        if outcome is None:
            return None
        result, led = outcome
        if result.value is None:
            raise self._error(result)
        return result.value, led

    def _call(
        self, location: Location, entry: Entry[V], client: AsyncHTTPClient, attempt: Attempt
    ) -> Callable[[], Any]:
        """Return what fetches a document into ``entry``."""
        return partial(self._fetch, location.frozen(), entry, client, attempt)

    async def _fetch(
        self, location: Location, entry: Entry[V], client: AsyncHTTPClient, attempt: Attempt
    ) -> FetchResult[V]:
        cached = entry.value is not None
        self._emit(Kind.REFRESH if cached else Kind.MISS, location.key)
        entry.fetching = True
        fetched = _warm_up()
        known, etag = entry.version  # read once: another event loop may refresh the entry too
        began = self.clock()
        attempt = attempt_for(attempt, entry, etag, began, self._kind.ttl)
        try:
            result = await self._fetcher.fetch(
                location, client, attempt, partial(self._count, cached)
            )
            return self._apply(location.key, entry, result, known, began)
        finally:
            if entry.value is None:
                self.entries.drop(location.key, entry)
            entry.fetching = False
            if fetched is not None:
                fetched.set()

    def _apply(
        self, key: Key, entry: Entry[V], result: FetchResult[V], known: V | None, began: float
    ) -> FetchResult[V]:
        """Cache what came, or remember why nothing did; return the result with its value."""
        now = self.clock()
        value = known if result.unchanged else result.value
        if value is not None and entry.is_newer_than(began - result.age):
            # Another event loop was faster: what was asked for before must not bring back keys
            # that have been removed since.
            return result._replace(value=entry.value)
        if value is None:
            entry.record_failure(now)
            self._emit(Kind.FAILURE, key)
        elif self._kind.is_empty(value):
            # Nothing in it proves nothing: a provider that forgot its keys for a moment must not
            # end every session.
            entry.reset_cooldown_once(now)
            if entry.usable(now) is None:
                result, value = self._kind.empty, None
        elif may_be_stored(result.cache_control):
            # Plans compare the object: an equal one need not end them.
            value = entry.value if entry.value == value and entry.value is not None else value
            ttl = time_to_live(result.cache_control, self._kind.ttl)
            entry.accept(value, now - result.age, ttl, result.etag)
            self.entries.store(key, entry, now)
        else:
            self.entries.drop(key, entry)
        if value is not None:
            self.failures.forget(key)
        elif entry.usable(now) is None and not result.unasked:
            self.failures.record(key, result, now)
        return result._replace(value=value)

    def _recent_failure(
        self, location: Location, caller: Caller
    ) -> tuple[FetchResult[V], float] | None:
        strange = self._is_strange(location, caller)
        return self.failures.find(location.key, self.clock(), from_stranger=strange)

    def _is_strange(self, location: Location, caller: Caller) -> bool:
        """Whether a stranger named a provider that was never good before."""
        return caller.from_stranger and self.entries.find(location.key) is None

    def _is_needed(self, location: Location, caller: Caller) -> bool:
        """Whether nobody else just did what a caller is about to do."""
        if self._recent_failure(location, caller) is not None:
            return False
        entry = self.entries.find(location.key)
        return entry is None or self.clock() >= entry.fresh_until

    def _error(self, result: FetchResult[V], retry_after: float = 1.0) -> TokenValidationException:
        code = result.code or self._kind.code
        return unavailable_error(result, code, retry_after=retry_after)

    def _may_look_for_newer(self, entry: Entry[V]) -> bool:
        now = self.clock()
        if now < entry.cooldown_until:
            return False
        entry.fetching = True  # before the cooldown begins: whoever sees it must wait, not fail
        entry.cooldown_until = now + KID_MISS_REFRESH_COOLDOWN.read()
        return True

    def _emit(self, kind: Kind, key: Hashable) -> None:
        assert isinstance(key, tuple)
        events.emit(kind, self._kind.name, key[0])

    def _serve(self, entry: Entry[V], location: Location, *, led: bool) -> None:
        """Count that what is cached was served."""
        now = entry.last_used = self.clock()
        if not led:
            self._hit()
        if now >= entry.fresh_until:
            events.emit(Kind.STALE_SERVED, self._kind.name, location.address)
        else:
            events.report(Kind.HIT, self._kind.name, location.address)


def _warm_up() -> Event | None:
    """Load what verifies signatures while the first document is fetched.

    Returns what ends that if it has not begun when the document is there.
    """
    if joserfc_is_loaded():
        return None
    fetched = Event()
    spawn("py_identity_model.warm_up", partial(meanwhile, load_joserfc, fetched))
    return fetched


def longest_call(client: AsyncHTTPClient) -> float:
    """Return after how many seconds a call by ``client`` is not waited for any longer."""
    try:
        return seconds_allowed(client) + _GRACE
    except InvalidArgumentError:  # a setting that cannot be used: the call itself will say so
        return math.inf


def require_client(client: AsyncHTTPClient | None, url: object = "") -> AsyncHTTPClient:
    """Return ``client``, or this worker's own; raises TokenValidationException if unusable."""
    try:
        return chosen_client(client, url)
    except (RuntimeError, ValueError) as error:
        raise TokenValidationException(str(error), code="client_unusable") from None

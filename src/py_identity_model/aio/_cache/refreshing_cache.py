"""Caches whose documents are fetched once for all callers, and refreshed before they expire."""

import math
import time
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, Generic, TypeVar

from ..._seam.aio import sleep
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
    CacheKey,
    Caller,
    FetchResult,
    Location,
)
from ..._wire.discovery_policy import DiscoveryPolicy
from ...exceptions import (
    InvalidArgumentError,
    KeysUnavailableException,
    NetworkException,
    TokenValidationException,
)
from .._transport.http import AsyncHTTPClient, chosen_client
from .fetching import AsyncFetcher
from .single_flight import AsyncSingleFlight, Outcome

V = TypeVar("V")

_GRACE = 1.0  # seconds after which an overdue call is not waited for any longer


class AsyncRefreshingCache(Generic[V]):
    """Documents of one kind, by address and policy, limited in number by ``most``."""

    def __init__(self, fetcher: AsyncFetcher[V], most: Setting) -> None:
        self.clock = time.monotonic
        self.entries: EntryTable[V] = EntryTable(most, partial(self._emit, Kind.EVICTED))
        self.failures: FailureMemory[FetchResult[V]] = FailureMemory()
        self.single_flight: AsyncSingleFlight[FetchResult[V]] = AsyncSingleFlight(
            f"py_identity_model.{fetcher.kind.name}"
        )
        self._fetcher = fetcher
        self._kind = fetcher.kind

    def clear(self) -> None:
        """Remove all documents and failures."""
        self.entries.clear()
        self.failures.clear()

    def find(self, address: str, policy: DiscoveryPolicy) -> Entry[V] | None:
        """Return the entry of a document, if it has a value."""
        return self.entries.find(self._kind.key_of(address, policy))

    async def get(
        self,
        location: Location,
        client: AsyncHTTPClient | None,
        caller: Caller,
        other: Entry[Any] | None = None,
    ) -> V:
        """Return the document at ``location``; raise TokenValidationException.

        A fresh one is served at once.  An expired one is served only if its refresh failed or takes
        too long.  One that is not cached is fetched once for all waiting callers, unless that has
        just failed.  ``other`` is the entry of the provider's other document.
        """
        entry, now = self.entries.find(location.key), self.clock()
        if entry is not None and entry.usable(now) is not None:
            outcome = await self.revalidate(location, client, caller, other)
            value = entry.usable(self.clock())
            if value is None and outcome is not None:  # it may be served once, not cached
                value = outcome.value.value
            if value is not None:
                self._serve(entry, location, led=outcome is not None and outcome.began)
                return value
        failure = self._recent_failure(location, caller)
        if failure is not None:
            await sleep(0)  # so that a caller that tries again at once lets others run
            raise self._error(*failure)
        owner = require_client(client, location.address)
        # A single request for a name that a stranger chose: retries would be what they want.
        attempt = ONCE if self._is_strange(location, caller) else AS_CONFIGURED
        entry = self.entries.get_or_create(location.key)
        admit = partial(self._is_needed, location, caller)
        loaded = await self._join(location, entry, owner, caller, attempt, admit)
        if loaded is None:  # another call ended since the check
            self.entries.drop_pending(location.key, entry)
            return await self.get(location, client, caller, other)
        if not loaded.began:
            self._kind.count_hit()
        return loaded.value

    async def revalidate(
        self,
        location: Location,
        client: AsyncHTTPClient | None,
        caller: Caller,
        other: Entry[Any] | None = None,
    ) -> Outcome[FetchResult[V]] | None:
        """Refresh the cached value if due; return the outcome if it was waited for.

        From nine tenths of its lifetime on in the background, alternating with ``other``; once it
        has expired the caller waits, at most two seconds.
        """
        entry, now = self.entries.find(location.key), self.clock()
        if entry is None or now < entry.refresh_at:
            return None
        wait = entry.must_be_refreshed(now, other, first=self._kind.first)
        if not wait and not entry.wants_refresh(now, other, first=self._kind.first):
            return None
        call = self._call(location, entry, require_client(client, location.address), ONCE)
        # Asked again once the call would start: another one may have ended since.
        admit = partial(self._is_due, entry, other, wait=wait)
        patience = caller.stale_patience() if wait else 0
        if patience == 0:
            self.single_flight.run_in_background(location.key, call, admit)
            return None
        try:
            return await self.single_flight.run(location.key, call, admit, patience=patience)
        except TimeoutError:
            entry.record_no_news(self.clock())
        except NetworkException:
            pass  # stopped: the cached value is still served
        return None

    def _is_due(self, entry: Entry[V], other: Entry[Any] | None, *, wait: bool) -> bool:
        is_due = entry.must_be_refreshed if wait else entry.wants_refresh
        return is_due(self.clock(), other, first=self._kind.first)

    async def refresh(self, location: Location, client: AsyncHTTPClient | None) -> V:
        """Return the current document, fetched once for all concurrent callers."""
        owner = require_client(client, location.address)
        entry = self.entries.get_or_create(location.key)
        attempt = Attempt(retries=0, max_age=0.0)
        caller = PATIENT.starting_now()
        loaded = await self._join(location, entry, owner, caller, attempt, lambda: True)
        assert loaded is not None
        if not loaded.began:
            self._kind.count_hit()
        return loaded.value

    async def get_newer_than(
        self,
        seen: V,
        location: Location,
        client: AsyncHTTPClient | None,
        caller: Caller,
        accepts: Callable[[V], bool],
    ) -> V | None:
        """Return a document newer than ``seen``, fetching it unless that was just done.

        ``accepts`` decides about one that another process fetched.  None means that the cooldown
        forbids another request.  Raises TokenValidationException when the request failed.
        """
        entry = self.entries.get_or_create(location.key)
        if entry.value is not None and entry.value is not seen:
            return entry.value
        owner = require_client(client, location.address)
        attempt = ONCE._replace(accepts=accepts)
        admit = partial(self._may_look_for_newer, entry)
        loaded = await self._join(location, entry, owner, caller, attempt, admit)
        if loaded is None:  # refused, or refreshed by others since the check
            if entry.value is not seen:
                return entry.value
            self._emit(Kind.REFUSED_KID, location.key)
            return None
        return seen if self._kind.is_empty(loaded.value) else loaded.value

    async def _join(
        self,
        location: Location,
        entry: Entry[V],
        client: AsyncHTTPClient,
        caller: Caller,
        attempt: Attempt,
        admit: Callable[[], bool],
    ) -> Outcome[V] | None:
        """Return the document, fetched once for all waiting callers.

        None if ``admit`` refuses.  Raises TokenValidationException for a failure, and when waiting
        for it took too long.
        """
        # A call ends by its own deadline. If it does not (a peer that sends header fields slowly to
        # an injected client of the blocking API), the waiting callers leave.
        longest = longest_call(client)
        patience = min(caller.patience(), longest)
        call = self._call(location, entry, client, attempt)
        try:
            outcome = await self.single_flight.run(location.key, call, admit, patience=patience)
        except TimeoutError:
            end = f"within {patience:.3g} s" if patience < longest else "before the total deadline"
            text = f"the {self._kind.label} was not received {end}"
            raise KeysUnavailableException(text, details={"retry_after": 1.0}) from None
        except NetworkException as error:
            raise KeysUnavailableException(str(error), code=error.code) from None
        if outcome is None:
            return None
        result = outcome.value
        if result.value is None:
            raise self._error(result)
        return Outcome(result.value, outcome.began)

    def _call(
        self, location: Location, entry: Entry[V], client: AsyncHTTPClient, attempt: Attempt
    ) -> Callable[[], Any]:
        """Return the call that fetches a document into ``entry``."""
        return partial(self._fetch, location.frozen(), entry, client, attempt)

    async def _fetch(
        self, location: Location, entry: Entry[V], client: AsyncHTTPClient, attempt: Attempt
    ) -> FetchResult[V]:
        self._emit(Kind.MISS if entry.value is None else Kind.REFRESH, location.key)
        entry.fetching = True
        began = self.clock()
        attempt = attempt.for_cached(entry.age(began))
        # The result is stored here, in the call's own task, not by its waiters: all of them may
        # have left, and the next caller must still find it.
        try:
            result = await self._fetcher.fetch(location, client, entry, attempt)
            return self._apply(location.key, entry, result, began)
        finally:
            if entry.value is None:
                self.entries.drop(location.key, entry)
            entry.fetching = False

    def _apply(
        self, key: CacheKey, entry: Entry[V], result: FetchResult[V], began: float
    ) -> FetchResult[V]:
        """Cache the result, or remember its failure; return it with its value."""
        now, value = self.clock(), result.value
        if value is not None and entry.is_newer_than(began - result.age):
            # Another event loop was faster: an earlier request must not restore keys that have been
            # removed since.
            return result._replace(value=entry.value)
        if value is None:
            entry.record_failure(now)
            self._emit(Kind.FAILURE, key)
        elif self._kind.is_empty(value):
            # An empty set is inconclusive: a provider that lost its keys for a moment must not end
            # every session.
            entry.reset_cooldown_once(now)
            if entry.usable(now) is None:
                result, value = self._kind.empty, None
        elif may_be_stored(result.cache_control):
            # Prepared validators compare by identity: an equal value need not invalidate them.
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
        """Return whether a stranger named a provider that never worked before."""
        return caller.from_stranger and self.entries.find(location.key) is None

    def _is_needed(self, location: Location, caller: Caller) -> bool:
        """Return whether no other call has just done what a caller is about to do."""
        # Called under the lock of the single flight, so it reads only memory.
        entry, now = self.entries.find(location.key), self.clock()
        strange = caller.from_stranger and entry is None
        if self.failures.find(location.key, now, from_stranger=strange) is not None:
            return False
        return entry is None or now >= entry.fresh_until

    def _error(self, result: FetchResult[V], retry_after: float = 1.0) -> TokenValidationException:
        code = result.code or self._kind.code
        return unavailable_error(result, code, retry_after=retry_after)

    def _may_look_for_newer(self, entry: Entry[V]) -> bool:
        now = self.clock()
        if now < entry.cooldown_until:
            return False
        entry.fetching = True  # before the cooldown begins: callers that see it must wait, not fail
        entry.cooldown_until = now + KID_MISS_REFRESH_COOLDOWN.read()
        return True

    def _emit(self, kind: Kind, key: Hashable) -> None:
        assert isinstance(key, tuple)
        events.emit(kind, self._kind.name, key[0])

    def _serve(self, entry: Entry[V], location: Location, *, led: bool) -> None:
        """Count that a cached value was served."""
        now = entry.last_used = self.clock()
        if not led:
            self._kind.count_hit()
        if now >= entry.fresh_until:
            events.emit(Kind.STALE_SERVED, self._kind.name, location.address)
        else:
            events.report(Kind.HIT, self._kind.name, location.address)


def longest_call(client: AsyncHTTPClient) -> float:
    """Return after how many seconds a call of ``client`` is no longer waited for."""
    try:
        return client.total_timeout + _GRACE
    except InvalidArgumentError:  # an invalid setting: the call itself reports it
        return math.inf


def require_client(client: AsyncHTTPClient | None, url: object = "https:") -> AsyncHTTPClient:
    """Return ``client``, or this worker's own; raise TokenValidationException if unusable."""
    try:
        return chosen_client(client, url)
    except (RuntimeError, ValueError) as error:
        raise TokenValidationException(str(error), code="client_unusable") from None

"""Refreshing caches: documents fetched once however many ask, and refreshed before they expire."""

import math
import sys
import time
from collections.abc import Callable, Hashable
from copy import deepcopy
from functools import partial
from typing import Any, Generic, TypeVar

from .._jose.keys import load_joserfc
from .._protocol.cache import Entry, EntryTable, FailureMemory, may_be_stored, time_to_live
from .._protocol.events import CacheEventKind as Kind
from .._protocol.events import events
from .._protocol.fetching import AS_CONFIGURED, ONCE, Attempt, Caller, FetchResult, attempt_for
from .._protocol.policy import DiscoveryPolicy
from .._protocol.token_validation import unavailable_error
from .._seam.aio import Event, meanwhile, spawn
from .._settings import KID_MISS_REFRESH_COOLDOWN, Setting
from ..exceptions import (
    InvalidArgumentError,
    KeysUnavailableException,
    NetworkException,
    TokenValidationException,
)
from .fetching import AsyncFetcher
from .http import AsyncHTTPClient, chosen_client, seconds_allowed
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
        address: str,
        policy: DiscoveryPolicy,
        client: AsyncHTTPClient | None,
        caller: Caller,
        other: Entry[Any] | None = None,
    ) -> V:
        """Return the document at ``address``; raises TokenValidationException.

        A fresh one is served at once.  An expired one is served only if refreshing it failed, or
        takes too long.  One that is not cached is fetched once for all who wait.  ``other`` is the
        provider's other document.
        """
        entry = self.find(address, policy)
        if entry is None or entry.usable(self.clock()) is None:
            return await self._load(address, policy, client, caller)
        outcome = await self.revalidate(address, policy, client, caller, other)
        now = self.clock()
        value = entry.usable(now)
        if value is None:  # no longer cached
            value = None if outcome is None else outcome[0].value
            if value is None:
                return await self._load(address, policy, client, caller)
        if outcome is None or not outcome[1]:
            self._hit()
        entry.last_used = now
        self._emit_served(entry, address, now)
        return value

    async def revalidate(
        self,
        address: str,
        policy: DiscoveryPolicy,
        client: AsyncHTTPClient | None,
        caller: Caller,
        other: Entry[Any] | None = None,
    ) -> tuple[FetchResult[V], bool] | None:
        """Refresh what is cached if it is time; return the outcome if it was waited for.

        From nine tenths of its time on in the background, in turns with ``other``; once it has
        expired the caller waits, at most two seconds.
        """
        key = self._kind.key_of(address, policy)
        entry, now = self.entries.find(key), self.clock()
        if entry is None or now < entry.refresh_at:
            return None
        wait = entry.must_be_refreshed(now, other, first=self._first)
        if not wait and not entry.wants_refresh(now, other, first=self._first):
            return None
        call = self._call(key, entry, address, policy, client, ONCE)
        patience = caller.stale_patience()
        if not wait or patience == 0:
            self.single_flight.run_in_background(key, call)
            return None
        try:
            return await self.single_flight.run(key, call, patience=patience)
        except TimeoutError:
            entry.record_no_news(self.clock())
        except NetworkException:
            pass  # stopped: what is cached is still served
        return None

    async def refresh(
        self, address: str, policy: DiscoveryPolicy, client: AsyncHTTPClient | None
    ) -> V:
        """Return the document as it is now, fetched once for all who ask meanwhile."""
        attempt = Attempt(retries=0, max_age=0.0)
        return await self._fetch_shared(address, policy, client, Caller.now(), attempt)

    async def get_newer_than(
        self,
        seen: V,
        address: str,
        policy: DiscoveryPolicy,
        client: AsyncHTTPClient | None,
        caller: Caller,
        accepts: Callable[[V], bool],
    ) -> V | None:
        """Return a document that came after ``seen``, fetching it if that was not just done.

        ``accepts`` says whether one that another process fetched will do.  None means that the
        cooldown forbids another request.  Raises TokenValidationException when the request failed.
        """
        key = self._kind.key_of(address, policy)
        entry = self.entries.get_or_create(key)
        if entry.value is not None and entry.value is not seen:
            return entry.value
        attempt = ONCE._replace(accepts=accepts)
        call = self._call(key, entry, address, policy, client, attempt)
        admit = partial(self._may_look_for_newer, entry)
        outcome = await self._run(key, call, admit, client, caller)
        if outcome is None:  # refused, or refreshed by others between the look and the question
            if entry.value is not seen:
                return entry.value
            self._emit(Kind.REFUSED_KID, key)
            return None
        result = outcome[0]
        if result.value is None:
            raise self._error(result)
        return seen if self._kind.is_empty(result.value) else result.value

    async def _load(
        self,
        address: str,
        policy: DiscoveryPolicy,
        client: AsyncHTTPClient | None,
        caller: Caller,
    ) -> V:
        """Fetch what is not cached, unless that failed a moment ago."""
        key = self._kind.key_of(address, policy)
        failure = self._recent_failure(key, caller)
        if failure is not None:
            raise self._error(*failure)
        # For a name that a stranger chose one request must do: repeating it is what they want.
        attempt = ONCE if self._is_strange(key, caller) else AS_CONFIGURED
        return await self._fetch_shared(address, policy, client, caller, attempt)

    async def _fetch_shared(
        self,
        address: str,
        policy: DiscoveryPolicy,
        client: AsyncHTTPClient | None,
        caller: Caller,
        attempt: Attempt,
    ) -> V:
        key = self._kind.key_of(address, policy)
        entry = self.entries.get_or_create(key)
        call = self._call(key, entry, address, policy, client, attempt)
        admit = partial(self._is_needed, key, caller, attempt)
        outcome = await self._run(key, call, admit, client, caller)
        if outcome is None:  # another call ended between the look and the question
            return await self.get(address, policy, client, caller)
        result, led = outcome
        if result.value is None:
            raise self._error(result)
        if not led:
            self._hit()
        return result.value

    def _call(
        self,
        key: Key,
        entry: Entry[V],
        address: str,
        policy: DiscoveryPolicy,
        client: AsyncHTTPClient | None,
        attempt: Attempt,
    ) -> Callable[[], Any]:
        """Return what fetches a document into ``entry``."""
        # The client is chosen here, because each thread has its own and the call has a thread of
        # its own; the policy is copied, because its owner may change it while the call is under
        # way, and the answer must be judged by the rules under which it will be found.
        chosen = require_client(client, address)
        return partial(self._fetch, key, entry, address, deepcopy(policy), chosen, attempt)

    async def _fetch(
        self,
        key: Key,
        entry: Entry[V],
        address: str,
        policy: DiscoveryPolicy,
        client: AsyncHTTPClient,
        attempt: Attempt,
    ) -> FetchResult[V]:
        cached = entry.value is not None
        self._emit(Kind.REFRESH if cached else Kind.MISS, key)
        entry.fetching = True
        fetched = _warm_up()
        known = entry.version[0]
        attempt = attempt_for(attempt, entry, self.clock(), self._kind.ttl)
        try:
            result = await self._fetcher.fetch(
                address, policy, client, attempt, partial(self._count, cached)
            )
            return self._apply(key, entry, result, known)
        finally:
            if entry.value is None:
                self.entries.drop(key, entry)
            entry.fetching = False
            if fetched is not None:
                fetched.set()

    def _apply(
        self, key: Key, entry: Entry[V], result: FetchResult[V], known: V | None
    ) -> FetchResult[V]:
        """Cache what came, or remember why nothing did; return the result with its value."""
        now = self.clock()
        value = known if result.unchanged else result.value
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
        elif entry.usable(now) is None:
            self.failures.record(key, result, now)
        return result._replace(value=value)

    async def _run(
        self,
        key: Key,
        call: Callable[[], Any],
        admit: Callable[[], bool],
        client: AsyncHTTPClient | None,
        caller: Caller,
    ) -> tuple[FetchResult[V], bool] | None:
        """Have a call made once; raises KeysUnavailableException when waiting took too long."""
        # A call ends by its own deadline.  Where it does not (a peer that drips header fields to
        # an injected client of the blocking API), those who wait for it do.
        patience = min(caller.patience(), _longest_call(client))
        try:
            return await self.single_flight.run(key, call, admit, patience=patience)
        except TimeoutError:
            text = f"the {self._kind.label} did not come within {patience:.3g} s"
            raise KeysUnavailableException(text, details={"retry_after": 1.0}) from None
        except NetworkException as error:
            raise KeysUnavailableException(str(error), code=error.code) from None

    def _recent_failure(self, key: Key, caller: Caller) -> tuple[FetchResult[V], float] | None:
        strange = self._is_strange(key, caller)
        return self.failures.find(key, self.clock(), from_stranger=strange)

    def _is_strange(self, key: Key, caller: Caller) -> bool:
        """Whether a stranger named a provider that was never good before."""
        return caller.from_stranger and self.entries.find(key) is None

    def _is_needed(self, key: Key, caller: Caller, attempt: Attempt) -> bool:
        """Whether nobody else just did what a caller is about to do."""
        if attempt.max_age == 0:
            return True
        if self._recent_failure(key, caller) is not None:
            return False
        entry = self.entries.find(key)
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

    def _emit_served(self, entry: Entry[V], address: str, now: float) -> None:
        if now >= entry.fresh_until:
            events.emit(Kind.STALE_SERVED, self._kind.name, address)
        else:
            events.tell(Kind.HIT, self._kind.name, address)


def _warm_up() -> Event | None:
    """Load what verifies signatures while the first document is fetched.

    Returns what ends that if it has not begun when the document is there.
    """
    if "joserfc.jws" in sys.modules:
        return None
    fetched = Event()
    spawn("py_identity_model.warm_up", partial(meanwhile, load_joserfc, fetched))
    return fetched


def _longest_call(client: AsyncHTTPClient | None) -> float:
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

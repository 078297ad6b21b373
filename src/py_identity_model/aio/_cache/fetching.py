"""Fetchers of provider documents, which may reuse what another process fetched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from time import time
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..._activities import Activity
from ..._jose.keys import joserfc_is_loaded, load_joserfc
from ..._logging import logger, redact_url
from ..._seam.aio import Event, run_while_waiting, spawn
from ..._validation.cache_entry import Entry, may_be_stored
from ..._validation.fetch_result import (
    AS_CONFIGURED,
    Attempt,
    DocumentKind,
    FetchResult,
    Location,
    StoredResponse,
    stored_key,
)
from ..._wire.messages import HttpRequest, HttpResponse
from .._transport.http import AsyncHTTPClient
from .._transport.sending import send

if TYPE_CHECKING:
    from .._transport.stores import AsyncBestEffortStore

V = TypeVar("V")

_LONGEST_LOGGED = 200  # characters
_NONE_KNOWN: tuple[None, None] = None, None


class AsyncFetcher(Generic[V]):
    """Fetches documents of one kind; the caches and the uncached functions share it."""

    def __init__(self, kind: DocumentKind[V]) -> None:
        self.kind = kind

    async def fetch(
        self,
        location: Location,
        client: AsyncHTTPClient | None,
        previous: Entry[V] | None = None,
        attempt: Attempt = AS_CONFIGURED,
    ) -> FetchResult[V]:
        """Return the document at ``location``; never raises.

        ``previous`` is the cache entry to refresh: such a request is counted, waits for its turn,
        and is conditional if a version is known.
        """
        kind = self.kind
        with Activity("fetch", kind.name, location.address) as running:
            try:
                with _loading_joserfc(previous):
                    return await self._request(location, client, previous, attempt, counted=True)
            except Exception as error:
                unasked = getattr(error, "code", None) == "too_many_waiting"
                result = kind.failed(error)._replace(unasked=unasked)
            other = kind.elsewhere(location.address) if result.status_code == 404 else None
            if other is not None:
                found = await self._try(location._replace(address=other), client, previous, attempt)
                if found is not None:
                    return found
            reason = result.error_kind
            running.fail("unknown" if reason is None else reason.value)
            place = redact_url(str(location.address))
            logger.error("%s failed: %s: %s", kind.operation, place, _reason(result))
            return result

    async def _try(
        self,
        location: Location,
        client: AsyncHTTPClient | None,
        previous: Entry[V] | None,
        attempt: Attempt,
    ) -> FetchResult[V] | None:
        """Return the document at ``location`` if one request obtains it."""
        try:
            return await self._request(location, client, previous, attempt._replace(retries=0))
        except Exception as error:
            logger.info(
                "the %s is not at the other address either: %s",
                self.kind.label,
                type(error).__name__,
            )
            return None

    async def _request(
        self,
        location: Location,
        client: AsyncHTTPClient | None,
        previous: Entry[V] | None,
        attempt: Attempt,
        *,
        counted: bool = False,
    ) -> FetchResult[V]:
        """Return the document; raise the exceptions of building, sending and parsing."""
        kind = self.kind
        request = kind.build(location.address, location.policy)
        if counted and previous is not None:
            kind.count_request(previous.value is not None)
        logger.info("fetching the %s %s", kind.label, redact_url(request.url))
        # Read once: another event loop may be refreshing the entry too.
        known = _NONE_KNOWN if previous is None else previous.version
        store = None if client is None or previous is None else client.documents
        stored = None if store is None else await self._find(store, request)
        result = None if stored is None else self._take_over(stored, location, attempt)
        response = None
        if result is None:
            conditional = request._replace(etag=known[1])
            in_turn = previous is not None
            response = await send(conditional, client, retries=attempt.retries, in_turn=in_turn)
            control = response.headers.get("cache-control")
            if response.status_code == 304:
                result = FetchResult(known[0], cache_control=control, etag=known[1], unchanged=True)
            else:
                value = kind.parse(location.address, location.policy, response)
                result = FetchResult(value, cache_control=control, etag=_etag(response))
        if client is not None:  # also if another process sent the request
            client.turns.succeeded(request.url)
        if store is not None and response is not None:
            await self._share(store, request, response, result, stored)
        return result

    def _take_over(
        self, stored: StoredResponse, location: Location, attempt: Attempt
    ) -> FetchResult[V] | None:
        """Return what another process stored, if it is young enough and acceptable."""
        age, response = stored.age(time()), stored.response
        control = response.headers.get("cache-control")
        if age >= min(attempt.max_age, self.kind.shared_for(control)):
            return None
        try:
            value = self.kind.parse(location.address, location.policy, response)
            if attempt.accepts(value):
                return FetchResult(value, cache_control=control, etag=_etag(response), age=age)
        except Exception as error:
            logger.warning("a shared document is not used: %s", type(error).__name__)
        return None

    async def _share(
        self,
        store: AsyncBestEffortStore,
        request: HttpRequest,
        response: HttpResponse,
        result: FetchResult[V],
        stored: StoredResponse | None,
    ) -> None:
        """Store a response for other processes; a 304 renews the stored one."""
        if not result.unchanged:
            if may_be_stored(result.cache_control):
                await self._store(store, request, response)
        # Another version, stored by another process meanwhile, keeps its age.
        elif stored is not None and _etag(stored.response) == result.etag:
            await self._store(store, request, stored.response)

    async def _find(
        self, store: AsyncBestEffortStore, request: HttpRequest
    ) -> StoredResponse | None:
        text = await store.get(stored_key(request))
        try:
            if text is not None:
                return StoredResponse.from_text(text, self.kind.label, request, time())
        except ValueError:
            logger.warning("a shared document cannot be read")
        return None

    async def _store(
        self, store: AsyncBestEffortStore, request: HttpRequest, response: HttpResponse
    ) -> None:
        text = StoredResponse(response, time()).to_text(self.kind.label, request)
        control = response.headers.get("cache-control")
        await store.set(stored_key(request), text, self.kind.shared_for(control))


@contextmanager
def _loading_joserfc(previous: Entry[Any] | None) -> Iterator[None]:
    """Load the signature libraries while the block waits for a document of a cache.

    Not in the block's own thread, and not if the response comes at once: both would delay it.
    """
    if previous is None or joserfc_is_loaded():
        yield
        return
    fetched = Event()
    spawn("py_identity_model.load_joserfc", partial(run_while_waiting, load_joserfc, fetched))
    try:
        yield
    finally:
        fetched.set()


def _reason(result: FetchResult[Any]) -> str:
    """Return why there is no value, without any content of the provider's response."""
    if result.status_code is not None:
        return f"status {result.status_code}"
    return repr(str(result.error)[:_LONGEST_LOGGED])


def _etag(response: HttpResponse) -> str | None:
    etag = response.headers.get("etag")
    # An ETag that no request can contain would make every refresh fail.
    return etag if etag is not None and etag.isascii() and etag.isprintable() else None

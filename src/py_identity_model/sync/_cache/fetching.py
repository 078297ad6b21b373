# Generated from aio/_cache/fetching.py by scripts/make_sync.py; edit that file.
"""Fetching a provider's documents, or taking over what another process fetched."""

from __future__ import annotations

from collections.abc import Callable
from time import time
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..._logging import logger, redact_url
from ..._validation.cache_entry import may_be_stored
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
from .._transport.http import HTTPClient, send

if TYPE_CHECKING:
    from .._transport.stores import BestEffortStore

V = TypeVar("V")

_LONGEST_LOGGED = 200  # characters


class Fetcher(Generic[V]):
    """Fetches documents of one kind; the caches and the uncached functions share it."""

    def __init__(self, kind: DocumentKind[V]) -> None:
        self.kind = kind

    def fetch(
        self,
        location: Location,
        client: HTTPClient | None,
        attempt: Attempt = AS_CONFIGURED,
        count: Callable[[], object] = bool,
    ) -> FetchResult[V]:
        """Return the document at ``location``, fetched as ``attempt`` says; raises nothing.

        ``count`` is called once the address was accepted, before anything is sent.
        """
        kind = self.kind
        try:
            return self._request(location, client, attempt, count)
        except Exception as error:
            unasked = getattr(error, "code", None) == "too_many_waiting"
            result = kind.failed(error)._replace(unasked=unasked)
        other = kind.elsewhere(location.address) if result.status_code == 404 else None
        if other is not None:
            found = self._try(location._replace(address=other), client, attempt)
            if found is not None:
                return found
        logger.error(
            "%s failed: %s: %s",
            kind.operation,
            redact_url(str(location.address)),
            _reason(result),
        )
        return result

    def _try(
        self, location: Location, client: HTTPClient | None, attempt: Attempt
    ) -> FetchResult[V] | None:
        """Return the document at ``location`` if one request brings it."""
        try:
            return self._request(location, client, attempt._replace(retries=0))
        except Exception as error:
            logger.info("nor is the %s there: %s", self.kind.label, type(error).__name__)
            return None

    def _request(
        self,
        location: Location,
        client: HTTPClient | None,
        attempt: Attempt,
        count: Callable[[], object] = bool,
    ) -> FetchResult[V]:
        kind = self.kind
        request = kind.build(location.address, location.policy)
        count()
        logger.info("fetching the %s %s", kind.label, redact_url(request.url))
        store = None if client is None or attempt.lifetime is None else client.documents
        if store is not None:
            return self._fetch_shared(store, request, location, client, attempt)
        request = request._replace(etag=attempt.etag)
        response = send(request, client, retries=attempt.retries, in_turn=attempt.in_turn)
        result = self._result(location, response, attempt)
        if client is not None:
            client.turns.succeeded(request.url)
        return result

    def _fetch_shared(
        self,
        store: BestEffortStore,
        request: HttpRequest,
        location: Location,
        client: HTTPClient | None,
        attempt: Attempt,
    ) -> FetchResult[V]:
        """Return what another process stored if it is young enough, else what the provider says."""
        stored = self._find(store, request)
        now = time()
        if stored is not None and stored.age(now) < _max_age(stored, attempt):
            try:
                result = self._result(location, stored.response, attempt)
                if result.value is not None and attempt.accepts(result.value):
                    if client is not None:  # for another process, but good all the same
                        client.turns.succeeded(request.url)
                    return result._replace(age=stored.age(now))
            except Exception as error:
                logger.warning("a shared document is not used: %s", type(error).__name__)
        asked = request._replace(etag=attempt.etag)
        response = send(asked, client, retries=attempt.retries, in_turn=attempt.in_turn)
        result = self._result(location, response, attempt)
        if client is not None:
            client.turns.succeeded(request.url)
        if result.unchanged:
            # Another version, stored by another process meanwhile, stays as old as it is.
            if stored is not None and _etag(stored.response) == attempt.etag:
                self._store(store, request, stored.response, attempt)
        elif may_be_stored(result.cache_control):
            self._store(store, request, response, attempt)
        return result

    def _result(
        self, location: Location, response: HttpResponse, attempt: Attempt
    ) -> FetchResult[V]:
        control = response.headers.get("cache-control")
        if response.status_code == 304:
            return FetchResult(cache_control=control, etag=attempt.etag, unchanged=True)
        value = self.kind.parse(location.address, location.policy, response)
        return FetchResult(value, cache_control=control, etag=_etag(response))

    def _find(self, store: BestEffortStore, request: HttpRequest) -> StoredResponse | None:
        text = store.get(stored_key(request))
        try:
            if text is not None:
                return StoredResponse.from_text(text, self.kind.label, request, time())
        except ValueError:
            logger.warning("a shared document cannot be read")
        return None

    def _store(
        self,
        store: BestEffortStore,
        request: HttpRequest,
        response: HttpResponse,
        attempt: Attempt,
    ) -> None:
        text = StoredResponse(response, time()).to_text(self.kind.label, request)
        store.set(stored_key(request), text, _lifetime(response, attempt))


def _reason(result: FetchResult[Any]) -> str:
    """Return why there is no value, without what the provider put into its answer."""
    if result.status_code is not None:
        return f"status {result.status_code}"
    return repr(str(result.error)[:_LONGEST_LOGGED])


def _etag(response: HttpResponse) -> str | None:
    etag = response.headers.get("etag")
    # One that no request can carry would make every refresh fail.
    return etag if etag is not None and etag.isascii() and etag.isprintable() else None


def _lifetime(response: HttpResponse, attempt: Attempt) -> float:
    control = response.headers.get("cache-control")
    return 0.0 if attempt.lifetime is None else attempt.lifetime(control)


def _max_age(stored: StoredResponse, attempt: Attempt) -> float:
    return min(attempt.max_age, _lifetime(stored.response, attempt))

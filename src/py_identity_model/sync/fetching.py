# Generated from aio/fetching.py by scripts/make_sync.py; edit that file.
"""Fetch a provider's documents for the cache, or take over what another process fetched."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import time
from typing import TYPE_CHECKING, TypeVar

from .._jose.jwk import JsonWebKey
from .._logging import logger, redact_url
from .._protocol import discovery_rules as rules
from .._protocol import key_set
from .._protocol.cache import may_be_stored
from .._protocol.discovery_rules import Provider
from .._protocol.fetching import (
    AS_CONFIGURED,
    Attempt,
    Fetched,
    Judged,
    SharedAnswer,
    shared_key,
)
from .._protocol.messages import HttpRequest, HttpResponse
from .._protocol.policy import DiscoveryPolicy
from .http import HTTPClient, chosen_client, send

if TYPE_CHECKING:
    from .token_store import TokenStore

V = TypeVar("V")


def fetch_provider(
    address: str,
    policy: DiscoveryPolicy,
    http_client: HTTPClient | None,
    attempt: Attempt,
) -> Fetched[Provider]:
    """Return the judged answer from ``address``, fetched as ``attempt`` says."""
    try:
        built = rules.build(address, policy)
        logger.info("fetching the discovery document %s", redact_url(built.url))
        parse = partial(rules.provider_of, address, policy)
        fetched = _fetched(built, http_client, attempt, parse)
    except Exception as error:
        fetched = Fetched(Judged(**rules.failure(error)))
    if not fetched.judged.is_successful:
        logger.error("discovery failed: %s", fetched.judged.error_kind)
    return fetched


def fetch_keys(
    build: Callable[[], HttpRequest],
    http_client: HTTPClient | None,
    attempt: Attempt = AS_CONFIGURED,
) -> Fetched[list[JsonWebKey]]:
    """Return the judged answer to what ``build`` returns, fetched as ``attempt`` says."""
    try:
        built = build()
        logger.info("fetching the key set %s", redact_url(built.url))
        fetched = _fetched(built, http_client, attempt, key_set.keys_of)
    except Exception as error:
        fetched = Fetched(key_set.failed(error))
    if not fetched.judged.is_successful:
        logger.error("fetching a key set failed: %s", fetched.judged.error_kind)
    return fetched


def _fetched(
    request: HttpRequest,
    http_client: HTTPClient | None,
    attempt: Attempt,
    parse: Callable[[HttpResponse], Judged[V]],
) -> Fetched[V]:
    """Return the judged answer to ``request``; it has no value where the known one still stands."""
    owner = chosen_client(http_client, request.url)
    store = owner.document_store if attempt.lifetime is not None else None
    known = None if store is None else _found(store, request)
    if known is not None and (age := known.age(time())) < _oldest(known, attempt):
        try:
            judged = parse(known.response)
            if attempt.helps(judged):
                owner.turns.succeeded(request.url)  # for another process, but good all the same
                return Fetched(judged, _etag(known.response), age=age)
        except Exception as error:
            logger.warning("a shared document is not used: %s", type(error).__name__)
    asked = request._replace(etag=attempt.etag)
    answer = send(asked, owner, retries=attempt.retries, in_turn=attempt.in_turn)
    if answer.status_code == 304:
        owner.turns.succeeded(request.url)
        if store is not None and known is not None and _etag(known.response) == attempt.etag:
            _share(store, request, known.response, attempt)
        stands: Judged[V] = Judged(True, cache_control=_control(answer))
        return Fetched(stands, attempt.etag, unchanged=True)
    judged = parse(answer)
    if judged.is_successful:
        owner.turns.succeeded(request.url)
    if store is not None and judged.is_successful and may_be_stored(_control(answer)):
        _share(store, request, answer, attempt)
    return Fetched(judged, _etag(answer))


def _control(answer: HttpResponse) -> str | None:
    return answer.headers.get("cache-control")


def _etag(answer: HttpResponse) -> str | None:
    etag = answer.headers.get("etag")
    # One that no request can carry would make every refresh fail.
    return etag if etag is not None and etag.isascii() and etag.isprintable() else None


def _lifetime(answer: HttpResponse, attempt: Attempt) -> float:
    return 0.0 if attempt.lifetime is None else attempt.lifetime(_control(answer))


def _oldest(known: SharedAnswer, attempt: Attempt) -> float:
    return min(attempt.oldest, _lifetime(known.response, attempt))


def _found(store: TokenStore, request: HttpRequest) -> SharedAnswer | None:
    from .quiet_store import ask_store  # few clients have a store

    text = ask_store(store, shared_key(request))
    try:
        return None if text is None else SharedAnswer.from_text(text, request, time())
    except ValueError:
        logger.warning("a shared document cannot be read")
        return None


def _share(store: TokenStore, request: HttpRequest, answer: HttpResponse, attempt: Attempt) -> None:
    from .quiet_store import tell_store

    text = SharedAnswer(answer, time()).to_text()
    tell_store(store, shared_key(request), text, _lifetime(answer, attempt))

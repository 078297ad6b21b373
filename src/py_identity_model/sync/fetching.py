# Generated from aio/fetching.py by scripts/make_sync.py; edit that file.
"""Fetch a provider's documents for the cache, or take over what another process fetched."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import time
from typing import TYPE_CHECKING, TypeVar

from .._logging import logger, redact_url
from .._protocol import discovery_rules as rules
from .._protocol import jwks as keys_protocol
from .._protocol.base import BaseResponse
from .._protocol.cache import may_be_stored
from .._protocol.fetching import AS_CONFIGURED, Attempt, SharedAnswer, shared_key
from .._protocol.jwks import JwksRequest, JwksResponse
from .._protocol.messages import Fetched, HttpRequest, HttpResponse
from .._protocol.policy import DiscoveryPolicy
from .http import HTTPClient, chosen_client, send

if TYPE_CHECKING:
    from .token_store import TokenStore

R = TypeVar("R", bound=BaseResponse)


def fetch_provider(
    address: str,
    policy: DiscoveryPolicy,
    http_client: HTTPClient | None,
    attempt: Attempt,
) -> Fetched[rules.ProviderResponse]:
    """Return the judged answer from ``address``, fetched as ``attempt`` says."""
    try:
        built = rules.build(address, policy)
        logger.info("fetching the discovery document %s", redact_url(built.url))
        fetched = fetch(
            built,
            http_client,
            attempt,
            partial(rules.provider_of, address, policy),
            lambda control: rules.ProviderResponse(True, cache_control=control),
        )
    except Exception as error:
        fetched = Fetched(rules.ProviderResponse(**rules.failure(error)))
    if not fetched.response.is_successful:
        logger.error("discovery failed: %s", fetched.response.error_kind)
    return fetched


def fetch_keys(
    request: JwksRequest,
    http_client: HTTPClient | None,
    attempt: Attempt = AS_CONFIGURED,
) -> Fetched[JwksResponse]:
    """Do the work of :func:`get_jwks`, as ``attempt`` says."""
    try:
        built = keys_protocol.build(request)
        logger.info("fetching the key set %s", redact_url(built.url))
        fetched = fetch(
            built,
            http_client,
            attempt,
            keys_protocol.parse,
            lambda control: JwksResponse(True, cache_control=control),
        )
    except Exception as error:
        fetched = Fetched(keys_protocol.failed(error))
    if not fetched.response.is_successful:
        logger.error("fetching a key set failed: %s", fetched.response.error_kind)
    return fetched


def fetch(
    request: HttpRequest,
    http_client: HTTPClient | None,
    attempt: Attempt,
    parse: Callable[[HttpResponse], R],
    unchanged: Callable[[str | None], R],
) -> Fetched[R]:
    """Return the judged answer to ``request``, or ``unchanged`` for a version that still stands."""
    owner = chosen_client(http_client, request.url)
    store = owner.document_store if attempt.lifetime is not None else None
    known = None if store is None else _found(store, request)
    if known is not None and (age := known.age(time())) < _oldest(known, attempt):
        try:
            judged = parse(known.response)
            if attempt.helps(judged):
                return Fetched(judged, _etag(known.response), age=age)
        except Exception as error:
            logger.warning("a shared document is not used: %s", type(error).__name__)
    asked = request._replace(etag=attempt.etag)
    answer = send(asked, owner, retries=attempt.retries, in_turn=attempt.in_turn)
    if answer.status_code == 304:
        if store is not None and known is not None and _etag(known.response) == attempt.etag:
            _share(store, request, known.response, attempt)
        return Fetched(unchanged(_control(answer)), attempt.etag, unchanged=True)
    judged = parse(answer)
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

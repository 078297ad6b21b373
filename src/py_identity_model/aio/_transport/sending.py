"""The way to the network: requests with retries, and the reading of their responses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from time import monotonic, time
from typing import TYPE_CHECKING, Any

from ..._http_library import built_request
from ..._logging import logger, redact_url, scrub, without_values
from ..._seam import UnusableCallbackError
from ..._seam.aio import call, deadline, sleep, work
from ..._settings import HTTP_RETRY_BASE_DELAY, HTTP_RETRY_MAX_ATTEMPTS, HTTP_TIMEOUT
from ..._wire.messages import (
    USUAL_HEADERS,
    AssertionRequest,
    HttpRequest,
    HttpResponse,
    Replay,
    redirect_text,
)
from ..._wire.retry import backoff, retry_after, worth_retrying
from ...exceptions import (
    ConfigurationException,
    DeadlineExceededException,
    InvalidArgumentError,
    NetworkException,
    PyIdentityModelException,
    ResponseRefusedException,
)
from .http import AsyncHTTPClient, chosen_client, client_for_one

if TYPE_CHECKING:
    import httpx

_PAUSES = (0.05, 0.1)  # seconds in which the files of a certificate are replaced
_CHUNKS_AFTER_CLOSING = 64  # already received; mocks may have more to give


async def send(
    request: HttpRequest,
    http_client: AsyncHTTPClient | None,
    *,
    retries: int | None = None,
    in_turn: bool = False,
) -> HttpResponse:
    """Send ``request``, with retries if that is safe, and return the complete response.

    ``retries`` is the maximum number; None reads ``HTTP_RETRY_MAX_ATTEMPTS``.  With ``in_turn``,
    for requests that strangers can cause, each attempt waits for its turn at the host (at the
    endpoint, if it is not for a document), and the wait counts towards the deadline.  Raises
    NetworkException without a response, or if too many are waiting already,
    DeadlineExceededException if it took too long in total, ResponseRefusedException for a redirect,
    an encoded body or too large a one.
    """
    own = await _client_for_one(request, http_client)
    if own is not None:
        return await _send_alone(request, own, retries, in_turn=in_turn)
    owner = chosen_client(http_client, request.url)
    seconds = owner.total_timeout
    due = monotonic() + seconds
    apart = request.method != "GET"
    turn = owner.turns.turn(request.url, due, apart=apart) if in_turn else None
    most = int(HTTP_RETRY_MAX_ATTEMPTS.read()) if retries is None else retries
    pauses = backoff(most, HTTP_RETRY_BASE_DELAY.read())
    attempt = _attempt if request.dpop_key is None else _attempt_with_proof
    try:
        # One deadline around all attempts, not the timeouts of httpx alone: those are per read, and
        # a peer that sends a byte now and then would never exceed them.
        with deadline(seconds):
            while True:
                try:
                    # One turn per attempt, not per request: during the pause others may use it.
                    async with turn or nullcontext():
                        response = await attempt(owner, request, due)
                except NetworkException as error:
                    pause = _pause_after_error(error, request.replay, owner.library, pauses)
                    if pause is None or monotonic() + pause >= due:
                        raise
                    reason = type(error.__cause__).__name__
                else:
                    pause = _pause_after(response, request.replay, pauses)
                    if pause is None or monotonic() + pause >= due:
                        return response
                    reason = f"status {response.status_code}"
                _log_retry(request, reason, pause)
                await sleep(pause)
    except TimeoutError:
        raise _too_late_error(request, waiting=turn is not None and turn.is_waiting) from None


async def _client_for_one(
    request: HttpRequest, http_client: AsyncHTTPClient | None
) -> AsyncHTTPClient | None:
    """Return a new client if the request needs one of its own.

    The files of its certificate may be replaced at this moment, one after the other: then the key
    is not that of the certificate, or half of a file is there.  So they are read again, twice.
    """
    for pause in _PAUSES if request.certificate is not None else ():
        try:
            return client_for_one(request, http_client)
        except InvalidArgumentError as error:
            if error.code != "invalid_client_certificate":
                raise
        await sleep(pause)
    return client_for_one(request, http_client)


async def _send_alone(
    request: HttpRequest, own: AsyncHTTPClient, retries: int | None, *, in_turn: bool
) -> HttpResponse:
    """Send ``request`` with a client created for it, and close that."""
    try:
        bare = request._replace(certificate=None, ca_file=None)
        return await send(bare, own, retries=retries, in_turn=in_turn)
    finally:
        await own.client.aclose()


def _pause_after_error(
    error: NetworkException, replay: Replay, library: Any, pauses: Iterator[float]
) -> float | None:
    """Return the pause before the next attempt, in seconds; None if there is none."""
    return next(pauses, None) if _may_send_again(error.__cause__, replay, library) else None


def _may_send_again(cause: BaseException | None, replay: Replay, library: Any) -> bool:
    if isinstance(cause, (library.ConnectError, library.ConnectTimeout, library.PoolTimeout)):
        return True
    hopeless = isinstance(cause, (library.UnsupportedProtocol, library.LocalProtocolError))
    return replay is Replay.SAFE and isinstance(cause, library.RequestError) and not hopeless


def _pause_after(response: HttpResponse, replay: Replay, pauses: Iterator[float]) -> float | None:
    """Return the pause before the next attempt, in seconds; None if there is none."""
    if response.is_success or not worth_retrying(response.status_code, replay):
        return None
    pause = next(pauses, None)
    if pause is None:
        return None
    return max(pause, retry_after(response.headers.get("retry-after"), time()))


def _log_retry(request: HttpRequest, reason: str, pause: float) -> None:
    url = redact_url(request.url)
    logger.warning("%s %s: %s; retrying in %g s", request.method, url, reason, pause)


async def _attempt_with_proof(
    owner: AsyncHTTPClient, request: HttpRequest, due: float
) -> HttpResponse:
    """Return the response to one attempt, or to a second one with the nonce that was required."""
    assert request.dpop_key is not None
    nonce = await owner.nonces.find(request.dpop_key, request.url)
    response = await _attempt(owner, request, due, nonce)
    demanded = await _learn(owner, request, response, nonce)
    if demanded is None:
        return response
    # Not by the loop of retries: the server did not fail, and carried nothing out (RFC 9449 §8).
    # Once only: with a server that demands another nonce each time it would never end.
    response = await _attempt(owner, request, due, demanded)
    await _learn(owner, request, response, demanded)
    return response


async def _learn(
    owner: AsyncHTTPClient, request: HttpRequest, response: HttpResponse, used: str | None
) -> str | None:
    """Remember the nonce that a response brings; return it if another proof is demanded."""
    from ..._wire.dpop_nonces import extract_dpop_nonce  # few requests have proofs

    assert request.dpop_key is not None
    demanded = extract_dpop_nonce(response)
    await owner.nonces.learn(
        request.dpop_key,
        request.url,
        response.headers.get("DPoP-Nonce"),
        used=used,
        is_demanded=demanded is not None,
        is_success=response.is_success,
    )
    return demanded


async def _attempt(
    owner: AsyncHTTPClient, request: HttpRequest, due: float, nonce: str | None = None
) -> HttpResponse:
    library = owner.library
    client, usual = owner.client, {} if owner.owns_client else USUAL_HEADERS
    proof = await _make_proof(request, nonce)
    assertion = await _obtain_assertion(owner, request)
    encoded = request.encode(nonce=nonce, assertion=assertion, proof=proof)
    try:
        built = built_request(
            client,
            library,
            request.method,
            request.url,
            headers={**usual, **encoded.headers},
            content=encoded.content,
            timeout=_timeout_within(client.timeout, _left(request, due)),
        )
        if "Authorization" in encoded.headers:  # the client's own must not replace it
            response = await client.send(built, stream=True, follow_redirects=False, auth=None)
        else:
            response = await client.send(built, stream=True, follow_redirects=False)
        try:
            _check_head(response, request)
            body = await _read(response, request.max_body, due, library)
            _left(request, due)
            if len(body) > request.max_body:
                raise _too_large_error(request, response.status_code)
            return HttpResponse(response.status_code, response.headers, body, encoded)
        finally:
            await response.aclose()
    except library.InvalidURL as error:
        text = f"the URL is malformed: {without_values(error)}"
        raise ConfigurationException(text, code="invalid_url") from None
    except library.RequestError as error:
        if monotonic() >= due:
            raise _too_late_error(request) from error
        text = scrub(_text_of(error), encoded.secrets())
        raise NetworkException(text, redact_url(request.url)) from error


async def _make_proof(request: HttpRequest, nonce: str | None) -> dict[str, str] | None:
    key = request.dpop_key
    if key is None or key.signer is None:
        return None
    from .signing import proof_fields

    return await proof_fields(key, request.method, request.url, request.access_token, nonce)


async def _obtain_assertion(owner: AsyncHTTPClient, request: HttpRequest) -> str | None:
    authentication = request.authentication
    if authentication is not None and authentication.signer is not None:
        from .signing import sign_elsewhere

        make: Any = authentication
        return await sign_elsewhere(
            authentication.signer, partial(make.assertion, request.client_id, request.url)
        )
    source = None if authentication is None else authentication.source()
    if authentication is None or source is None:
        return None
    try:
        assertion = await (work(source) if authentication.blocks else call(source))
    except (PyIdentityModelException, UnusableCallbackError):
        raise
    except Exception as error:  # its words may quote the assertion
        text = f"the client assertion source failed with {type(error).__name__}"
        raise ConfigurationException(text) from error
    if isinstance(assertion, AssertionRequest):
        return await _request_assertion(owner, assertion)
    return assertion if isinstance(assertion, str) else None


async def _request_assertion(owner: AsyncHTTPClient, wanted: AssertionRequest) -> str:
    try:
        return wanted.read(await send(wanted.request, owner))
    except NetworkException as error:
        # Without its cause: it was tried often enough, and not for the sake of this request.
        text = f"the client's assertion could not be fetched: {error.message}"
        raise NetworkException(text, redact_url(wanted.request.url)) from None


def _text_of(error: BaseException) -> str:
    """Return the text of ``error``, or of its cause; some have no text themselves."""
    cause: BaseException | None = error
    # Both chains: httpx raises from the errors of httpcore, which are raised while handling others.
    while cause is not None and not str(cause):
        cause = cause.__cause__ or cause.__context__
    return str(cause) if cause is error else f"{type(error).__name__}: {cause or 'no details'}"


def _check_head(response: httpx.Response, request: HttpRequest) -> None:
    """Refuse redirects, encoded bodies, and bodies that are announced as too large."""
    status = response.status_code
    if 300 <= status < 400 and not (status == 304 and request.etag is not None):
        text = redirect_text(status, response.headers.get("location"))
        raise _refused_error(request, text, status, "redirect_refused")
    # Looking names up one by one decodes all of them each time.
    for name, value in response.headers.raw:
        match name.lower():
            case b"content-encoding" if value.strip().lower() not in {b"", b"identity"}:
                text = "the response is encoded although that was not requested"
                raise _refused_error(request, text, status, "content_encoding_refused")
            case b"content-length" if value.isdigit() and _is_more(value, request.max_body):
                raise _too_large_error(request, status)


def _is_more(digits: bytes, limit: int) -> bool:
    # The length first: reading a million digits as a number takes minutes.
    return len(digits) > 15 or int(digits) > limit


async def _read(response: httpx.Response, limit: int, due: float, library: Any) -> bytes:
    """Return the body, or at least one byte more than ``limit`` of it."""
    if response.is_stream_consumed:  # by a mock
        return response.content
    body = bytearray()
    after_closing = 0
    try:
        async for chunk in response.aiter_raw():
            if not response.is_closed:
                body += chunk
                if len(body) <= limit and monotonic() < due:
                    continue
                # Leaving the loop would strand the generators inside httpx. On a closed connection
                # the next read fails, which ends them all.
                await response.aclose()
            after_closing += 1
            if after_closing > _CHUNKS_AFTER_CLOSING:
                break
    except (library.HTTPError, library.StreamError):
        if not after_closing:
            raise
    return bytes(body)


def _timeout_within(configured: httpx.Timeout, seconds: float) -> httpx.Timeout:
    """Return ``configured`` with no phase longer than ``seconds``."""
    given = HTTP_TIMEOUT.given()
    phases = configured.as_dict()
    if given is not None:
        phases = dict.fromkeys(phases, given)
    elif all(value is not None and value <= seconds for value in phases.values()):
        return configured
    return type(configured)(
        **{
            name: seconds if value is None else min(value, seconds)
            for name, value in phases.items()
        }
    )


def _left(request: HttpRequest, due: float) -> float:
    """Return the seconds left until ``due``; raise when it is over."""
    seconds = due - monotonic()
    if seconds <= 0:
        raise _too_late_error(request)
    return seconds


def _too_late_error(request: HttpRequest, *, waiting: bool = False) -> DeadlineExceededException:
    """Return the exception for a response that took too long, or a request that was never sent."""
    text = "the response was not complete before the total deadline"
    if waiting:
        text = "the request waited for its turn until the total deadline: its host is busy"
    return DeadlineExceededException(text, redact_url(request.url))


def _too_large_error(request: HttpRequest, status: int) -> ResponseRefusedException:
    text = f"the response is too large: more than {request.max_body} bytes"
    return _refused_error(request, text, status, "response_too_large")


def _refused_error(
    request: HttpRequest, text: str, status: int, code: str
) -> ResponseRefusedException:
    return ResponseRefusedException(text, redact_url(request.url), status, code=code)

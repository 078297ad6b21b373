"""Reading answers: within their bound and their time, neither redirected nor encoded."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from ..._logging import redact_url
from ..._settings import HTTP_TIMEOUT
from ..._wire.messages import HttpRequest, HttpResponse, redirect_text
from ...exceptions import DeadlineExceededException, ResponseRefusedException

if TYPE_CHECKING:
    import httpx

_CHUNKS_AFTER_CLOSING = 64  # what was received already; mocks may have more to give


async def receive(
    response: httpx.Response, request: HttpRequest, due: float, library: Any
) -> HttpResponse:
    """Return the complete answer, read with a bound; raises what :func:`send` does."""
    status = response.status_code
    if 300 <= status < 400 and not (status == 304 and request.etag is not None):
        text = redirect_text(status, response.headers.get("location"))
        raise _refused(request, text, status, "redirect_refused")
    limit = request.max_body if isinstance(request.max_body, int) else request.max_body()
    for name, value in response.headers.raw:  # looking names up one by one decodes all each time
        match name.lower():
            case b"content-encoding" if value.strip().lower() not in {b"", b"identity"}:
                text = "the answer is encoded although that was not offered"
                raise _refused(request, text, status, "content_encoding_refused")
            case b"content-length" if value.isdigit() and (len(value) > 15 or int(value) > limit):
                raise _too_large(request, status, limit)
    if response.is_stream_consumed:  # by a mock
        body = response.content
    else:
        body = await _read(response, limit, due, library)
    left(request, due)
    if len(body) > limit:
        raise _too_large(request, status, limit)
    return HttpResponse(status, response.headers, body)


async def _read(response: httpx.Response, limit: int, due: float, library: Any) -> bytes:
    """Return the body, or at least one byte more than ``limit`` of it."""
    body = bytearray()
    after_closing = 0
    try:
        async for chunk in response.aiter_raw():
            if not response.is_closed:
                body += chunk
                if len(body) <= limit and monotonic() < due:
                    continue
                # Leaving the loop would strand the generators inside httpx.  On a closed
                # connection the next read fails, and that ends them all.
                await response.aclose()
            after_closing += 1
            if after_closing > _CHUNKS_AFTER_CLOSING:
                break
    except (library.HTTPError, library.StreamError):
        if not after_closing:
            raise
    return bytes(body)


def timeout_within(configured: httpx.Timeout, seconds: float) -> httpx.Timeout:
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


def left(request: HttpRequest, due: float) -> float:
    """Return how many seconds are left until ``due``; raise when it is past."""
    seconds = due - monotonic()
    if seconds <= 0:
        raise too_late(request)
    return seconds


def too_late(request: HttpRequest, *, waiting: bool = False) -> DeadlineExceededException:
    """Return what to raise for an answer that took too long, or was never asked for."""
    text = "the answer was not complete before the total deadline"
    if waiting:
        text = "the request waited for its turn until the total deadline: its host is busy"
    return DeadlineExceededException(text, redact_url(request.url))


def _too_large(request: HttpRequest, status: int, limit: int) -> ResponseRefusedException:
    text = f"the answer is too large: more than {limit} bytes"
    return _refused(request, text, status, "response_too_large")


def _refused(request: HttpRequest, text: str, status: int, code: str) -> ResponseRefusedException:
    return ResponseRefusedException(text, redact_url(request.url), status, code=code)

"""The parts that all endpoints share: building requests, and checking responses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from .messages import (
    ErrorKind,
    HttpRequest,
    HttpResponse,
    UnusableAnswer,
    failure_of,
    oauth_error_of,
)
from .models import BaseRequest, BaseResponse

Q = TypeVar("Q", bound=BaseRequest)
A = TypeVar("A", bound=BaseResponse)

_FAR = 1e12  # seconds: beyond any realistic lifetime
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")


@dataclass(frozen=True)
class Endpoint(Generic[Q, A]):
    """One capability: pure code on both sides of the wire."""

    operation: str
    answer: type[A]
    build: Callable[[Q], HttpRequest]
    parse: Callable[[Q, HttpResponse], A]

    def failed(self, error: Exception) -> A:
        """Return the failed response for an exception raised by build, send or parse."""
        return self.answer(**failure_of(error, self.operation))


def secrets_of(request: BaseRequest) -> tuple[str, ...]:
    """Return the values that must not be quoted if a provider echoes them."""
    return tuple(text for value in request._secret_values() for text in _texts(value))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode("utf-8", "surrogateescape")
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _texts(one)


def refusal(
    answer: type[A], lead: str, request: BaseRequest, response: HttpResponse, **more: Any
) -> A:
    """Return the failed response for a status other than 2xx, quoting status and body."""
    secrets = secrets_of(request)
    text = f"{lead} failed with status code: {response.status_code}. "
    return refusal_saying(
        answer, f"{text}Response Content: {response.quoted(*secrets)}", request, response, **more
    )


def refusal_saying(
    answer: type[A], text: str, request: BaseRequest, response: HttpResponse, **more: Any
) -> A:
    """Return the failed response for a status other than 2xx, with the given text."""
    return answer(
        is_successful=False,
        error=text,
        error_kind=ErrorKind.UNEXPECTED_STATUS,
        status_code=response.status_code,
        **oauth_error_of(response, *secrets_of(request)),
        **more,
    )


def json_object(response: HttpResponse, *, unique: bool = False) -> dict[str, Any]:
    """Return the JSON object in the body; raise UnusableAnswer for anything else.

    ``unique`` refuses objects that have a member twice: readers differ about which one counts.
    """
    try:
        body = response.json(unique=unique)
    except ValueError:
        also = ", or has a member twice" if unique else ""
        raise UnusableAnswer(f"the body is invalid JSON{also}", ErrorKind.INVALID_JSON) from None
    if not isinstance(body, dict):
        raise UnusableAnswer("the body is not a JSON object", ErrorKind.INVALID_DOCUMENT)
    return body


def is_refusal(response: HttpResponse) -> bool:
    """Return whether a response is a refusal: by its status, or by an ``error`` with status 2xx.

    GitHub and Slack send the latter.  A response with an ``access_token`` is never a refusal.
    """
    if not response.is_success:
        return True
    try:
        body = response.json()
    except ValueError:
        return False  # the caller reports what is wrong with it
    if not isinstance(body, dict) or body.get("access_token"):
        return False
    return isinstance(body.get("error"), str) and bool(body["error"].strip())


def number_of(value: object) -> float | None:
    """Return a number, also one sent as a string; None for anything else."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value


def whole_number(value: object) -> int | None:
    """Return a positive number of seconds, rounded down; None for anything else."""
    number = number_of(value)
    return int(number) if number is not None and 0 < number < _FAR else None


def polling_interval(value: object) -> int | None:
    """Return the seconds to wait between two polls, at least one; None for an unusable value."""
    seconds = whole_number(value)
    return None if seconds is None else max(1, seconds)

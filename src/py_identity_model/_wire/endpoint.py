"""What every endpoint has in common: how its requests are made, and its answers judged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from .client_authentication import ClientAuthentication
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

_FAR = 1e12  # seconds: beyond any clock
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")


@dataclass(frozen=True)
class Endpoint(Generic[Q, A]):
    """One capability: pure code on both sides of the wire."""

    operation: str
    answer: type[A]
    build: Callable[[Q], HttpRequest]
    parse: Callable[[Q, HttpResponse], A]

    def failed(self, error: Exception) -> A:
        """Return the failed response for something raised by build, send or parse."""
        return self.answer(**failure_of(error, self.operation))


def secrets_of(request: BaseRequest) -> tuple[str, ...]:
    """Return what must not be quoted, should a provider echo it."""
    stored = vars(request)
    found: list[str] = []
    for name in (*request._secret_fields, "extra_parameters"):
        found += _texts(stored.get(name))
    authentication = stored.get("client_authentication")
    if isinstance(authentication, ClientAuthentication):
        found += authentication.secrets()
    return tuple(found)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _texts(one)


def refusal(
    answer: type[A], lead: str, request: BaseRequest, response: HttpResponse, **more: Any
) -> A:
    """Return the failed response for a status that is not 2xx: the status, and the body."""
    secrets = secrets_of(request)
    text = f"{lead} failed with status code: {response.status_code}. "
    return refusal_saying(
        answer, f"{text}Response Content: {response.quoted(*secrets)}", request, response, **more
    )


def refusal_saying(
    answer: type[A], text: str, request: BaseRequest, response: HttpResponse, **more: Any
) -> A:
    """Return the failed response for a status that is not 2xx, in words of its own."""
    return answer(
        is_successful=False,
        error=text,
        error_kind=ErrorKind.UNEXPECTED_STATUS,
        status_code=response.status_code,
        **oauth_error_of(response, *secrets_of(request)),
        **more,
    )


def json_object(response: HttpResponse) -> dict[str, Any]:
    """Return the object that the body holds; raises UnusableAnswer for anything else."""
    try:
        body = response.json()
    except ValueError:
        raise UnusableAnswer("the body is invalid JSON", ErrorKind.INVALID_JSON) from None
    if not isinstance(body, dict):
        raise UnusableAnswer("the body is not a JSON object", ErrorKind.INVALID_DOCUMENT)
    return body


def is_refusal(response: HttpResponse) -> bool:
    """Whether an answer refuses: by its status, or by an ``error`` sent with status 2xx.

    GitHub and Slack do the latter; what carries an ``access_token`` is none.
    """
    if not response.is_success:
        return True
    try:
        body = response.json()
    except ValueError:
        return False  # the caller says what is wrong with it
    if not isinstance(body, dict) or body.get("access_token"):
        return False
    return isinstance(body.get("error"), str) and bool(body["error"].strip())


def number_of(value: object) -> float | None:
    """Return a number, also one that was sent as text; None for everything else."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value


def whole_number(value: object) -> int | None:
    """Return a positive number of seconds, rounded down; None for everything else."""
    number = number_of(value)
    return int(number) if number is not None and 0 < number < _FAR else None


def polling_interval(value: object) -> int | None:
    """Return seconds to wait between two polls, at least one; None where nothing usable came."""
    seconds = whole_number(value)
    return None if seconds is None else max(1, seconds)

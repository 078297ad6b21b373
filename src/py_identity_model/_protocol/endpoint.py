"""What every endpoint has in common: how its requests are made, and its answers judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from .base import BaseRequest, BaseResponse
from .client_authentication import ClientAuthentication
from .messages import (
    ErrorKind,
    HttpRequest,
    HttpResponse,
    UnusableAnswer,
    failure_of,
    oauth_error_of,
)

Q = TypeVar("Q", bound=BaseRequest)
A = TypeVar("A", bound=BaseResponse)

_SHORTEST = 4  # characters: taking out less would leave no text


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
    for value in (stored.get(name) for name in request._secret_fields):
        values = value.values() if isinstance(value, Mapping) else [value]
        found += [one for one in values if isinstance(one, str) and len(one) >= _SHORTEST]
    authentication = stored.get("client_authentication")
    if isinstance(authentication, ClientAuthentication):
        found += authentication.secrets()
    return tuple(found)


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


def whole_number(value: object) -> int | None:
    """Return a positive number of seconds as it came; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value) if 0 < value < 1e12 else None

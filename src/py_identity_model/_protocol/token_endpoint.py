"""What all token requests and all their answers share (RFC 6749 §5, §4.5)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeVar

from ..exceptions import InvalidArgumentError, TokenRequestException
from .base import BaseRequest, BaseResponse
from .client_choice import chosen_authentication, presented_certificate
from .endpoint import json_object, refusal, whole_number
from .messages import HttpRequest, HttpResponse, Replay

Form = dict[str, str | Sequence[str]]
Scope = str | Iterable[str]
"""A space-separated list, or its parts."""

_RESERVED = frozenset(
    {"client_id", "client_secret", "client_assertion", "client_assertion_type", "grant_type"}
)


@dataclass(eq=False, repr=False)
class TokenResponse(BaseResponse):
    """The token endpoint's answer: ``token`` is its JSON object, unchanged.

    ``expires_at`` is when the access token expires, counted from when the answer was read; None
    where the provider does not say.  RFC 6749 §5.1.
    """

    _guarded_fields: ClassVar[frozenset[str]] = frozenset({"token", "expires_at"})
    _secret_fields: ClassVar[frozenset[str]] = frozenset({"token"})

    token: dict[str, Any] | None = None
    expires_at: datetime | None = field(default=None, kw_only=True)


T = TypeVar("T", bound=TokenResponse)


def token_request(
    request: BaseRequest,
    parameters: Mapping[str, str | Sequence[str] | None],
    *,
    replay: Replay,
    blank_is_none: bool = False,
    id_in_body: bool = False,
) -> HttpRequest:
    """Return the POST of a form to ``request.address``, by an authenticated client.

    Parameters that are None are left out; what the request's keyword-only fields ask for is
    added.  ``blank_is_none`` says that an empty secret is none, ``id_in_body`` that the form
    names the client however it authenticates.
    """
    stored = vars(request)
    authentication = chosen_authentication(request, blank_is_none=blank_is_none)
    form: Form = {name: value for name, value in parameters.items() if value is not None}
    for name in ("resource", "audience"):
        if stored.get(name):
            form[name] = _repeated(name, stored[name])
    details = stored.get("authorization_details")
    if details is not None:
        form["authorization_details"] = details_text(details)
    if id_in_body:
        form["client_id"] = stored["client_id"]
    _add_extra(form, stored.get("extra_parameters"))
    return HttpRequest(
        "POST",
        request.address,
        form=form,
        client_id=stored["client_id"],
        authentication=authentication,
        dpop_key=stored.get("dpop_key"),
        certificate=presented_certificate(request, authentication),
        replay=replay,
    )


def _repeated(name: str, value: object) -> str | list[str]:
    if isinstance(value, str):
        return value
    values = list(value) if isinstance(value, Iterable) else [value]
    texts = [one for one in values if isinstance(one, str) and one]
    if len(texts) != len(values):
        raise InvalidArgumentError(f"{name} must be a string or several")
    return texts


def details_text(details: object) -> str:
    """Return ``authorization_details`` as JSON (RFC 9396 §2)."""
    values = [details] if isinstance(details, Mapping) else details
    if not isinstance(values, Sequence) or not all(
        isinstance(one, Mapping) and one.get("type") for one in values
    ):
        raise InvalidArgumentError("authorization_details must be objects that have a type")
    return json.dumps([dict(one) for one in values], separators=(",", ":"))


def _add_extra(form: Form, extra: Mapping[str, str | Sequence[str]] | None) -> None:
    if not extra:
        return
    taken = sorted({*extra} & {*form, *_RESERVED})
    if taken:
        raise InvalidArgumentError(f"extra_parameters must not name {', '.join(taken)}")
    form.update(extra)


def scope_text(scope: Scope | None) -> str | None:
    """Return a scope as it is sent."""
    return scope if scope is None or isinstance(scope, str) else " ".join(scope)


def token_answer(
    answer: type[T],
    lead: str,
    request: BaseRequest,
    response: HttpResponse,
    *,
    now: datetime | None = None,
) -> T:
    """Return the token, or the provider's refusal (RFC 6749 §5.1, §5.2)."""
    if not response.is_success:
        return refusal(answer, lead, request, response)
    token = json_object(response)
    return answer(is_successful=True, token=token, expires_at=expiry_of(token, now))


def expiry_of(token: Mapping[str, Any], now: datetime | None = None) -> datetime | None:
    """Return when ``token`` expires, in UTC; some providers send the seconds as text."""
    seconds = token.get("expires_in")
    if isinstance(seconds, str) and seconds.isascii() and seconds.isdigit():
        seconds = int(seconds[:12])
    lifetime = whole_number(seconds)
    if lifetime is None:
        return None
    try:
        return (now or datetime.now(UTC)) + timedelta(seconds=lifetime)
    except OverflowError:
        return None


def refused_by(address: str, response: BaseResponse) -> TokenRequestException:
    """Return what to raise for a failed response, with what the provider said of it."""
    stored = vars(response)
    said = {
        name: stored[name]
        for name in ("oauth_error", "oauth_error_description")
        if stored.get(name) is not None
    }
    text = stored.get("error") or "the answer holds no access_token"
    return TokenRequestException(text, address, response.status_code, said)

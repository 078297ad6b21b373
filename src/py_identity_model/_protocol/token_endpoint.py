"""The common parts of all token requests and responses (RFC 6749 §5, §4.5)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeVar

from .._client_auth.resolve import (
    ClientRequest,
    TokenRequest,
    presented_certificate,
    resolve_client_authentication,
)
from .._wire.endpoint import is_refusal, json_object, number_of, refusal, whole_number
from .._wire.messages import HttpRequest, HttpResponse, Replay
from .._wire.models import BaseRequest, BaseResponse
from ..exceptions import InvalidArgumentError, TokenRequestException

Form = dict[str, str | Sequence[str]]

_TOKEN = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")  # RFC 6749 appendix A.12
_RESERVED = frozenset(
    {"client_id", "client_secret", "client_assertion", "client_assertion_type", "grant_type"}
)


@dataclass(eq=False, repr=False)
class TokenResponse(BaseResponse):
    """The token endpoint's response: ``token`` is its JSON object, unchanged.

    ``expires_at`` is the expiry of the access token, computed when the response was read; None if
    the provider does not say.  RFC 6749 §5.1.
    """

    _guarded_fields: ClassVar[frozenset[str]] = frozenset({"token", "expires_at"})
    _secret_fields: ClassVar[frozenset[str]] = frozenset({"token"})

    token: dict[str, Any] | None = None
    expires_at: datetime | None = field(default=None, kw_only=True)


T = TypeVar("T", bound=TokenResponse)


def token_request(
    request: ClientRequest,
    parameters: Mapping[str, str | Sequence[str] | None],
    *,
    replay: Replay,
    blank_is_none: bool = False,
    id_in_body: bool = False,
) -> HttpRequest:
    """Return the POST request to ``request.address`` by an authenticated client.

    Parameters that are None are left out; those of the request's keyword-only fields are added.
    ``blank_is_none`` says that an empty secret does not count, ``id_in_body`` that the form names
    the client however it authenticates.
    """
    authentication = resolve_client_authentication(request, blank_is_none=blank_is_none)
    form: Form = {name: value for name, value in parameters.items() if value is not None}
    if isinstance(request, TokenRequest):
        _add_target(form, request)
    if id_in_body:
        form["client_id"] = request.client_id
    _add_extra(form, request.extra_parameters)
    return HttpRequest(
        "POST",
        request.address,
        form=form,
        client_id=request.client_id,
        authentication=authentication,
        dpop_key=request.dpop_key if isinstance(request, TokenRequest) else None,
        certificate=presented_certificate(request, authentication),
        replay=replay,
    )


def _add_target(form: Form, request: TokenRequest) -> None:
    """Add what the tokens are for (RFC 8707 §2, RFC 9396 §2)."""
    for name, value in (("resource", request.resource), ("audience", request.audience)):
        if value:
            form[name] = _repeated_values(name, value)
    if request.authorization_details is not None:
        form["authorization_details"] = details_text(request.authorization_details)


def _repeated_values(name: str, value: object) -> str | list[str]:
    if isinstance(value, str):
        return value
    values = list(value) if isinstance(value, Iterable) else [value]
    texts = [one for one in values if isinstance(one, str) and one]
    if len(texts) != len(values):
        raise InvalidArgumentError(f"{name} must be a string or a list of strings")
    return texts


def details_text(details: object) -> str:
    """Return ``authorization_details`` as JSON (RFC 9396 §2)."""
    values = [details] if isinstance(details, Mapping) else details
    if not isinstance(values, Sequence) or not all(
        isinstance(one, Mapping) and one.get("type") for one in values
    ):
        raise InvalidArgumentError("authorization_details must be objects with a type")
    return json.dumps([dict(one) for one in values], separators=(",", ":"))


def _add_extra(form: Form, extra: Mapping[str, str | Sequence[str]] | None) -> None:
    if not extra:
        return
    taken = sorted({*extra} & {*form, *_RESERVED})
    if taken:
        raise InvalidArgumentError(f"extra_parameters must not name {', '.join(taken)}")
    form.update(extra)


def token_answer(
    answer: type[T],
    lead: str,
    request: BaseRequest,
    response: HttpResponse,
    *,
    now: datetime | None = None,
) -> T:
    """Return the token, or the provider's refusal (RFC 6749 §5.1, §5.2)."""
    if is_refusal(response):
        return refusal(answer, lead, request, response)
    token = json_object(response)
    return answer(is_successful=True, token=token, expires_at=expiry_of(token, now))


def expiry_of(token: Mapping[str, Any], now: datetime | None = None) -> datetime | None:
    """Return when ``token`` expires, in UTC; some providers send the seconds as a string."""
    lifetime = whole_number(token.get("expires_in"))
    if lifetime is None:
        return None
    try:
        return (now or datetime.now(UTC)) + timedelta(seconds=lifetime)
    except OverflowError:
        return None


def check_token_answer(token: Mapping[str, Any], address: str, *, bound: bool) -> None:
    """Raise TokenRequestException unless this client can use ``token``.

    ``bound`` says that it was requested with a DPoP key: a provider that ignores the key would
    issue a token that any thief could use.  A missing ``token_type`` means Bearer, as with many
    providers.  RFC 6749 §5.1 and §7.1, RFC 9449 §5.
    """
    access_token, seconds = token.get("access_token"), token.get("expires_in")
    if not isinstance(access_token, str) or not _TOKEN.fullmatch(access_token):
        raise _unusable_error(
            address, "the access_token is not a usable string", "invalid_access_token"
        )
    kind = token.get("token_type")
    kind = "bearer" if kind is None else str(kind).lower()
    if bound and kind != "dpop":
        text = "the token is not bound to the key: the provider ignored the DPoP proof"
        raise _unusable_error(address, text, "token_not_bound_to_key")
    if kind != ("dpop" if bound else "bearer"):
        text = "the token_type is neither Bearer nor DPoP"
        if kind == "dpop":
            text = "the token is bound to a key that was not given: pass a dpop_key"
        raise _unusable_error(address, text, "unsupported_token_type")
    lifetime = number_of(seconds)
    if seconds is not None and (lifetime is None or not lifetime >= 1):
        text = "expires_in is not a positive number of seconds"
        raise _unusable_error(address, text, "invalid_expires_in")


def _unusable_error(address: str, text: str, code: str) -> TokenRequestException:
    return TokenRequestException(text, address, code=code)


def token_request_error(address: str, response: BaseResponse) -> TokenRequestException:
    """Return the exception for a failed response, with the provider's own words."""
    stored = vars(response)
    said = {
        name: stored[name]
        for name in ("oauth_error", "oauth_error_description")
        if stored.get(name) is not None
    }
    text = stored.get("error") or "the response has no access_token"
    return TokenRequestException(text, address, response.status_code, said)

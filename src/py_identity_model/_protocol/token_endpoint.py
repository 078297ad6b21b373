"""What all token requests and all their answers share (RFC 6749 §5, §4.5)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeVar

from .._client_auth.resolve import chosen_authentication, presented_certificate
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
    """Return when ``token`` expires, in UTC; some providers send the seconds as text."""
    lifetime = whole_number(token.get("expires_in"))
    if lifetime is None:
        return None
    try:
        return (now or datetime.now(UTC)) + timedelta(seconds=lifetime)
    except OverflowError:
        return None


def check_token_answer(token: Mapping[str, Any], address: str, *, bound: bool) -> None:
    """Raise TokenRequestException unless ``token`` is a token that this client can use.

    ``bound`` says that it was asked for with a DPoP key: a provider that ignores the key would
    hand out a token that works for every thief.  An absent ``token_type`` is Bearer, as many
    providers mean it.  RFC 6749 §5.1 and §7.1, RFC 9449 §5.
    """
    access_token, seconds = token.get("access_token"), token.get("expires_in")
    if not isinstance(access_token, str) or not _TOKEN.fullmatch(access_token):
        raise _unusable(address, "the access_token is not usable text", "invalid_access_token")
    kind = token.get("token_type")
    kind = "bearer" if kind is None else str(kind).lower()
    if bound and kind != "dpop":
        text = "the token is not bound to the key: the provider ignored the DPoP proof"
        raise _unusable(address, text, "token_not_bound_to_key")
    if kind != ("dpop" if bound else "bearer"):
        text = "the token_type is neither Bearer nor DPoP"
        if kind == "dpop":
            text = "the token is bound to a key that was not given: pass a dpop_key"
        raise _unusable(address, text, "unsupported_token_type")
    lifetime = number_of(seconds)
    if seconds is not None and (lifetime is None or not lifetime >= 1):
        text = "expires_in is not a positive number of seconds"
        raise _unusable(address, text, "invalid_expires_in")


def _unusable(address: str, text: str, code: str) -> TokenRequestException:
    return TokenRequestException(text, address, code=code)


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

"""Authorization responses, received at the redirect URI (RFC 6749 §4.1.2, RFC 9207)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from .._wire.compare import same_text
from .._wire.models import Guarded
from ..exceptions import AuthorizeCallbackException, InvalidArgumentError

_FIELDS = {  # parameter: field
    "code": "code",
    "access_token": "access_token",
    "id_token": "identity_token",
    "token_type": "token_type",
    "expires_in": "expires_in",
    "scope": "scope",
    "refresh_token": "refresh_token",
    "state": "state",
    "session_state": "session_state",
    "iss": "issuer",
    "error": "error",
    "error_description": "error_description",
}
_QUERY = re.compile(r"[A-Za-z0-9_.~%-]+=")
_FAR = 10**12
_MOST = 64 * 1024


@dataclass(eq=False, repr=False)
class AuthorizeCallbackResponse(Guarded):
    """The authorization response that the user's browser delivers.

    Check ``is_successful`` first, and compare ``state`` and ``issuer`` before anything else;
    ``values`` are all parameters, ``raw`` is the parsed string.  RFC 6749 §4.1.2, OpenID Connect
    Core §3.1.2.5.
    """

    _guarded_fields: ClassVar[frozenset[str]] = frozenset(_FIELDS.values()) - {
        *("state", "error", "error_description"),
    }
    _secret_fields: ClassVar[frozenset[str]] = frozenset(
        {"raw", "values", "code", "access_token", "identity_token", "refresh_token"}
    )

    is_successful: bool
    raw: str
    values: dict[str, str]
    code: str | None = None
    access_token: str | None = None
    identity_token: str | None = None
    token_type: str | None = None
    expires_in: int | None = None
    scope: str | None = None
    refresh_token: str | None = None
    state: str | None = None
    session_state: str | None = None
    issuer: str | None = None
    error: str | None = None
    error_description: str | None = None


def parse_authorize_callback_response(redirect_uri: str) -> AuthorizeCallbackResponse:
    """Return the response in a redirect, from its fragment or else its query.

    :param redirect_uri: the full URL that was called; a relative one, an app's own scheme, or ``?``
        and the body of a ``form_post`` are accepted too

    The first of several equal parameters counts.  Raises :class:`AuthorizeCallbackException`
    without parameters.  RFC 6749 §4.1.2, OpenID Connect Core §3.1.2.5, OAuth 2.0 Form Post Response
    Mode.

    Example::

        callback = parse_authorize_callback_response(str(request.url))
    """
    values: dict[str, str] = {}
    for name, value in callback_parameters(redirect_uri):
        values.setdefault(name, value)
    if not values:
        raise AuthorizeCallbackException("the redirect carries no parameters", code="no_parameters")
    if not _FIELDS.keys() & values.keys():
        raise AuthorizeCallbackException(
            "the redirect carries no parameter of an authorization response", code="no_parameters"
        )
    return callback_of(redirect_uri, values)


def callback_url(answer: object) -> str:
    """Return the argument for :func:`parse_authorize_callback_response`, from a web request.

    ``answer`` is the URL that was called, its query string, or the fields of a form; fields may
    have several values, as in the results of ``parse_qs`` and in the forms of some frameworks.
    """
    if isinstance(answer, Mapping):
        fields = {name: value for name, value in answer.items() if value is not None}
        return f"?{urlencode(fields, doseq=True, errors='replace')}"
    if not isinstance(answer, str):
        raise InvalidArgumentError(
            "answer must be a URL, a query string or the fields of a form, "
            f"not {type(answer).__name__}"
        )
    return f"?{answer}" if _QUERY.match(answer) else answer


def callback_parameters(redirect_uri: str) -> list[tuple[str, str]]:
    """Return the pairs in the fragment of a redirect, or else in its query."""
    if not isinstance(redirect_uri, str) or not redirect_uri.strip():
        raise AuthorizeCallbackException("the redirect URI must be a non-blank string")
    if len(redirect_uri) > _MOST:
        raise AuthorizeCallbackException(f"the redirect URI is longer than {_MOST} characters")
    try:
        parts = urlsplit(redirect_uri)
        return parse_qsl(parts.fragment or parts.query, keep_blank_values=True, max_num_fields=100)
    except ValueError:
        raise AuthorizeCallbackException("the redirect URI cannot be read") from None


def callback_of(raw: str, values: Mapping[str, str]) -> AuthorizeCallbackResponse:
    """Return the response with these ``values``."""
    found: dict[str, Any] = {
        field: values[name] for name, field in _FIELDS.items() if name in values
    }
    if "expires_in" in found:
        found["expires_in"] = _integer_of(found["expires_in"])
    return AuthorizeCallbackResponse(
        is_successful="error" not in values, raw=raw, values=dict(values), **found
    )


def _integer_of(text: str) -> int | None:
    try:
        number = int(text[:20])
    except ValueError:
        return None
    return number if abs(number) < _FAR else None


class AuthorizeCallbackValidationResult(Enum):
    """The result of checking an authorization response."""

    SUCCESS = "success"
    STATE_MISMATCH = "state_mismatch"
    MISSING_STATE = "missing_state"
    ERROR_RESPONSE = "error_response"
    ISSUER_MISMATCH = "issuer_mismatch"
    MISSING_ISSUER = "missing_issuer"


@dataclass
class StateValidationResult:
    """Whether an authorization response may be used, and the reason if not."""

    is_valid: bool
    result: AuthorizeCallbackValidationResult
    error: str | None = None
    error_description: str | None = None


_Result = AuthorizeCallbackValidationResult
_VALID = (True, _Result.SUCCESS)


def validate_authorize_callback_state(
    response: AuthorizeCallbackResponse, expected_state: str
) -> StateValidationResult:
    """Return whether a response belongs to the request with ``expected_state``.

    :param response: the authorization response
    :param expected_state: the ``state`` of the request

    Without this check an attacker can log a user into the attacker's own account.  RFC 6749 §10.12.

    Example::

        checked = validate_authorize_callback_state(callback, kept["state"])
        if not checked.is_valid:
            print(checked.result)
    """
    if not response.is_successful:
        return _error_response(response)
    if not isinstance(expected_state, str) or not expected_state:
        return _failed_check(_Result.MISSING_STATE, "the expected state must be a non-empty string")
    if not response.state:
        return _failed_check(_Result.MISSING_STATE, "the response carries no state")
    if not same_text(response.state, expected_state):
        return _failed_check(_Result.STATE_MISMATCH, "the state does not match the request")
    return StateValidationResult(*_VALID)


def validate_authorize_callback_issuer(
    response: AuthorizeCallbackResponse,
    expected_issuer: str,
    *,
    iss_parameter_supported: bool = False,
    require: bool = False,
) -> StateValidationResult:
    """Return whether a response comes from the expected provider.

    :param response: the authorization response
    :param expected_issuer: the issuer of the request
    :param iss_parameter_supported: ``authorization_response_iss_parameter_supported`` in the
        provider's metadata: if true, an ``iss`` is required
    :param require: require an ``iss`` in any case

    The check protects programs with several providers from mix-up attacks.  RFC 9207 §2.4.

    Example::

        checked = validate_authorize_callback_issuer(
            callback,
            disco.issuer,
            iss_parameter_supported=bool(disco.authorization_response_iss_parameter_supported),
        )
    """
    if not response.is_successful:
        return _error_response(response)
    if response.issuer is None:
        if iss_parameter_supported or require:
            return _failed_check(_Result.MISSING_ISSUER, "the response carries no iss")
        return StateValidationResult(*_VALID)
    if not expected_issuer or not same_text(response.issuer, expected_issuer):
        return _failed_check(_Result.ISSUER_MISMATCH, "the response comes from another issuer")
    return StateValidationResult(*_VALID)


def _error_response(response: AuthorizeCallbackResponse) -> StateValidationResult:
    return StateValidationResult(
        False, _Result.ERROR_RESPONSE, response.error, response.error_description
    )


def _failed_check(result: AuthorizeCallbackValidationResult, text: str) -> StateValidationResult:
    return StateValidationResult(False, result, result.value, text)

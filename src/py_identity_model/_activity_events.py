"""Events of logins, renewals, requests, fetches and verifications."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

from ._logging import redact_url
from .exceptions import (
    AccessTokenRefusedException,
    ConfigurationException,
    InvalidArgumentError,
    NetworkException,
    PyIdentityModelException,
)
from .oidc_constants import AuthorizeErrors, BackchannelAuthenticationRequestErrors, TokenErrors

_CODE = re.compile(r"[a-z][a-z0-9_]{1,63}")
_OTHER = "other"
_PENDING = frozenset({"authorization_pending", "slow_down"})
_REGISTERED = {
    *("invalid_token", "insufficient_scope", "invalid_redirect_uri", "invalid_client_metadata"),
    *("invalid_software_statement", "unapproved_software_statement", "unsupported_token_type"),
    *("invalid_authorization_details",),
    *(one.value for errors in (AuthorizeErrors, TokenErrors) for one in errors),
    *(one.value for one in BackchannelAuthenticationRequestErrors),
}
"""The errors of responses that may be shown: a provider may put anything else in their place."""


class ActivityKind(Enum):
    """A kind of activity that has ended."""

    LOGIN = "login"
    """The response to a login was examined, or a device's or CIBA login was waited for."""
    RENEWAL = "renewal"
    """A token was obtained by a token source or a session."""
    REQUEST = "request"
    """A request was sent to an endpoint, its retries included."""
    FETCH = "fetch"
    """A discovery document or key set was fetched, from the provider or a shared store."""
    VERIFICATION = "verification"
    """A token was verified."""


class ActivityOutcome(Enum):
    """How an activity ended."""

    SUCCEEDED = "succeeded"
    """It did what was wanted."""
    PENDING = "pending"
    """The user has not decided yet: poll again."""
    REFUSED = "refused"
    """The token was refused."""
    FAILED = "failed"
    """It failed otherwise; for a verification: there is no verdict on the token."""
    CANCELLED = "cancelled"
    """Its caller stopped waiting."""


@dataclass(frozen=True)
class ActivityEvent:
    """The end of an activity; no token, no subject, no personal data is in it.

    :param kind: what has ended
    :param what: which of its kind: ``authorization code`` of logins, ``token refresh`` of requests,
        ``document`` or ``keys`` of fetches, ``access token`` or ``token`` of verifications
    :param url: the issuer of a login, verification or session; the endpoint of a machine's tokens;
        scheme and host of a request; the address of a fetch; None where it is not known and trusted
    :param outcome: how it ended
    :param code: why it failed: an error code of this package, a registered error of the provider,
        or the name of a foreign exception's class; None if it succeeded or was cancelled
    :param seconds: how long it took
    """

    kind: ActivityKind
    what: str
    url: str | None
    outcome: ActivityOutcome
    code: str | None
    seconds: float


def event_of(
    kind: str,
    what: str,
    url: str | None,
    seconds: float,
    error: BaseException | None,
    codes: Sequence[str | None],
) -> ActivityEvent:
    """Return the event of an activity that ended with ``error``, or with the first usable code."""
    ended, code = ActivityOutcome.SUCCEEDED, None
    if error is not None:
        ended, code = _outcome_of(kind, error), _code_of(error)
    elif codes:
        code = next((one for one in codes[:-1] if one in _REGISTERED), codes[-1])
        ended = ActivityOutcome.PENDING if code in _PENDING else ActivityOutcome.FAILED
    return ActivityEvent(ActivityKind(kind), what, _shown_url(kind, url), ended, code, seconds)


def _outcome_of(kind: str, error: BaseException) -> ActivityOutcome:
    if not isinstance(error, Exception):
        return ActivityOutcome.CANCELLED
    if kind != "verification" or not isinstance(error, PyIdentityModelException):
        return ActivityOutcome.FAILED
    if isinstance(error, AccessTokenRefusedException):
        is_verdict = error.status_code < 500
    else:
        ours = (ConfigurationException, InvalidArgumentError, NetworkException)
        is_verdict = not isinstance(error, ours)
    return ActivityOutcome.REFUSED if is_verdict else ActivityOutcome.FAILED


def _code_of(error: BaseException) -> str | None:
    if isinstance(error, PyIdentityModelException):
        return error.code if _CODE.fullmatch(error.code) else _OTHER
    return type(error).__name__ if isinstance(error, Exception) else None


def _shown_url(kind: str, url: str | None) -> str | None:
    """Return a URL without what may name a user: a request's path may, an issuer's does not."""
    if not url:
        return None
    plain = redact_url(url)
    if kind != "request":
        return plain
    parts = urlsplit(plain)
    return f"{parts.scheme}://{parts.netloc}"

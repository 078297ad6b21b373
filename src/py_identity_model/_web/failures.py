"""What people see when a login fails: what happened and what to do, never why in detail."""

from __future__ import annotations

from ..exceptions import (
    ConfigurationException,
    InvalidArgumentError,
    NetworkException,
    ProviderUnusableException,
    PyIdentityModelException,
)
from .answers import WebAnswer, WebRefusedException, page, provider_word

_REFUSALS = frozenset({"authorization_refused", "insufficient_user_authentication"})
_PASSING = frozenset(
    {"store_unavailable", "renewal_pending", "being_processed", "event_not_processed"}
)
_OF_THE_PROVIDER = frozenset({"server_error", "temporarily_unavailable"})


def failed_login(error: PyIdentityModelException, login_path: str) -> WebAnswer:
    """Return the page for a login that failed; mistakes of the program are raised again."""
    if isinstance(error, WebRefusedException):
        return error.answer
    mistakes = (ConfigurationException, InvalidArgumentError)
    if isinstance(error, mistakes) and not isinstance(error, ProviderUnusableException):
        raise error
    status = status_of(error)
    word = provider_word(error.details.get("error")) if error.code in _REFUSALS else None
    reason = error.code if word is None else f"{error.code} ({word})"
    text = f"You are not logged in: {reason}."
    answer = page(status, "Not logged in", text, (login_path, "Log in again"))
    return answer.with_headers(("Retry-After", "5")) if status == 503 else answer


def status_of(error: PyIdentityModelException) -> int:
    """Return the status that a failed login is answered with."""
    if isinstance(error, WebRefusedException):
        return error.answer.status
    if error.code in _PASSING or error.details.get("error") in _OF_THE_PROVIDER:
        return 503
    if error.code in _REFUSALS:
        return 403
    if isinstance(error, ProviderUnusableException):
        return 503
    if isinstance(error, NetworkException) and not _is_refused_code(error):
        return 503
    return 400


def is_final(error: PyIdentityModelException) -> bool:
    """Return whether the same answer of the provider cannot lead to a login any more."""
    return status_of(error) != 503


def _is_refused_code(error: NetworkException) -> bool:
    return error.details.get("oauth_error") is not None and (error.status_code or 0) < 500


def lost_login(address: str, login_path: str, *, expired: bool) -> WebAnswer:
    """Return the page for an answer of the provider that belongs to no login of this browser."""
    if expired:
        text = "The login took too long, or the program's secret changed: login_expired."
    else:
        text = (
            "No login was begun in this browser, or its cookie did not come back: missing_login. "
            "Either the address did not come from a login of yours, or it was used before, or "
            f"cookies are blocked, or the login was begun at another address than {address}."
        )
    return page(400, "Not logged in", text, (login_path, "Log in again"))

"""Logout, started by the client or by the provider (OpenID Connect logout specifications)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._jose.token_types import media_type
from .._wire.compare import same_text
from ..exceptions import (
    InvalidArgumentError,
    LogoutStateValidationException,
    LogoutTokenValidationException,
)
from .authorization import extra_pairs, with_query

BACK_CHANNEL_LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
MAX_AGE_WITHOUT_EXP = 300.0  # seconds after iat
_REQUIRED = ("iss", "aud", "iat", "jti", "events")


def build_end_session_url(
    end_session_endpoint: str,
    id_token_hint: str | None = None,
    client_id: str | None = None,
    post_logout_redirect_uri: str | None = None,
    state: str | None = None,
    logout_hint: str | None = None,
    ui_locales: str | None = None,
    **extra_params: Any,
) -> str:
    """Return the URL of a logout at the provider, for the user's browser.

    :param end_session_endpoint: the provider's endpoint
    :param id_token_hint: the ID token of the session
    :param client_id: the client's identifier
    :param post_logout_redirect_uri: where the user returns to
    :param state: returned with the user
    :param logout_hint: identifies the user
    :param ui_locales: preferred languages
    :param extra_params: further parameters of the provider

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for a blank endpoint.  OpenID Connect
    RP-Initiated Logout §2.

    Example::

        build_end_session_url(
            disco.end_session_endpoint,
            id_token_hint=id_token,
            post_logout_redirect_uri="https://rp.example/bye",
            state=state,
        )
    """
    named = {
        "id_token_hint": id_token_hint,
        "logout_hint": logout_hint,
        "client_id": client_id,
        "post_logout_redirect_uri": post_logout_redirect_uri,
        "state": state,
        "ui_locales": ui_locales,
    }
    if not isinstance(end_session_endpoint, str) or not end_session_endpoint.strip():
        raise InvalidArgumentError("end_session_endpoint must not be empty")
    pairs = [(name, value) for name, value in named.items() if value is not None]
    return with_query(end_session_endpoint, [*pairs, *extra_pairs(extra_params)])


def validate_post_logout_state(expected_state: str | None, returned_state: str | None) -> None:
    """Raise unless the ``state`` returned after a logout is the one that was sent.

    Raises :class:`LogoutStateValidationException`.  OpenID Connect RP-Initiated Logout §3.

    Example::

        validate_post_logout_state(kept["logout_state"], query.get("state"))
    """
    if not expected_state:
        raise LogoutStateValidationException(
            "the expected state is missing or empty", code="missing_expected_state"
        )
    if not returned_state:
        raise LogoutStateValidationException(
            "state is not present in the logout response", code="missing_logout_state"
        )
    if not same_text(expected_state, returned_state):
        raise LogoutStateValidationException(
            "the state of the logout response does not match the expected one"
        )


def check_logout_claims(
    claims: Mapping[str, Any], *, require_exp: bool = False, leeway: float = 0.0, now: float
) -> None:
    """Raise unless the claims of a verified token order a logout (Back-Channel Logout §2.4, §2.6).

    ``exp`` is required there, but older providers omit it.  Such tokens are accepted for five
    minutes after they were issued, unless ``require_exp`` refuses them.
    """
    missing = [name for name in _REQUIRED if claims.get(name) is None]
    if missing:
        raise _refused_error(f"missing: {', '.join(missing)}", "missing_logout_claim")
    if "nonce" in claims:
        raise _refused_error("it carries a nonce, as an ID token would", "logout_token_with_nonce")
    if claims.get("sub") is None and claims.get("sid") is None:
        raise _refused_error("it names neither sub nor sid", "missing_logout_subject")
    for name in ("sub", "sid", "jti"):
        if not isinstance(claims.get(name), (str, type(None))):
            raise _refused_error(f"the {name} claim is not a string", "invalid_logout_claim")
    if claims.get("exp") is None:
        if require_exp:
            raise _refused_error("missing: exp", "missing_logout_claim")
        if now - claims["iat"] > MAX_AGE_WITHOUT_EXP + leeway:
            raise _refused_error(
                "it has no exp, and was issued too long ago", "logout_token_too_old"
            )
    events = claims["events"]
    if not isinstance(events, Mapping) or not isinstance(events.get(BACK_CHANNEL_LOGOUT), Mapping):
        raise _refused_error("its events do not name a back-channel logout", "missing_logout_event")


def check_logout_typ(typ: object, *, require: bool) -> None:
    """Raise for a token with another typ; with ``require``, also for one without (§2.4)."""
    if typ is None and not require:
        return
    kind = media_type(typ)
    if kind != "logout+jwt" and (require or kind != "jwt"):
        raise _refused_error("its header has an unexpected typ", "wrong_logout_typ")


def remembered_until(claims: Mapping[str, Any], leeway: float) -> float:
    """Return until when a logout token is remembered: for longer than it is valid."""
    expires: float | None = claims.get("exp")
    return (claims["iat"] + MAX_AGE_WITHOUT_EXP if expires is None else expires) + 2 * leeway


def replayed_error() -> LogoutTokenValidationException:
    """Return the exception for a token that was already used."""
    return _refused_error("it was already used", "logout_token_replayed")


def pending_error() -> LogoutTokenValidationException:
    """Return the exception for a copy of a token that is being processed."""
    return _refused_error("a copy of it is being processed", "being_processed")


def store_error() -> LogoutTokenValidationException:
    """Return the exception for a replay store that is unavailable."""
    return _refused_error("the replay store is unavailable", "store_unavailable")


def _refused_error(text: str, code: str) -> LogoutTokenValidationException:
    return LogoutTokenValidationException(
        f"Invalid logout token: {text}", "payload", {"error": text}, code=code
    )

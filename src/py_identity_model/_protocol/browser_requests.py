"""Requests of providers through the user's browser (OpenID Connect Core §4, logout)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from .._wire.arguments import names_of
from .._wire.compare import same_text
from ..exceptions import ValidationException
from .callback import callback_parameters


@dataclass(frozen=True)
class FrontchannelLogoutRequest:
    """A front-channel logout: of session ``sid`` at ``issuer``, of any session if both are None."""

    issuer: str | None
    sid: str | None


@dataclass(frozen=True)
class InitiateLoginRequest:
    """A login started by a third party: at ``issuer``, continuing at ``target_link_uri``."""

    issuer: str
    login_hint: str | None = field(repr=False)
    target_link_uri: str | None


def validate_frontchannel_logout_request(
    url: str, *, issuer: str, sid: str | None = None, session_required: bool = False
) -> FrontchannelLogoutRequest:
    """Return the logout ordered by a call of the ``frontchannel_logout_uri``.

    :param url: the URL that was called
    :param issuer: that of the user's ID token
    :param sid: that of the user's ID token
    :param session_required: the registered ``frontchannel_logout_session_required``, by default
        False: then both may be absent, and any site can end the session with an image; register
        True, and pass it here

    Raises :class:`ValidationException`.  OpenID Connect Front-Channel Logout §2 and §3.

    Example::

        validate_frontchannel_logout_request(
            "/logout?iss=https://op.example&sid=1", issuer="https://op.example", sid="1"
        )
    """
    values = _single_values(url)
    named, session = values.get("iss"), values.get("sid")
    if (named is None) != (session is None) or (named is None and session_required):
        raise _refused_error("iss and sid are both required", "missing_logout_session")
    if named is not None and not same_text(named, issuer):
        raise _refused_error("it comes from another issuer", "logout_issuer_mismatch")
    if session is not None and sid is not None and not same_text(session, sid):
        raise _refused_error("it is about another session", "logout_session_mismatch")
    return FrontchannelLogoutRequest(named, session)


def validate_initiate_login_request(
    url: str,
    *,
    issuers: Collection[str],
    allow_target: Callable[[str], bool] | None = None,
) -> InitiateLoginRequest:
    """Return the login requested by a call of the ``initiate_login_uri``.

    :param url: the URL that was called, or ``?`` and the body of a POST
    :param issuers: the known issuers
    :param allow_target: decides whether users may be sent to a ``target_link_uri``; without it none
        is accepted, since anyone can make such a call

    Raises :class:`ValidationException`.  OpenID Connect Core §4.

    Example::

        validate_initiate_login_request(
            "/login?iss=https://op.example&login_hint=alice", issuers=["https://op.example"]
        )
    """
    known = names_of("issuers", issuers)
    values = _single_values(url)
    issuer, target = values.get("iss"), values.get("target_link_uri")
    # A list, so that all are compared: how long it takes says nothing.
    if issuer is None or not any([same_text(issuer, one) for one in known]):  # noqa: C419
        raise _refused_error("it does not name a known issuer", "unknown_issuer")
    if target is not None and (allow_target is None or not allow_target(target)):
        raise _refused_error("its target_link_uri is not allowed", "target_not_allowed")
    return InitiateLoginRequest(issuer, values.get("login_hint"), target)


def _single_values(url: str) -> dict[str, str]:
    pairs = callback_parameters(url)
    values = dict(pairs)
    if len(values) != len(pairs):
        raise _refused_error("duplicate parameter", "repeated_parameter")
    return values


def _refused_error(text: str, code: str) -> ValidationException:
    return ValidationException(f"The request is refused: {text}", {"error": text}, code=code)

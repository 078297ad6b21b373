"""The state of a login between its request and its response, and the checks of the response."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from .._protocol.callback import (
    AuthorizeCallbackResponse,
    StateValidationResult,
    callback_parameters,
    validate_authorize_callback_issuer,
    validate_authorize_callback_state,
)
from .._protocol.pkce import generate_pkce_pair
from ..exceptions import AuthorizeCallbackException, ConfigurationException, InvalidArgumentError

_TEXTS = ("issuer", "client_id", "redirect_uri", "state", "response_type")
_SECRETS = ("nonce", "code_verifier")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _are_complete(members: Mapping[str, Any]) -> bool:
    """Return whether all members compared later exist: secrets may be null, not missing."""
    optional = [members.get("response_mode"), *(members[name] for name in _SECRETS)]
    resource = members.get("resource")
    several = resource if isinstance(resource, list) else [resource]
    return (
        all(_is_text(members[name]) for name in _TEXTS if name != "response_type")
        and _is_text(members.get("response_type", "code"))
        and all(one is None or _is_text(one) for one in optional)
        and type(members.get("max_age")) in {int, type(None)}
        and type(members.get("has_id_token", True)) is bool
        and (resource is None or all(map(_is_text, several)))
    )


@dataclass(frozen=True)
class AuthorizationRequest:
    """A login that was started: send the browser to ``url``, store the rest in the user's session.

    It can be written as JSON and read again.  ``nonce`` and ``code_verifier`` are None if none was
    sent, ``has_id_token`` says whether an ID token is expected, ``resource`` is the target of the
    access token.  RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1.
    """

    url: str = field(repr=False)
    issuer: str
    client_id: str
    redirect_uri: str
    state: str = field(repr=False)
    nonce: str | None = field(repr=False)
    code_verifier: str | None = field(repr=False)
    response_type: str = "code"
    response_mode: str | None = None
    max_age: int | None = None
    has_id_token: bool = True
    resource: str | Sequence[str] | None = None

    def to_json(self) -> str:
        """Return the members that :meth:`OAuthClient.callback` needs, as compact JSON.

        It contains secrets of this login, but not the ``url``, which is used only once.

        Example::

            kept["login"] = begun.to_json()
        """
        members = {
            one.name: getattr(self, one.name)
            for one in fields(self)
            if one.name in _SECRETS or getattr(self, one.name) != one.default
        }
        del members["url"]
        return json.dumps(members, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> AuthorizationRequest:
        """Return the request that :meth:`to_json` wrote, in this or an older version.

        Raises :class:`InvalidArgumentError` (a ``ValueError``) for anything else.

        Example::

            same = AuthorizationRequest.from_json(begun.to_json())
        """
        try:
            members = json.loads(text)
            sound = _are_complete(members)
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
            sound = False
        # A missing nonce or verifier would not be compared.
        if not sound:
            raise InvalidArgumentError("this is not the JSON of an AuthorizationRequest")
        known = {one.name for one in fields(cls)} - {"url"}
        url = members.get("url")
        return cls(
            url if isinstance(url, str) else "",
            **{name: value for name, value in members.items() if name in known},
        )

    @property
    def is_signed_response(self) -> bool:
        """Whether the response must be a signed token (JARM)."""
        mode = self.response_mode
        return mode is not None and (mode == "jwt" or mode.endswith(".jwt"))


@dataclass(frozen=True)
class LoginSecrets:
    """The random values of one login."""

    state: str
    nonce: str | None
    code_verifier: str | None
    code_challenge: str | None

    @classmethod
    def fresh(cls, *, nonce: bool = True, challenge: bool = True) -> LoginSecrets:
        """Return new values: short enough for cookies, with more than 190 bits each."""
        state, other = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        pair = generate_pkce_pair(verifier_length=43) if challenge else (None, None)
        return cls(state, other if nonce else None, *pair)

    @property
    def challenge_method(self) -> str | None:
        """The method of the challenge."""
        return None if self.code_challenge is None else "S256"


def check_protection(*, nonce: bool, challenge: bool, excused: bool) -> None:
    """Raise ConfigurationException for a login that neither nonce nor PKCE binds to its response.

    Otherwise anyone who injects a stolen code, or a token without one, logs in as its owner: RFC
    9700 §2.1.1 and §2.1.2.  ``excused`` says that a preset gives the reason.
    """
    if not (nonce or challenge or excused):
        raise ConfigurationException(
            "PKCE, or an ID token with a nonce, must bind the response to the login: only a preset "
            "may omit both (nonce=False, pkce=False, and notes that say why), for the code flow",
            code="unprotected_login",
        )


def without_id_token(token: Mapping[str, Any]) -> dict[str, Any]:
    """Return a token response without an ID token that was not requested, and is not validated."""
    return {name: value for name, value in token.items() if name != "id_token"}


def check_begun(begun: object) -> None:
    """Raise unless ``begun`` is a login that was started: sessions get lost, and expire."""
    if begun is None:
        raise AuthorizeCallbackException(
            "no login was started in this session: it was lost, or cookies are blocked",
            code="missing_login",
        )
    if not isinstance(begun, AuthorizationRequest):
        raise InvalidArgumentError(
            f"begun must be an AuthorizationRequest, not {type(begun).__name__}: read its JSON by "
            "AuthorizationRequest.from_json"
        )


def check_callback(
    callback: AuthorizeCallbackResponse,
    begun: AuthorizationRequest,
    *,
    supports_iss: bool,
    issuer: str | None = None,
) -> None:
    """Raise AuthorizeCallbackException unless a response belongs to ``begun``.

    ``issuer`` is the issuer that it must name, if that is another name of the same provider.
    """
    issuer = begun.issuer if issuer is None else issuer
    if not callback.is_successful:
        raise _refusal_error(callback, begun, issuer)
    _refuse(validate_authorize_callback_state(callback, begun.state))
    alone = callback.identity_token is None and not begun.is_signed_response
    _refuse(
        validate_authorize_callback_issuer(
            callback, issuer, iss_parameter_supported=supports_iss and alone
        )
    )
    for name in {"code", "token"} & {*begun.response_type.split()}:
        if not (callback.code if name == "code" else callback.access_token):
            raise AuthorizeCallbackException(
                f"the response carries no {name}", code="incomplete_callback"
            )
    if "id_token" in begun.response_type.split() and not callback.identity_token:
        raise AuthorizeCallbackException(
            "the response carries no id_token", code="incomplete_callback"
        )


def _refusal_error(
    callback: AuthorizeCallbackResponse, begun: AuthorizationRequest, issuer: str
) -> AuthorizeCallbackException:
    """Return the exception for an error response, unless it belongs to another login.

    Providers omit the state if they could not read the request; the program needs their error,
    which ends only this login.
    """
    stored = vars(callback)
    answered = AuthorizeCallbackResponse(
        True, "", {}, state=stored["state"], issuer=stored["issuer"]
    )
    if answered.state:
        _refuse(validate_authorize_callback_state(answered, begun.state))
    _refuse(validate_authorize_callback_issuer(answered, issuer))
    return AuthorizeCallbackException(
        f"the provider refused: {callback.error}",
        {"error": callback.error, "error_description": callback.error_description},
        code="authorization_refused",
    )


def check_unsigned(url: str) -> None:
    """Raise for an unsigned response that must be signed, with the error in it if there is one."""
    values = dict(reversed(callback_parameters(url)))
    if "error" not in values:
        raise AuthorizeCallbackException("the response must be signed", code="unsigned_response")
    raise AuthorizeCallbackException(
        f"the provider refused: {values['error']}",
        {"error": values["error"], "error_description": values.get("error_description")},
        code="authorization_refused",
    )


def missing_id_token_error() -> AuthorizeCallbackException:
    """Return the exception for a response without an ID token."""
    return AuthorizeCallbackException(
        "the provider returned no ID token: is openid in the scope?", code="missing_id_token"
    )


def _refuse(checked: StateValidationResult) -> None:
    if not checked.is_valid:
        raise AuthorizeCallbackException(
            f"the response is refused: {checked.error_description}", code=checked.result.value
        )


def replayed_error() -> AuthorizeCallbackException:
    """Return the exception for a response that was already used."""
    return AuthorizeCallbackException(
        "the response is refused: it was already used", code="callback_replayed"
    )


def store_error(reason: str) -> AuthorizeCallbackException:
    """Return the exception for a replay store that is unavailable."""
    return AuthorizeCallbackException(
        f"the response is refused: the replay store failed with {reason}",
        code="store_unavailable",
    )

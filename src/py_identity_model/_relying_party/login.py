"""A login from its beginning to its end: what is remembered meanwhile, and what came of it."""

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


def _are_sound(members: Mapping[str, Any]) -> bool:
    """Return whether all that is compared later is there: secrets may be null, not missing."""
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
    """A login that has begun: send the browser to ``url``, keep the rest in the user's session.

    It can be written as JSON and read again.  ``nonce`` and ``code_verifier`` are None where none
    was sent, ``has_id_token`` says whether an ID token must come, ``resource`` what the access
    token is for.  RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1.
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
        """Return what :meth:`OAuthClient.callback` needs, as JSON that is small.

        It holds secrets of this login, and not the ``url``, which is used only once.

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
        """Return what :meth:`to_json` wrote, this version's or an older one's.

        Raises :class:`InvalidArgumentError` (a ``ValueError``) for anything else.

        Example::

            same = AuthorizationRequest.from_json(begun.to_json())
        """
        try:
            members = json.loads(text)
            sound = _are_sound(members)
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
            sound = False
        # A nonce or a verifier that is missing would not be compared.
        if not sound:
            raise InvalidArgumentError("this is not the JSON of a login that has begun")
        known = {one.name for one in fields(cls)} - {"url"}
        url = members.get("url")
        return cls(
            url if isinstance(url, str) else "",
            **{name: value for name, value in members.items() if name in known},
        )

    @property
    def is_signed_response(self) -> bool:
        """Whether the response must come as a token (JARM)."""
        mode = self.response_mode
        return mode is not None and (mode == "jwt" or mode.endswith(".jwt"))


@dataclass(frozen=True)
class Secrets:
    """What one login makes up."""

    state: str
    nonce: str | None
    code_verifier: str | None
    code_challenge: str | None

    @classmethod
    def fresh(cls, *, nonce: bool = True, challenge: bool = True) -> Secrets:
        """Return new ones; short, as cookies are, and of more than 190 bits each."""
        state, other = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        pair = generate_pkce_pair(verifier_length=43) if challenge else (None, None)
        return cls(state, other if nonce else None, *pair)

    @property
    def challenge_method(self) -> str | None:
        """How the challenge was made."""
        return None if self.code_challenge is None else "S256"


def check_protection(*, nonce: bool, challenge: bool, excused: bool) -> None:
    """Raise ConfigurationException for a login that neither nonce nor PKCE binds to its answer.

    Then anyone who injects a stolen code, or a token without one, logs in as its owner: RFC 9700
    §2.1.1 and §2.1.2.  ``excused`` says that a preset gives the reason.
    """
    if not (nonce or challenge or excused):
        raise ConfigurationException(
            "PKCE, or an ID token with a nonce, must bind the answer to the login: only a preset "
            "may do without both (nonce=False, pkce=False, and notes that say why), for codes",
            code="unprotected_login",
        )


def without_id_token(token: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer without the ID token that nobody asked for, and nobody validates."""
    return {name: value for name, value in token.items() if name != "id_token"}


def check_begun(begun: object) -> None:
    """Raise unless ``begun`` is a login that has begun: sessions get lost, and end."""
    if begun is None:
        raise AuthorizeCallbackException(
            "no login has begun in this session: it is lost, or the browser keeps no cookies",
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
    """Raise AuthorizeCallbackException unless a response is the answer to ``begun``.

    ``issuer`` is what it must name as its issuer, if that is another name of the same provider.
    """
    issuer = begun.issuer if issuer is None else issuer
    if not callback.is_successful:
        raise _refusal(callback, begun, issuer)
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


def _refusal(
    callback: AuthorizeCallbackResponse, begun: AuthorizationRequest, issuer: str
) -> AuthorizeCallbackException:
    """Return what to raise for an error response, unless it answers another login.

    Providers leave out the state where they could not read the request; their error is what the
    program has to know, and ends this login alone.
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
    """Raise for a response that must be signed and is not: with its error, if it carries one."""
    values = dict(reversed(callback_parameters(url)))
    if "error" not in values:
        raise AuthorizeCallbackException(
            "the response is not signed although it must be", code="unsigned_response"
        )
    raise AuthorizeCallbackException(
        f"the provider refused: {values['error']}",
        {"error": values["error"], "error_description": values.get("error_description")},
        code="authorization_refused",
    )


def missing_id_token() -> AuthorizeCallbackException:
    """Return what to raise for an answer without an ID token."""
    return AuthorizeCallbackException(
        "the provider gave no ID token: is openid in the scope?", code="missing_id_token"
    )


def _refuse(checked: StateValidationResult) -> None:
    if not checked.is_valid:
        raise AuthorizeCallbackException(
            f"the response is refused: {checked.error_description}", code=checked.result.value
        )


def replayed() -> AuthorizeCallbackException:
    """Return what to raise for a response that was used before."""
    return AuthorizeCallbackException(
        "the response is refused: it was used before", code="callback_replayed"
    )


def store_unavailable(reason: str) -> AuthorizeCallbackException:
    """Return what to raise where nobody can say whether a response was used before."""
    return AuthorizeCallbackException(
        f"the response is refused: the replay store failed with {reason}",
        code="store_unavailable",
    )

"""A login from its beginning to its end: what is remembered meanwhile, and what came of it."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, field, fields

from ..exceptions import AuthorizeCallbackException, InvalidArgumentError
from .callback import (
    AuthorizeCallbackResponse,
    StateValidationResult,
    callback_parameters,
    validate_authorize_callback_issuer,
    validate_authorize_callback_state,
)
from .pkce import generate_pkce_pair

_SECRETS = ("issuer", "client_id", "redirect_uri", "state", "nonce", "code_verifier")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


@dataclass(frozen=True)
class AuthorizationRequest:
    """A login that has begun: send the browser to ``url``, keep the rest in the user's session.

    It can be written as JSON and read again.  RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1.
    """

    url: str = field(repr=False)
    issuer: str
    client_id: str
    redirect_uri: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)
    response_type: str = "code"
    response_mode: str | None = None
    max_age: int | None = None

    def to_json(self) -> str:
        """Return everything as JSON; it holds secrets of this login.

        Example::

            kept["login"] = begun.to_json()
        """
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> AuthorizationRequest:
        """Return what :meth:`to_json` wrote.

        Raises :class:`InvalidArgumentError` (a ``ValueError``) for anything else.

        Example::

            same = AuthorizationRequest.from_json(begun.to_json())
        """
        try:
            members = json.loads(text)
            known = {one.name for one in fields(cls)}
            begun = cls(**{name: value for name, value in members.items() if name in known})
        except (ValueError, TypeError, AttributeError, RecursionError):
            begun = None
        # A nonce or a verifier that is missing would not be compared.
        if begun is None or not all(_is_text(getattr(begun, name)) for name in _SECRETS):
            raise InvalidArgumentError("this is no login that was begun")
        return begun

    @property
    def is_signed_response(self) -> bool:
        """Whether the response must come as a token (JARM)."""
        mode = self.response_mode
        return mode is not None and (mode == "jwt" or mode.endswith(".jwt"))


@dataclass(frozen=True)
class Secrets:
    """What one login makes up."""

    state: str
    nonce: str
    code_verifier: str
    code_challenge: str

    @classmethod
    def fresh(cls) -> Secrets:
        """Return new ones."""
        verifier, challenge = generate_pkce_pair()
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(32), verifier, challenge)


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
    callback: AuthorizeCallbackResponse, begun: AuthorizationRequest, *, supports_iss: bool
) -> None:
    """Raise AuthorizeCallbackException unless a response is the answer to ``begun``."""
    expected = begun.state
    if not callback.is_successful:
        raise _refusal(callback, begun)
    _refuse(validate_authorize_callback_state(callback, expected))
    alone = callback.identity_token is None and not begun.is_signed_response
    _refuse(
        validate_authorize_callback_issuer(
            callback, begun.issuer, iss_parameter_supported=supports_iss and alone
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
    callback: AuthorizeCallbackResponse, begun: AuthorizationRequest
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
    _refuse(validate_authorize_callback_issuer(answered, begun.issuer))
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

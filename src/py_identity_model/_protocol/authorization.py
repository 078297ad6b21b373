"""Authorization requests as URLs (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urldefrag, urlencode

from .._wire.models import Scope, scope_text
from ..exceptions import InvalidArgumentError
from .pkce import check_method
from .token_endpoint import details_text

_NAMED = (
    *("client_id", "redirect_uri", "scope", "response_type"),
    *("state", "nonce", "code_challenge", "code_challenge_method"),
)


def build_authorization_url(
    authorization_endpoint: str,
    client_id: str,
    redirect_uri: str,
    scope: Scope = "openid",
    response_type: str = "code",
    state: str | None = None,
    nonce: str | None = None,
    code_challenge: str | None = None,
    code_challenge_method: str | None = None,
    **extra_params: Any,
) -> str:
    """Return the URL of an authorization request, for the user's browser.

    :param authorization_endpoint: the provider's endpoint
    :param client_id: the client's identifier
    :param redirect_uri: where the response is sent
    :param scope: a space-separated string, or its parts
    :param response_type: ``code``, or another registered type
    :param state: binds the response to the user's session
    :param nonce: binds the ID token to the user's session
    :param code_challenge: of PKCE, given together with its method
    :param code_challenge_method: ``S256`` or ``plain``
    :param extra_params: further parameters by their registered names: ``response_mode``,
        ``prompt``, ``max_age``, ``acr_values``, ``ui_locales``, ``login_hint``, ``dpop_jkt``...;
        ``resource`` and ``audience`` may have several values, ``claims`` and
        ``authorization_details`` are sent as JSON, and None is left out

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for an empty endpoint, a challenge
    without its method or the reverse, and an unknown method.  RFC 6749 §4.1.1, RFC 7636 §4.3,
    OpenID Connect Core §3.1.2.1.

    Example::

        url = build_authorization_url(
            "https://op.example/authorize",
            client_id="web",
            redirect_uri="https://rp.example/cb",
            state=state,
            code_challenge=challenge,
            code_challenge_method="S256",
            login_hint="alice",
        )
    """
    check_challenge(code_challenge, code_challenge_method)
    values = (
        *(client_id, redirect_uri, scope_text(scope), response_type),
        *(state, nonce, code_challenge, code_challenge_method),
    )
    named = [(name, value) for name, value in zip(_NAMED, values, strict=True) if value is not None]
    return with_query(authorization_endpoint, [*named, *extra_pairs(extra_params)])


def build_pushed_authorization_url(
    authorization_endpoint: str, client_id: str, request_uri: str
) -> str:
    """Return the URL of a pushed authorization request, for the user's browser.

    :param authorization_endpoint: the provider's endpoint
    :param client_id: the client's identifier
    :param request_uri: the result of :func:`push_authorization_request`

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for empty values.  RFC 9126 §4.

    Example::

        build_pushed_authorization_url("https://op.example/authorize", "web", pushed.request_uri)
    """
    for name, value in (("client_id", client_id), ("request_uri", request_uri)):
        if not value:
            raise InvalidArgumentError(f"{name} must not be empty")
    pairs = [("client_id", client_id), ("request_uri", request_uri)]
    return with_query(authorization_endpoint, pairs)


def check_challenge(challenge: str | None, method: str | None) -> None:
    """Raise InvalidArgumentError unless both are given and valid, or neither is given."""
    if (challenge is None) != (method is None):
        raise InvalidArgumentError(
            "code_challenge and code_challenge_method: must be given together (RFC 7636 §4.3)"
        )
    if method is not None:
        check_method(method)


def extra_pairs(extra: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Return further parameters as pairs of a query, without those that are None."""
    for name, value in extra.items():
        if value is None:
            continue
        if name == "authorization_details":
            yield name, details_text(value)
        elif isinstance(value, Mapping):
            yield name, _json(value)
        elif isinstance(value, (list, tuple)):
            yield from ((name, str(one)) for one in value)
        else:
            yield name, ("true" if value else "false") if isinstance(value, bool) else str(value)


def _json(value: Mapping[str, Any]) -> str:
    from json import dumps

    try:
        return dumps(dict(value), separators=(",", ":"))
    except (RecursionError, TypeError, ValueError):
        raise InvalidArgumentError("parameters must be JSON values") from None


def with_query(endpoint: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Return ``endpoint`` with ``pairs`` added to its query, without its fragment."""
    if not isinstance(endpoint, str) or not endpoint.strip():
        raise InvalidArgumentError("the endpoint must not be empty")
    try:
        base, query = urldefrag(endpoint).url, urlencode(list(pairs))
    except ValueError:
        raise InvalidArgumentError(
            "the endpoint or a parameter cannot be encoded in a URL"
        ) from None
    if not query:
        return base
    if "?" not in base:
        return f"{base}?{query}"
    return base + query if base.endswith(("?", "&")) else f"{base}&{query}"

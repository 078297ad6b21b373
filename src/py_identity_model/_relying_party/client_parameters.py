"""Names of further parameters, so that type checkers find misspelt ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from .._wire.models import Scope


class AuthorizationParameters(TypedDict, total=False):
    """Parameters of an authorization request beyond those that a login sets itself.

    OpenID Connect Core §3.1.2.1, RFC 8707 §2, RFC 9396 §2.
    """

    prompt: str | None
    login_hint: str | None
    id_token_hint: str | None
    acr_values: str | None
    display: str | None
    ui_locales: str | None
    claims_locales: str | None
    claims: Mapping[str, Any] | str | None
    resource: str | Sequence[str] | None
    audience: str | Sequence[str] | None
    authorization_details: Sequence[Mapping[str, Any]] | None


class ExchangeParameters(TypedDict, total=False):
    """Parameters of a token exchange; RFC 8693 §2.1."""

    actor_token: str | None
    actor_token_type: str | None
    resource: str | Sequence[str] | None
    audience: str | Sequence[str] | None
    scope: Scope | None
    requested_token_type: str | None
    authorization_details: Sequence[Mapping[str, Any]] | None
    extra_parameters: Mapping[str, str | Sequence[str]] | None


class TokenParameters(TypedDict, total=False):
    """Parameters of a source's token requests; RFC 6749 §4.4.2 and §6, RFC 8707 §2."""

    scope: Scope | None
    resource: str | Sequence[str] | None
    audience: str | Sequence[str] | None
    authorization_details: Sequence[Mapping[str, Any]] | None
    extra_parameters: Mapping[str, str | Sequence[str]] | None


class IdTokenContext(TypedDict, total=False):
    """What came with an ID token, and must fit it; OpenID Connect Core §3.1.3.7 and §3.3.2.9."""

    access_token: str | None
    code: str | None
    max_age: int | None
    response_type: str | None


class BackchannelParameters(TypedDict):
    """What a login on the user's own device is begun with; CIBA Core §7.1."""

    login_hint: str | None
    login_hint_token: str | None
    id_token_hint: str | None
    binding_message: str | None
    user_code: str | None
    acr_values: str | None
    requested_expiry: int | None
    client_notification_token: str | None
    extra_parameters: Mapping[str, str] | None

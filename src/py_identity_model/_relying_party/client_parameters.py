"""The names of further parameters, for type checkers: a typing error in one is found there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from .._wire.models import Scope


class AuthorizationParameters(TypedDict, total=False):
    """What an authorization request may carry besides what a login sets itself.

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
    """What a token exchange may ask for besides; RFC 8693 §2.1."""

    actor_token: str | None
    actor_token_type: str | None
    resource: str | Sequence[str] | None
    audience: str | Sequence[str] | None
    scope: Scope | None
    requested_token_type: str | None
    authorization_details: Sequence[Mapping[str, Any]] | None
    extra_parameters: Mapping[str, str | Sequence[str]] | None


class TokenParameters(TypedDict, total=False):
    """What a source may ask for; RFC 6749 §4.4.2 and §6, RFC 8707 §2."""

    scope: Scope | None
    resource: str | Sequence[str] | None
    audience: str | Sequence[str] | None
    authorization_details: Sequence[Mapping[str, Any]] | None
    extra_parameters: Mapping[str, str | Sequence[str]] | None

"""Names of parameters: each is one of what it is passed on to, so that none is lost there."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import Any, is_typeddict

import pytest

from py_identity_model import (
    BackchannelAuthenticationRequest,
    ClientCredentialsTokenRequest,
    RefreshTokenRequest,
    TokenExchangeRequest,
    validate_id_token,
)
from py_identity_model._relying_party import client_parameters
from py_identity_model._relying_party.client_parameters import (
    AuthorizationParameters,
    BackchannelParameters,
    ExchangeParameters,
    IdTokenContext,
    TokenParameters,
)
from py_identity_model.oidc_constants import AuthorizeRequest

ADDED = {"claims", "claims_locales", "audience", "authorization_details"}
"""Parameters of an authorization request that the contract's enumeration does not have."""


def parameters_of(taker: Callable[..., Any]) -> set[str]:
    if taker is AuthorizeRequest:
        return {one.value for one in AuthorizeRequest} | ADDED
    if isinstance(taker, type):
        return {one.name for one in fields(taker)}
    return set(inspect.signature(taker).parameters)


USES: list[tuple[Any, Callable[..., Any]]] = [
    (AuthorizationParameters, AuthorizeRequest),
    (BackchannelParameters, BackchannelAuthenticationRequest),
    (ExchangeParameters, TokenExchangeRequest),
    (IdTokenContext, validate_id_token),
    (TokenParameters, ClientCredentialsTokenRequest),
    (TokenParameters, RefreshTokenRequest),
]


@pytest.mark.parametrize(("names", "taker"), USES)
def test_every_name_is_taken(names: Any, taker: Callable[..., Any]) -> None:
    assert set(names.__annotations__) <= parameters_of(taker)


def test_every_set_of_names_is_compared() -> None:
    ours = {one for one in vars(client_parameters).values() if is_typeddict(one)}
    assert ours == {names for names, _ in USES}


def test_only_logins_on_other_devices_pass_all_their_names() -> None:
    for names, _ in USES:
        required = names.__required_keys__
        assert bool(required) == (names is BackchannelParameters)

"""Names of parameters are known to type checkers."""

from __future__ import annotations

import inspect
import typing
from typing import Any

import pytest

import py_identity_model as root
from py_identity_model import aio
from py_identity_model._protocol.token_exchange import TokenExchangeRequest
from py_identity_model._relying_party.client_parameters import (
    AuthorizationParameters,
    ExchangeParameters,
    TokenParameters,
)


def methods() -> list[Any]:
    kinds = {getattr(module, name) for module in (root, aio) for name in module.__all__}
    return [
        method
        for kind in kinds
        if isinstance(kind, type) and kind.__module__.startswith("py_identity_model")
        for name, method in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_") and method.__module__.startswith("py_identity_model")
    ]


def test_no_method_takes_names_that_a_type_checker_cannot_judge() -> None:
    loose = [
        f"{method.__qualname__}(**{parameter.name})"
        for method in methods()
        for parameter in inspect.signature(method).parameters.values()
        if parameter.kind is parameter.VAR_KEYWORD and "Unpack[" not in str(parameter.annotation)
    ]
    assert loose == []


@pytest.mark.parametrize("client", [root.OAuthClient, aio.AsyncOAuthClient])
def test_further_parameters_are_named_by_their_dictionaries(client: Any) -> None:
    for name, named in (
        ("authorization_request", AuthorizationParameters),
        ("exchange", ExchangeParameters),
        ("token_source", TokenParameters),
        ("auth", TokenParameters),
    ):
        (annotation,) = (
            parameter.annotation
            for parameter in inspect.signature(getattr(client, name)).parameters.values()
            if parameter.kind is parameter.VAR_KEYWORD
        )
        assert annotation == f"Unpack[{named.__name__}]"


def test_what_an_exchange_may_name_are_fields_of_its_request() -> None:
    assert typing.get_type_hints(ExchangeParameters).keys() <= {
        *TokenExchangeRequest.__dataclass_fields__
    }

"""Names of parameters are known to type checkers."""

from __future__ import annotations

import inspect
import re
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
from py_identity_model._relying_party.registered_client import RegisteredArguments
from py_identity_model.aio.registered_client import RegisteredClientOptions


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


def test_the_parameters_of_an_exchange_are_fields_of_its_request() -> None:
    assert typing.get_type_hints(ExchangeParameters).keys() <= {
        *TokenExchangeRequest.__dataclass_fields__
    }


def test_each_argument_of_a_client_is_decided_by_a_registration_or_passed_beside_it() -> None:
    decided, passed = RegisteredArguments.__annotations__, RegisteredClientOptions.__annotations__
    taken = inspect.signature(aio.AsyncOAuthClient).parameters
    assert not decided.keys() & passed.keys()
    assert decided.keys() | passed.keys() | {"issuer", "client_id"} == taken.keys()


DOCUMENTED = {
    thing.__qualname__: thing
    for thing in [*(getattr(root, name) for name in root.__all__), *methods()]
    if callable(thing) and re.search("^:param", inspect.getdoc(thing) or "", re.MULTILINE)
}


def test_the_objects_that_programs_make_once_document_their_arguments() -> None:
    assert DOCUMENTED.keys() > {"OAuthClient", "AccessTokenVerifier", "TokenIntrospector"}


@pytest.mark.parametrize("name", sorted(DOCUMENTED))
def test_each_argument_is_documented_on_a_line_of_its_own(name: str) -> None:
    thing = DOCUMENTED[name]
    named = re.findall(r"^:param (\w+):", inspect.getdoc(thing) or "", re.MULTILINE)
    assert sorted(named) == sorted({*inspect.signature(thing).parameters} - {"self"})

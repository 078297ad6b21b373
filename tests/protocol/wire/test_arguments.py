"""Arguments: collections of names, scopes, stores, numbers, addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from py_identity_model._wire.arguments import (
    acr_values_from,
    algorithms_of,
    audience_of,
    check_address,
    check_request,
    check_store,
    names_of,
    scopes_from,
    seconds_of,
    with_scopes,
)
from py_identity_model.aio import AsyncMemoryTokenStore, AsyncTokenStore
from py_identity_model.exceptions import InvalidArgumentError
from py_identity_model.sync import MemoryTokenStore, TokenStore
from tests.support import refused


def refuse(call: Callable[..., object], *arguments: Any, name: str = "x", **more: Any) -> None:
    with refused(InvalidArgumentError, "invalid_argument") as caught:
        call(*arguments, **more)
    assert name in str(caught.value)


@pytest.mark.parametrize("values", ["abc", b"abc", None, 7, [""], ["a", 7], [None]])
def test_names_are_a_collection_of_texts(values: object) -> None:
    refuse(names_of, "x", values)
    assert names_of("x", ["a", "b"]) == ("a", "b")
    assert names_of("x", iter(["a"])) == ("a",)


@pytest.mark.parametrize("value", ["", [], [""], 7, None])
def test_an_audience_names_the_api_at_least_once(value: object) -> None:
    refuse(audience_of, "x", value)
    assert audience_of("x", "api") == "api"
    assert audience_of("x", ("a", "b")) == ["a", "b"]


@pytest.mark.parametrize("values", ["RS256", [], ["none"], ["RS256", "rs256"], None])
def test_algorithms_are_names_of_signature_algorithms(values: object) -> None:
    refuse(algorithms_of, values, name="algorithms")
    assert algorithms_of(("RS256", "ES256")) == ["RS256", "ES256"]


@pytest.mark.parametrize("values", ['a"b', ["a b"], ["\\"], ["\xe9"], [""], 7, None, b"a"])
def test_something_that_is_not_a_scope_is_refused(values: object) -> None:
    refuse(scopes_from, "x", values)
    assert scopes_from("x", "a b") == scopes_from("x", ["b", "a"]) == {"a", "b"}


def test_further_scopes_are_added_to_those_required() -> None:
    assert with_scopes(frozenset({"a"}), "b c") == {"a", "b", "c"}
    assert with_scopes(frozenset({"a"}), ()) == {"a"}
    refuse(with_scopes, frozenset(), None, name="scopes")


@pytest.mark.parametrize("values", [["a b"], ["\xe9"], ["a\n"], 7, [""]])
def test_an_acr_value_is_printable_without_spaces(values: object) -> None:
    refuse(acr_values_from, values, name="acr_values")
    assert acr_values_from("a b") == ("a", "b")


def test_a_store_is_one_of_its_own_api() -> None:
    check_store("x", MemoryTokenStore(), TokenStore)
    check_store("x", AsyncMemoryTokenStore(), AsyncTokenStore)
    refuse(check_store, "x", MemoryTokenStore(), AsyncTokenStore)
    refuse(check_store, "x", AsyncMemoryTokenStore(), TokenStore)
    refuse(check_store, "x", object(), TokenStore)
    refuse(check_store, "x", None, TokenStore)


class Seconds(float):
    """A number as numpy and others have it."""


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), True, "5", None, 10**400])
def test_seconds_are_finite_and_not_negative(value: Any) -> None:
    refuse(seconds_of, "x", value)
    numbers = [0, 5, 2.5, Seconds(3)]
    assert [seconds_of("x", one) for one in numbers] == numbers


def test_no_secret_is_sent_to_a_plain_address_unless_that_is_accepted() -> None:
    check_address("x", "https://op.example", require_https=True)
    check_address("x", "http://127.0.0.1:8000", require_https=True)
    check_address("x", "http://op.example", require_https=False)
    refuse(check_address, "x", "http://op.example", require_https=True)
    refuse(check_address, "x", "op.example", require_https=False)


@pytest.mark.parametrize(
    ("position", "name"),
    [*enumerate(["authorization", "method", "uri", "dpop", "certificate", "scopes"])],
)
def test_a_request_has_text_in_its_places(position: int, name: str) -> None:
    sound: list[Any] = ["Bearer t", "GET", "https://api.example", ["proof"], b"pem", ()]
    check_request(*sound)
    for fields in ([], [""], ["", "proof"]):  # as requests may bring them
        check_request("Bearer t", "GET", "https://api.example", fields, b"pem", ())
    sound[position] = 7
    refuse(check_request, *sound, name=name)

"""Names of requests: what differs has different names, wherever and however often it is named."""

from __future__ import annotations

import gc
import itertools
import json
import os
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any

import pytest

from py_identity_model import (
    ClientCredentialsTokenRequest,
    ClientSecretBasic,
    ClientSecretPost,
    DPoPKey,
    ExtensionTokenRequest,
    FederatedAssertion,
    MtlsClientAuth,
    PrivateKeyJwt,
    PrivateKeyJwtAuthentication,
    RefreshTokenRequest,
    TlsClientAuth,
)
from py_identity_model._sessions.request_name import name_request, plain_text
from py_identity_model._wire.client_authentication import Credentials
from py_identity_model._wire.models import BaseRequest


def request_key(request: BaseRequest) -> str:
    return name_request(request).key


def asking(**more: Any) -> ClientCredentialsTokenRequest:
    return ClientCredentialsTokenRequest("https://op.example/token", "gateway", **more)


def assertion_of(user: str) -> FederatedAssertion:
    return FederatedAssertion(lambda: f"assertion-of-{user}")


class Tenant:
    def __init__(self, name: str) -> None:
        self.name = name

    def assertion(self) -> str:
        return self.name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tenant)

    def __hash__(self) -> int:
        return 1


class Own(ClientSecretPost):
    """A dataclass by inheritance alone: its fields are not all there is to it."""

    def __init__(self, tenant: str) -> None:
        super().__init__("s")
        object.__setattr__(self, "tenant", tenant)

    def credentials(
        self, client_id: str, address: str, assertion: str | None = None
    ) -> Credentials:
        return Credentials({}, {})


class Slotted:
    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


NAMED: list[BaseRequest] = [
    asking(),
    asking(scope="a b"),
    asking(scope=["a", "b"]),
    asking(client_secret="x"),
    asking(client_secret="y"),
    asking(client_authentication=ClientSecretBasic("x")),
    asking(client_authentication=ClientSecretPost("x")),
    asking(client_authentication=TlsClientAuth("x", "y")),
    asking(client_authentication=PrivateKeyJwtAuthentication("pem")),
    asking(private_key_jwt=PrivateKeyJwt("pem")),
    asking(mtls=MtlsClientAuth("x", "y")),
    asking(resource="r"),
    asking(resource=["r", "s"]),
    asking(audience="r"),
    asking(extra_parameters={"a": "1"}),
    asking(extra_parameters={"a": ["1"]}),
    asking(extra_parameters={"a": b"1"}),
    asking(extra_parameters={"a": "b'1'"}),
    asking(extra_parameters={1: "x"}),
    asking(extra_parameters={"1": "x"}),
    asking(extra_parameters={"a": Path("1")}),
    asking(extra_parameters={"a": ("bytes", "31")}),
    asking(authorization_details=[{"type": "a", "n": 1}]),
    asking(authorization_details=[{"type": "a", "n": True}]),
    asking(authorization_details=[{"type": "a", "n": None}]),
    asking(dpop_key=DPoPKey()),
    asking(dpop_key=DPoPKey()),
    ExtensionTokenRequest("https://op.example/token", "gateway", "client_credentials"),
    RefreshTokenRequest("https://op.example/token", "gateway", "a"),
    RefreshTokenRequest("https://op.example/token", "gateway", "b"),
]


def test_requests_that_differ_have_different_names() -> None:
    for first, second in itertools.combinations(NAMED, 2):
        assert request_key(first) != request_key(second), (first, second)


@pytest.mark.parametrize("request_", NAMED, ids=range(len(NAMED)))
def test_a_request_without_functions_has_one_name(request_: BaseRequest) -> None:
    assert name_request(request_) == name_request(request_, "key") == name_request(request_)
    assert not name_request(request_).unnamed


def test_the_order_of_mappings_and_sets_is_irrelevant() -> None:
    assert plain_text({"a": 1, "b": {"x", "y"}}) == plain_text({"b": {"y", "x"}, "a": 1})
    assert plain_text({1: 0, b"b": 0, "a": 0}) == plain_text({"a": 0, 1: 0, b"b": 0})
    assert plain_text({1, b"b", "a"}) == plain_text({"a", b"b", 1})


def test_objects_that_come_one_after_another_have_names_of_their_own() -> None:
    names = []
    for number in range(200):
        tenant = Tenant(str(number))
        for value in (
            assertion_of("a"),
            FederatedAssertion(tenant.assertion),
            Own("a"),
            Tenant("a"),
            Slotted("a"),
        ):
            names.append(request_key(asking(client_authentication=value)))
        del tenant, value
        gc.collect(0)
    assert len({*names}) == len(names)


def test_an_object_keeps_its_name_while_it_lives() -> None:
    for value in (assertion_of("a"), Own("a"), Tenant("a")):
        request = asking(client_authentication=value)
        assert request_key(request) == request_key(request)
        assert name_request(request).unnamed
    assert request_key(asking(client_authentication=Tenant("a"))) != request_key(
        asking(client_authentication=Tenant("a"))
    )  # they are equal, and not the same


def test_a_class_that_a_function_made_has_no_name() -> None:
    def made(suffix: str) -> Any:
        @dataclass(frozen=True)
        class Local:
            secret: str

            def value(self) -> str:
                return self.secret + suffix

        return Local("s")

    first, second = (asking(client_authentication=made(one)) for one in "ab")
    assert request_key(first) != request_key(second)


def test_a_key_names_what_has_no_name_and_nothing_else() -> None:
    first, second = (asking(client_authentication=assertion_of(one)) for one in "ab")
    assert name_request(first, "k") == name_request(second, "k")
    assert name_request(first, "k").key != name_request(first, "l").key
    other = asking(client_authentication=assertion_of("a"), scope="read")
    assert name_request(other, "k").key != name_request(first, "k").key


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_functions_of_forked_workers_have_different_names() -> None:
    reader, writer = os.pipe()
    for number in range(2):
        pid = os.fork()
        if pid == 0:
            made = asking(client_authentication=assertion_of(str(number)))
            os.write(writer, f"{request_key(made)}\n".encode())
            os._exit(0)
        os.waitpid(pid, 0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        first, second = pipe.read().split()
    assert first != second


def test_an_enum_has_the_name_of_its_value() -> None:
    class Word(StrEnum):
        A = "a"

    class Number(IntEnum):
        ONE = 1

    assert plain_text({"x": Word.A}) == plain_text({"x": "a"})
    assert plain_text([Number.ONE]) == plain_text([1])


def test_names_stay_what_they_were() -> None:
    """Tokens in shared stores are found by them, also by the next version."""
    key = DPoPKey()
    written = {
        "bytes": b"\x01",
        "path": Path("a/b"),
        "list": [1, None, True],
        "set": {"b", "a"},
        "dpop": key,
        "data": ClientSecretBasic("s"),
    }
    module = "py_identity_model._wire.client_authentication"
    assert json.loads(plain_text(written)) == [
        "mapping",
        [
            ["bytes", ["bytes", "01"]],
            ["data", [f"{module}.ClientSecretBasic", [["client_secret", "s"]]]],
            ["dpop", ["dpop", key.jwk_thumbprint]],
            ["list", ["list", [1, None, True]]],
            ["path", ["path", "a/b"]],
            ["set", ["set", ["a", "b"]]],
        ],
    ]


def test_a_part_without_a_name_is_reported_by_its_type() -> None:
    named = name_request(asking(client_authentication=Tenant("a")), "k")
    assert named.unnamed == ("Tenant",)
    unnamed = name_request(asking(client_authentication=Tenant("a")))
    assert unnamed.unnamed == ("Tenant",)
    assert unnamed.key != named.key

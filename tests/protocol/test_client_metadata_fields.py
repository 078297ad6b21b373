"""Members of client metadata: what is sent, what is read, what is never published."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model import ClientMetadata, ClientRegistrationRequest, InvalidArgumentError
from py_identity_model._protocol.client_metadata_fields import (
    NAMES,
    check_public,
    members_in,
    members_of,
)
from tests.support import refused

PUBLIC = {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "x"}]}


def test_members_that_are_set_are_sent_and_no_others() -> None:
    metadata = ClientMetadata(client_name="", require_auth_time=False, default_max_age=0)
    said = {"client_name": "", "require_auth_time": False, "default_max_age": 0}
    assert members_of(metadata) == said


def test_a_request_sends_what_it_takes_by_position() -> None:
    request = ClientRegistrationRequest("https://op.example", ["https://rp.example"], ["code"])
    said = {"redirect_uris": ["https://rp.example"], "response_types": ["code"]}
    assert members_of(request) == said


def test_keys_are_registered_by_value_or_by_address() -> None:
    with pytest.raises(InvalidArgumentError, match="mutually exclusive"):
        members_of(ClientMetadata(jwks=PUBLIC, jwks_uri="https://rp.example/jwks"))


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_a_private_member_is_never_published(member: str) -> None:
    (key,) = PUBLIC["keys"]
    with refused(InvalidArgumentError, "private_jwks"):
        check_public({"keys": [key, {**key, member: "x"}]})


@pytest.mark.parametrize("odd", [[], "{}", {}, {"keys": {}}, 7])
def test_anything_but_a_key_set_is_refused(odd: object) -> None:
    with pytest.raises(InvalidArgumentError, match="JWK Set"):
        check_public(odd)
    check_public(None)
    check_public(PUBLIC)


@pytest.mark.parametrize(
    ("name", "odd"),
    [
        ("redirect_uris", "https://rp.example"),
        ("contacts", ["a", 1]),
        ("client_name", 7),
        ("client_name", True),
        ("default_max_age", True),
        ("default_max_age", "60"),
        ("require_auth_time", 1),
        ("jwks", []),
    ],
)
def test_a_member_of_an_unregistered_type_is_none(name: str, odd: object) -> None:
    read = members_in({name: odd, "scope": "openid"})
    assert read[name] is None
    assert read["scope"] == "openid"


def test_every_name_is_read_and_no_other() -> None:
    document: dict[str, Any] = {"client_secret": "s", "policy_uri": "https://rp.example/p"}
    read = members_in(document)
    assert tuple(read) == NAMES
    assert {name for name, one in read.items() if one is not None} == {"policy_uri"}

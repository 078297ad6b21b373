"""Clients of MCP servers: named, described by a document, or registered."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model import (
    ClientMetadata,
    ClientRegistrationResponse,
    ClientSecretBasic,
    ClientSecretPost,
    DiscoveryDocumentResponse,
    NoClientAuthentication,
    PrivateKeyJwtAuthentication,
)
from py_identity_model._relying_party.mcp_clients import MCPClientOptions, MCPRegistration
from py_identity_model.exceptions import InvalidArgumentError, MCPAuthorizationException
from tests.support import refused

ISSUER, REDIRECT = "https://op.example", "http://127.0.0.1:8000/callback"
DOCUMENT = "https://app.example/client"


def options(**more: Any) -> MCPClientOptions:
    usual: dict[str, Any] = {"server_url": "https://tools.example/mcp", "redirect_uri": REDIRECT}
    usual |= {"issuer": None, "client_id": None, "authentication": None, "metadata_url": None}
    return MCPClientOptions(**{**usual, "metadata": None, "binds_tokens": False, **more})


def at(**members: Any) -> DiscoveryDocumentResponse:
    return DiscoveryDocumentResponse(True, issuer=ISSUER, **members)


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"server_url": "http://tools.example"}, "server_url"),
        ({"client_id": "c"}, "issuer"),
        ({"authentication": ClientSecretBasic("s")}, "client_id"),
        ({"authentication": ClientSecretBasic("s"), "metadata_url": DOCUMENT}, "client_id"),
        ({"metadata_url": "http://app.example/client"}, ""),
        ({"redirect_uri": "http://app.example/cb"}, "redirect_uri"),
        ({"redirect_uri": "custom:/cb"}, "redirect_uri"),
        ({"redirect_uri": "https:///cb"}, "redirect_uri"),
        ({"redirect_uri": f"{REDIRECT}#x"}, "redirect_uri"),
        ({"redirect_uri": 7}, "redirect_uri"),
    ],
)
def test_options_that_contradict_each_other_are_refused(more: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidArgumentError, match=text or None):
        options(**more)


@pytest.mark.parametrize("uri", [REDIRECT, "https://app.example/cb", "com.example.app:/cb", None])
def test_a_code_may_be_sent_to_ones_own_address(uri: str | None) -> None:
    assert options(redirect_uri=uri).redirect_uri == uri


def test_the_programs_own_client_authenticates_as_it_says() -> None:
    secret = ClientSecretBasic("s")
    own = options(client_id="c", issuer=ISSUER, authentication=secret)
    assert own.own_client("c") is secret
    assert own.own_client("other") is None
    assert own.client_at(at()) == "c"
    public = options(client_id="c", issuer=ISSUER).own_client("c")
    assert isinstance(public, NoClientAuthentication)


def test_a_document_names_the_client_where_the_server_takes_it() -> None:
    key = PrivateKeyJwtAuthentication("pem")
    described = options(metadata_url=DOCUMENT, authentication=key)
    takes = at(document={"client_id_metadata_document_supported": True})
    assert described.client_at(takes) == DOCUMENT
    assert described.own_client(DOCUMENT) is key
    for other in (at(), at(document={"client_id_metadata_document_supported": "true"})):
        assert described.client_at(other) is None


@pytest.mark.parametrize(
    ("supported", "method"),
    [
        (None, "client_secret_basic"),
        (["client_secret_post", "none"], "none"),
        (["client_secret_post"], "client_secret_post"),
        (["private_key_jwt"], None),
    ],
)
def test_a_registration_asks_for_a_method_that_both_know(
    supported: list[str] | None, method: str | None
) -> None:
    metadata = at(
        registration_endpoint=f"{ISSUER}/register", token_endpoint_auth_methods_supported=supported
    )
    request = options(binds_tokens=True).registration_at(metadata)
    assert request.token_endpoint_auth_method == method
    assert (request.application_type, request.dpop_bound_access_tokens) == ("native", True)


def test_the_programs_own_metadata_comes_first() -> None:
    metadata = at(registration_endpoint=f"{ISSUER}/register")
    said = options(
        metadata=ClientMetadata(client_name="Shop"), redirect_uri="https://app.example/cb"
    )
    request = said.registration_at(metadata)
    assert (request.client_name, request.application_type) == ("Shop", "web")


@pytest.mark.parametrize(
    ("more", "members"),
    [({}, {}), ({"redirect_uri": None}, {"registration_endpoint": f"{ISSUER}/register"})],
)
def test_where_nothing_can_be_registered_the_way_out_is_named(
    more: dict[str, Any], members: dict[str, Any]
) -> None:
    with refused(MCPAuthorizationException, "no_registration") as caught:
        options(**more).registration_at(at(**members))
    assert "client_id" in str(caught.value)


def test_registrations_of_different_clients_are_stored_apart() -> None:
    keys = {
        options().key(ISSUER),
        options().key("https://other.example"),
        options(binds_tokens=True).key(ISSUER),
        options(metadata=ClientMetadata(client_name="Shop")).key(ISSUER),
        options(server_url="https://other.example").key(ISSUER),
    }
    assert len(keys) == 5
    assert options().key(ISSUER) == options().key(ISSUER)


@pytest.mark.parametrize(
    ("method", "secret", "kind"),
    [
        (None, None, NoClientAuthentication),
        (None, "s", ClientSecretBasic),
        ("client_secret_post", "s", ClientSecretPost),
        ("none", "s", NoClientAuthentication),
    ],
)
def test_a_registration_is_kept_and_read_again(
    method: str | None, secret: str | None, kind: type
) -> None:
    response = ClientRegistrationResponse(
        True, client_id="c", client_secret=secret, token_endpoint_auth_method=method
    )
    made = MCPRegistration.of(ISSUER, response)
    assert type(made.authentication) is kind
    assert MCPRegistration.from_members(made.members()) == made
    assert "'s'" not in repr(made)


def test_a_secret_is_good_until_it_expires() -> None:
    response = ClientRegistrationResponse(
        True, client_id="c", client_secret="s", client_secret_expires_at=1000
    )
    made = MCPRegistration.of(ISSUER, response)
    assert made.is_good(999)
    assert not made.is_good(1000)
    assert MCPRegistration(ISSUER, "c", "none").is_good(1e12)


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (ClientRegistrationResponse(False, "no"), "registration_refused"),
        (
            ClientRegistrationResponse(
                True, client_id="c", token_endpoint_auth_method="private_key_jwt"
            ),
            "registration_unusable",
        ),
        (
            ClientRegistrationResponse(
                True, client_id="c", token_endpoint_auth_method="client_secret_basic"
            ),
            "registration_unusable",
        ),
    ],
)
def test_a_registration_that_cannot_be_used_is_refused(
    response: ClientRegistrationResponse, code: str
) -> None:
    with refused(MCPAuthorizationException, code):
        MCPRegistration.of(ISSUER, response)


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"issuer": ISSUER, "client_id": "c", "method": "x"},
        {"issuer": ISSUER, "client_id": 7, "method": "none"},
        {"issuer": ISSUER, "client_id": "c", "method": "none", "more": 1},
    ],
)
def test_something_else_in_the_store_is_no_registration(members: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not a registration"):
        MCPRegistration.from_members(members)

"""The client credentials grant against a provider that authenticates for real."""

from __future__ import annotations

from base64 import b64decode

import pytest

from py_identity_model.aio import (
    ClientAuthentication,
    ClientCredentialsTokenRequest,
    ClientSecretBasic,
    ClientSecretPost,
    ErrorKind,
    NoClientAuthentication,
    request_client_credentials_token,
    validate_token,
)
from py_identity_model.testing import Answer, EmbeddedProvider
from tests.support import CONFIG, answering


def ask(provider: EmbeddedProvider, **fields: object) -> ClientCredentialsTokenRequest:
    values = {
        "address": provider.token_endpoint,
        "client_id": provider.client_id,
        "client_secret": provider.client_secret,
        **fields,
    }
    return ClientCredentialsTokenRequest(**values)  # type: ignore[arg-type]


async def test_a_secret_is_sent_by_basic_without_an_id_in_the_body(
    provider: EmbeddedProvider,
) -> None:
    response = await request_client_credentials_token(ask(provider, scope="read"))
    assert response.is_successful
    assert response.token is not None
    assert response.token["scope"] == "read"
    claims = await validate_token(response.token["access_token"], CONFIG, provider.issuer)
    assert claims["client_id"] == "machine"
    received = provider.requests[0]
    assert received.form == {"grant_type": "client_credentials", "scope": "read"}
    assert received.headers["content-type"] == "application/x-www-form-urlencoded"
    scheme, _, pair = received.headers["authorization"].partition(" ")
    assert scheme == "Basic"
    assert b64decode(pair).decode() == f"machine:{provider.client_secret}"


async def test_a_chosen_method_wins_over_the_secret(provider: EmbeddedProvider) -> None:
    chosen = ClientSecretPost(provider.client_secret)
    response = await request_client_credentials_token(
        ask(provider, client_secret="wrong", client_authentication=chosen)
    )
    assert response.is_successful
    received = provider.requests[0]
    assert "authorization" not in received.headers
    assert received.form["client_secret"] == provider.client_secret
    assert received.form["client_id"] == "machine"


@pytest.mark.parametrize("chosen", [None, NoClientAuthentication()])
async def test_without_a_secret_the_id_alone_is_sent(
    provider: EmbeddedProvider, chosen: ClientAuthentication | None
) -> None:
    response = await request_client_credentials_token(
        ask(provider, client_secret=None, client_authentication=chosen)
    )
    assert response.status_code == 401
    assert response.oauth_error == "invalid_client"
    received = provider.requests[0]
    assert "authorization" not in received.headers
    assert received.form == {"grant_type": "client_credentials", "client_id": "machine"}


async def test_a_token_may_be_asked_for_several_resources(provider: EmbeddedProvider) -> None:
    both = ["https://a.example", "https://b.example"]
    response = await request_client_credentials_token(ask(provider, resource=both))
    assert response.is_successful
    assert provider.requests[0].body.decode() == (
        "grant_type=client_credentials"
        "&resource=https%3A%2F%2Fa.example&resource=https%3A%2F%2Fb.example"
    )


async def test_reserved_characters_are_encoded_in_both_halves(provider: EmbeddedProvider) -> None:
    await request_client_credentials_token(
        ask(provider, client_id="m2m:special id", client_secret="p@ss:w0rd/+ &=%~*é")
    )
    _, _, pair = provider.requests[0].headers["authorization"].partition(" ")
    assert b64decode(pair) == b"m2m%3Aspecial%20id:p%40ss%3Aw0rd%2F%2B%20%26%3D%25~%2A%C3%A9"


async def test_an_empty_secret_is_a_secret(provider: EmbeddedProvider) -> None:
    await request_client_credentials_token(ask(provider, client_secret=""))
    assert provider.requests[0].headers["authorization"] == "Basic bWFjaGluZTo="


async def test_a_refusal_carries_what_the_provider_said(provider: EmbeddedProvider) -> None:
    response = await request_client_credentials_token(ask(provider, scope="galaxy"))
    assert not response.is_successful
    assert response.error_kind is ErrorKind.UNEXPECTED_STATUS
    assert response.status_code == 400
    assert response.oauth_error == "invalid_scope"
    assert response.oauth_error_description is not None
    assert response.oauth_error_uri is None
    assert "status code: 400" in str(response.error)
    assert "Response Content:" in str(response.error)
    assert "invalid_scope" in str(response.error)


async def test_an_outage_is_retried_and_then_reported(provider: EmbeddedProvider) -> None:
    provider.intercept = answering("/token", Answer(503, b"sorry"))
    response = await request_client_credentials_token(ask(provider))
    assert response.status_code == 503
    assert response.oauth_error is None
    assert "sorry" in str(response.error)
    assert provider.count("/token") == 4


async def test_an_unreachable_provider_is_a_network_error(provider: EmbeddedProvider) -> None:
    provider.close()
    response = await request_client_credentials_token(ask(provider))
    assert response.error_kind is ErrorKind.NETWORK_ERROR
    assert str(response.error).startswith("Network error during token request")


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        (b"<html>", ErrorKind.INVALID_JSON, "invalid JSON"),
        (b"[1]", ErrorKind.INVALID_DOCUMENT, "not a JSON object"),
        (b'{"expires_in": NaN}', ErrorKind.INVALID_JSON, "invalid JSON"),
    ],
)
async def test_a_response_that_is_not_an_object_is_refused(
    provider: EmbeddedProvider, body: bytes, kind: ErrorKind, text: str
) -> None:
    provider.intercept = answering("/token", Answer(200, body))
    response = await request_client_credentials_token(ask(provider))
    assert response.error_kind is kind
    assert text in str(response.error)


async def test_a_provider_that_echoes_the_secret_does_not_spread_it(
    provider: EmbeddedProvider,
) -> None:
    def echo(received: object) -> Answer:
        described = {"error": "invalid_client", "error_description": "bad s/cret pass"}
        return Answer.of_json(described | {"got": "s%2Fcret", "access_token": "abc"}, 400)

    provider.intercept = echo
    response = await request_client_credentials_token(ask(provider, client_secret="s/cret"))
    for text in (str(response.error), str(response.oauth_error_description), repr(response)):
        assert "s/cret" not in text
        assert "s%2Fcret" not in text
        assert "abc" not in text


async def test_an_unknown_kind_of_authentication_is_refused(provider: EmbeddedProvider) -> None:
    response = await request_client_credentials_token(
        ask(provider, client_authentication="client_secret_basic")
    )
    assert response.error_kind is ErrorKind.INVALID_CONFIGURATION
    assert provider.requests == []


async def test_neither_a_request_nor_a_response_shows_its_secrets(
    provider: EmbeddedProvider,
) -> None:
    request = ask(provider, client_authentication=ClientSecretBasic(provider.client_secret))
    response = await request_client_credentials_token(request)
    assert provider.client_secret not in repr(request)
    assert "eyJ" not in repr(response)

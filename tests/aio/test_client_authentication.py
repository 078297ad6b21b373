"""Clients that prove who they are by assertions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey, OctKey

from py_identity_model.aio import (
    ClientAuthentication,
    ClientCredentialsTokenRequest,
    ClientSecretJwt,
    ErrorKind,
    FederatedAssertion,
    PrivateKeyJwt,
    PrivateKeyJwtAuthentication,
    TlsClientAuth,
    decode_jwt,
    jwks_from_dict,
    request_client_credentials_token,
)
from py_identity_model.testing import Answer, EmbeddedProvider, Received

KEY = ECKey.generate_key("P-256")
PEM = KEY.as_pem(private=True)
WEAK = rsa.generate_private_key(65537, 1024).private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
)
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def ask(provider: EmbeddedProvider, **more: Any) -> ClientCredentialsTokenRequest:
    """Return a request for the token endpoint."""
    return ClientCredentialsTokenRequest(provider.token_endpoint, "web", **more)


def granting(received: Received) -> Answer:
    return Answer.of_json({"access_token": "t", "token_type": "Bearer"})


async def assertion_of(provider: EmbeddedProvider, **more: Any) -> str:
    """Return the assertion that a request sends."""
    provider.intercept = granting
    response = await request_client_credentials_token(ask(provider, **more))
    assert response.is_successful, vars(response)
    form = provider.requests[-1].form
    assert "authorization" not in provider.requests[-1].headers
    assert form["client_id"] == "web"
    assert form["client_assertion_type"] == ASSERTION_TYPE
    return form["client_assertion"]


@pytest.mark.parametrize(
    "key",
    [
        *(PEM, PEM.decode(), KEY.as_dict(private=True), json.dumps(KEY.as_dict(private=True))),
        jwks_from_dict(KEY.as_dict(private=True)),
    ],
)
async def test_an_assertion_is_for_the_endpoint_by_default(
    provider: EmbeddedProvider, key: Any
) -> None:
    token = await assertion_of(
        provider, client_secret="unused", private_key_jwt=PrivateKeyJwt(key, "ES256", "k1")
    )
    claims = decode_jwt(
        token,
        [{**KEY.as_dict(private=False), "kid": "k1"}],
        ["ES256"],
        issuer="web",
        audience=provider.token_endpoint,
        required=["exp", "iat", "nbf", "jti", "sub"],
    )
    assert claims["sub"] == "web"
    assert claims["exp"] - claims["iat"] == 300


async def test_an_assertion_may_be_for_the_issuer(provider: EmbeddedProvider) -> None:
    signed = PrivateKeyJwtAuthentication(PEM, "ES256", audience=provider.issuer)
    token = await assertion_of(provider, client_authentication=signed)
    assert decode_jwt(
        token,
        [KEY.as_dict(private=False)],
        ["ES256"],
        issuer="web",
        audience=provider.issuer,
    )


async def test_an_assertion_may_be_made_with_the_secret(provider: EmbeddedProvider) -> None:
    secret = "s" * 32
    token = await assertion_of(provider, client_authentication=ClientSecretJwt(secret))
    key = OctKey.import_key(secret).as_dict()
    assert decode_jwt(token, [key], ["HS256"], issuer="web", audience=provider.token_endpoint)
    assert secret not in provider.requests[-1].body.decode()


async def test_every_attempt_has_an_assertion_of_its_own(provider: EmbeddedProvider) -> None:
    answers = iter([Answer(503), Answer(503), granting(Received("", "", {}, b""))])
    provider.intercept = lambda received: next(answers)
    signed = PrivateKeyJwtAuthentication(PEM, "ES256")
    response = await request_client_credentials_token(ask(provider, client_authentication=signed))
    assert response.is_successful
    assert len({received.form["client_assertion"] for received in provider.requests}) == 3


UNUSABLE: list[tuple[ClientAuthentication, str]] = [
    (PrivateKeyJwtAuthentication(PEM, "HS256"), "Unsupported client assertion algorithm"),
    (PrivateKeyJwtAuthentication(PEM, "none"), "Unsupported client assertion algorithm"),
    (PrivateKeyJwtAuthentication(PEM, "ES384"), "not on the curve"),
    (PrivateKeyJwtAuthentication(PEM, "RS256"), "private key"),
    (PrivateKeyJwtAuthentication("", "ES256"), "private_key must not be empty"),
    (PrivateKeyJwtAuthentication("no key", "ES256"), "cannot be read"),
    (PrivateKeyJwtAuthentication("{", "ES256"), "cannot be read"),
    (PrivateKeyJwtAuthentication(KEY.as_dict(private=False), "ES256"), "is not a private key"),
    (PrivateKeyJwtAuthentication(WEAK, "RS256"), "too weak"),
    (PrivateKeyJwtAuthentication(PEM, "ES256", kid=" "), "kid must be non-empty"),
    (PrivateKeyJwtAuthentication(PEM, "ES256", audience=" "), "audience must not be empty"),
    (PrivateKeyJwtAuthentication(PEM, "ES256", lifetime=10), "lifetime must be more than 10"),
    (ClientSecretJwt("short"), "too short for HS256: 32 bytes"),
    (ClientSecretJwt("s" * 64, "RS256"), "Unsupported client assertion algorithm"),
    (FederatedAssertion(lambda: ""), "returned nothing"),
    (FederatedAssertion(lambda: 7), "returned nothing"),  # type: ignore[arg-type]
    (TlsClientAuth("nowhere.pem"), "the client certificate cannot be used"),
]


@pytest.mark.parametrize("kind", [ValueError, TypeError, OSError])
async def test_what_a_source_raises_is_named_and_not_quoted(
    kind: type[Exception], provider: EmbeddedProvider
) -> None:
    def fail() -> str:
        raise kind("cannot read 'eyJ.secret.assertion'")

    response = await request_client_credentials_token(
        ClientCredentialsTokenRequest(
            provider.token_endpoint, "web", client_authentication=FederatedAssertion(fail)
        )
    )
    assert f"the client assertion source failed with {kind.__name__}" in str(response.error)
    assert "secret" not in str(response.error)
    assert provider.count("/token") == 0


@pytest.mark.parametrize(("authentication", "text"), UNUSABLE)
async def test_a_request_without_a_usable_proof_is_not_sent(
    provider: EmbeddedProvider, authentication: ClientAuthentication, text: str
) -> None:
    response = await request_client_credentials_token(
        ask(provider, client_authentication=authentication)
    )
    assert response.error_kind is ErrorKind.INVALID_CONFIGURATION
    assert text in str(response.error)
    assert "secret.assertion" not in str(response.error)
    assert provider.requests == []


@pytest.mark.parametrize("field", ["private_key_jwt", "mtls", "client_authentication"])
async def test_something_of_another_kind_is_refused(provider: EmbeddedProvider, field: str) -> None:
    response = await request_client_credentials_token(ask(provider, **{field: "text"}))
    assert response.error_kind is ErrorKind.INVALID_CONFIGURATION
    assert field in str(response.error)


def test_no_key_is_in_a_repr() -> None:
    shown = repr(
        [
            PrivateKeyJwt(PEM),
            PrivateKeyJwtAuthentication(PEM),
            ClientSecretJwt("the-secret"),
            FederatedAssertion(lambda: "the-assertion"),
            TlsClientAuth("c.pem", "the-key.pem", "the-password"),
        ]
    )
    assert "PRIVATE KEY" not in shown
    assert "the-" not in shown


async def test_a_platform_gives_the_assertion(provider: EmbeddedProvider) -> None:
    given = iter(["first", "second"])
    federated = FederatedAssertion(lambda: next(given))
    assert await assertion_of(provider, client_authentication=federated) == "first"
    assert await assertion_of(provider, client_authentication=federated) == "second"


async def test_a_file_is_read_each_time(provider: EmbeddedProvider, tmp_path: Path) -> None:
    file = tmp_path / "token"
    federated = FederatedAssertion(file)
    for text in ("one\n", "two\n"):
        file.write_text(text)
        assert await assertion_of(provider, client_authentication=federated) == text.strip()
    file.unlink()
    response = await request_client_credentials_token(
        ask(provider, client_authentication=federated)
    )
    assert "No such file" in str(response.error)


async def test_no_field_of_the_source_is_called_twice_for_one_attempt(
    provider: EmbeddedProvider,
) -> None:
    calls = []

    def give() -> str:
        calls.append(1)
        return "given"

    await assertion_of(provider, client_authentication=FederatedAssertion(give))
    assert len(calls) == 1


async def test_a_secret_echoed_by_a_provider_is_not_revealed(provider: EmbeddedProvider) -> None:
    secret = "s3cret-" * 8
    provider.intercept = lambda received: Answer.of_json({"error": f"bad {secret}"}, 400)
    response = await request_client_credentials_token(
        ask(provider, client_authentication=ClientSecretJwt(secret))
    )
    assert secret not in str(response.error)
    assert secret not in str(response.oauth_error)

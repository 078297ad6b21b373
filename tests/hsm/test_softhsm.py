"""Keys in SoftHSM sign what a certified provider accepts, in both APIs."""

from __future__ import annotations

import base64
from typing import Any

import pkcs11
import pytest

from py_identity_model import (
    ClientRegistrationRequest,
    ClientRegistrationResponse,
    DiscoveryDocumentRequest,
    DPoPKey,
    OAuthClient,
    PrivateKeyJwtAuthentication,
    Signer,
    TokenRequestException,
    TokenValidationConfig,
    TokenValidationException,
    get_discovery_document,
    register_client,
    validate_token,
)
from py_identity_model._jose.encryption import encrypt
from py_identity_model.aio import AsyncOAuthClient
from py_identity_model.testing import EmbeddedProvider
from tests.op.aio.login import REDIRECT
from tests.op.browser import Browser
from tests.op.driver import RealProvider
from tests.support import refused


def registered_with(op: RealProvider, key: Any) -> ClientRegistrationResponse:
    """Register a client that authenticates with ``key``."""
    disco = get_discovery_document(DiscoveryDocumentRequest(op.issuer))
    registered = register_client(
        ClientRegistrationRequest(
            str(disco.registration_endpoint),
            [REDIRECT],
            token_endpoint_auth_method="private_key_jwt",
            token_endpoint_auth_signing_alg="ES256",
            jwks={"keys": [{**key.public_jwk, "kid": key.kid, "use": "sig", "alg": "ES256"}]},
        )
    )
    assert registered.is_successful, registered.error
    return registered


def test_the_private_keys_cannot_be_read(token: Any, token_key: Any) -> None:
    key: Any = token_key(token, "client")
    assert isinstance(key, Signer) is True
    with pytest.raises(pkcs11.exceptions.AttributeSensitive):
        _ = key._key[pkcs11.Attribute.VALUE]


def test_softhsm_signs_a_logins_assertion_and_its_proofs(
    op: RealProvider, browser: Browser, token: Any, token_key: Any
) -> None:
    key = token_key(token, "client")
    client = OAuthClient.from_registration(
        registered_with(op, key),
        op.issuer,
        private_key=key,
        dpop_key=DPoPKey.from_signer(token_key(token, "dpop")),
    )
    begun = client.authorization_request()
    session = client.callback(browser.go(begun.url, until=REDIRECT).url, begun)
    assert session.subject == "alice"
    assert session.token["token_type"] == "DPoP"
    assert client.userinfo(session).is_successful


async def test_softhsm_signs_beside_the_event_loop(
    op: RealProvider, browser: Browser, token: Any, token_key: Any
) -> None:
    key = token_key(token, "client")
    client = AsyncOAuthClient.from_registration(
        registered_with(op, key),
        op.issuer,
        private_key=key,
        dpop_key=DPoPKey.from_signer(token_key(token, "dpop")),
    )
    begun = await client.authorization_request()
    session = await client.callback(browser.go(begun.url, until=REDIRECT).url, begun)
    assert session.subject == "alice"
    assert session.token["token_type"] == "DPoP"


def test_another_key_of_the_token_is_refused_by_the_provider(
    op: RealProvider, browser: Browser, token: Any, token_key: Any
) -> None:
    registered = registered_with(op, token_key(token, "client"))
    stranger = PrivateKeyJwtAuthentication(token_key(token, "stranger"))
    client = OAuthClient.from_registration(registered, op.issuer, client_authentication=stranger)
    begun = client.authorization_request()
    landing = browser.go(begun.url, until=REDIRECT)
    with pytest.raises(TokenRequestException) as caught:
        client.callback(landing.url, begun)
    assert caught.value.details["oauth_error"] == "invalid_client"


def test_softhsm_opens_a_token(token: Any, shown: dict[str, Any]) -> None:
    public = token.get_key(object_class=pkcs11.ObjectClass.PUBLIC_KEY, label="content")
    numbers = [public[one] for one in (pkcs11.Attribute.MODULUS, pkcs11.Attribute.PUBLIC_EXPONENT)]
    n, e = (base64.urlsafe_b64encode(one).rstrip(b"=").decode() for one in numbers)
    jwk = {"kty": "RSA", "n": n, "e": e}
    key = shown["TokenDecrypter"](token, "content")
    config = TokenValidationConfig(perform_disco=True, audience="api", decryption_keys=[key])
    with EmbeddedProvider() as op:
        sealed = encrypt(op.mint(sub="alice"), jwk, "RSA-OAEP", "A256GCM")
        assert validate_token(sealed, config, op.issuer)["sub"] == "alice"
        parts = sealed.split(".")
        altered = ".".join([parts[0], "A" + parts[1][1:], *parts[2:]])
        with refused(TokenValidationException, "decryption_failed"):
            validate_token(altered, config, op.issuer)

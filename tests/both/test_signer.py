"""Signers where both APIs are concerned: those that must be waited for, and time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry

from py_identity_model import (
    ClientCredentialsTokenRequest,
    ConfigurationException,
    DPoPKey,
    PrivateKeyJwt,
    PrivateKeyJwtAuthentication,
    Signer,
    SigningException,
    create_client_assertion,
    create_dpop_proof,
    request_client_credentials_token,
)
from py_identity_model.aio import request_client_credentials_token as request_awaitable
from py_identity_model.aio._transport import signing
from py_identity_model.testing import EmbeddedProvider
from tests.support import claims_in, refused

KEY = ECKey.generate_key("P-256")


class Vault:
    algorithm, kid = "ES256", "1"
    public_jwk: Any = KEY.as_dict(private=False)

    def sign(self, message: bytes) -> bytes | Awaitable[bytes]:
        return bytes(JWSRegistry.algorithms["ES256"].sign(message, KEY))


class Remote(Vault):
    def sign(self, message: bytes) -> Awaitable[bytes]:
        async def answer() -> bytes:
            return bytes(JWSRegistry.algorithms["ES256"].sign(message, KEY))

        return answer()


def test_functions_that_send_nothing_sign_with_a_plain_signer() -> None:
    assertion = create_client_assertion(PrivateKeyJwt(Vault()), "web", "https://op.example/token")
    assert claims_in(assertion, Vault.public_jwk, "ES256")["sub"] == "web"
    key = DPoPKey.from_signer(Vault())
    proof = create_dpop_proof(key, "GET", "https://api.example/")
    assert claims_in(proof, Vault.public_jwk, "ES256")["htm"] == "GET"
    with refused(ConfigurationException, "key_cannot_leave"):
        _ = key.private_key_pem
    assert isinstance(Vault(), Signer)
    assert not isinstance(DPoPKey(), Signer)


def test_an_awaitable_signer_belongs_to_the_awaitable_api() -> None:
    how = PrivateKeyJwtAuthentication(Remote())
    with EmbeddedProvider() as op:
        request = ClientCredentialsTokenRequest(op.token_endpoint, "web", client_authentication=how)
        response = request_client_credentials_token(request)
        assert "py_identity_model.aio" in str(response.error)
        with refused(ConfigurationException, "awaitable_result"):
            create_client_assertion(PrivateKeyJwt(Remote()), "web", op.token_endpoint)
        assert op.count("/token") == 0


async def test_the_awaitable_api_waits_for_what_a_plain_function_returns() -> None:
    how = PrivateKeyJwtAuthentication(Remote())
    with EmbeddedProvider() as op:
        request = ClientCredentialsTokenRequest(op.token_endpoint, "web", client_authentication=how)
        await request_awaitable(request)
        assert op.count("/token") == 1


async def test_a_signer_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hanging(Vault):
        async def sign(self, message: bytes) -> bytes:
            await asyncio.Event().wait()
            raise AssertionError

    monkeypatch.setattr(signing, "SIGNING_SECONDS", 0.01)
    with refused(SigningException, "signing_timed_out"):
        await signing.sign_elsewhere(Hanging(), lambda signer: str(signer.sign(b"m")) and "h.c.")


def test_what_a_signer_is_does_not_show() -> None:
    shown = f"{PrivateKeyJwtAuthentication(Vault())!r} {DPoPKey.from_signer(Vault())!r}"
    assert "Vault" not in shown

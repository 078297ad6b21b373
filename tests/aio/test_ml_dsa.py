"""Post-quantum signatures of a provider (ML-DSA, RFC 9964), alone and beside others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from py_identity_model._jose import algorithms
from py_identity_model._jose.algorithms import ML_DSA
from py_identity_model._validation.id_token import half_hash
from py_identity_model.aio import (
    AsyncAccessTokenVerifier,
    TokenValidationConfig,
    validate_id_token,
    validate_token,
)
from py_identity_model.exceptions import (
    AccessTokenRefusedException,
    SignatureVerificationException,
    TokenValidationException,
)
from py_identity_model.testing import Answer, EmbeddedProvider
from tests.support import CONFIG, answering, needs_ml_dsa, refused

NAMED_AND_NOT: tuple[dict[str, Any], ...] = ({}, {"kid": None})


@pytest.fixture(name="provider")
def post_quantum_provider() -> Iterator[EmbeddedProvider]:
    with EmbeddedProvider(quirks={"ml-dsa-keys"}) as provider:
        yield provider


@needs_ml_dsa
@pytest.mark.parametrize("alg", ML_DSA)
async def test_a_published_key_verifies_its_algorithm(provider: EmbeddedProvider, alg: str) -> None:
    token = provider.mint(algorithm=alg, sub="alice")
    for config in (CONFIG, replace(CONFIG, algorithms=[alg])):
        for _ in range(2):  # the long way, then the fast one
            claims = await validate_token(token, config, provider.issuer)
            assert claims["sub"] == "alice"


@needs_ml_dsa
@pytest.mark.parametrize("alg", ML_DSA)
async def test_an_allow_list_that_does_not_name_it_refuses_it(
    provider: EmbeddedProvider, alg: str
) -> None:
    config = replace(CONFIG, algorithms=["RS256", "EdDSA"])
    with refused(TokenValidationException, "algorithm_not_allowed"):
        await validate_token(provider.mint(algorithm=alg), config, provider.issuer)
    with refused(TokenValidationException, "algorithm_not_allowed"):
        await validate_token(
            provider.mint(algorithm="RS256"), replace(CONFIG, algorithms=[alg]), provider.issuer
        )


@needs_ml_dsa
async def test_the_key_of_another_algorithm_verifies_nothing(provider: EmbeddedProvider) -> None:
    kids = {key.alg: key.kid for key in provider.keys}
    for alg in ML_DSA:
        for other in {*ML_DSA, "EdDSA", "RS256"} - {alg}:
            token = provider.mint(algorithm=alg, header={"kid": kids[other]})
            with refused(TokenValidationException, "unfit_key"):
                await validate_token(token, CONFIG, provider.issuer)
            token = provider.mint(algorithm=alg, header={"alg": other, "kid": kids[other]})
            with refused(SignatureVerificationException, "invalid_signature"):
                await validate_token(token, CONFIG, provider.issuer)


@needs_ml_dsa
async def test_rotated_keys_are_fetched(provider: EmbeddedProvider) -> None:
    old = provider.mint(algorithm="ML-DSA-65")
    await validate_token(old, CONFIG, provider.issuer)
    provider.rotate_keys()
    await validate_token(provider.mint(algorithm="ML-DSA-65"), CONFIG, provider.issuer)
    with refused(TokenValidationException, "no_matching_key"):
        await validate_token(old, CONFIG, provider.issuer)


@needs_ml_dsa
async def test_objects_accept_what_the_provider_announces(provider: EmbeddedProvider) -> None:
    jwt = provider.mint(algorithm="ML-DSA-44", sub="a")
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    for _ in range(2):
        assert (await verifier.verify(f"Bearer {jwt}")).claims["sub"] == "a"
    with refused(AccessTokenRefusedException, "invalid_signature"):
        await verifier.verify(f"Bearer {jwt[:-8]}AAAAAAAA")
    one = AsyncAccessTokenVerifier(provider.issuer, "api", algorithms=["RS256"])
    with refused(AccessTokenRefusedException, "algorithm_not_allowed"):
        await one.verify(f"Bearer {jwt}")


@needs_ml_dsa
async def test_an_id_token_is_validated_with_its_hash(provider: EmbeddedProvider) -> None:
    given: dict[str, Any] = {"sub": "alice", "nonce": "n", "at_hash": half_hash("t", "ML-DSA-44")}
    token = provider.mint_id_token(algorithm="ML-DSA-44", **given)
    config = TokenValidationConfig(perform_disco=True, audience=provider.client_id)
    claims = await validate_id_token(token, config, provider.issuer, nonce="n", access_token="t")
    assert claims["sub"] == "alice"


@needs_ml_dsa
async def test_an_older_cryptography_refuses_them_and_uses_the_other_keys(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = provider.mint(algorithm="ML-DSA-44")
    monkeypatch.setattr(algorithms, "_has_ml_dsa", lambda: False)
    for config in (CONFIG, replace(CONFIG, algorithms=["ML-DSA-44"])):
        with refused(TokenValidationException, "unsupported_algorithm"):
            await validate_token(token, config, provider.issuer)
    assert not provider.requests  # nothing was fetched for it
    for alg in ("RS256", "EdDSA"):
        for header in NAMED_AND_NOT:
            other = provider.mint(algorithm=alg, header=header)
            await validate_token(other, CONFIG, provider.issuer)


@pytest.mark.parametrize(
    "key",
    [
        {"kty": "AKP", "alg": "ML-DSA-44", "kid": "pq"},
        {"kty": "AKP", "kid": "pq", "pub": "AAAA"},
        {"kty": "AKP", "alg": "ML-DSA-44", "kid": "pq", "pub": "AAAA"},
        {"kty": "AKP", "alg": "SLH-DSA-SHA2-128s", "kid": "pq", "pub": "AAAA"},
        {"kty": "AKP", "alg": 5, "kid": "pq", "pub": "AAAA"},
        {"kty": "AKP", "alg": "HPKE-0", "use": "enc", "kid": "pq", "pub": "AAAA"},
    ],
)
async def test_keys_that_nobody_can_use_do_not_disturb_the_others(key: dict[str, Any]) -> None:
    with EmbeddedProvider() as provider:
        keys = [key, *(one.as_dict() for one in provider.keys)]
        provider.intercept = answering("/jwks", Answer.of_json({"keys": keys}))
        for header in NAMED_AND_NOT:
            await validate_token(provider.mint(header=header), CONFIG, provider.issuer)
        with pytest.raises(TokenValidationException) as caught:
            await validate_token(provider.mint(header={"kid": "pq"}), CONFIG, provider.issuer)
        assert caught.value.code in {"unfit_key", "no_matching_key"}

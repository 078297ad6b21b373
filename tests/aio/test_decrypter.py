"""Keys that cannot leave: tokens whose content keys are unwrapped elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc.jwk import RSAKey

from py_identity_model._jose.encryption import encrypt
from py_identity_model._seam.aio import sleep
from py_identity_model.aio import (
    AsyncAccessTokenVerifier,
    AsyncOAuthClient,
    TokenValidationConfig,
    process_jarm_response,
    validate_access_token,
    validate_id_token,
    validate_logout_token,
    validate_token,
)
from py_identity_model.exceptions import (
    ConfigurationException,
    DecryptionException,
    TokenValidationException,
)
from py_identity_model.testing import EmbeddedProvider
from tests.support import refused

KEY = RSAKey.generate_key(2048)
OTHER = RSAKey.generate_key(2048)
HASHES: dict[str, Any] = {"RSA-OAEP": hashes.SHA1, "RSA-OAEP-256": hashes.SHA256}


class Vault:
    """A key in a service: it unwraps content keys, and counts how often."""

    def __init__(self, algorithm: str = "RSA-OAEP-256", key: RSAKey = KEY) -> None:
        self.algorithm = algorithm
        self.kid: str | None = None
        self.key: Any = key.private_key
        self.asked = 0

    async def decrypt(self, encrypted_key: bytes) -> bytes:
        self.asked += 1
        await sleep(0)
        digest = HASHES[self.algorithm]()
        found = self.key.decrypt(
            encrypted_key, padding.OAEP(padding.MGF1(type(digest)()), digest, None)
        )
        return bytes(found)


def sealed(
    token: str, *, alg: str = "RSA-OAEP-256", enc: str = "A256GCM", key: RSAKey = KEY, **more: str
) -> str:
    return encrypt(token, {**key.as_dict(private=False), **more}, alg, enc)


@pytest.fixture
def op() -> Iterator[EmbeddedProvider]:
    with EmbeddedProvider() as provider:
        yield provider


def config_with(keys: Any, **options: Any) -> TokenValidationConfig:
    return TokenValidationConfig(
        perform_disco=True, audience="api", decryption_keys=keys, **options
    )


@pytest.mark.parametrize("alg", HASHES)
@pytest.mark.parametrize("enc", ["A128GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512"])
async def test_a_token_is_opened_with_a_key_that_stays_elsewhere(
    op: EmbeddedProvider, alg: str, enc: str
) -> None:
    vault = Vault(alg)
    token = sealed(op.mint(sub="alice"), alg=alg, enc=enc)
    claims = await validate_token(token, config_with([vault]), op.issuer)
    assert (claims["sub"], vault.asked) == ("alice", 1)


async def test_every_function_that_opens_tokens_takes_a_decrypter(op: EmbeddedProvider) -> None:
    vault = Vault()
    config = config_with(vault)
    access = sealed(op.mint(sub="a", client_id="c", header={"typ": "at+jwt"}))
    await validate_access_token(access, config, op.issuer)
    id_token = sealed(op.mint(aud="api", sub="a", nonce="n", header={"typ": "JWT"}))
    await validate_id_token(id_token, config, op.issuer, nonce="n")
    logout = sealed(op.mint_logout_token(aud="api", sub="a"))
    await validate_logout_token(logout, config, op.issuer)
    verifier = AsyncAccessTokenVerifier(op.issuer, "api", decryption_keys=[vault])
    verified = await verifier.verify(f"Bearer {sealed(op.mint(sub='bob'))}")
    assert (verified.subject, vault.asked) == ("bob", 4)


async def test_signed_and_encrypted_responses_are_opened(op: EmbeddedProvider) -> None:
    response = sealed(op.mint(aud="web", code="c", state="s"))
    vault = Vault()
    callback = await process_jarm_response(
        response,
        client_id="web",
        issuer=op.issuer,
        disco_doc_address=op.issuer,
        decryption_keys=[vault],
        is_jwt=True,
    )
    assert (callback.code, vault.asked) == ("c", 1)


async def test_keys_at_hand_and_decrypters_are_tried_side_by_side(op: EmbeddedProvider) -> None:
    vault = Vault()
    keys = [OTHER.as_dict(private=True), vault]
    for key in (KEY, OTHER):
        token = sealed(op.mint(sub="alice"), key=key)
        assert (await validate_token(token, config_with(keys), op.issuer))["sub"] == "alice"


async def test_a_token_for_another_key_is_not_passed_on(op: EmbeddedProvider) -> None:
    vault = Vault()
    vault.kid = "mine"
    for token in (
        sealed(op.mint(), kid="other"),
        sealed(op.mint(), alg="RSA-OAEP"),
    ):
        with refused(TokenValidationException, "decryption_failed"):
            await validate_token(token, config_with([vault]), op.issuer)
    assert vault.asked == 0
    named = sealed(op.mint(sub="alice"), kid="mine")
    assert (await validate_token(named, config_with([vault]), op.issuer))["sub"] == "alice"


def altered(token: str, part: int) -> str:
    parts = token.split(".")
    parts[part] = parts[part][:-2] + ("AA" if parts[part][-2:] != "AA" else "gg")
    return ".".join(parts)


@pytest.mark.parametrize("part", [1, 2, 3, 4], ids=["key", "iv", "content", "tag"])
@pytest.mark.parametrize("enc", ["A256GCM", "A256CBC-HS512"])
async def test_an_altered_token_fails_alike_wherever_it_was_altered(
    op: EmbeddedProvider, part: int, enc: str
) -> None:
    token = altered(sealed(op.mint(), enc=enc), part)
    with refused(TokenValidationException, "decryption_failed") as caught:
        await validate_token(token, config_with([Vault()]), op.issuer)
    assert str(caught.value) == "The encrypted JWT is refused: no decryption key can decrypt it"


class Failing(Vault):
    """A service that fails in its own way."""

    def __init__(self, how: Any) -> None:
        super().__init__()
        self.how = how

    async def decrypt(self, encrypted_key: bytes) -> bytes:
        await sleep(0)
        if isinstance(self.how, BaseException):
            raise self.how
        found: bytes = self.how
        return found


@pytest.mark.parametrize(
    ("how", "kind", "code"),
    [
        (ValueError("padding"), TokenValidationException, "decryption_failed"),
        (b"", TokenValidationException, "decryption_failed"),
        (b"x" * 32, TokenValidationException, "decryption_failed"),
        (b"x" * 31, TokenValidationException, "decryption_failed"),
        (RuntimeError("secret words"), DecryptionException, "decryption_unavailable"),
        (None, DecryptionException, "decryption_unavailable"),
        (TimeoutError(), DecryptionException, "decryption_timed_out"),
    ],
    ids=["value", "empty", "wrong", "short", "error", "none", "timeout"],
)
async def test_a_failing_service_is_told_from_a_token_that_cannot_be_opened(
    op: EmbeddedProvider, how: Any, kind: Any, code: str
) -> None:
    with refused(kind, code) as caught:
        await validate_token(sealed(op.mint()), config_with([Failing(how)]), op.issuer)
    assert "secret words" not in str(caught.value)


async def test_a_verifier_answers_an_outage_of_the_service_with_503(op: EmbeddedProvider) -> None:
    verifier = AsyncAccessTokenVerifier(op.issuer, "api", decryption_keys=[Failing(OSError())])
    with pytest.raises(TokenValidationException) as caught:
        await verifier.verify(f"Bearer {sealed(op.mint())}")
    assert getattr(caught.value, "status_code", None) == 503


@pytest.mark.parametrize("algorithm", ["RSA1_5", "ECDH-ES", "dir"])
def test_a_decrypter_of_another_algorithm_is_refused_where_it_is_given(algorithm: str) -> None:
    vault = Vault()
    vault.algorithm = algorithm
    with refused(ConfigurationException, "invalid_decryption_key"):
        AsyncOAuthClient("https://op.example", "web", decryption_keys=[vault])


async def test_a_token_that_is_not_encrypted_is_not_passed_on(op: EmbeddedProvider) -> None:
    vault = Vault()
    with refused(TokenValidationException, "not_encrypted"):
        await validate_token(op.mint(), config_with([vault]), op.issuer)
    malformed = "eyJhbGciOiJSU0EtT0FFUC0yNTYiLCJlbmMiOiJBMjU2R0NNIn0.!.a.a.a"
    with refused(TokenValidationException, "malformed_token"):
        await validate_token(malformed, config_with([vault]), op.issuer)
    assert vault.asked == 0

"""ID tokens, access tokens by their profile, logout tokens: what each must be."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from joserfc import jwe
from joserfc.jwk import ECKey, OctKey, RSAKey

from py_identity_model._validation.id_token import half_hash
from py_identity_model.aio import (
    AsyncMemoryTokenStore,
    AsyncOAuthClient,
    AsyncTokenStoreReplayStore,
    MemoryReplayStore,
    TokenValidationConfig,
    jwks_from_dict,
    validate_access_token,
    validate_id_token,
    validate_logout_token,
    validate_token,
)
from py_identity_model.exceptions import (
    ConfigurationException,
    IdTokenValidationException,
    InvalidArgumentError,
    InvalidAudienceException,
    LogoutTokenValidationException,
    TokenExpiredException,
    TokenValidationException,
)
from py_identity_model.testing import EmbeddedProvider
from tests.support import refused

CONFIG = TokenValidationConfig(perform_disco=True, audience="web")
ACCESS_TOKEN, CODE, STATE = "an-access-token", "a-code", "a-state"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


def id_token(provider: EmbeddedProvider, algorithm: str = "RS256", **claims: Any) -> str:
    """Return a sound ID token, or one with claims replaced."""
    usual: dict[str, Any] = {"aud": "web", "sub": "alice", "nonce": "n", "client_id": None}
    header = {"typ": "JWT"}
    return provider.mint(algorithm=algorithm, header=header, **(usual | claims))


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_an_id_token_is_bound_to_what_came_with_it(
    provider: EmbeddedProvider, algorithm: str
) -> None:
    token = id_token(
        provider,
        algorithm,
        at_hash=half_hash(ACCESS_TOKEN, algorithm),
        c_hash=half_hash(CODE, algorithm),
        s_hash=half_hash(STATE, algorithm),
        auth_time=int(time.time()) - 5,
        azp="web",
    )
    claims = await validate_id_token(
        token,
        CONFIG,
        provider.issuer,
        nonce="n",
        access_token=ACCESS_TOKEN,
        code=CODE,
        state=STATE,
        max_age=10,
    )
    assert claims["sub"] == "alice"


REFUSED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"sub": None}, {}, "missing_subject"),
    ({"sub": ""}, {}, "missing_subject"),
    ({"exp": None}, {}, "missing_time"),
    ({"iat": None}, {}, "missing_time"),
    ({"aud": ["web", "other"]}, {}, "missing_azp"),
    ({"aud": ["web", "other"], "azp": "other"}, {}, "azp_mismatch"),
    ({"azp": "other"}, {}, "azp_mismatch"),
    ({"azp": 7}, {}, "azp_mismatch"),
    ({"nonce": None}, {"nonce": "n"}, "nonce_mismatch"),
    ({"nonce": "other"}, {"nonce": "n"}, "nonce_mismatch"),
    ({"nonce": 7}, {"nonce": "n"}, "nonce_mismatch"),
    ({"nonce": "ñ"}, {"nonce": "n"}, "nonce_mismatch"),
    ({}, {"max_age": 10}, "missing_auth_time"),
    ({"auth_time": True}, {"max_age": 10}, "missing_auth_time"),
    ({"auth_time": "1"}, {"max_age": 10}, "missing_auth_time"),
    ({"auth_time": 1}, {"max_age": 10}, "authentication_too_old"),
    ({"at_hash": "x"}, {"access_token": ACCESS_TOKEN}, "hash_mismatch"),
    ({"at_hash": 7}, {"access_token": ACCESS_TOKEN}, "hash_mismatch"),
    ({"at_hash": "x"}, {"access_token": "tökén"}, "hash_mismatch"),
    ({}, {"access_token": ACCESS_TOKEN, "response_type": "id_token token"}, "missing_hash"),
    ({}, {"code": CODE}, "missing_hash"),
    ({"c_hash": half_hash("other", "RS256")}, {"code": CODE}, "hash_mismatch"),
    ({"c_hash": half_hash(CODE, "ES384")}, {"code": CODE}, "hash_mismatch"),
    ({}, {"state": STATE}, "missing_hash"),
    ({"s_hash": half_hash("other", "RS256")}, {"state": STATE}, "hash_mismatch"),
]


@pytest.mark.parametrize(("claims", "expected", "code"), REFUSED, ids=range(len(REFUSED)))
async def test_an_id_token_that_is_not_the_answer_is_refused(
    provider: EmbeddedProvider, claims: dict[str, Any], expected: dict[str, Any], code: str
) -> None:
    with refused(IdTokenValidationException, code):
        await validate_id_token(id_token(provider, **claims), CONFIG, provider.issuer, **expected)


@pytest.mark.parametrize("max_age", [float("nan"), float("inf"), 10**400, -1, "60", True])
async def test_a_max_age_that_is_not_a_number_of_seconds_is_the_callers_mistake(
    provider: EmbeddedProvider, max_age: Any
) -> None:
    token = id_token(provider, auth_time=1)
    with refused(InvalidArgumentError, "invalid_argument"):
        await validate_id_token(token, CONFIG, provider.issuer, max_age=max_age)
    client = AsyncOAuthClient(provider.issuer, "web", redirect_uri="https://rp.example/cb")
    with refused(InvalidArgumentError, "invalid_argument"):
        await client.authorization_request(max_age=max_age)
    event = provider.mint_id_token(
        header={"typ": "secevent+jwt"}, iat=1, exp=None, events={"a": {}}
    )
    with refused(InvalidArgumentError, "invalid_argument"):
        await client.validate_security_event(event, provider.client_id, max_age=max_age)


async def test_a_max_age_of_a_login_is_a_whole_number(provider: EmbeddedProvider) -> None:
    client = AsyncOAuthClient(provider.issuer, "web", redirect_uri="https://rp.example/cb")
    fraction: Any = 1.5  # the JSON of the login could not be read again
    with refused(InvalidArgumentError, "invalid_argument"):
        await client.authorization_request(max_age=fraction)
    assert "max_age=0" in (await client.authorization_request(max_age=0)).url


async def test_the_rules_of_all_tokens_apply_to_id_tokens(provider: EmbeddedProvider) -> None:
    for claims, expected in (
        ({"aud": "other"}, InvalidAudienceException),
        ({"exp": 1}, TokenExpiredException),
    ):
        with pytest.raises(expected):
            await validate_id_token(id_token(provider, **claims), CONFIG, provider.issuer)


async def test_an_access_token_hash_may_be_missing_in_the_code_flow(
    provider: EmbeddedProvider,
) -> None:
    assert await validate_id_token(
        id_token(provider), CONFIG, provider.issuer, access_token=ACCESS_TOKEN
    )


def test_a_hash_is_the_left_half_of_the_one_that_the_algorithm_names() -> None:
    assert len(half_hash("x", "RS256")) == 22
    assert len(half_hash("x", "ES384")) == 32
    assert half_hash("x", "EdDSA") == half_hash("x", "PS512")
    with refused(IdTokenValidationException, "hash_undefined"):
        half_hash("x", "Ed448")


async def test_an_access_token_keeps_to_its_profile(provider: EmbeddedProvider) -> None:
    config = TokenValidationConfig(perform_disco=True, audience="api")
    assert await validate_access_token(provider.mint(), config, provider.issuer)
    upper = provider.mint(header={"typ": "application/AT+JWT"})
    assert await validate_access_token(upper, config, provider.issuer)


@pytest.mark.parametrize("name", ["exp", "sub", "client_id", "iat", "jti"])
async def test_an_access_token_that_lacks_a_claim_is_refused(
    provider: EmbeddedProvider, name: str
) -> None:
    config = TokenValidationConfig(perform_disco=True, audience="api")
    claims: dict[str, Any] = {name: None}
    with refused(TokenValidationException, "missing_claim"):
        await validate_access_token(provider.mint(**claims), config, provider.issuer)


@pytest.mark.parametrize("typ", [None, "JWT", "logout+jwt", 7])
async def test_another_token_is_not_taken_for_an_access_token(
    provider: EmbeddedProvider, typ: object
) -> None:
    config = TokenValidationConfig(perform_disco=True, audience="api")
    with refused(TokenValidationException, "wrong_typ"):
        await validate_access_token(provider.mint(header={"typ": typ}), config, provider.issuer)


def logout_token(provider: EmbeddedProvider, typ: object = "logout+jwt", **claims: Any) -> str:
    """Return a sound logout token, or one with claims replaced."""
    usual: dict[str, Any] = {"aud": "web", "sub": "alice", "sid": "1", "events": {EVENT: {}}}
    return provider.mint(header={"typ": typ}, **(usual | claims))


@pytest.mark.parametrize("typ", ["logout+jwt", "application/LOGOUT+jwt", "JWT", None])
async def test_a_logout_is_ordered(provider: EmbeddedProvider, typ: object) -> None:
    claims = await validate_logout_token(logout_token(provider, typ), CONFIG, provider.issuer)
    assert claims["sid"] == "1"


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        *(({name: None}, "missing_logout_claim") for name in ("iat", "jti", "events")),
        ({"nonce": "n"}, "logout_token_with_nonce"),
        ({"sub": None, "sid": None}, "missing_logout_subject"),
        ({"sid": 7}, "invalid_logout_claim"),
        ({"events": "x"}, "missing_logout_event"),
        ({"events": {}}, "missing_logout_event"),
        ({"events": {EVENT: "x"}}, "missing_logout_event"),
        ({"events": {"http://else": {}}}, "missing_logout_event"),
    ],
)
async def test_a_token_that_orders_no_logout_is_refused(
    provider: EmbeddedProvider, claims: dict[str, Any], code: str
) -> None:
    with refused(LogoutTokenValidationException, code):
        await validate_logout_token(logout_token(provider, **claims), CONFIG, provider.issuer)


@pytest.mark.parametrize(("typ", "require"), [("at+jwt", False), ("JWT", True), (None, True)])
async def test_a_logout_token_of_another_type_is_refused(
    provider: EmbeddedProvider, typ: object, require: bool
) -> None:
    token = logout_token(provider, typ)
    with refused(LogoutTokenValidationException, "wrong_logout_typ"):
        await validate_logout_token(token, CONFIG, provider.issuer, require_typ=require)


async def test_a_logout_token_works_once(provider: EmbeddedProvider) -> None:
    store = MemoryReplayStore()
    token = logout_token(provider)
    await validate_logout_token(token, CONFIG, provider.issuer, replay_store=store)
    with refused(LogoutTokenValidationException, "logout_token_replayed"):
        await validate_logout_token(token, CONFIG, provider.issuer, replay_store=store)


async def test_a_logout_token_without_exp_is_accepted_for_five_minutes(
    provider: EmbeddedProvider,
) -> None:
    now = int(time.time())
    store = MemoryReplayStore()
    young = logout_token(provider, exp=None, iat=now - 290)
    assert await validate_logout_token(young, CONFIG, provider.issuer, replay_store=store)
    with refused(LogoutTokenValidationException, "logout_token_replayed"):
        await validate_logout_token(young, CONFIG, provider.issuer, replay_store=store)
    store.clock = lambda: now + 10
    with refused(LogoutTokenValidationException, "logout_token_replayed"):
        await validate_logout_token(young, CONFIG, provider.issuer, replay_store=store)
    for old in (now - 310, now - 86400, 0):
        with refused(LogoutTokenValidationException, "logout_token_too_old"):
            token = logout_token(provider, exp=None, iat=old)
            await validate_logout_token(token, CONFIG, provider.issuer)
    generous = replace(CONFIG, leeway=30)
    token = logout_token(provider, exp=None, iat=now - 320)
    assert await validate_logout_token(token, generous, provider.issuer)


async def test_a_logout_token_without_exp_may_be_refused(provider: EmbeddedProvider) -> None:
    for token, good in ((logout_token(provider), True), (logout_token(provider, exp=None), False)):
        if good:
            assert await validate_logout_token(token, CONFIG, provider.issuer, require_exp=True)
            continue
        with refused(LogoutTokenValidationException, "missing_logout_claim"):
            await validate_logout_token(token, CONFIG, provider.issuer, require_exp=True)


async def test_a_logout_token_works_once_whatever_its_identifier(
    provider: EmbeddedProvider,
) -> None:
    store = AsyncTokenStoreReplayStore(AsyncMemoryTokenStore())
    cases: list[dict[str, Any]] = [{"jti": "\ud800"}, {"exp": 10**17}]
    for claims in cases:
        token = logout_token(provider, **claims)
        await validate_logout_token(token, CONFIG, provider.issuer, replay_store=store)
        with refused(LogoutTokenValidationException, "logout_token_replayed"):
            await validate_logout_token(token, CONFIG, provider.issuer, replay_store=store)


@pytest.mark.parametrize("typ", ["JWT", "jwt", None, "application/JWT", "id_token+jwt", "private"])
async def test_an_id_token_may_say_any_type_that_is_not_another_tokens(
    provider: EmbeddedProvider, typ: object
) -> None:
    token = provider.mint(header={"typ": typ}, aud="web", sub="alice")
    assert await validate_id_token(token, CONFIG, provider.issuer)


@pytest.mark.parametrize(
    "typ",
    [
        *("at+jwt", "application/at+jwt", "AT+JWT", "logout+jwt", "dpop+jwt", "secevent+jwt"),
        *("token-introspection+jwt", "oauth-authz-req+jwt", "application/dpop+JWT"),
    ],
)
async def test_a_token_of_another_type_is_not_an_id_token(
    provider: EmbeddedProvider, typ: str
) -> None:
    token = provider.mint(header={"typ": typ}, aud="web", sub="alice")
    with refused(IdTokenValidationException, "wrong_typ"):
        await validate_id_token(token, CONFIG, provider.issuer)


async def test_a_numeric_subject_is_not_called_missing(provider: EmbeddedProvider) -> None:
    lenient = replace(CONFIG, options={"verify_sub": False})
    for subject, code in ((7, "invalid_subject"), (0, "invalid_subject"), ("", "missing_subject")):
        with refused(IdTokenValidationException, code):
            token = id_token(provider, sub=subject)
            await validate_id_token(token, lenient, provider.issuer)


RSA = RSAKey.generate_key(2048)
EC = ECKey.generate_key("P-256")
OCT = OctKey.generate_key(256)
WRAPS: list[tuple[str, str, Any]] = [
    ("RSA-OAEP", "A128CBC-HS256", RSA),
    ("RSA-OAEP-256", "A256GCM", RSA),
    ("ECDH-ES", "A128GCM", EC),
    ("ECDH-ES+A256KW", "A256CBC-HS512", EC),
    ("A256KW", "A192GCM", OCT),
    ("A256GCMKW", "A192CBC-HS384", OCT),
    ("dir", "A256GCM", OCT),
]


def wrapped(token: str, alg: str, enc: str, key: Any, **header: Any) -> str:
    """Return ``token`` encrypted."""
    members = {"alg": alg, "enc": enc, "cty": "JWT", **header}
    registry = jwe.JWERegistry(algorithms=[alg, enc, "DEF"], strict_check_header=False)
    return jwe.encrypt_compact(members, token, key, registry=registry)


@pytest.mark.parametrize(("alg", "enc", "key"), WRAPS)
@pytest.mark.parametrize("as_pem", [True, False])
async def test_an_encrypted_token_is_opened_and_then_validated(
    provider: EmbeddedProvider, alg: str, enc: str, key: Any, as_pem: bool
) -> None:
    given = key.as_pem(private=True) if as_pem and key is not OCT else key.as_dict(private=True)
    config = TokenValidationConfig(
        perform_disco=True, audience="web", decryption_keys=[OCT.as_dict(), given]
    )
    token = wrapped(id_token(provider), alg, enc, key)
    for _ in range(2):
        assert await validate_id_token(token, config, provider.issuer, nonce="n")
        assert await validate_token(token, config, provider.issuer)
    foreign = wrapped(id_token(provider, aud="other"), alg, enc, key)
    with refused(InvalidAudienceException, "invalid_audience"):
        await validate_token(foreign, config, provider.issuer)


@pytest.mark.parametrize(
    ("alg", "enc"), [("dir", "A256GCM"), ("dir", "A256CBC-HS512"), ("A128KW", "A128GCM")]
)
async def test_a_token_may_be_encrypted_for_the_clients_secret(
    provider: EmbeddedProvider, alg: str, enc: str
) -> None:
    import hashlib

    size = {"A256GCM": 32, "A256CBC-HS512": 64, "A128GCM": 16}[enc]
    digest = hashlib.sha256 if size <= 32 else hashlib.sha512
    key = OctKey.import_key(digest(b"the client's secret").digest()[:size])
    config = TokenValidationConfig(
        perform_disco=True,
        audience="web",
        decryption_keys=[],
        client_secret="the client's secret",
    )
    token = wrapped(id_token(provider), alg, enc, key)
    assert await validate_id_token(token, config, provider.issuer)
    assert "the client" not in repr(config)


async def test_a_token_that_cannot_or_must_not_be_decrypted_is_refused(
    provider: EmbeddedProvider,
) -> None:
    config = TokenValidationConfig(
        perform_disco=True, audience="web", decryption_keys=[RSA.as_dict(private=True)]
    )
    inner = id_token(provider)
    other = RSAKey.generate_key(2048)
    head, _, rest = wrapped(inner, "RSA-OAEP", "A256GCM", RSA).partition(".")
    for token, code in (
        (inner, "not_encrypted"),
        ("é", "malformed_token"),
        ("a.b.c.d.e", "malformed_token"),
        (f"{head}.{rest[:-6]}AAAAAA", "decryption_failed"),
        (wrapped(inner, "RSA-OAEP", "A256GCM", other), "decryption_failed"),
        (wrapped(inner, "dir", "A256GCM", OCT), "decryption_failed"),
        (wrapped(inner, "RSA-OAEP", "A256GCM", RSA, kid="x", zip="DEF"), "unknown_crit"),
        (wrapped("no token", "RSA-OAEP", "A256GCM", RSA), "not_signed"),
        (wrapped('{"sub": "alice"}', "RSA-OAEP", "A256GCM", RSA), "not_signed"),
        (wrapped("é.é.é", "RSA-OAEP", "A256GCM", RSA), "not_signed"),
    ):
        with refused(TokenValidationException, code):
            await validate_token(token, config, provider.issuer)
    rsa15 = wrapped(inner, "RSA-OAEP", "A256GCM", RSA).partition(".")[2]
    forbidden = "eyJhbGciOiJSU0ExXzUiLCJlbmMiOiJBMjU2R0NNIn0." + rsa15
    with refused(TokenValidationException, "unsupported_encryption_algorithm"):
        await validate_token(forbidden, config, provider.issuer)


async def test_a_key_with_another_name_is_not_tried(provider: EmbeddedProvider) -> None:
    named = {**RSA.as_dict(private=True), "kid": "mine", "use": "enc"}
    config = TokenValidationConfig(perform_disco=True, audience="web", decryption_keys=[named])
    good = wrapped(id_token(provider), "RSA-OAEP", "A256GCM", RSA, kid="mine")
    assert await validate_token(good, config, provider.issuer)
    bad = wrapped(id_token(provider), "RSA-OAEP", "A256GCM", RSA, kid="yours")
    with refused(TokenValidationException, "decryption_failed"):
        await validate_token(bad, config, provider.issuer)


@pytest.mark.parametrize(
    "key", ["no key", "{", EC.as_dict(private=False), EC.as_pem(private=False)]
)
async def test_a_key_that_cannot_decrypt_is_a_mistake_of_the_caller(
    provider: EmbeddedProvider, key: Any
) -> None:
    config = TokenValidationConfig(perform_disco=True, audience="web", decryption_keys=[key])
    token = wrapped(id_token(provider), "RSA-OAEP", "A256GCM", RSA)
    with refused(ConfigurationException, "invalid_decryption_key"):
        await validate_token(token, config, provider.issuer)


async def test_symmetric_signatures_take_the_clients_secret(provider: EmbeddedProvider) -> None:
    from py_identity_model._jose.sign import sign_compact

    secret = "s" * 32
    now = int(time.time())
    claims = {"iss": provider.issuer, "aud": "web", "sub": "alice", "iat": now, "exp": now + 60}
    token = sign_compact({"alg": "HS256"}, claims, OctKey.import_key(secret), "HS256")
    config = TokenValidationConfig(
        perform_disco=True, audience="web", algorithms=["HS256", "RS256"], client_secret=secret
    )
    assert await validate_id_token(token, config, provider.issuer)
    assert await validate_id_token(id_token(provider), config, provider.issuer)
    config.client_secret = "t" * 32
    with pytest.raises(TokenValidationException):
        await validate_id_token(token, config, provider.issuer)
    config.client_secret, config.algorithms = secret, None
    with refused(TokenValidationException, "algorithm_not_allowed"):
        await validate_id_token(token, config, provider.issuer)


async def test_a_key_may_be_an_object(provider: EmbeddedProvider) -> None:
    key = jwks_from_dict(RSA.as_dict(private=True))
    config = TokenValidationConfig(perform_disco=True, audience="web", decryption_keys=[key])
    token = wrapped(id_token(provider), "RSA-OAEP", "A256GCM", RSA)
    assert await validate_token(token, config, provider.issuer)

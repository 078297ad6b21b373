"""What a login may do without, and what is registered for its answers."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from joserfc import jwe
from joserfc.jwk import OctKey, RSAKey

from py_identity_model.aio import (
    AsyncOAuthClient,
    AuthorizationRequest,
    ClientRegistrationResponse,
    ClientSecretBasic,
    PrivateKeyJwt,
    PrivateKeyJwtAuthentication,
    clear_discovery_cache,
    compute_certificate_thumbprint,
    create_client_assertion,
)
from py_identity_model.exceptions import (
    AuthorizeCallbackException,
    ConfigurationException,
    IdTokenValidationException,
    InvalidArgumentError,
    SignatureVerificationException,
    TokenExpiredException,
    TokenRequestException,
    TokenValidationException,
)
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.support import DISCOVERY, answering, refused

REDIRECT = "https://rp.example/cb"
RSA = RSAKey.generate_key(2048)
DECRYPTION = RSA.as_dict(private=True)


def client_of(provider: EmbeddedProvider, **more: Any) -> AsyncOAuthClient:
    secret = ClientSecretBasic(provider.client_secret)
    usual = {"redirect_uri": REDIRECT}
    return AsyncOAuthClient(provider.issuer, provider.client_id, secret, **{**usual, **more})


def browsed(url: str) -> str:
    return str(httpx.get(url, trust_env=False).headers["location"])


def encrypted(token: str) -> str:
    members = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT"}
    return jwe.encrypt_compact(members, token, RSA, algorithms=["RSA-OAEP-256", "A256GCM"])


class Tokens:
    """A token endpoint whose answers, and the ID tokens in them, a test decides."""

    def __init__(self, provider: EmbeddedProvider) -> None:
        self.provider = provider
        self.answer: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.forms: list[dict[str, str]] = []
        provider.intercept = self

    def __call__(self, received: Received) -> Answer | None:
        if received.path != "/token":
            return None
        self.forms.append(received.form)
        claims = {"sub": "alice", **self.claims}
        usual = {
            "access_token": "t",
            "expires_in": 60,
            "token_type": "Bearer",
            "id_token": self.provider.mint_id_token(**claims),
        }
        members = {**usual, **self.answer}
        return Answer.of_json({name: one for name, one in members.items() if one is not None})


async def log_in(client: AsyncOAuthClient, tokens: Tokens, **request: Any) -> Any:
    begun = await client.authorization_request(**request)
    tokens.claims = {"nonce": begun.nonce, **tokens.claims}
    return await client.callback({"code": "c", "state": begun.state}, begun)


# Without OpenID


async def test_a_login_without_openid_is_plain_oauth(provider: EmbeddedProvider) -> None:
    client = client_of(provider, scope="read")
    begun = await client.authorization_request()
    assert "nonce" not in parse_qs(urlsplit(begun.url).query)
    kept = AuthorizationRequest.from_json(begun.to_json())
    session = await client.callback(browsed(begun.url), kept)
    assert session.access_token
    assert (session.claims, session.id_token) == ({}, None)
    with refused(ConfigurationException, "no_subject"):
        print(session.subject)
    assert "Session" in repr(session)
    again = await client.session(session.to_json())
    assert again.access_token == session.access_token


async def test_an_unrequested_id_token_is_not_passed_on(
    provider: EmbeddedProvider,
) -> None:
    tokens = Tokens(provider)
    tokens.answer = {"id_token": "forged"}
    session = await log_in(client_of(provider, scope="read"), tokens)
    assert (session.id_token, session.claims) == (None, {})
    assert "forged" not in json.dumps(session.token)


async def test_with_openid_an_id_token_must_come(provider: EmbeddedProvider) -> None:
    tokens = Tokens(provider)
    tokens.answer = {"id_token": None}
    with refused(AuthorizeCallbackException, "missing_id_token"):
        await log_in(client_of(provider), tokens)


async def test_id_tokens_may_come_without_openid(provider: EmbeddedProvider) -> None:
    tokens = Tokens(provider)
    client = client_of(provider, scope="read", expect_id_token=True)
    assert (await log_in(client, tokens)).subject == "alice"
    tokens.claims = {"nonce": "other"}
    with refused(IdTokenValidationException, "nonce_mismatch"):
        await log_in(client, tokens)
    tokens.answer = {"id_token": None}
    with refused(AuthorizeCallbackException, "missing_id_token"):
        await log_in(client, tokens)


async def test_userinfo_without_openid_is_refused_before_the_code_is_spent(
    provider: EmbeddedProvider,
) -> None:
    client = client_of(provider, scope="read")
    begun = await client.authorization_request()
    url = browsed(begun.url)
    with refused(InvalidArgumentError, "invalid_argument"):
        await client.callback(url, begun, userinfo=True)
    assert provider.count("/token") == 0
    assert (await client.callback(url, begun)).access_token


async def test_a_session_without_claims_has_no_userinfo(provider: EmbeddedProvider) -> None:
    client = client_of(provider, scope="read")
    begun = await client.authorization_request()
    session = await client.callback(browsed(begun.url), begun)
    with refused(ConfigurationException, "no_subject"):
        await client.userinfo(session)


# What the token is for


@pytest.mark.parametrize("resource", ["https://a.example", ["https://a.example", "https://b"]])
async def test_the_resource_of_a_login_is_that_of_all_its_tokens(
    provider: EmbeddedProvider, resource: Any
) -> None:
    client = client_of(provider, scope="openid offline_access")
    tokens = Tokens(provider)
    tokens.answer = {"refresh_token": "r"}
    begun = await client.authorization_request(resource=resource)
    tokens.claims = {"nonce": begun.nonce}
    assert "resource=" in begun.url
    kept = AuthorizationRequest.from_json(begun.to_json())
    session = await client.callback({"code": "c", "state": begun.state}, kept)
    tokens.answer = {"refresh_token": "r", "id_token": None}
    await session.refresh()
    same = await client.session(session.to_json())
    await same.refresh()
    await session.get_access_token(resource="https://other.example")
    bodies = [one.body for one in provider.requests if one.path == "/token"]
    named = [parse_qs(body.decode())["resource"] for body in bodies]
    own = [resource] if isinstance(resource, str) else resource
    assert named == [own, own, own, ["https://other.example"]]


# Nonce and PKCE


async def test_a_missing_nonce_is_refused_and_the_refusal_names_the_option(
    provider: EmbeddedProvider,
) -> None:
    tokens = Tokens(provider)
    tokens.claims = {"nonce": None}
    with refused(IdTokenValidationException, "nonce_mismatch") as caught:
        await log_in(client_of(provider), tokens)
    assert "require_nonce=False" in str(caught.value)


async def test_a_provider_may_omit_the_nonce_but_not_change_it(
    provider: EmbeddedProvider,
) -> None:
    tokens = Tokens(provider)
    client = client_of(provider, require_nonce=False)
    tokens.claims = {"nonce": None}
    assert (await log_in(client, tokens)).subject == "alice"
    for nonce in ("of another login", "", 5):
        tokens.claims = {"nonce": nonce}
        with refused(IdTokenValidationException, "nonce_mismatch"):
            await log_in(client, tokens)


async def test_an_id_token_from_the_browser_always_needs_its_nonce(
    provider: EmbeddedProvider,
) -> None:
    client = client_of(provider, require_nonce=False)
    begun = await client.authorization_request(response_type="id_token")
    token = provider.mint_id_token(sub="alice")
    with refused(IdTokenValidationException, "nonce_mismatch"):
        await client.callback(f"#id_token={token}&state={begun.state}", begun)


async def test_pkce_can_be_off_for_one_login(provider: EmbeddedProvider) -> None:
    tokens = Tokens(provider)
    client = client_of(provider)
    begun = await client.authorization_request(code_challenge=None)
    assert "code_challenge" not in begun.url
    kept = AuthorizationRequest.from_json(begun.to_json())
    tokens.claims = {"nonce": begun.nonce}
    assert (await client.callback({"code": "c", "state": begun.state}, kept)).subject == "alice"
    assert "code_verifier" not in tokens.forms[0]
    tokens.claims = {}
    await log_in(client, tokens, code_challenge="S256")
    assert "code_verifier" in tokens.forms[1]


async def test_a_token_without_a_code_is_bound_to_no_login(provider: EmbeddedProvider) -> None:
    client = client_of(provider, scope="read")
    with refused(ConfigurationException, "unprotected_login"):
        await client.authorization_request(response_type="token")
    begun = await client.authorization_request(response_type="code token")
    assert begun.code_verifier


@pytest.mark.parametrize("challenge", ["plain", "", "a-challenge-of-mine", False])
async def test_a_login_makes_its_challenge_itself(
    provider: EmbeddedProvider, challenge: Any
) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        await client_of(provider).authorization_request(code_challenge=challenge)
    with refused(InvalidArgumentError, "invalid_argument"):
        await client_of(provider).authorization_request(
            extra_parameters={"code_challenge_method": "plain"}
        )


# Clocks and keys


@pytest.mark.parametrize("ahead", [30, 59])
async def test_clocks_may_differ_by_a_minute(provider: EmbeddedProvider, ahead: int) -> None:
    tokens, now = Tokens(provider), int(time.time())
    for claims in ({"iat": now + ahead, "nbf": now + ahead}, {"exp": now - ahead + 5}):
        tokens.claims = claims
        assert (await log_in(client_of(provider), tokens)).subject == "alice"


async def test_a_leeway_that_is_given_wins(provider: EmbeddedProvider) -> None:
    tokens, now = Tokens(provider), int(time.time())
    for claims, kind in (
        ({"iat": now + 30}, TokenValidationException),
        ({"exp": now - 5}, TokenExpiredException),
    ):
        tokens.claims = dict(claims)
        with pytest.raises(kind):
            await log_in(client_of(provider, leeway=0), tokens)
    for claims in ({"iat": now + 90}, {"exp": now - 90}):
        tokens.claims = dict(claims)
        with pytest.raises(TokenValidationException):
            await log_in(client_of(provider), tokens)
        tokens.claims = dict(claims)
        assert await log_in(client_of(provider, leeway=120), tokens)
    for leeway in (-1, "60", True):
        with refused(InvalidArgumentError, "invalid_argument"):
            client_of(provider, leeway=leeway)


async def test_the_leeway_of_clocks_does_not_lengthen_a_login(provider: EmbeddedProvider) -> None:
    tokens, now = Tokens(provider), int(time.time())
    tokens.claims = {"auth_time": now - 90}
    with refused(IdTokenValidationException, "authentication_too_old"):
        await log_in(client_of(provider), tokens, max_age=60)
    tokens.claims = {"auth_time": now - 90}
    assert await log_in(client_of(provider, leeway=60), tokens, max_age=60)
    tokens.claims = {"iat": now - 90}
    with refused(IdTokenValidationException, "id_token_too_old"):
        await log_in(client_of(provider, max_id_token_age=60), tokens)


async def test_a_login_in_the_future_passes_no_max_age(provider: EmbeddedProvider) -> None:
    tokens, now = Tokens(provider), int(time.time())
    for leeway, ahead, good in ((None, 30, True), (None, 90, False), (0, 30, False)):
        client = client_of(provider, leeway=leeway)
        tokens.claims = {"auth_time": now + ahead}
        if good:
            assert await log_in(client, tokens, max_age=60)
            continue
        with refused(IdTokenValidationException, "authentication_in_future"):
            await log_in(client, tokens, max_age=60)


@pytest.mark.parametrize(
    "claims",
    [
        {"header": {"typ": "userinfo+jwt"}},
        {"header": {"typ": ["JWT"]}},
        {"typ": "Bearer"},
        {"token_use": "access"},
        {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}},
    ],
)
async def test_no_other_kind_of_token_logs_a_user_in(
    provider: EmbeddedProvider, claims: dict[str, Any]
) -> None:
    tokens = Tokens(provider)
    tokens.claims = claims
    with refused(IdTokenValidationException, "wrong_typ"):
        await log_in(client_of(provider), tokens)


def signed_by_secret(provider: EmbeddedProvider, secret: str, **claims: Any) -> str:
    from joserfc import jwt

    now = int(time.time())
    usual = {"iss": provider.issuer, "aud": provider.client_id, "sub": "alice"}
    key = OctKey.import_key(secret)
    members = {**usual, "iat": now, "exp": now + 60, **claims}
    return jwt.encode({"alg": "HS256"}, members, key, algorithms=["HS256"])


async def test_short_secrets_sign_only_where_weak_keys_are_allowed(
    provider: EmbeddedProvider,
) -> None:
    tokens, secret = Tokens(provider), "a-secret-of-20-chars"
    usual: dict[str, Any] = {"client_secret": secret, "id_token_algorithms": ["HS256"]}
    for weak in (False, True):
        client = client_of(provider, allow_weak_keys=weak, **usual)
        begun = await client.authorization_request()
        answer = {"code": "c", "state": begun.state}
        tokens.answer = {"id_token": signed_by_secret(provider, secret, nonce=begun.nonce)}
        if weak:
            assert (await client.callback(answer, begun)).subject == "alice"
            continue
        with refused(TokenValidationException, "weak_key") as caught:
            await client.callback(answer, begun)
        assert "allow_weak_keys=True" in str(caught.value)
    tokens.answer = {"id_token": signed_by_secret(provider, "another-short-secret")}
    with refused(SignatureVerificationException, "invalid_signature"):
        await log_in(client_of(provider, allow_weak_keys=True, **usual), tokens)


async def test_an_algorithm_that_is_not_agreed_on_is_refused_by_the_parameters_name(
    provider: EmbeddedProvider,
) -> None:
    tokens = Tokens(provider)
    tokens.answer = {"id_token": signed_by_secret(provider, provider.client_secret)}
    with refused(TokenValidationException, "algorithm_not_allowed") as caught:
        await log_in(client_of(provider), tokens)
    assert "id_token_algorithms" in str(caught.value)
    document = {**provider.document(), "id_token_signing_alg_values_supported": ["PS256", "HS256"]}
    provider.intercept = answering(DISCOVERY, Answer.of_json(document))
    await clear_discovery_cache()
    client = client_of(provider)
    begun = await client.authorization_request()
    url = browsed(begun.url)
    with refused(TokenValidationException, "algorithm_not_allowed") as caught:
        await client.callback(url, begun)
    assert caught.value.details["allowed"] == ["PS256"]


# Encryption


@pytest.mark.parametrize("is_encrypted", [False, True])
async def test_an_id_token_is_opened_where_it_is_encrypted(
    provider: EmbeddedProvider, is_encrypted: bool
) -> None:
    tokens = Tokens(provider)
    client = client_of(provider, decryption_keys=[DECRYPTION])
    strict = client_of(provider, decryption_keys=[DECRYPTION], require_encrypted=["id_token"])
    for one in (client, strict):
        begun = await one.authorization_request()
        token = provider.mint_id_token(sub="alice", nonce=begun.nonce)
        tokens.answer = {"id_token": encrypted(token) if is_encrypted else token}
        answer = {"code": "c", "state": begun.state}
        if is_encrypted or one is client:
            assert (await one.callback(answer, begun)).subject == "alice"
            continue
        with refused(TokenValidationException, "not_encrypted"):
            await one.callback(answer, begun)


async def test_encrypted_content_must_be_signed(provider: EmbeddedProvider) -> None:
    tokens = Tokens(provider)
    tokens.answer = {"id_token": encrypted('{"sub":"mallory"}')}
    with refused(TokenValidationException, "not_signed"):
        await log_in(client_of(provider, decryption_keys=[DECRYPTION]), tokens)


@pytest.mark.parametrize("is_encrypted", [False, True])
async def test_a_signed_id_token_may_come_beside_an_encrypted_response(
    provider: EmbeddedProvider, is_encrypted: bool
) -> None:
    document = {
        **provider.document(),
        "authorization_signing_alg_values_supported": ["RS256"],
    }
    tokens = Tokens(provider)
    provider.intercept = lambda received: (
        Answer.of_json(document) if received.path == DISCOVERY else tokens(received)
    )
    strict: dict[str, Any] = {"require_encrypted": ["response"]}
    for options in ({}, strict):
        client = client_of(provider, decryption_keys=[DECRYPTION], **options)
        begun = await client.authorization_request(response_mode="jwt")
        tokens.claims = {"nonce": begun.nonce}
        response = provider.mint_id_token(code="c", state=begun.state)
        sent = encrypted(response) if is_encrypted else response
        if is_encrypted or not options:
            assert (await client.callback(f"?response={sent}", begun)).subject == "alice"
            continue
        with refused(TokenValidationException, "not_encrypted"):
            await client.callback(f"?response={sent}", begun)


async def test_userinfo_is_checked_as_registered(
    provider: EmbeddedProvider,
) -> None:
    claims: dict[str, Any] = {"sub": "alice", "name": "Alice"}
    signed = provider.mint_id_token(**claims).encode()
    sealed = encrypted(signed.decode()).encode()
    jwt = {"content-type": "application/jwt"}
    lenient = client_of(provider, decryption_keys=[DECRYPTION], require_encrypted=["id_token"])
    strict = client_of(provider, decryption_keys=[DECRYPTION], require_encrypted=["userinfo"])
    for answer, is_sealed in (
        (Answer.of_json(claims), False),
        (Answer(200, signed, jwt), False),
        (Answer(200, sealed, jwt), True),
    ):
        provider.intercept = answering("/userinfo", answer)
        response = await lenient.userinfo("t", expected_sub="alice")
        assert response.claims is not None
        assert response.claims["name"] == "Alice"
        response = await strict.userinfo("t", expected_sub="alice")
        assert response.is_successful is is_sealed


@pytest.mark.parametrize("names", ["id_token", ["access_token"], [""]])
def test_encrypted_artefacts_must_have_known_names(names: Any) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        AsyncOAuthClient(
            "https://op.example", "web", decryption_keys=[DECRYPTION], require_encrypted=names
        )


def test_without_keys_nothing_can_be_required_to_be_encrypted() -> None:
    with refused(InvalidArgumentError, "invalid_argument") as caught:
        AsyncOAuthClient("https://op.example", "web", require_encrypted=["response"])
    assert "decryption_keys" in str(caught.value)


async def test_an_artefact_registered_as_encrypted_must_be_encrypted(
    provider: EmbeddedProvider,
) -> None:
    registered = ClientRegistrationResponse(
        True,
        client_id=provider.client_id,
        client_secret=provider.client_secret,
        redirect_uris=[REDIRECT],
        id_token_encrypted_response_alg="RSA-OAEP-256",
    )
    client = AsyncOAuthClient.from_registration(
        registered, provider.issuer, decryption_keys=[DECRYPTION]
    )
    tokens = Tokens(provider)
    with refused(TokenValidationException, "not_encrypted"):
        await log_in(client, tokens)


# What is remembered meanwhile


async def test_a_login_that_has_begun_takes_less_than_400_bytes(
    provider: EmbeddedProvider,
) -> None:
    from base64 import b64encode

    client = client_of(provider)
    begun = await client.authorization_request(login_hint="x" * 500)
    text = begun.to_json()
    cookie = b64encode(json.dumps({"login": text}).encode())
    assert len(text) < 300
    assert len(urlencode({"login": text})) < 400
    assert len(cookie) < 420
    assert AuthorizationRequest.from_json(text).url == ""


async def test_the_json_of_an_older_version_is_read(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    begun = await client.authorization_request()
    older = {
        "url": begun.url,
        "issuer": begun.issuer,
        "client_id": begun.client_id,
        "redirect_uri": begun.redirect_uri,
        "state": begun.state,
        "nonce": begun.nonce,
        "code_verifier": begun.code_verifier,
        "response_type": "code",
        "response_mode": None,
        "max_age": None,
    }
    assert AuthorizationRequest.from_json(json.dumps(older)) == begun


@pytest.mark.parametrize(
    "changes",
    [
        {"response_type": ""},
        {"response_mode": 5},
        {"max_age": "60"},
        {"max_age": True},
        {"has_id_token": 0},
        {"resource": 5},
        {"resource": ["https://a", 5]},
        {"resource": ""},
    ],
)
def test_json_of_another_form_is_refused(changes: dict[str, Any]) -> None:
    begun = AuthorizationRequest("u", "i", "c", "r", "s", "n", "v")
    members = {**json.loads(begun.to_json()), **changes}
    with refused(InvalidArgumentError, "invalid_argument"):
        AuthorizationRequest.from_json(json.dumps(members))


# Certificates in assertions


def certified(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    made = made.public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return made.sign(key, hashes.SHA256())


def header_of(assertion: str) -> dict[str, Any]:
    from py_identity_model._jose.tokens import header_members

    return header_members(assertion)


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
async def test_an_assertion_names_the_certificate_of_its_key(
    provider: EmbeddedProvider, encoding: Encoding
) -> None:
    from py_identity_model._jose.encoding import encode_base64url

    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    certificate = certified(key)
    given = certificate.public_bytes(encoding)
    client = AsyncOAuthClient(
        provider.issuer, "app", PrivateKeyJwtAuthentication(pem, "ES256", certificate=given)
    )
    tokens = Tokens(provider)
    source = await client.token_source(scope="read")
    await source.get_token()
    header = header_of(tokens.forms[0]["client_assertion"])
    assert header["x5t#S256"] == compute_certificate_thumbprint(given)
    sha1 = certificate.fingerprint(hashes.SHA1())
    assert header["x5t"] == encode_base64url(sha1).decode()
    config = PrivateKeyJwt(pem, "ES256", certificate=given)
    address = "https://op.example/token"
    assert header_of(create_client_assertion(config, "app", address))["x5t"] == header["x5t"]
    same = PrivateKeyJwtAuthentication.of(config)
    assert same.certificate == given
    assert "x5t" not in header_of(
        create_client_assertion(PrivateKeyJwt(pem, "ES256"), "app", address)
    )


def test_the_certificate_of_another_key_is_refused_at_once() -> None:
    key, other = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for given in (certified(other).public_bytes(Encoding.PEM), b"no certificate", ""):
        with refused(InvalidArgumentError, "invalid_certificate"):
            AsyncOAuthClient(
                "https://op.example",
                "app",
                PrivateKeyJwtAuthentication(pem, "ES256", certificate=given),
            )


async def test_a_refusal_of_the_code_is_the_providers(provider: EmbeddedProvider) -> None:
    provider.intercept = answering("/token", Answer.of_json({"ok": False, "error": "invalid_code"}))
    client = client_of(provider, scope="read")
    begun = await client.authorization_request()
    with refused(TokenRequestException, "token_request_error") as caught:
        await client.callback({"code": "c", "state": begun.state}, begun)
    assert caught.value.details["oauth_error"] == "invalid_code"

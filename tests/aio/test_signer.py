"""Keys that cannot leave: what is signed elsewhere, and what happens when that fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from py_identity_model._seam.aio import sleep
from py_identity_model.aio import (
    AsyncOAuthClient,
    AsyncTokenAuth,
    AsyncTokenHeaders,
    AsyncTokenSource,
    BackchannelAuthenticationRequest,
    ClientCredentialsTokenRequest,
    ClientRegistrationResponse,
    DPoPKey,
    PrivateKeyJwtAuthentication,
    create_request_object,
    request_client_credentials_token,
)
from py_identity_model.aio._transport import signing
from py_identity_model.exceptions import InvalidArgumentError, SigningException
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.mcp_world import REDIRECT
from tests.support import DISCOVERY, claims_in, refused

KEYS: dict[str, Any] = {
    "ES256": ECKey.generate_key("P-256"),
    "ES384": ECKey.generate_key("P-384"),
    "ES512": ECKey.generate_key("P-521"),
    "PS256": RSAKey.generate_key(2048),
    "EdDSA": OKPKey.generate_key("Ed25519"),
}


class Vault:
    """A key in a service: it signs, and counts how often."""

    def __init__(self, algorithm: str = "ES256", key: Any = None) -> None:
        self.algorithm = algorithm
        self.kid: str | None = "vault-1"
        self.key = KEYS[algorithm] if key is None else key
        self.public_jwk = self.key.as_dict(private=False)
        self.messages: list[bytes] = []

    async def sign(self, message: bytes) -> bytes:
        self.messages.append(message)
        await sleep(0)
        return self.signature(message)

    def signature(self, message: bytes) -> bytes:
        return bytes(JWSRegistry.algorithms[self.algorithm].sign(message, self.key))


class PlainVault:
    """The same without waiting: a library that blocks."""

    def __init__(self) -> None:
        self.algorithm, self.kid = "ES256", None
        self.public_jwk = KEYS["ES256"].as_dict(private=False)

    def sign(self, message: bytes) -> bytes:
        return bytes(JWSRegistry.algorithms["ES256"].sign(message, KEYS["ES256"]))


@pytest.fixture
def op() -> Iterator[EmbeddedProvider]:
    with EmbeddedProvider() as provider:
        provider.intercept = tokens_for(provider)
        yield provider


def tokens_for(provider: EmbeddedProvider) -> Any:
    """Return an interceptor that gives tokens: the provider knows no assertions."""

    def intercept(received: Received) -> Answer | None:
        if received.path != "/token" or "client_assertion" not in received.form:
            return None
        return Answer.of_json({"access_token": provider.mint(), "token_type": "Bearer"})

    return intercept


def assertion_of(op: EmbeddedProvider) -> str:
    return [one.form["client_assertion"] for one in op.requests if one.path == "/token"][-1]


def request_by(op: EmbeddedProvider, signer: Any) -> ClientCredentialsTokenRequest:
    how = PrivateKeyJwtAuthentication(signer)
    return ClientCredentialsTokenRequest(op.token_endpoint, "web", client_authentication=how)


@pytest.mark.parametrize("algorithm", KEYS)
async def test_an_assertion_is_signed_elsewhere(op: EmbeddedProvider, algorithm: str) -> None:
    vault = Vault(algorithm)
    response = await request_client_credentials_token(request_by(op, vault))
    assert response.is_successful
    claims = claims_in(assertion_of(op), vault.public_jwk, algorithm)
    assert claims["iss"] == "web"
    assert len(vault.messages) == 1


async def test_a_signer_that_need_not_be_waited_for_will_do(op: EmbeddedProvider) -> None:
    vault = PlainVault()
    assert (await request_client_credentials_token(request_by(op, vault))).is_successful
    claims_in(assertion_of(op), vault.public_jwk, "ES256")


async def test_a_signature_in_der_becomes_that_of_a_token(op: EmbeddedProvider) -> None:
    class Der(Vault):
        def signature(self, message: bytes) -> bytes:
            raw = super().signature(message)
            r, s = (int.from_bytes(raw[i : i + 32], "big") for i in (0, 32))
            return encode_dss_signature(r, s)

    vault = Der()
    assert (await request_client_credentials_token(request_by(op, vault))).is_successful
    claims_in(assertion_of(op), vault.public_jwk, "ES256")


async def test_each_attempt_has_an_assertion_of_its_own(op: EmbeddedProvider) -> None:
    vault = Vault()
    usual, answers = op.intercept, iter([Answer(503)])
    assert usual is not None
    op.intercept = lambda received: next(answers, None) or usual(received)
    assert (await request_client_credentials_token(request_by(op, vault))).is_successful
    assert len({*vault.messages}) == 2


async def test_requests_and_proofs_of_a_login_are_signed_elsewhere(op: EmbeddedProvider) -> None:
    requests, proofs, assertions = Vault(), Vault("ES384"), Vault("EdDSA")
    client = AsyncOAuthClient(
        op.issuer,
        op.public_client_id,
        PrivateKeyJwtAuthentication(assertions),
        redirect_uri=REDIRECT,
        request_signing_key=requests,
        dpop_key=DPoPKey.from_signer(proofs),
    )
    assert (requests.messages, proofs.messages, assertions.messages) == ([], [], [])
    begun = await client.authorization_request()
    sent = dict(httpx.URL(begun.url).params)
    claims = claims_in(sent["request"], requests.public_jwk, "ES256")
    assert claims["code_challenge_method"] == "S256"
    assert claims["dpop_jkt"] == DPoPKey.from_signer(proofs).jwk_thumbprint
    op.intercept = None
    response = await client.exchange("token")
    assert not response.is_successful  # the provider knows no assertions
    last = op.requests[-1]
    assert len(proofs.messages) == len(assertions.messages) == 1
    claims_in(last.headers["dpop"], proofs.public_jwk, "ES384")


async def test_a_requests_proof_is_signed_elsewhere(op: EmbeddedProvider) -> None:
    vault = Vault()
    key = DPoPKey.from_signer(vault)
    source = AsyncTokenSource(
        ClientCredentialsTokenRequest(
            op.token_endpoint, op.client_id, op.client_secret, scope="api", dpop_key=key
        )
    )
    seen: list[httpx.Request] = []

    def serve(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200)

    transport = httpx.MockTransport(serve)
    async with httpx.AsyncClient(transport=transport, auth=AsyncTokenAuth(source)) as api:
        await api.get("https://api.example/")
    claims_in(seen[0].headers["dpop"], vault.public_jwk, "ES256")
    assert seen[0].headers["authorization"].startswith("DPoP ")
    assert len(vault.messages) == 2


async def test_a_backchannel_request_is_signed_elsewhere(op: EmbeddedProvider) -> None:
    vault = Vault()
    document = {
        **op.document(),
        "backchannel_authentication_endpoint": f"{op.issuer}/ciba",
        "backchannel_authentication_request_signing_alg_values_supported": ["ES256"],
    }
    answer = {"auth_req_id": "1", "expires_in": 60}

    def intercept(received: Received) -> Answer | None:
        if received.path == DISCOVERY:
            return Answer.of_json(document)
        return Answer.of_json(answer) if received.path == "/ciba" else None

    op.intercept = intercept
    client = AsyncOAuthClient(
        op.issuer, op.client_id, client_secret="s3cret", request_signing_key=vault
    )
    assert (await client.request_backchannel_login(login_hint="alice")).is_successful
    form = op.requests[-1].form
    claims = claims_in(form["request"], vault.public_jwk, "ES256")
    assert claims["login_hint"] == "alice"
    assert BackchannelAuthenticationRequest is not None


class Failing(Vault):
    """A service that fails in its own way."""

    def __init__(self, how: Any) -> None:
        super().__init__()
        self.how = how

    async def sign(self, message: bytes) -> bytes:
        await sleep(0)
        if isinstance(self.how, BaseException):
            raise self.how
        found: bytes = self.how
        return found


@pytest.mark.parametrize(
    ("how", "code"),
    [
        (RuntimeError("secret words"), "signing_failed"),
        (OSError(), "signing_failed"),
        (TimeoutError(), "signing_timed_out"),
        (b"", "signature_mismatch"),
        (b"x" * 64, "signature_mismatch"),
        (b"\x30\x06\x02\x01\x01\x02\x01\x01", "signature_mismatch"),
        ("text", "signature_mismatch"),
        (None, "signature_mismatch"),
    ],
    ids=["error", "os", "timeout", "empty", "wrong", "der", "text", "none"],
)
async def test_a_signer_that_fails_is_a_typed_failure_and_nothing_is_sent(
    op: EmbeddedProvider, how: Any, code: str
) -> None:
    with refused(SigningException, code) as caught:
        await signing.sign(
            Failing(how),
            lambda key: create_request_object(key, "ES256", "c", op.issuer, REDIRECT),
        )
    assert "secret words" not in str(caught.value)
    response = await request_client_credentials_token(request_by(op, Failing(how)))
    assert not response.is_successful
    assert "signer" in str(response.error)
    assert op.count("/token") == 0


async def test_the_signature_of_another_key_is_not_sent(op: EmbeddedProvider) -> None:
    vault = Vault()
    vault.key = ECKey.generate_key("P-256")  # it was rotated, and nobody said so
    response = await request_client_credentials_token(request_by(op, vault))
    assert not response.is_successful
    assert op.count("/token") == 0


@pytest.mark.parametrize(
    ("algorithm", "public_jwk"),
    [
        ("ES256", KEYS["ES384"].as_dict(private=False)),
        ("ES256", KEYS["PS256"].as_dict(private=False)),
        ("PS256", {"kty": "RSA", "n": "AQAB", "e": "AQAB"}),
        ("PS256", {"kty": "RSA", "n": KEYS["PS256"].as_dict(private=False)["n"]}),
        ("HS256", {"kty": "oct"}),
        ("none", KEYS["ES256"].as_dict(private=False)),
        ("ES256", {}),
        ("ES256", None),
        ("ES256", {"kty": "EC", "crv": "P-256", "x": b"x", "y": "y"}),
        ("ES256", {"kty": "EC", "crv": "P-256", "x": "x", "y": "y"}),
    ],
    ids=["curve", "kind", "weak", "partial", "secret", "none", "empty", "null", "bytes", "point"],
)
async def test_a_signer_that_cannot_work_is_refused_where_it_is_given(
    algorithm: str, public_jwk: Any
) -> None:
    vault = Vault()
    vault.algorithm, vault.public_jwk = algorithm, public_jwk
    for arguments in (
        {"client_authentication": PrivateKeyJwtAuthentication(vault)},
        {"request_signing_key": vault, "client_secret": "s3cret"},
    ):
        with pytest.raises(InvalidArgumentError):
            AsyncOAuthClient("https://op.example", "web", **arguments)
    with pytest.raises(InvalidArgumentError):
        DPoPKey.from_signer(vault)
    assert vault.messages == []


def test_profiles_judge_the_algorithm_of_a_signer() -> None:
    shared: dict[str, Any] = {"profile": "fapi2", "dpop_key": DPoPKey("ES256")}
    for algorithm in ("ES256", "PS256", "EdDSA"):
        how = PrivateKeyJwtAuthentication(Vault(algorithm))
        AsyncOAuthClient("https://op.example", "web", how, **shared)
    for vault in (Vault("ES384"), Vault("EdDSA", OKPKey.generate_key("Ed448"))):
        how = PrivateKeyJwtAuthentication(vault)
        with pytest.raises(Exception, match="assertions must"):
            AsyncOAuthClient("https://op.example", "web", how, **shared)


async def test_a_registered_client_may_sign_elsewhere() -> None:
    registered = ClientRegistrationResponse(
        True,
        client_id="web",
        token_endpoint_auth_method="private_key_jwt",
        token_endpoint_auth_signing_alg="ES256",
    )
    options: dict[str, Any] = {"issuer": "https://op.example", "redirect_uri": REDIRECT}
    AsyncOAuthClient.from_registration(registered, private_key=Vault("ES256"), **options)
    with pytest.raises(Exception, match="ES256 is registered"):
        AsyncOAuthClient.from_registration(registered, private_key=Vault("ES384"), **options)


class Unplugged(Vault):
    """A key in a service that is down after a number of proofs."""

    def __init__(self, left: int) -> None:
        super().__init__()
        self.left = left

    async def sign(self, message: bytes) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise OSError("the service is down")
        return await super().sign(message)


REFUSALS = [
    ({"www-authenticate": 'DPoP error="use_dpop_nonce"', "dpop-nonce": "n1"}, 2),
    ({"www-authenticate": 'DPoP error="invalid_token"'}, 3),  # the renewal has a proof, too
]


@pytest.mark.parametrize(("challenge", "proofs"), REFUSALS)
async def test_a_proof_that_cannot_be_repeated_leaves_the_answer_of_the_api(
    provider: EmbeddedProvider,
    challenge: dict[str, str],
    proofs: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    for kind in (AsyncTokenHeaders, AsyncTokenAuth):
        request = ClientCredentialsTokenRequest(
            provider.token_endpoint,
            provider.client_id,
            provider.client_secret,
            dpop_key=DPoPKey.from_signer(Unplugged(proofs)),
        )
        source = AsyncTokenSource(request)
        if kind is AsyncTokenHeaders:
            headers = AsyncTokenHeaders(source, origins=["https://api.example"])
            fields = headers.of_request("https://api.example/")
            assert "DPoP" in await fields.first()
            assert await fields.again(401, challenge) is None
            continue
        transport = httpx.MockTransport(lambda _: httpx.Response(401, headers=challenge))
        async with httpx.AsyncClient(transport=transport, auth=AsyncTokenAuth(source)) as client:
            assert (await client.get("https://api.example/")).status_code == 401
    assert "a refused request is not repeated: signing_failed" in caplog.text

"""The objects that people keep, against a certified provider."""

from __future__ import annotations

import time
from typing import Any

import httpx
import httpx2
import pytest

from py_identity_model import AccessTokenRefusedException
from py_identity_model._seam.aio import gather
from py_identity_model.aio import (
    AsyncAccessTokenVerifier,
    AsyncHTTPClient,
    AsyncMemoryTokenStore,
    AsyncOAuthClient,
    AsyncTokenIntrospector,
    AsyncTokenSource,
    ClientCredentialsTokenRequest,
    ClientSecretBasic,
    ClientSecretJwt,
    DeviceAuthorizationRequest,
    DeviceTokenRequest,
    DPoPKey,
    DPoPNonceIssuer,
    PrivateKeyJwtAuthentication,
    RefreshTokenRequest,
    SelfSignedTlsClientAuth,
    create_dpop_proof,
    prime,
    request_device_authorization,
)
from tests.op.aio.login import REDIRECT, SECRET
from tests.op.aio.test_tokens import agree
from tests.op.browser import Browser
from tests.op.driver import RealProvider
from tests.support import Clock

API = "https://api.example/orders"
CLIENTS: dict[str, dict[str, Any]] = {
    "web": {"client_authentication": ClientSecretBasic(SECRET)},
    "web-secret-jwt": {"client_authentication": ClientSecretJwt(SECRET)},
    "spa": {},
    "web-par": {"client_authentication": ClientSecretBasic(SECRET), "use_par": True},
    "web-dpop": {"client_authentication": ClientSecretBasic(SECRET), "dpop_key": DPoPKey()},
    "web-es256": {
        "client_authentication": ClientSecretBasic(SECRET),
        "id_token_algorithms": ["ES256"],
    },
}


@pytest.mark.parametrize("client_id", CLIENTS)
async def test_a_login_takes_two_calls(op: RealProvider, browser: Browser, client_id: str) -> None:
    client = AsyncOAuthClient(op.issuer, client_id, redirect_uri=REDIRECT, **CLIENTS[client_id])
    begun = await client.authorization_request(login_hint="bob")
    landing = browser.go(begun.url, until=REDIRECT)
    session = await client.callback(landing.url, begun, userinfo=True)
    assert session.subject == "bob"
    assert session.userinfo is not None
    assert session.userinfo["sub"] == "bob"


@pytest.mark.parametrize("mode", ["query.jwt", "form_post.jwt", "form_post", "fragment"])
async def test_a_login_comes_back_in_any_mode(
    op: RealProvider, browser: Browser, mode: str
) -> None:
    client = AsyncOAuthClient(
        op.issuer,
        "web-jarm",
        ClientSecretBasic(SECRET),
        redirect_uri=REDIRECT,
        use_par=True,
    )
    begun = await client.authorization_request(response_mode=mode)
    landing = browser.go(begun.url, until=REDIRECT)
    session = await client.callback(landing.posted or landing.url, begun)
    assert session.subject == "alice"


@pytest.mark.parametrize(
    "response_type", ["code id_token", "code id_token token", "id_token token"]
)
async def test_a_hybrid_or_implicit_login_is_checked(
    op: RealProvider, browser: Browser, response_type: str
) -> None:
    client = AsyncOAuthClient(
        op.issuer, "web-hybrid", ClientSecretBasic(SECRET), redirect_uri=REDIRECT
    )
    begun = await client.authorization_request(response_type=response_type)
    landing = browser.go(begun.url, until=REDIRECT)
    assert (await client.callback(landing.url, begun)).subject == "alice"


@pytest.mark.parametrize("client_id", ["fapi2-dpop", "fapi2-mtls", "fapi2-msg"])
async def test_a_profile_is_enforced(
    trusted: RealProvider, browser: Browser, client_id: str
) -> None:
    folder = trusted.certificates.folder
    certificate = str(folder / "client.pem"), str(folder / "client.key")
    signed = PrivateKeyJwtAuthentication(trusted.key("es"), "ES256", "client-es256")
    chosen: dict[str, dict[str, Any]] = {
        "fapi2-dpop": {"client_authentication": signed, "dpop_key": DPoPKey(), "profile": "fapi2"},
        "fapi2-mtls": {
            "client_authentication": SelfSignedTlsClientAuth(*certificate),
            "profile": "fapi2",
        },
        "fapi2-msg": {
            "client_authentication": signed,
            "dpop_key": DPoPKey(),
            "profile": "fapi2-message-signing",
            "request_signing_key": trusted.key("es"),
            "request_signing_kid": "client-es256",
        },
    }
    client = AsyncOAuthClient(
        trusted.https_issuer, client_id, redirect_uri=REDIRECT, **chosen[client_id]
    )
    begun = await client.authorization_request()
    landing = browser.go(begun.url, until=REDIRECT)
    session = await client.callback(landing.url, begun, userinfo=True)
    assert session.subject == "alice"


async def bound_token(op: RealProvider, key: DPoPKey | None, resource: str) -> str:
    client_id = "m2m-basic" if key is None else "m2m-dpop"
    source = AsyncTokenSource(
        ClientCredentialsTokenRequest(
            f"{op.issuer}/token", client_id, SECRET, resource=resource, dpop_key=key
        )
    )
    return (await source.get_token()).access_token


async def test_a_verifier_judges_plain_bound_and_opaque_tokens(op: RealProvider) -> None:
    resource = "https://api.test/es256"
    opaque = AsyncTokenIntrospector(
        f"{op.issuer}/token/introspection", "rs-introspect", ClientSecretBasic(SECRET)
    )
    verifier = AsyncAccessTokenVerifier(
        op.issuer, [resource, "https://api.test/opaque"], opaque_tokens=opaque
    )
    plain = await bound_token(op, None, resource)
    assert (await verifier.verify(f"Bearer {plain}")).client_id == "m2m-basic"
    secret = await bound_token(op, None, "https://api.test/opaque")
    assert (await verifier.verify(f"Bearer {secret}")).client_id == "m2m-basic"
    key = DPoPKey()
    bound = await bound_token(op, key, resource)
    proof = create_dpop_proof(key, "GET", API, bound)
    verified = await verifier.verify(f"DPoP {bound}", method="GET", uri=API, dpop=proof)
    assert verified.client_id == "m2m-dpop"
    for authorization in (f"Bearer {bound}", f"Bearer {plain}x", "Bearer unknown"):
        with pytest.raises(AccessTokenRefusedException) as caught:
            await verifier.verify(authorization)
        assert caught.value.status_code == 401


async def test_a_rotating_refresh_token_is_used_once_by_many(
    op: RealProvider, browser: Browser
) -> None:
    client = AsyncOAuthClient(
        op.issuer, "web-rotate", ClientSecretBasic(SECRET), redirect_uri=REDIRECT
    )
    begun = await client.authorization_request()
    session = await client.callback(browser.go(begun.url, until=REDIRECT).url, begun)
    clock = Clock()
    client.clock = clock
    sources = [await client.token_source(session=session) for _ in range(10)]
    clock.now = time.time()
    for _ in range(3):
        clock.now += 61  # a token that replaced a refused one is not replaced at once
        op.take_log()
        tokens = await gather([source.get_token for source in sources])
        assert len({token.access_token for token in tokens}) == 1
        assert len([e for e in op.take_log() if e.get("path") == "/token"]) <= 1
        current = tokens[0].access_token
        renewed = await sources[0].renew(current)
        assert renewed.access_token != current
    request = RefreshTokenRequest(
        f"{op.issuer}/token", "web-rotate", renewed.refresh_token or "", client_secret=SECRET
    )
    assert await AsyncTokenSource(request).get_token()  # the family is alive: nothing was reused


def bound_client(op: RealProvider, http_client: AsyncHTTPClient | None = None) -> AsyncOAuthClient:
    return AsyncOAuthClient(
        op.issuer,
        "web-dpop",
        ClientSecretBasic(SECRET),
        redirect_uri=REDIRECT,
        scope="openid offline_access",
        dpop_key=DPoPKey(),
        http_client=http_client,
    )


async def test_requests_of_an_injected_client_carry_proofs(
    demanding: RealProvider, browser: Browser
) -> None:
    client = bound_client(demanding)
    begun = await client.authorization_request(prompt="consent")
    session = await client.callback(browser.go(begun.url, until=REDIRECT).url, begun)
    auth = await client.auth(session=session, origins=[demanding.issuer])
    async with httpx.AsyncClient(auth=auth, trust_env=False) as http:
        for _ in range(2):
            answer = await http.get(await client.endpoint("userinfo_endpoint"))
            assert answer.json()["sub"] == "alice"


async def test_an_injected_http_client_does_everything(op: RealProvider) -> None:
    async with AsyncHTTPClient() as http_client:
        verifier = AsyncAccessTokenVerifier(
            op.issuer, "https://api.test/es256", http_client=http_client
        )
        token = await bound_token(op, None, "https://api.test/es256")
        assert await verifier.verify(f"Bearer {token}")


async def test_a_device_is_given_tokens_that_renew_themselves(
    op: RealProvider, browser: Browser
) -> None:
    device = await request_device_authorization(
        DeviceAuthorizationRequest(f"{op.issuer}/device/auth", "device", "openid offline_access")
    )
    request = DeviceTokenRequest(f"{op.issuer}/token", "device", device.device_code or "")
    device.interval = 1
    source = AsyncTokenSource(request, device=device)
    agree(browser, device.verification_uri_complete or "")
    first = await source.get_token()
    assert first.refresh_token is not None
    second = await source.renew(first.access_token)
    assert second.access_token != first.access_token


async def test_an_httpx2_client_does_everything(demanding: RealProvider, browser: Browser) -> None:
    async with httpx2.AsyncClient(trust_env=False) as inner:
        client = bound_client(demanding, AsyncHTTPClient(inner))
        begun = await client.authorization_request(prompt="consent")
        session = await client.callback(
            browser.go(begun.url, until=REDIRECT).url, begun, userinfo=True
        )
        assert session.subject == "alice"
        auth = await client.auth(session=session, origins=[demanding.issuer])
        async with httpx2.AsyncClient(auth=auth.for_httpx2(), trust_env=False) as http:
            for _ in range(2):
                answer = await http.get(await client.endpoint("userinfo_endpoint"))
                assert answer.json()["sub"] == "alice"


async def test_a_verifier_demands_nonces_in_proofs(op: RealProvider) -> None:
    resource, key, nonces = "https://api.test/es256", DPoPKey(), DPoPNonceIssuer()
    verifier = AsyncAccessTokenVerifier(op.issuer, resource, dpop="required", dpop_nonces=nonces)
    token = await bound_token(op, key, resource)
    proof = create_dpop_proof(key, "GET", API, token)
    with pytest.raises(AccessTokenRefusedException) as caught:
        await verifier.verify(f"DPoP {token}", method="GET", uri=API, dpop=proof)
    assert caught.value.code == "use_dpop_nonce"
    proof = create_dpop_proof(key, "GET", API, token, caught.value.headers["DPoP-Nonce"])
    verified = await verifier.verify(f"DPoP {token}", method="GET", uri=API, dpop=proof)
    assert verified.client_id == "m2m-dpop"


async def test_processes_share_what_the_provider_said(op: RealProvider) -> None:
    store, resource = AsyncMemoryTokenStore(), "https://api.test/opaque"
    token = await bound_token(op, None, resource)
    op.take_log()
    for _ in range(3):
        async with AsyncHTTPClient(document_store=store) as process:
            opaque = AsyncTokenIntrospector(
                f"{op.issuer}/token/introspection",
                "rs-introspect",
                ClientSecretBasic(SECRET),
                store=store,
                http_client=process,
            )
            issuers = [op.issuer]
            verifier = AsyncAccessTokenVerifier(
                issuers, resource, opaque_tokens=opaque, http_client=process
            )
            assert (await verifier.verify(f"Bearer {token}")).client_id == "m2m-basic"
            assert (await prime(op.issuer, http_client=process)).ready
    paths = {"/.well-known/openid-configuration", "/jwks", "/token/introspection"}
    assert sorted(e["path"] for e in op.take_log() if e.get("path") in paths) == [
        "/.well-known/openid-configuration",
        "/jwks",
        "/token/introspection",
    ]

"""Nonces that a server requires in proofs, shared by the clients of one cache or store."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import pytest

from py_identity_model._jose.encoding import decode_base64url, parse_object
from py_identity_model._seam.aio import gather
from py_identity_model.aio import (
    AsyncDPoPNonceCache,
    AsyncHTTPClient,
    AsyncMemoryTokenStore,
    AsyncOAuthClient,
    AsyncTokenAuth,
    AsyncTokenHeaders,
    AsyncTokenSource,
    ClientCredentialsTokenRequest,
    DPoPKey,
    StoredToken,
    request_client_credentials_token,
)
from py_identity_model.exceptions import InvalidArgumentError
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.support import Clock, refused

KEY = DPoPKey()
API = "https://api.example"


def nonce_of(proof: str) -> str | None:
    claims = parse_object(decode_base64url(proof.split(".")[1].encode()))
    nonce: str | None = claims.get("nonce")
    return nonce


class Demanding:
    """A server that requires a nonce, and issues a new one when a test says so."""

    def __init__(self, nonce: str = "n1") -> None:
        self.nonce = nonce
        self.seen: list[str | None] = []

    def __call__(self, received: Received) -> Answer | None:
        if received.path != "/token":
            return None
        self.seen.append(nonce_of(received.headers["dpop"]))
        if self.seen[-1] == self.nonce:
            return Answer.of_json({"access_token": "t", "token_type": "DPoP", "expires_in": 60})
        return Answer.of_json({"error": "use_dpop_nonce"}, 400, dpop_nonce=self.nonce)


@pytest.fixture
def demanding(provider: EmbeddedProvider) -> Demanding:
    provider.intercept = server = Demanding()
    return server


async def request_token(
    provider: EmbeddedProvider, cache: AsyncDPoPNonceCache | None, key: DPoPKey = KEY
) -> None:
    """Request a token with a client of its own."""
    request = ClientCredentialsTokenRequest(provider.token_endpoint, "web", dpop_key=key)
    async with AsyncHTTPClient(dpop_nonce_cache=cache) as http_client:
        assert (await request_client_credentials_token(request, http_client)).is_successful


class Counting(AsyncMemoryTokenStore):
    """A store that counts what is read and written."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    async def get(self, key: str) -> str | None:
        self.calls.append("get")
        return await super().get(key)

    async def set(self, key: str, value: str, expires_in: float | None) -> None:
        self.calls.append("set")
        await super().set(key, value, expires_in)


class Down(AsyncMemoryTokenStore):
    """A store that is down."""

    async def get(self, key: str) -> str | None:
        raise ConnectionError("no store")

    async def set(self, key: str, value: str, expires_in: float | None) -> None:
        raise ConnectionError("no store")


async def test_clients_without_a_cache_learn_alone(
    provider: EmbeddedProvider, demanding: Demanding
) -> None:
    for _ in range(2):
        await request_token(provider, None)
    assert demanding.seen == [None, "n1"] * 2


async def test_clients_with_one_cache_learn_once(
    provider: EmbeddedProvider, demanding: Demanding
) -> None:
    cache = AsyncDPoPNonceCache()
    for key in (KEY, KEY, DPoPKey()):
        await request_token(provider, cache, key)
    assert demanding.seen == [None, "n1", "n1", "n1"]


async def test_caches_on_one_store_learn_once(
    provider: EmbeddedProvider, demanding: Demanding
) -> None:
    store = AsyncMemoryTokenStore()
    for _ in range(3):
        await request_token(provider, AsyncDPoPNonceCache(store))
    assert demanding.seen == [None, "n1", "n1", "n1"]


async def test_a_store_is_read_once_for_an_unknown_nonce_and_not_for_a_known_one(
    provider: EmbeddedProvider, demanding: Demanding
) -> None:
    store = Counting()
    cache = AsyncDPoPNonceCache(store)
    await request_token(provider, cache)
    assert store.calls == ["get", "set"]
    for _ in range(5):
        await request_token(provider, cache)
    assert store.calls == ["get", "set"]


async def test_a_request_without_a_proof_reads_no_store(provider: EmbeddedProvider) -> None:
    store = Counting()
    async with AsyncHTTPClient(dpop_nonce_cache=AsyncDPoPNonceCache(store)) as http_client:
        await request_client_credentials_token(
            ClientCredentialsTokenRequest(
                provider.token_endpoint, provider.client_id, provider.client_secret
            ),
            http_client,
        )
    assert store.calls == []


async def test_a_rotated_nonce_reaches_other_processes(
    provider: EmbeddedProvider, demanding: Demanding
) -> None:
    store, clock = AsyncMemoryTokenStore(), Clock()
    one, other = (AsyncDPoPNonceCache(store) for _ in range(2))
    one.clock = other.clock = clock
    await request_token(provider, one)
    await request_token(provider, other)
    demanding.nonce = "n2"
    clock.now += 40
    await request_token(provider, one)
    clock.now += 1
    await request_token(provider, other)
    assert demanding.seen == [None, "n1", "n1", "n1", "n2", "n2"]


async def test_a_store_that_is_down_is_warned_of_once_and_costs_no_request(
    provider: EmbeddedProvider, demanding: Demanding, caplog: pytest.LogCaptureFixture
) -> None:
    cache = AsyncDPoPNonceCache(Down())
    with caplog.at_level(logging.WARNING, "py_identity_model"):
        for _ in range(3):
            await request_token(provider, cache)
            demanding.nonce += "x"
    assert [record.getMessage() for record in caplog.records] == [
        "a shared store cannot be read: ConnectionError"
    ]
    assert demanding.seen == [None, "n1", "n1", "n1x", "n1x", "n1xx"]


async def test_a_stored_value_of_another_origin_is_not_used(
    provider: EmbeddedProvider, demanding: Demanding, caplog: pytest.LogCaptureFixture
) -> None:
    class Swapped(AsyncMemoryTokenStore):
        """A store in which a stranger wrote the value of one name under all others."""

        async def get(self, key: str) -> str | None:
            return self.value

        async def set(self, key: str, value: str, expires_in: float | None) -> None:
            self.value = value

    store = Swapped()
    elsewhere = AsyncDPoPNonceCache(store)
    await elsewhere.learn(KEY, "https://evil.example/", "theirs", is_demanded=True)
    with caplog.at_level(logging.WARNING, "py_identity_model"):
        await request_token(provider, AsyncDPoPNonceCache(store))
    assert demanding.seen == [None, "n1"]
    assert "a shared nonce is not used: the value was stored under another name" in caplog.text


async def test_two_servers_at_once_get_their_own_nonces(provider: EmbeddedProvider) -> None:
    provider.intercept = here = Demanding("here")
    cache = AsyncDPoPNonceCache(AsyncMemoryTokenStore())
    with EmbeddedProvider() as another:
        another.intercept = there = Demanding("there")
        for _ in range(2):
            await gather([partial(request_token, one, cache) for one in (provider, another)])
    assert (here.seen, there.seen) == ([None, "here", "here"], [None, "there", "there"])


def token_source(
    provider: EmbeddedProvider, http_client: AsyncHTTPClient, key: DPoPKey = KEY
) -> AsyncTokenSource:
    request = ClientCredentialsTokenRequest(provider.token_endpoint, "web", dpop_key=key)
    return AsyncTokenSource(request, http_client)


def api(nonce: str, seen: list[str | None]) -> Callable[[httpx.Request], httpx.Response]:
    """Return an API that requires a nonce in proofs."""

    def serve(request: httpx.Request) -> httpx.Response:
        seen.append(nonce_of(request.headers["dpop"]))
        if seen[-1] == nonce:
            return httpx.Response(200)
        challenge = 'DPoP error="use_dpop_nonce"'
        return httpx.Response(401, headers={"www-authenticate": challenge, "dpop-nonce": nonce})

    return serve


async def test_auth_objects_share_by_the_client_of_their_source(
    provider: EmbeddedProvider, demanding: Demanding
) -> None:
    cache, seen = AsyncDPoPNonceCache(), list[str | None]()
    transport = httpx.MockTransport(api("a1", seen))
    async with AsyncHTTPClient(dpop_nonce_cache=cache) as http_client:
        for _ in range(2):
            auth = AsyncTokenAuth(token_source(provider, http_client, DPoPKey()))
            async with httpx.AsyncClient(transport=transport, auth=auth) as client:
                assert (await client.get(API)).status_code == 200
        headers = AsyncTokenHeaders(token_source(provider, http_client), origins=[API])
        proof = (await headers(API))["DPoP"]
    assert seen == [None, "a1", "a1"]
    assert nonce_of(proof) == "a1"
    assert demanding.seen == [None, "n1", "n1", "n1"]


async def test_a_source_of_ones_own_needs_no_cache() -> None:
    class Own(AsyncTokenSource):
        """A source that gets its tokens elsewhere."""

        def __init__(self) -> None:
            self.dpop_key = KEY

        async def get_token(self) -> StoredToken:
            return StoredToken("t", token_type="DPoP")

    seen: list[str | None] = []
    transport = httpx.MockTransport(api("a1", seen))
    async with httpx.AsyncClient(transport=transport, auth=AsyncTokenAuth(Own())) as client:
        assert (await client.get(API)).status_code == 200
    assert seen == [None, "a1"]


async def test_header_fields_teach_the_auth_objects_of_the_cache(
    provider: EmbeddedProvider, demanding: Demanding
) -> None:
    cache, seen = AsyncDPoPNonceCache(), list[str | None]()
    async with AsyncHTTPClient(dpop_nonce_cache=cache) as http_client:
        headers = AsyncTokenHeaders(token_source(provider, http_client), origins=[API])
        request = headers.of_request(API)
        await request.first()
        challenge = {"www-authenticate": 'DPoP error="use_dpop_nonce"', "dpop-nonce": "a1"}
        assert await request.again(401, challenge) is not None
        auth = AsyncTokenAuth(token_source(provider, http_client, DPoPKey()))
        transport = httpx.MockTransport(api("a1", seen))
        async with httpx.AsyncClient(transport=transport, auth=auth) as client:
            await client.get(API)
    assert seen == ["a1"]


async def test_a_way_over_another_origin_teaches_the_cache_nothing(
    provider: EmbeddedProvider, demanding: Demanding
) -> None:
    store = Counting()

    def serve(request: httpx.Request) -> httpx.Response:
        if request.url.host == "api.example":
            return httpx.Response(302, headers={"location": "https://evil.example/"})
        challenge = 'DPoP error="use_dpop_nonce"'
        return httpx.Response(401, headers={"www-authenticate": challenge, "dpop-nonce": "evil"})

    cache = AsyncDPoPNonceCache(store)
    async with AsyncHTTPClient(dpop_nonce_cache=cache) as http_client:
        auth = AsyncTokenAuth(token_source(provider, http_client))
        transport = httpx.MockTransport(serve)
        async with httpx.AsyncClient(
            transport=transport, auth=auth, follow_redirects=True
        ) as client:
            await client.get(API)
    assert [await cache.find(KEY, url) for url in (API, "https://evil.example/")] == [None, None]
    assert store.calls.count("set") == 1  # the authorization server's


async def test_a_client_made_of_an_http_client_uses_its_cache(
    provider: EmbeddedProvider, demanding: Demanding
) -> None:
    store = AsyncMemoryTokenStore()
    for _ in range(2):
        async with AsyncHTTPClient(dpop_nonce_cache=AsyncDPoPNonceCache(store)) as http_client:
            client = AsyncOAuthClient(
                provider.issuer,
                "web",
                client_secret="s3cret-of-the-client-that-is-long-enough",
                dpop_key=DPoPKey(),
                http_client=http_client,
            )
            source = await client.token_source()
            assert source.dpop_nonce_cache is http_client.dpop_nonce_cache
            await source.get_token()
    assert demanding.seen == [None, "n1", "n1"]


@pytest.mark.parametrize("lifetime", [0, -1, float("inf"), float("nan"), "300"])
def test_a_lifetime_must_be_positive_seconds(lifetime: Any) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        AsyncDPoPNonceCache(lifetime=lifetime)


def test_another_kind_of_object_is_refused() -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        AsyncDPoPNonceCache({})  # type: ignore[arg-type]
    store: Any = AsyncMemoryTokenStore()
    with refused(InvalidArgumentError, "invalid_argument"):
        AsyncHTTPClient(dpop_nonce_cache=store)

# Generated from aio/test_dpop_nonce_cache.py by scripts/make_sync.py; edit that file.
"""Nonces that a server requires in proofs, shared by the clients of one cache or store."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import pytest

from py_identity_model._jose.encoding import decode_base64url, parse_object
from py_identity_model._seam.sync import gather
from py_identity_model.exceptions import InvalidArgumentError
from py_identity_model.sync import (
    ClientCredentialsTokenRequest,
    DPoPKey,
    DPoPNonceCache,
    HTTPClient,
    MemoryTokenStore,
    OAuthClient,
    StoredToken,
    TokenAuth,
    TokenHeaders,
    TokenSource,
    request_client_credentials_token,
)
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


def request_token(
    provider: EmbeddedProvider, cache: DPoPNonceCache | None, key: DPoPKey = KEY
) -> None:
    """Request a token with a client of its own."""
    request = ClientCredentialsTokenRequest(provider.token_endpoint, "web", dpop_key=key)
    with HTTPClient(dpop_nonce_cache=cache) as http_client:
        assert (request_client_credentials_token(request, http_client)).is_successful


class Counting(MemoryTokenStore):
    """A store that counts what is read and written."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def get(self, key: str) -> str | None:
        self.calls.append("get")
        return super().get(key)

    def set(self, key: str, value: str, expires_in: float | None) -> None:
        self.calls.append("set")
        super().set(key, value, expires_in)


class Down(MemoryTokenStore):
    """A store that is down."""

    def get(self, key: str) -> str | None:
        raise ConnectionError("no store")

    def set(self, key: str, value: str, expires_in: float | None) -> None:
        raise ConnectionError("no store")


def test_clients_without_a_cache_learn_alone(
    provider: EmbeddedProvider, demanding: Demanding
) -> None:
    for _ in range(2):
        request_token(provider, None)
    assert demanding.seen == [None, "n1"] * 2


def test_clients_with_one_cache_learn_once(
    provider: EmbeddedProvider, demanding: Demanding
) -> None:
    cache = DPoPNonceCache()
    for key in (KEY, KEY, DPoPKey()):
        request_token(provider, cache, key)
    assert demanding.seen == [None, "n1", "n1", "n1"]


def test_caches_on_one_store_learn_once(provider: EmbeddedProvider, demanding: Demanding) -> None:
    store = MemoryTokenStore()
    for _ in range(3):
        request_token(provider, DPoPNonceCache(store))
    assert demanding.seen == [None, "n1", "n1", "n1"]


def test_a_store_is_read_once_for_an_unknown_nonce_and_not_for_a_known_one(
    provider: EmbeddedProvider, demanding: Demanding
) -> None:
    store = Counting()
    cache = DPoPNonceCache(store)
    request_token(provider, cache)
    assert store.calls == ["get", "set"]
    for _ in range(5):
        request_token(provider, cache)
    assert store.calls == ["get", "set"]


def test_a_request_without_a_proof_reads_no_store(provider: EmbeddedProvider) -> None:
    store = Counting()
    with HTTPClient(dpop_nonce_cache=DPoPNonceCache(store)) as http_client:
        request_client_credentials_token(
            ClientCredentialsTokenRequest(
                provider.token_endpoint, provider.client_id, provider.client_secret
            ),
            http_client,
        )
    assert store.calls == []


def test_a_rotated_nonce_reaches_other_processes(
    provider: EmbeddedProvider, demanding: Demanding
) -> None:
    store, clock = MemoryTokenStore(), Clock()
    one, other = (DPoPNonceCache(store) for _ in range(2))
    one.clock = other.clock = clock
    request_token(provider, one)
    request_token(provider, other)
    demanding.nonce = "n2"
    clock.now += 40
    request_token(provider, one)
    clock.now += 1
    request_token(provider, other)
    assert demanding.seen == [None, "n1", "n1", "n1", "n2", "n2"]


def test_a_store_that_is_down_is_warned_of_once_and_costs_no_request(
    provider: EmbeddedProvider, demanding: Demanding, caplog: pytest.LogCaptureFixture
) -> None:
    cache = DPoPNonceCache(Down())
    with caplog.at_level(logging.WARNING, "py_identity_model"):
        for _ in range(3):
            request_token(provider, cache)
            demanding.nonce += "x"
    assert [record.getMessage() for record in caplog.records] == [
        "a shared store cannot be read: ConnectionError"
    ]
    assert demanding.seen == [None, "n1", "n1", "n1x", "n1x", "n1xx"]


def test_a_stored_value_of_another_origin_is_not_used(
    provider: EmbeddedProvider, demanding: Demanding, caplog: pytest.LogCaptureFixture
) -> None:
    class Swapped(MemoryTokenStore):
        """A store in which a stranger wrote the value of one name under all others."""

        def get(self, key: str) -> str | None:
            return self.value

        def set(self, key: str, value: str, expires_in: float | None) -> None:
            self.value = value

    store = Swapped()
    elsewhere = DPoPNonceCache(store)
    elsewhere.learn(KEY, "https://evil.example/", "theirs", is_demanded=True)
    with caplog.at_level(logging.WARNING, "py_identity_model"):
        request_token(provider, DPoPNonceCache(store))
    assert demanding.seen == [None, "n1"]
    assert "a shared nonce is not used: the value was stored under another name" in caplog.text


def test_two_servers_at_once_get_their_own_nonces(provider: EmbeddedProvider) -> None:
    provider.intercept = here = Demanding("here")
    cache = DPoPNonceCache(MemoryTokenStore())
    with EmbeddedProvider() as another:
        another.intercept = there = Demanding("there")
        for _ in range(2):
            gather([partial(request_token, one, cache) for one in (provider, another)])
    assert (here.seen, there.seen) == ([None, "here", "here"], [None, "there", "there"])


def token_source(
    provider: EmbeddedProvider, http_client: HTTPClient, key: DPoPKey = KEY
) -> TokenSource:
    request = ClientCredentialsTokenRequest(provider.token_endpoint, "web", dpop_key=key)
    return TokenSource(request, http_client)


def api(nonce: str, seen: list[str | None]) -> Callable[[httpx.Request], httpx.Response]:
    """Return an API that requires a nonce in proofs."""

    def serve(request: httpx.Request) -> httpx.Response:
        seen.append(nonce_of(request.headers["dpop"]))
        if seen[-1] == nonce:
            return httpx.Response(200)
        challenge = 'DPoP error="use_dpop_nonce"'
        return httpx.Response(401, headers={"www-authenticate": challenge, "dpop-nonce": nonce})

    return serve


def test_auth_objects_share_by_the_client_of_their_source(
    provider: EmbeddedProvider, demanding: Demanding
) -> None:
    cache, seen = DPoPNonceCache(), list[str | None]()
    transport = httpx.MockTransport(api("a1", seen))
    with HTTPClient(dpop_nonce_cache=cache) as http_client:
        for _ in range(2):
            auth = TokenAuth(token_source(provider, http_client, DPoPKey()))
            with httpx.Client(transport=transport, auth=auth) as client:
                assert (client.get(API)).status_code == 200
        headers = TokenHeaders(token_source(provider, http_client), origins=[API])
        proof = (headers(API))["DPoP"]
    assert seen == [None, "a1", "a1"]
    assert nonce_of(proof) == "a1"
    assert demanding.seen == [None, "n1", "n1", "n1"]


def test_a_source_of_ones_own_needs_no_cache() -> None:
    class Own(TokenSource):
        """A source that gets its tokens elsewhere."""

        def __init__(self) -> None:
            self.dpop_key = KEY

        def get_token(self) -> StoredToken:
            return StoredToken("t", token_type="DPoP")

    seen: list[str | None] = []
    transport = httpx.MockTransport(api("a1", seen))
    with httpx.Client(transport=transport, auth=TokenAuth(Own())) as client:
        assert (client.get(API)).status_code == 200
    assert seen == [None, "a1"]


def test_header_fields_teach_the_auth_objects_of_the_cache(
    provider: EmbeddedProvider, demanding: Demanding
) -> None:
    cache, seen = DPoPNonceCache(), list[str | None]()
    with HTTPClient(dpop_nonce_cache=cache) as http_client:
        headers = TokenHeaders(token_source(provider, http_client), origins=[API])
        request = headers.of_request(API)
        request.first()
        challenge = {"www-authenticate": 'DPoP error="use_dpop_nonce"', "dpop-nonce": "a1"}
        assert request.again(401, challenge) is not None
        auth = TokenAuth(token_source(provider, http_client, DPoPKey()))
        transport = httpx.MockTransport(api("a1", seen))
        with httpx.Client(transport=transport, auth=auth) as client:
            client.get(API)
    assert seen == ["a1"]


def test_a_way_over_another_origin_teaches_the_cache_nothing(
    provider: EmbeddedProvider, demanding: Demanding
) -> None:
    store = Counting()

    def serve(request: httpx.Request) -> httpx.Response:
        if request.url.host == "api.example":
            return httpx.Response(302, headers={"location": "https://evil.example/"})
        challenge = 'DPoP error="use_dpop_nonce"'
        return httpx.Response(401, headers={"www-authenticate": challenge, "dpop-nonce": "evil"})

    cache = DPoPNonceCache(store)
    with HTTPClient(dpop_nonce_cache=cache) as http_client:
        auth = TokenAuth(token_source(provider, http_client))
        transport = httpx.MockTransport(serve)
        with httpx.Client(transport=transport, auth=auth, follow_redirects=True) as client:
            client.get(API)
    assert [cache.find(KEY, url) for url in (API, "https://evil.example/")] == [None, None]
    assert store.calls.count("set") == 1  # the authorization server's


def test_a_client_made_of_an_http_client_uses_its_cache(
    provider: EmbeddedProvider, demanding: Demanding
) -> None:
    store = MemoryTokenStore()
    for _ in range(2):
        with HTTPClient(dpop_nonce_cache=DPoPNonceCache(store)) as http_client:
            client = OAuthClient(
                provider.issuer,
                "web",
                client_secret="s3cret-of-the-client-that-is-long-enough",
                dpop_key=DPoPKey(),
                http_client=http_client,
            )
            source = client.token_source()
            assert source.dpop_nonce_cache is http_client.dpop_nonce_cache
            source.get_token()
    assert demanding.seen == [None, "n1", "n1"]


@pytest.mark.parametrize("lifetime", [0, -1, float("inf"), float("nan"), "300"])
def test_a_lifetime_must_be_positive_seconds(lifetime: Any) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        DPoPNonceCache(lifetime=lifetime)


def test_another_kind_of_object_is_refused() -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        DPoPNonceCache({})  # type: ignore[arg-type]
    store: Any = MemoryTokenStore()
    with refused(InvalidArgumentError, "invalid_argument"):
        HTTPClient(dpop_nonce_cache=store)

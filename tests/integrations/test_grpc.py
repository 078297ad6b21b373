"""Tokens of a source on calls of gRPC, with threads and on asyncio, over TLS."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
import trustme

from py_identity_model import TokenSource
from py_identity_model.aio import AsyncTokenSource, DPoPKey
from py_identity_model.exceptions import ConfigurationException, InvalidArgumentError
from py_identity_model.integrations.grpc import AsyncTokenCredentials, TokenCredentials
from py_identity_model.testing import Answer, EmbeddedProvider
from tests.support import answering, failing

from .api import request_of, unbound

CALL = "/shop.Orders/Get"


class Shop(grpc.GenericRpcHandler):
    """Accepts the tokens that are not in ``refused``."""

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self.refuses_all = False
        self.tokens: list[str | None] = []

    def service(self, details: Any) -> Any:
        def get(request: bytes, context: grpc.ServicerContext) -> bytes:
            said = dict(context.invocation_metadata())
            token = said.get("authorization")
            self.tokens.append(None if token is None else str(token))
            if self.refuses_all or str(token).removeprefix("Bearer ") in self.refused:
                context.abort(grpc.StatusCode.UNAUTHENTICATED, "another token, please")
            return request

        return grpc.unary_unary_rpc_method_handler(get)


class Served:
    """A gRPC server with TLS on loopback."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        authority = trustme.CA()
        certificate = authority.issue_cert("localhost")
        pairs = [(certificate.private_key_pem.bytes(), certificate.cert_chain_pems[0].bytes())]
        self.trust = grpc.ssl_channel_credentials(authority.cert_pem.bytes())
        self.server = grpc.server(ThreadPoolExecutor(2), handlers=[shop])
        port = self.server.add_secure_port("localhost:0", grpc.ssl_server_credentials(pairs))
        self.target = f"localhost:{port}"
        self.origin = f"https://{self.target}"
        self.server.start()

    def credentials(self, tokens: TokenCredentials | AsyncTokenCredentials) -> Any:
        return grpc.composite_channel_credentials(self.trust, tokens.call_credentials())


@pytest.fixture
def served(provider: EmbeddedProvider) -> Iterator[Served]:
    unbound(provider)
    running = Served(Shop())
    yield running
    running.server.stop(None).wait()


@pytest.fixture
def tokens(provider: EmbeddedProvider, served: Served) -> TokenCredentials:
    return TokenCredentials(TokenSource(request_of(provider)), origins=[served.origin])


def call(served: Served, tokens: TokenCredentials) -> Any:
    with grpc.secure_channel(served.target, served.credentials(tokens)) as plain:
        channel: Any = grpc.intercept_channel(plain, tokens.interceptor())
        return channel.unary_unary(CALL)(b"order", timeout=10)


async def call_awaitable(served: Served, tokens: AsyncTokenCredentials) -> Any:
    made: Any = grpc.aio.secure_channel(
        served.target, served.credentials(tokens), interceptors=[tokens.interceptor()]
    )
    async with made as channel:
        return await channel.unary_unary(CALL)(b"order", timeout=10)


def awaitable(provider: EmbeddedProvider, served: Served) -> AsyncTokenCredentials:
    source = AsyncTokenSource(request_of(provider))
    return AsyncTokenCredentials(source, origins=[served.origin])


def test_a_call_carries_the_token(
    provider: EmbeddedProvider, served: Served, tokens: TokenCredentials
) -> None:
    for _ in range(2):
        assert call(served, tokens) == b"order"
    assert served.shop.tokens == ["Bearer token-0"] * 2
    assert provider.count("/token") == 1


def test_a_refused_token_is_renewed_and_the_call_repeated(
    served: Served, tokens: TokenCredentials
) -> None:
    served.shop.refused.add("token-0")
    assert call(served, tokens) == b"order"
    assert served.shop.tokens == ["Bearer token-0", "Bearer token-1"]


def test_calls_that_were_refused_together_share_one_renewal(
    provider: EmbeddedProvider, served: Served, tokens: TokenCredentials
) -> None:
    with grpc.secure_channel(served.target, served.credentials(tokens)) as plain:
        channel: Any = grpc.intercept_channel(plain, tokens.interceptor())
        method = channel.unary_unary(CALL)
        assert method(b"order", timeout=10) == b"order"
        served.shop.refused.add("token-0")
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: method(b"order", timeout=10), range(20)))
    assert answers == [b"order"] * 20
    assert provider.count("/token") == 2


def test_a_service_that_refuses_every_token_costs_one_renewal(
    provider: EmbeddedProvider, served: Served, tokens: TokenCredentials
) -> None:
    served.shop.refuses_all = True
    for _ in range(3):
        with pytest.raises(grpc.RpcError) as raised:
            call(served, tokens)
        assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert provider.count("/token") == 2


def test_without_a_token_the_call_fails_and_says_why(
    provider: EmbeddedProvider, served: Served, tokens: TokenCredentials
) -> None:
    provider.intercept = failing("/token", 400)
    with pytest.raises(grpc.RpcError) as raised:
        call(served, tokens)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
    assert str(raised.value.details()).endswith("no token: token_request_error")
    assert served.shop.tokens == []


def test_another_origin_gets_no_token(provider: EmbeddedProvider, served: Served) -> None:
    source = TokenSource(request_of(provider))
    tokens = TokenCredentials(source, origins=["https://api.example", "https://localhost:1"])
    with pytest.raises(grpc.RpcError) as raised:
        call(served, tokens)
    assert str(raised.value.details()).endswith("no token: token_for_another_origin")
    assert (served.shop.tokens, provider.count("/token")) == ([], 0)


def test_a_plain_channel_gets_no_token(served: Served, tokens: TokenCredentials) -> None:
    with grpc.insecure_channel(served.target) as channel:
        method: Any = channel.unary_unary(CALL)
        with pytest.raises(grpc.RpcError):
            method(b"order", timeout=10, credentials=tokens.call_credentials())
    assert served.shop.tokens == []


async def test_an_awaitable_source_serves_channels_of_asyncio(
    provider: EmbeddedProvider, served: Served
) -> None:
    tokens = awaitable(provider, served)
    for _ in range(2):
        assert await call_awaitable(served, tokens) == b"order"
    assert served.shop.tokens == ["Bearer token-0"] * 2


async def test_on_asyncio_a_refused_token_is_renewed_and_the_call_repeated(
    provider: EmbeddedProvider, served: Served
) -> None:
    served.shop.refused.add("token-0")
    assert await call_awaitable(served, awaitable(provider, served)) == b"order"
    assert served.shop.tokens == ["Bearer token-0", "Bearer token-1"]


async def test_on_asyncio_a_call_without_a_token_fails_and_says_why(
    provider: EmbeddedProvider, served: Served
) -> None:
    provider.intercept = failing("/token", 400)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call_awaitable(served, awaitable(provider, served))
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
    assert str(raised.value.details()).endswith("no token: token_request_error")


def test_after_the_end_of_its_event_loop_a_call_fails(
    provider: EmbeddedProvider, served: Served
) -> None:
    async def make() -> AsyncTokenCredentials:
        return awaitable(provider, served)

    tokens = asyncio.run(make())
    with grpc.secure_channel(served.target, served.credentials(tokens)) as channel:
        method: Any = channel.unary_unary(CALL)
        with pytest.raises(grpc.RpcError) as raised:
            method(b"order", timeout=10)
    assert str(raised.value.details()).endswith("no token: event_loop_ended")


def test_a_token_that_no_field_can_contain_is_not_sent(
    provider: EmbeddedProvider, served: Served
) -> None:
    token = {"access_token": "two\nlines", "token_type": "Bearer", "expires_in": 60}
    provider.intercept = answering("/token", Answer.of_json(token))
    tokens = TokenCredentials(TokenSource(request_of(provider)), origins=[served.origin])
    with pytest.raises(grpc.RpcError) as raised:
        call(served, tokens)
    assert str(raised.value.details()).endswith("no token: invalid_access_token")


def test_arguments_that_cannot_work_are_refused(provider: EmbeddedProvider) -> None:
    blocking, bound = TokenSource(request_of(provider)), request_of(provider, dpop_key=DPoPKey())
    wrong: Any = AsyncTokenSource(request_of(provider))
    with pytest.raises(InvalidArgumentError, match="must be TokenSource"):
        TokenCredentials(wrong, origins=["https://api.example"])
    with pytest.raises(InvalidArgumentError, match="dpop_key"):
        TokenCredentials(TokenSource(bound), origins=["https://api.example"])
    with pytest.raises(InvalidArgumentError, match="origins"):
        TokenCredentials(blocking, origins=[])
    with pytest.raises(ConfigurationException, match="event loop"):
        AsyncTokenCredentials(wrong, origins=["https://api.example"])


async def test_awaitable_calls_that_were_refused_together_share_one_renewal(
    provider: EmbeddedProvider, served: Served
) -> None:
    tokens = awaitable(provider, served)
    made: Any = grpc.aio.secure_channel(
        served.target, served.credentials(tokens), interceptors=[tokens.interceptor()]
    )
    async with made as channel:
        method = channel.unary_unary(CALL)
        assert await method(b"order", timeout=10) == b"order"
        served.shop.refused.add("token-0")
        answers = await asyncio.gather(*[method(b"order", timeout=10) for _ in range(60)])
    assert answers == [b"order"] * 60
    assert provider.count("/token") == 2

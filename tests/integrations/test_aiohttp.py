"""Tokens of a source on the requests of aiohttp."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from py_identity_model import TokenSource
from py_identity_model.aio import AsyncTokenSource, DPoPKey
from py_identity_model.exceptions import InvalidArgumentError, TokenRequestException
from py_identity_model.integrations.aiohttp import TokenMiddleware
from py_identity_model.testing import EmbeddedProvider
from tests.support import failing

from .api import Api, request_of, unbound


@pytest.fixture
def api(provider: EmbeddedProvider) -> Iterator[Api]:
    unbound(provider)
    with Api() as running:
        yield running


def session_of(provider: EmbeddedProvider, *apis: Api, **more: Any) -> aiohttp.ClientSession:
    source = AsyncTokenSource(request_of(provider, **more))
    tokens = TokenMiddleware(source, origins=[one.url for one in apis])
    return aiohttp.ClientSession(middlewares=[tokens])


async def test_one_token_serves_many_requests(provider: EmbeddedProvider, api: Api) -> None:
    async with session_of(provider, api) as session:
        for _ in range(3):
            async with session.get(f"{api.url}/orders") as response:
                assert response.status == 200
    assert [token for _, token, _ in api.seen] == ["Bearer token-0"] * 3


@pytest.mark.parametrize("body", [None, b"bytes", "text", {"form": "field"}])
async def test_a_refused_token_is_renewed_and_the_request_repeated(
    provider: EmbeddedProvider, api: Api, body: Any
) -> None:
    api.refused.add("token-0")
    async with session_of(provider, api) as session:
        response = await session.post(f"{api.url}/orders", data=body)
        assert response.status == 200
        assert (await response.json())["body"] == api.received[0].body.decode()
    assert [token for _, token, _ in api.seen] == ["Bearer token-0", "Bearer token-1"]


async def test_a_body_that_is_used_up_is_not_sent_again(
    provider: EmbeddedProvider, api: Api
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"piece"

    api.refused.add("token-0")
    length = {"Content-Length": "5"}
    async with session_of(provider, api) as session:
        response = await session.post(f"{api.url}/orders", data=pieces(), headers=length)
        assert response.status == 401
    assert provider.count("/token") == 1


async def test_an_api_that_refuses_every_token_costs_one_renewal(
    provider: EmbeddedProvider, api: Api
) -> None:
    api.refuses_all = True
    async with session_of(provider, api) as session:
        for _ in range(5):
            async with session.get(f"{api.url}/orders") as response:
                assert response.status == 401
    assert provider.count("/token") == 2
    assert len(api.received) == 6


@pytest.mark.parametrize("more", [{}, {"dpop_key": DPoPKey()}])
async def test_other_origins_get_no_token_not_by_a_redirect_either(
    provider: EmbeddedProvider, api: Api, more: Any
) -> None:
    with Api() as other:
        api.redirects["/orders"] = f"{other.url}/orders"
        async with session_of(provider, api, **more) as session:
            for place in (api, other):
                async with session.get(f"{place.url}/orders") as response:
                    assert response.status == 401
        assert other.seen == [("/orders", None, None)] * 2
    assert provider.count("/token") == 1


async def test_a_bound_token_comes_with_a_proof_and_the_nonce_of_the_api(
    provider: EmbeddedProvider,
) -> None:
    unbound(provider)
    with Api(nonce="n1") as api:
        async with session_of(provider, api, dpop_key=DPoPKey()) as session:
            for _ in range(2):
                async with session.get(f"{api.url}/orders?page=2") as response:
                    assert (await response.json())["scheme"] == "DPoP"
        proofs = [proof for *_, proof in api.seen]
        assert len({*proofs}) == len(proofs) == 3


async def test_without_a_token_nothing_is_sent(provider: EmbeddedProvider, api: Api) -> None:
    provider.intercept = failing("/token", 400)
    async with session_of(provider, api) as session:
        with pytest.raises(TokenRequestException):
            await session.get(f"{api.url}/orders")
    assert api.received == []


async def test_a_server_of_aiohttp_gets_the_token(provider: EmbeddedProvider) -> None:
    async def orders(request: web.Request) -> web.Response:
        return web.json_response({"token": request.headers["Authorization"]})

    unbound(provider)
    app = web.Application()
    app.router.add_get("/orders", orders)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    url = f"http://{host}:{port}"
    try:
        tokens = TokenMiddleware(AsyncTokenSource(request_of(provider)), origins=[url])
        async with aiohttp.ClientSession(middlewares=[tokens]) as session:
            response = await session.get(f"{url}/orders")
            assert await response.json() == {"token": "Bearer token-0"}
    finally:
        await runner.cleanup()


def test_a_blocking_source_is_refused(provider: EmbeddedProvider) -> None:
    wrong: Any = TokenSource(request_of(provider))
    with pytest.raises(InvalidArgumentError, match="must be AsyncTokenSource"):
        TokenMiddleware(wrong, origins=["https://api.example"])

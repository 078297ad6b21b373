"""Auth objects belong to one API: by a client of the other, no request leaves without a token."""

from __future__ import annotations

from typing import Any

import httpx
import httpx2
import pytest

from py_identity_model import (
    ClientCredentialsTokenRequest,
    ConfigurationException,
    TokenAuth,
    TokenSource,
)
from py_identity_model.aio import AsyncTokenAuth, AsyncTokenSource
from tests.support import refused

REQUEST = ClientCredentialsTokenRequest("https://op.example/token", "machine", "s3cret")
URL = "https://api.example/"


def never(request: object) -> httpx.Response:
    raise AssertionError("a request was sent")


@pytest.mark.parametrize("library", [httpx, httpx2])
async def test_the_blocking_auth_in_an_awaitable_client_raises(library: Any) -> None:
    auth = TokenAuth(TokenSource(REQUEST))
    chosen: Any = auth if library is httpx else auth.for_httpx2()
    async with library.AsyncClient(
        auth=chosen,
        transport=library.MockTransport(never),
    ) as client:
        with refused(ConfigurationException, "wrong_kind_of_auth") as caught:
            await client.get(URL)
    assert "py_identity_model.aio.AsyncTokenAuth" in str(caught.value)


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_the_awaitable_auth_in_a_blocking_client_raises(library: Any) -> None:
    auth = AsyncTokenAuth(AsyncTokenSource(REQUEST))
    chosen: Any = auth if library is httpx else auth.for_httpx2()
    with (
        library.Client(
            auth=chosen,
            transport=library.MockTransport(never),
        ) as client,
        refused(ConfigurationException, "wrong_kind_of_auth") as caught,
    ):
        client.get(URL)
    assert "py_identity_model.TokenAuth" in str(caught.value)
